"""Making what a person ticked among the items and accounts that QuickBooks does not have yet: wizard and settings."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest

from connector.errors import SyncError
from sync import missing
from sync.missing import Made, Missing
from sync.web.troubles import find_trouble
from sync.web.workspace import Workspace


def make_ticked(request: HttpRequest, workspace: Workspace, lacking: Sequence[Missing]) -> Made:
    """Those of `lacking` that are ticked, made now; a failure is told, and what was made by then is made once."""
    ticked = set(request.POST.getlist("make"))
    wanted = [one for one in lacking if one.key in ticked]
    try:
        return missing.make_missing(workspace.tenant, wanted, user=workspace.person)
    except SyncError as error:
        trouble = find_trouble(error.reason)
        messages.error(request, f"{trouble.text} {trouble.cure}".strip())
        return Made({}, {})
