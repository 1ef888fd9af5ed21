"""What the product writes to people about their account: one function for each letter, one table of who asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from babel import dates
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tenants.models import Invitation, Role
from tenants.web.devices import device_name
from tenants.web.mail import Letter, public_url
from tenants.web.roles import INVITED_AS

Facts = Mapping[str, Any]


def confirm_address(facts: Facts) -> Letter:
    """After signing up, and after asking for another address. facts: activate_url."""
    return Letter(
        subject=_("Confirm your e-mail address"),
        preheader=_("One click, and your account is ready."),
        title=_("Confirm your e-mail address"),
        paragraphs=(_("This address was entered at %(product)s. Confirm that it is yours.") % _product(),),
        button=_("Confirm this address"),
        url=facts["activate_url"],
        note=_("The link is valid for 3 days. If you did not enter this address, ignore this e-mail."),
        why=_about_account(),
    )


def already_known(facts: Facts) -> Letter:
    """Somebody signed up with an address that has an account: only its owner is told."""
    return Letter(
        subject=_("You already have an account"),
        preheader=_("Sign in with this address, or choose a new password."),
        title=_("You already have an account"),
        paragraphs=(
            _("This address was just used to create an account at %(product)s, but it has one.") % _product(),
            _("Sign in as usual. If the password is gone, choose a new one."),
        ),
        button=_("Choose a new password"),
        url=public_url(reverse("account_reset_password")),
        note=_("If it was not you, ignore this e-mail. Nothing has changed."),
        why=_about_account(),
    )


def not_known(facts: Facts) -> Letter:
    """A new password was asked for an address without an account."""
    return Letter(
        subject=_("There is no account for this address"),
        preheader=_("Did you sign up with another address?"),
        title=_("There is no account for this address"),
        paragraphs=(
            _("A new password was asked for this address at %(product)s, which has no account.") % _product(),
            _("Perhaps you signed up with another address. Otherwise create an account."),
        ),
        button=_("Create an account"),
        url=public_url(reverse("account_signup")),
        note=_("If it was not you, ignore this e-mail."),
        why=_about_account(),
    )


def new_password(facts: Facts) -> Letter:
    """facts: password_reset_url."""
    return Letter(
        subject=_("Choose a new password"),
        preheader=_("The link is valid for 24 hours and works once."),
        title=_("Choose a new password"),
        paragraphs=(_("You asked to choose a new password. If it was not you, ignore this e-mail."),),
        button=_("Choose a new password"),
        url=facts["password_reset_url"],
        note=_("The link is valid for 24 hours and works once."),
        why=_about_account(),
    )


def password_changed(facts: Facts) -> Letter:
    return _notice(facts, _("Your password was changed"), _("Every other device has been signed out."))


def address_changed(facts: Facts) -> Letter:
    """To the old address. facts: to_email."""
    text = _("You sign in with %(email)s from now on; this address is no longer used.") % {"email": facts["to_email"]}
    return _notice(facts, _("Your e-mail address was changed"), text)


def address_removed(facts: Facts) -> Letter:
    """facts: deleted_email."""
    text = _("%(email)s no longer belongs to your account.") % {"email": facts["deleted_email"]}
    return _notice(facts, _("An e-mail address was removed"), text)


def two_factor_on(facts: Facts) -> Letter:
    text = _("From now on signing in takes your password and a code from your app.")
    return _notice(facts, _("Two-factor authentication is on"), text)


def two_factor_off(facts: Facts) -> Letter:
    return _notice(facts, _("Two-factor authentication is off"), _("Signing in takes your password alone."))


def new_recovery_codes(facts: Facts) -> Letter:
    return _notice(facts, _("You have new recovery codes"), _("The former ones no longer work."))


def invitation(invited: Invitation, url: str) -> Letter:
    """In the language of whoever is invited, where known; else of the workspace."""
    inviter = str(invited.invited_by or settings.PRODUCT_NAME)
    values = {"inviter": inviter, "workspace": invited.tenant.name, "date": _long_date(invited.expires_at)}
    return Letter(
        subject=_("%(inviter)s invites you to %(workspace)s") % values,
        preheader=_("Join the workspace by %(date)s.") % values,
        title=_("Join %(workspace)s") % values,
        paragraphs=(
            _("%(inviter)s invites you to the workspace %(workspace)s. The link is valid until %(date)s.") % values,
            str(INVITED_AS[Role(invited.role)]),
        ),
        button=_("See the invitation"),
        url=url,
        note=_("The link works once. If you do not know this person, ignore this e-mail."),
        why=_("You receive this e-mail because %(inviter)s entered your address.") % values,
    )


def _notice(facts: Facts, title: str, text: str) -> Letter:
    """Tells after the fact, with when and where from. facts: timestamp, ip, user_agent."""
    moment: datetime = facts["timestamp"]
    shown = dates.format_datetime(moment.astimezone(UTC), "d MMMM y, HH:mm 'UTC'", locale=_locale())
    return Letter(
        subject=title,
        preheader=text,
        title=title,
        paragraphs=(text,),
        facts=(
            (_("When"), shown),
            (_("Device"), device_name(str(facts.get("user_agent", "")))),
            (_("Internet address"), str(facts.get("ip") or "—")),
        ),
        button=_("Look at your account"),
        url=public_url(reverse("account")),
        note=_("If it was not you, choose a new password at once and end the other sessions."),
        why=_about_account(),
    )


def _about_account() -> str:
    return _("You receive this e-mail because your address was used at %(product)s.") % _product()


def _product() -> dict[str, str]:
    return {"product": settings.PRODUCT_NAME}


def _locale() -> str:
    language, _sep, region = (translation.get_language() or "en").partition("-")
    return f"{language}_{region.upper()}" if region else {"en": "en_GB"}.get(language, language)


def _long_date(moment: datetime) -> str:
    """24 November 2026; « 1er » is special in French, for Babel writes « 1 »."""
    text = dates.format_date(moment.astimezone(UTC).date(), "d MMMM y", locale=_locale())
    return f"1er{text[1:]}" if text.startswith("1 ") and _locale().startswith("fr") else text


ACCOUNT_LETTERS: dict[str, Callable[[Facts], Letter]] = {
    "account/email/email_confirmation_signup": confirm_address,
    "account/email/email_confirmation": confirm_address,
    "account/email/account_already_exists": already_known,
    "account/email/unknown_account": not_known,
    "account/email/password_reset_key": new_password,
    "account/email/password_reset": password_changed,
    "account/email/password_changed": password_changed,
    "account/email/password_set": password_changed,
    "account/email/email_changed": address_changed,
    "account/email/email_deleted": address_removed,
    "mfa/email/totp_activated": two_factor_on,
    "mfa/email/totp_deactivated": two_factor_off,
    "mfa/email/recovery_codes_generated": new_recovery_codes,
}
"""Name of the account package's mail -> our letter; a name that is missing raises."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A letter with made-up facts, for looking at all of them side by side."""

    name: str
    letter: Letter


def samples() -> list[Sample]:
    """One of each, in the active language."""
    facts = {
        "activate_url": public_url("/accounts/confirm-email/example/"),
        "password_reset_url": public_url("/accounts/password/reset/key/example/"),
        "to_email": "claire@example.com",
        "deleted_email": "claire@example.org",
        "timestamp": datetime(2026, 11, 24, 14, 7, tzinfo=UTC),
        "ip": "192.0.2.7",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }
    return [Sample(name.rsplit("/", 1)[1], make(facts)) for name, make in ACCOUNT_LETTERS.items()]
