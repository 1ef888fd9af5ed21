"""All addresses of the service; the ones that operators register elsewhere never change (architecture, §3)."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("", include("tenants.web.urls")),
    path("", include("sync.web.urls")),
]

handler500 = "tenants.web.views.errors.server_error"
