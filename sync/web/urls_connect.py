"""Addresses of connecting and of the health page; those outside a workspace are registered elsewhere and stay."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from sync.web.views import connect_quickbooks, connect_store, health, intuit, webhooks

workspace_urls: list[URLPattern | URLResolver] = [
    path("health/", health.health, name="health"),
    path("health/check/", health.check_now, name="check_now"),
    path("connect/store/", connect_store.connect_store, name="connect_store"),
    path("connect/store/keys/", connect_store.connect_store_keys, name="connect_store_keys"),
    path("connect/store/approve/", connect_store.approve_store, name="approve_store"),
    path("connect/store/return/", connect_store.store_return, name="store_return"),
    path("connect/store/disconnect/", connect_store.leave_store, name="leave_store"),
    path("connect/quickbooks/", connect_quickbooks.connect_quickbooks, name="connect_quickbooks"),
    path(
        "connect/quickbooks/confirm/<int:attempt_id>/",
        connect_quickbooks.confirm_quickbooks,
        name="confirm_quickbooks",
    ),
    path("connect/quickbooks/disconnect/", connect_quickbooks.leave_quickbooks, name="leave_quickbooks"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("oauth/quickbooks/callback", connect_quickbooks.quickbooks_callback, name="quickbooks_callback"),
    path("connect/woocommerce/<str:state>/keys", connect_store.store_keys, name="store_keys"),
    path("webhooks/quickbooks", webhooks.quickbooks_webhook, name="quickbooks_webhook"),
    path("webhooks/woocommerce/<str:store_id>", webhooks.woocommerce_webhook, name="woocommerce_webhook"),
    path("intuit/button", intuit.button, name="intuit_button"),
    path("intuit/launch", intuit.launch, name="intuit_launch"),
    path("intuit/reconnect", intuit.reconnect, name="intuit_reconnect"),
    path("intuit/disconnect", intuit.disconnected, name="intuit_disconnect"),
]
