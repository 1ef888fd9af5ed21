from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from tenants.web.views import account, invitations, probes

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", account.account, name="account"),
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
    path("language/", account.set_language, name="set_language"),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
]
