from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from sync.web.views import home, overview, records, runs

workspace_urls: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("attention/", overview.attention, name="attention"),
    path("attention/retry/", records.retry_cause, name="retry_cause"),
    path("sync/", runs.sync_now, name="sync_now"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("runs/<int:run_id>/cancel/", runs.cancel_run, name="cancel_run"),
    path("records/", records.records, name="records"),
    path("records/<int:record_id>/", records.record, name="record"),
    path("records/<int:record_id>/retry/", records.retry_record, name="retry_record"),
    path("records/<int:record_id>/skip/", records.skip_record, name="skip_record"),
    path("more/", overview.more, name="more"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("clients/", home.clients, name="clients"),
    path("t/<slug:slug>/", include(workspace_urls)),
]
