"""Why something is suggested, in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from connector.accounting.suggest import Reason
from sync.web.reason_texts import Text

SHORT: Mapping[Reason, Text] = {
    "same_rate_same_country": _("same rate, same country"),
    "same_rate_same_name": _("same rate, same name"),
    "same_rate": _("same rate"),
    "same_name": _("same name"),
    "usual": _("the usual one"),
}
"""Beside the suggested value."""

LONG: Mapping[Reason, Text] = {
    "same_rate_same_country": _("Suggested: same rate, same country."),
    "same_rate_same_name": _("Suggested: same rate, same name."),
    "same_rate": _("Suggested: same rate."),
    "same_name": _("Suggested: same name."),
    "usual": _("Suggested: QuickBooks’ own drawer for money on its way."),
}
OTHERS_FIT: Text = _("Suggested; others fit as well.")
