"""What the health page says of time and of telling: last success, ages of keys, webhooks of both sides."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync.models import Run, StoreHook
from sync.templatetags.formats import count, in_words, long_date
from sync.web.checks import Check
from tenants.models import Company, Connection, Tenant


def store_upkeep(tenant: Tenant) -> list[Check]:
    """Of a shop that was connected once; after a loss its last answer is what helps to find the cause."""
    lines = []
    if tenant.store_state != Connection.CONNECTED:
        if tenant.store_seen_at is not None:
            lines.append(Check(_("Last answer"), "noted", in_words(tenant.store_seen_at)))
        return lines
    lines.append(Check(_("Keys"), "noted", _("In use since %(date)s") % {"date": long_date(tenant.store_state_since)}))
    lines.append(_last_sync(tenant))
    lines.append(_store_webhooks(StoreHook.objects.for_tenant(tenant).first()))
    return lines


def company_upkeep(company: Company | None) -> list[Check]:
    if company is None or company.state != Connection.CONNECTED:
        return []
    label = _("Webhooks")
    if not settings.INTUIT_WEBHOOK_VERIFIER_TOKEN:
        text = _("Not set up by the operator of this service. Changes in QuickBooks are read when they are needed.")
        return [Check(label, "noted", text)]
    if company.heard_at is None:
        return [Check(label, "noted", _("Nothing told yet. QuickBooks tells when something changes there."))]
    return [Check(label, "passed", _("Last told %(when)s") % {"when": in_words(company.heard_at)})]


def _last_sync(tenant: Tenant) -> Check:
    label = _("Last complete sync")
    ended = Run.objects.for_tenant(tenant).filter(state=Run.State.FINISHED).order_by("-pk").first()
    if ended is None or ended.finished_at is None:
        return Check(label, "noted", _("None yet"))
    return Check(label, "passed", in_words(ended.finished_at))


def _store_webhooks(hook: StoreHook | None) -> Check:
    label, hourly = _("Webhooks"), _("The hourly sync runs all the same.")
    if hook is None or hook.state == StoreHook.State.UNCHECKED:
        return Check(label, "noted", _("Not set up yet"), hourly)
    if hook.state == StoreHook.State.UNREACHABLE:
        return Check(label, "noted", _("Not possible: this service has no public https address."), hourly)
    if hook.state == StoreHook.State.REFUSED:
        cure = _("To be told at once, create the keys for an administrator, with Read/Write.")
        return Check(label, "noted", _("The store does not let these keys set them up."), f"{hourly} {cure}")
    if hook.state == StoreHook.State.PAUSED:
        cure = _("Activate them in WooCommerce, under Settings, then Advanced, then Webhooks.")
        return Check(label, "noted", _("Paused in the store"), f"{hourly} {cure}")
    return _active(label, hook)


def _active(label: str, hook: StoreHook) -> Check:
    """Refusals and repairs count until a good delivery arrives."""
    told = hook.delivered_at
    if hook.refused_at is not None and (told is None or hook.refused_at > told):
        text = ngettext(
            "%(count)s delivery with a wrong signature, the last %(when)s. It was not believed.",
            "%(count)s deliveries with a wrong signature, the last %(when)s. None was believed.",
            hook.refusals,
        ) % {"count": count(hook.refusals), "when": in_words(hook.refused_at)}
        return Check(label, "failed", text, _("“Check now” writes the signature’s secret into the store again."))
    if hook.repaired_at is not None and (told is None or hook.repaired_at > told):
        text = _("The store had switched them off; they were switched on again %(when)s.") % {
            "when": in_words(hook.repaired_at)
        }
        cure = _(
            "If this comes again, let the store reach this service: a firewall or a security extension is in the way."
        )
        return Check(label, "noted", text, cure)
    if told is None:
        return Check(label, "passed", _("Active, nothing told yet"))
    return Check(label, "passed", _("Active, last told %(when)s") % {"when": in_words(told)})
