"""Where Intuit and shops deliver: the raw body is checked first, the work is done later, the answer leaves at once."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from connector.qbo import webhooks as intuit
from connector.woo import webhooks as shops
from sync.deliveries import Told, note_delivery, note_refusal
from sync.models import StoreHook
from sync.tasks import hand_over_events, pull_forward_soon
from tenants.models import Company
from tenants.models.company import CompanyQuerySet

logger = structlog.get_logger(__name__)

LARGEST_BODY = 2_000_000
"""Bytes. An order of a thousand lines is smaller; what is larger is not read at all."""


@csrf_exempt
@require_POST
@never_cache
def woocommerce_webhook(request: HttpRequest, store_id: str) -> HttpResponse:
    """One delivery of a shop; it asks for a run and nothing more.

    A shop counts failures and switches the webhook off: whatever is no forgery gets its 200."""
    hook = StoreHook.objects.select_related("tenant__company").filter(address=store_id).first()
    if hook is None:
        return _answer(404)
    body = _read(request)
    if body is None:
        return _answer(413)
    signature = request.headers.get(shops.SIGNATURE_HEADER, "")
    if not signature and shops.is_ping(body, request.headers.get("Content-Type", "")):
        return _answer(200)
    if not shops.is_authentic(body, signature, hook.secret):
        note_refusal(hook)
        logger.warning("webhook.refused", side="store", tenant=hook.tenant_id, signed=bool(signature))
        return _answer(401)
    with transaction.atomic():
        if note_delivery(hook, topic=request.headers.get(shops.TOPIC_HEADER, ""), body=body):
            pull_forward_soon(hook.tenant_id)
    return _answer(200)


@csrf_exempt
@require_POST
@never_cache
def quickbooks_webhook(request: HttpRequest) -> HttpResponse:
    """A delivery of Intuit, which may speak of several companies; those of nobody here are left out.

    503 when it cannot be handed on: Intuit then delivers it again."""
    body = _read(request)
    if body is None:
        return _answer(413)
    if not intuit.is_authentic(
        body, request.headers.get(intuit.SIGNATURE_HEADER, ""), settings.INTUIT_WEBHOOK_VERIFIER_TOKEN
    ):
        logger.warning("webhook.refused", side="quickbooks", configured=bool(settings.INTUIT_WEBHOOK_VERIFIER_TOKEN))
        return _answer(401)
    try:
        events = intuit.read_events(body)
    except ValueError:
        logger.warning("webhook.unreadable", side="quickbooks", bytes=len(body))
        return _answer(400)
    try:
        for company, told in _by_company(events):
            Company.objects.filter(pk=company.pk).update(heard_at=timezone.now())
            hand_over_events(company.pk, told)
    except (OperationalError, OSError) as error:
        logger.warning("broker.unreachable", task="take_in_events", error=str(error))
        return _answer(503)
    return _answer(200)


def _by_company(events: list[intuit.Event]) -> list[tuple[Company, list[Told]]]:
    """What concerns companies that somebody here uses. A realm id only ever serves to look a company up."""
    now = timezone.now()
    found = []
    for realm_id in dict.fromkeys(event.realm_id for event in events):
        company = CompanyQuerySet(Company).with_realm(realm_id).filter(tenants__isnull=False).first()
        if company is not None:
            own = [event for event in events if event.realm_id == realm_id]
            # A clock that runs ahead must not keep the marks in the future.
            found.append((company, [Told(one.kind, one.qbo_id, one.verb, min(one.at or now, now)) for one in own]))
    return found


def _read(request: HttpRequest) -> bytes | None:
    """The raw body; None when it says, or turns out, to be too large."""
    length = request.headers.get("Content-Length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return None
    return request.body


def _answer(status: int) -> HttpResponse:
    return HttpResponse(status=status)
