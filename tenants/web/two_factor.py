"""Two-factor authentication: its secrets are encrypted like every other one, its words are ours."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathImage
from qrcode.main import QRCode

from tenants.secrets import decrypt, encrypt, rotate

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


def rotate_authenticators() -> int:
    """Every stored secret of every person under the newest key; how many rows were written."""
    rows = 0
    for row in Authenticator.objects.iterator():
        sealed = {name: rotate(row.data[name]) for name in _SEALED if row.data.get(name)}
        if sealed:
            Authenticator.objects.filter(pk=row.pk).update(data={**row.data, **sealed})
            rows += 1
    return rows
