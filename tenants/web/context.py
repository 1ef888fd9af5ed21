"""What every page may say about the product, and how the person wants it to look."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    return {
        "PRODUCT_NAME": settings.PRODUCT_NAME,
        "theme": getattr(user, "theme", "") or "auto",
        "intuit_button": bool(settings.INTUIT_BUTTON_FILE),
        "sign_up_open": settings.SIGN_UP_OPEN,
        "languages": [(code, _own_name(code)) for code, _name in settings.LANGUAGES],
    }


def _own_name(code: str) -> str:
    """Each language in its own words, so that whoever needs it can read it."""
    return {"en": "English", "fr": "Français", "fr-ca": "Français (Canada)"}.get(code, code)
