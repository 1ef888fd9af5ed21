"""The Undo of a choice about products or buyers: a signed description of what it changed, good for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.db import transaction

from sync.mappings.links import LinkChange, as_plain, take_back
from sync.web.workspace import Workspace

SALT = "choice"
UNDO_SECONDS = 3600
MOST = 20
"""More pairs than so many are not taken back with one click: the token stands in a page."""


def salt(workspace: Workspace) -> str:
    return f"{SALT}:{workspace.tenant.pk}"


def token_of(workspace: Workspace, changes: Sequence[LinkChange], *, back: str) -> str:
    """ "" where nothing changed. back: the name of the address to return to."""
    changed = [as_plain(one) for one in changes if one.before != one.after]
    if not changed or len(changed) > MOST:
        return ""
    return signing.dumps({"links": changed, "back": back}, salt=salt(workspace))


def take_links_back(workspace: Workspace, token: dict[str, Any]) -> bool:
    """All of them, or none when one was changed since."""
    with transaction.atomic():
        done = [take_back(workspace.tenant, one, user=workspace.person) for one in token["links"]]
        if not all(done):
            transaction.set_rollback(True)
    return all(done)
