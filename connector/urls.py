"""All addresses of the service; the ones that operators register elsewhere never change (architecture, §3)."""

from __future__ import annotations

from django.urls import include, path

from tenants.web.views.verification import verification_sent

urlpatterns = [
    path("accounts/confirm-email/", verification_sent, name="account_email_verification_sent"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/two-factor/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("", include("tenants.web.urls")),
    path("", include("sync.web.urls")),
]

handler500 = "tenants.web.views.errors.server_error"
