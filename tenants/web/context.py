"""What every page may say about the product itself."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, str]:
    return {"PRODUCT_NAME": settings.PRODUCT_NAME}
