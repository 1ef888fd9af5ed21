"""What is written to a workspace's owners about its connections: once for each outage, in each owner's language."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from sync.models import Record
from tenants.models import Connection, Membership, Role, Tenant
from tenants.web.mail import Letter, public_url, render_letter

logger = logging.getLogger(__name__)


def send_disconnected(tenant: Tenant, side: str) -> bool:
    """Tells all owners, unless somebody has been told of this outage. side: "store" or "quickbooks".

    The line to the mail server is opened first, then the outage is claimed, then the mail leaves: a server that is down
    costs nothing, and two senders never both send."""
    owners = [
        membership.user
        for membership in Membership.objects.filter(tenant=tenant, role=Role.OWNER).select_related("user")
        if membership.user.is_active
    ]
    if not owners or not _is_lost(tenant, side):
        return False
    line = get_connection()
    try:
        line.open()
    except (SMTPException, OSError) as error:
        logger.warning("mail.not_open", extra={"tenant": tenant.pk, "error": type(error).__name__})
        return False
    try:
        if not _claim(tenant, side):
            return False
        messages = [_message(tenant, side, owner.email, owner.language or tenant.language) for owner in owners]
        line.send_messages(messages)
    except (SMTPException, OSError) as error:
        logger.error("mail.refused", extra={"tenant": tenant.pk, "error": type(error).__name__})
        return False
    finally:
        line.close()
    return True


def disconnected_letter(tenant: Tenant, side: str, *, waiting: int | None = None) -> Letter:
    """In the active language. waiting: records in flight, counted where it is not given."""
    names = {"workspace": tenant.name, "product": settings.PRODUCT_NAME}
    if waiting is None:
        waiting = Record.objects.for_tenant(tenant).filter(state__in=Record.IN_FLIGHT).count()
    facts = [(_("Workspace"), tenant.name)]
    if tenant.company is not None:
        facts.append((_("QuickBooks company"), tenant.company.name))
    if waiting:
        facts.append((_("Orders waiting to be sent"), str(waiting)))
    note = _("You get this message once. Whoever administers the workspace can reconnect it.")
    why = _("You receive this e-mail because you own the workspace %(workspace)s at %(product)s.") % names
    if side == "store":
        return Letter(
            subject=_("Reconnect the store of %(workspace)s") % names,
            preheader=_("Syncing is paused; nothing is lost."),
            title=_("The store has to be reconnected"),
            paragraphs=(
                _("Your store no longer accepts our keys, or has moved. Syncing is paused."),
                _("Your orders wait safely in the store. Once it is reconnected, they leave by themselves."),
            ),
            button=_("Reconnect the store"),
            url=public_url(reverse("connect_store", args=[tenant.slug])),
            facts=tuple(facts),
            note=note,
            why=why,
        )
    return Letter(
        subject=_("Reconnect QuickBooks for %(workspace)s") % names,
        preheader=_("Syncing is paused; nothing is lost."),
        title=_("QuickBooks has to be reconnected"),
        paragraphs=(
            _("The connection to QuickBooks has expired or was ended there. Syncing is paused."),
            _("Nothing is lost. Once QuickBooks is reconnected, waiting orders leave by themselves."),
        ),
        button=_("Reconnect QuickBooks"),
        url=public_url(reverse("connect_quickbooks", args=[tenant.slug])),
        facts=tuple(facts),
        note=note,
        why=why,
    )


def _is_lost(tenant: Tenant, side: str) -> bool:
    if side == "store":
        return bool(tenant.store_url) and tenant.store_state != Connection.CONNECTED
    return tenant.company is not None and tenant.company.state != Connection.CONNECTED


def _claim(tenant: Tenant, side: str) -> bool:
    """True for exactly one caller per outage."""
    rows = Tenant.objects.filter(pk=tenant.pk)
    if side == "store":
        since = tenant.store_state_since
        return rows.filter(store_state_since=since).exclude(store_mail_for=since).update(store_mail_for=since) == 1
    if tenant.company is None:
        return False
    since = tenant.company.state_since
    return rows.filter(company=tenant.company).exclude(company_mail_for=since).update(company_mail_for=since) == 1


def _message(tenant: Tenant, side: str, to: str, language: str) -> EmailMultiAlternatives:
    with translation.override(language):
        letter = disconnected_letter(tenant, side)
    html, text = render_letter(letter, language)
    message = EmailMultiAlternatives(" ".join(letter.subject.split()), text, settings.DEFAULT_FROM_EMAIL, [to])
    message.attach_alternative(html, "text/html")
    return message
