from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from sync.web.reconciliation import views

workspace_urls: list[URLPattern | URLResolver] = [
    path("reconciliation/", views.reconciliation, name="reconciliation"),
    path("reconciliation/compare/", views.compare, name="reconciliation_compare"),
    path("reconciliation/<int:reconciliation_id>/", views.documents, name="reconciliation_documents"),
    path("reconciliation/<int:reconciliation_id>/decide/", views.hand_over, name="reconciliation_decide"),
    path("reconciliation/<int:reconciliation_id>/csv/", views.as_csv, name="reconciliation_csv"),
    path("reconciliation/<int:reconciliation_id>/xlsx/", views.as_xlsx, name="reconciliation_xlsx"),
]
