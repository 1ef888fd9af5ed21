"""Addresses of the Manage tab: a page for each subject, made from the table of options."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from sync.web.manage import data, transfer, views
from sync.web.manage.table import TABLE

workspace_urls: list[URLPattern | URLResolver] = [
    path("manage/", views.begin, name="manage"),
    path("manage/refresh/", views.refresh, name="manage_refresh"),
    path("manage/export/", transfer.export_settings, name="manage_export"),
    path("manage/import/", transfer.import_settings, name="manage_import"),
    path("manage/data/", data.data, name="workspace_data"),
    path("manage/data/export/", data.export_data, name="workspace_export"),
    path("manage/history/", transfer.history, name="manage_history"),
    path("manage/history/<int:version_id>/restore/", transfer.restore, name="manage_restore"),
]
for _subject in TABLE.subjects:
    _named = {"subject": _subject.key}
    workspace_urls += [
        path(f"manage/{_subject.key}/", views.options, _named, name=f"manage_{_subject.key}"),
        path(f"manage/{_subject.key}/live/", views.live, _named, name=f"manage_{_subject.key}_live"),
        path(f"manage/{_subject.key}/missing/", views.create, _named, name=f"manage_{_subject.key}_missing"),
    ]
