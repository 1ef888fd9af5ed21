"""Addresses of the reports by e-mail: their settings, the reports themselves, and the links in mails."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from sync.web.views import readers, reports

workspace_urls: list[URLPattern | URLResolver] = [
    path("reports/", reports.reports, name="reports"),
    path("reports/sample/", reports.sample, name="report_sample"),
    path("reports/recipients/", reports.add_recipient, name="report_add"),
    path("reports/recipients/<int:recipient_id>/language/", reports.set_language, name="report_language"),
    path("reports/recipients/<int:recipient_id>/again/", reports.ask_again, name="report_again"),
    path("reports/recipients/<int:recipient_id>/remove/", reports.remove_recipient, name="report_remove"),
    path("reports/<int:report_id>/", reports.report, name="report"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("reports/confirm/<str:token>/", readers.confirm, name="report_confirm"),
    path("reports/end/<str:token>/", readers.end, name="report_end"),
]
