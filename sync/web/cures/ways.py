"""Links and buttons that several cures share."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sync.web.cures.offer import Button, Way
from sync.web.reason_texts import Text
from sync.web.workspace import Workspace

READ_AGAIN = "read_again"
"""The action that reads QuickBooks' preferences and lists afresh, then looks again: whoever changed something there."""

_PAGES: dict[str, Text] = {
    "taxes": gettext_lazy("All taxes"),
    "payments": gettext_lazy("All payment methods"),
    "products": gettext_lazy("All products"),
    "customers": gettext_lazy("All customers"),
}


def read_again(*, look: str = "") -> Button:
    return Button(_("I changed it in QuickBooks: read again"), action=READ_AGAIN, look=look)  # type: ignore[arg-type]


def mappings_way(workspace: Workspace, page: str) -> Way:
    return Way(str(_PAGES[page]), reverse(f"mapping_{page}", args=[workspace.tenant.slug]))
