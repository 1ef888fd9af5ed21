"""Connecting a shop: its address, then keys by WooCommerce's own page or by hand, then the list of checks."""

from __future__ import annotations

import json

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connector.woo.address import AddressProblem, normalise_store_url
from connector.woo.handover import read_handed_keys
from sync.connections import attempts
from sync.connections.handover import STORE, adopt_keys, begin_handover, receive_keys
from sync.connections.store import FoundStore, disconnect_store, find_store, is_other_address
from sync.models import Run
from sync.tasks import request_webhooks, resume
from sync.web.checks import store_checks
from sync.web.connect_texts import sentences, sentences_of_address, tell
from sync.web.forms_connect import AddressForm, KeysForm, SameShopForm
from sync.web.leaving import leave_for, next_page
from sync.web.troubles import host_of
from sync.web.views.setup import connect_context
from sync.web.workspace import Workspace, in_workspace, show
from tenants.audit import log_change
from tenants.models import Connection, Role, Tenant

logger = structlog.get_logger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def connect_store(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The address, checked live; a connected shop shows what was looked at instead, and can be changed."""
    tenant = workspace.tenant
    is_connected = bool(tenant.store_url) and tenant.store_state == Connection.CONNECTED
    typed = request.GET.get("address") or tenant.store_url
    form = AddressForm(request.POST or None, initial={"address": typed})
    moved_to = ""
    if request.method == "POST" and form.is_valid():
        found = find_store(form.cleaned_data["address"])
        if isinstance(found, FoundStore):
            return redirect(_keys_page(tenant, found.url))
        moved_to = found.moved_to
        form.add_error("address", sentences_of_address(found.reason))
    context = {
        "form": form,
        "moved_to": moved_to,
        "is_connected": is_connected,
        "checks": store_checks(tenant) if tenant.store_url else [],
        "is_changing": bool(form.errors or moved_to or request.GET.get("address")),
        "next": next_page(tenant) if is_connected else "",
        "host": host_of(tenant.store_url),
        **connect_context(workspace, "store"),
    }
    return show(request, workspace, "sync/connect/store.html", "health", context)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def connect_store_keys(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The choice between the shop's own approval page and keys by hand; the latter are posted here."""
    tenant = workspace.tenant
    address = normalise_store_url(request.GET.get("address", ""), allow_private=settings.ALLOW_PRIVATE_STORE_URLS)
    if isinstance(address, AddressProblem):
        return redirect("connect_store", slug=tenant.slug)
    asks = is_other_address(tenant, address.url) or request.GET.get("problem") == "store_maybe_another"
    form = KeysForm(request.POST or None, asks=asks, prefix="keys")
    reason, moved_to = request.GET.get("problem", ""), ""
    if request.method == "POST":
        reason = ""
        if form.is_valid():
            check = adopt_keys(
                tenant,
                workspace.person,
                url=address.url,
                consumer_key=form.cleaned_data["consumer_key"],
                consumer_secret=form.cleaned_data["consumer_secret"],
                is_same_shop=form.cleaned_data.get("is_same_shop", False),
            )
            if not check.reason:
                return _connected(request, workspace)
            reason, moved_to = check.reason, check.moved_to
    context = {
        "address": address.url,
        "host": host_of(address.url),
        "approval": SameShopForm(asks=asks, prefix="approval"),
        "form": form,
        "trouble": tell(reason) if reason else None,
        "moved_to": moved_to,
        "by_hand": request.method == "POST",
        **connect_context(workspace, "store"),
    }
    return show(request, workspace, "sync/connect/store_keys.html", "health", context)


@require_POST
@in_workspace(Role.ADMIN)
def approve_store(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Off to the shop's approval page, with a state that counts once."""
    tenant = workspace.tenant
    address = normalise_store_url(request.POST.get("address", ""), allow_private=settings.ALLOW_PRIVATE_STORE_URLS)
    if isinstance(address, AddressProblem):
        return redirect("connect_store", slug=tenant.slug)
    asks = is_other_address(tenant, address.url)
    form = SameShopForm(request.POST, asks=asks, prefix="approval")
    if not form.is_valid():
        return redirect(_keys_page(tenant, address.url, problem="store_maybe_another"))
    url = begin_handover(
        tenant,
        workspace.person,
        store_url=address.url,
        return_path=reverse("store_return", args=[tenant.slug]),
        callback_path=reverse("store_keys", args=["STATE"]).replace("STATE", "{state}"),
        is_same_shop=form.cleaned_data.get("is_same_shop", False),
    )
    return leave_for(request, url, place=host_of(address.url))


@csrf_exempt
@require_POST
@never_cache
def store_keys(request: HttpRequest, state: str) -> HttpResponse:
    """The shop posts its keys here and keeps them only after an answer of exactly 200."""
    try:
        keys = read_handed_keys(request.body)
        check = receive_keys(state, keys)
    except ValueError as error:
        logger.warning("handover.refused", reason="unreadable", detail=str(error))
        return _answer(400)
    except attempts.Refused as refused:
        logger.warning("handover.refused", reason=refused.reason)
        return _answer(403)
    if check.reason:
        logger.warning("handover.refused", reason=check.reason)
        return _answer(422)
    return _answer(200)


@require_safe
@in_workspace(Role.ADMIN)
def store_return(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Back from the shop: what counts is what its keys did, not what the address says."""
    attempt = attempts.find(STORE, request.GET.get("user_id", ""))
    if attempt is None or attempt.tenant_id != workspace.tenant.pk or attempt.user_id != workspace.person.pk:
        messages.error(request, sentences("state_unknown"))
        return redirect("connect_store", slug=workspace.tenant.slug)
    if attempt.ended_at is not None and not attempt.problem:
        return _connected(request, workspace)
    declined = request.GET.get("success") != "1"
    reason = attempt.problem or ("handover_denied" if declined else "handover_silent")
    if attempt.ended_at is None and declined:
        attempts.end(attempt, problem=reason)
    if reason == "store_moved":
        return redirect(_address_page(workspace.tenant, attempt.problem_detail))
    return redirect(_keys_page(workspace.tenant, attempt.store_url, problem=reason))


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def leave_store(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Asks, then forgets the keys; the shop itself keeps them until they are deleted there."""
    tenant = workspace.tenant
    if request.method == "POST":
        Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).update(cancel_requested=True)
        disconnect_store(tenant)
        log_change(tenant, "store.disconnected", {"store_url": [tenant.store_url, None]}, user=workspace.person)
        messages.success(request, _("The store is disconnected. Its orders stay where they are."))
        return redirect("connect_store", slug=tenant.slug)
    return show(request, workspace, "sync/connect/leave_store.html", "health", {"host": host_of(tenant.store_url)})


def _connected(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    tenant = Tenant.objects.select_related("company").get(pk=workspace.tenant.pk)
    request_webhooks(tenant)
    resume([tenant], user=workspace.person)
    messages.success(request, _("The store is connected."))
    return redirect("connect_store", slug=tenant.slug)


def _keys_page(tenant: Tenant, url: str, *, problem: str = "") -> str:
    query = {"address": url, "problem": problem} if problem else {"address": url}
    return f"{reverse('connect_store_keys', args=[tenant.slug])}?{urlencode(query)}"


def _address_page(tenant: Tenant, url: str) -> str:
    return f"{reverse('connect_store', args=[tenant.slug])}?{urlencode({'address': url})}"


def _answer(status: int) -> HttpResponse:
    return HttpResponse(json.dumps({"stored": status == 200}), status=status, content_type="application/json")
