"""Two-factor authentication: its secrets are encrypted like every other one, its words are ours."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathImage
from qrcode.main import QRCode

from tenants.secrets import decrypt, encrypt, is_newest, rotate

_SEALED = ("secret", "seed")


class TwoFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("That code is not valid, or no longer. Enter the newest one from your app."),
        "unverified_email": _("Confirm your e-mail address first; then turn on two-factor authentication."),
    }

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Dark on white in every theme, so that cameras read it; without the size attributes, for the style sheet."""
        code: Any = QRCode(border=2, image_factory=SvgPathImage)
        code.add_data(url)
        out = BytesIO()
        code.make_image().save(out)
        text = out.getvalue().decode()
        return text[text.index("<svg") :]


def rotate_authenticators() -> tuple[int, int, int]:
    """Every stored secret of every person under the newest key: rows seen, written anew, readable with no key."""
    seen = changed = unreadable = 0
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            # Locked: a recovery code that is used meanwhile is marked in the same column.
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            seen += 1
            try:
                fresh = {name: rotate(row.data[name]) for name in _SEALED if _is_stale(row.data.get(name, ""))}
            except InvalidToken:
                unreadable += 1
                continue
            if fresh:
                Authenticator.objects.filter(pk=pk).update(data={**row.data, **fresh})
                changed += 1
    return seen, changed, unreadable


def _is_stale(sealed: str) -> bool:
    return bool(sealed) and not is_newest(sealed)
