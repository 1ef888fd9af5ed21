from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from sync.web import urls_connect, urls_manage, urls_people, urls_reports
from sync.web.mappings import urls as urls_mappings
from sync.web.reconciliation import urls as urls_reconciliation
from sync.web.views import acts, bulk, gallery, home, keyed, linking, overview, records, runs, setup, stock

workspace_urls: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("attention/", overview.attention, name="attention"),
    path("attention/retry/", records.retry_cause, name="retry_cause"),
    path("sync/", runs.sync_now, name="sync_now"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("runs/<int:run_id>/cancel/", runs.cancel_run, name="cancel_run"),
    path("runs/<int:run_id>/undo/", acts.run_undo, name="run_undo"),
    path("records/", records.records, name="records"),
    path("records/decide/", bulk.record_bulk, name="record_bulk"),
    path("records/<int:record_id>/", records.record, name="record"),
    path("records/<int:record_id>/retry/", records.retry_record, name="retry_record"),
    path("records/<int:record_id>/skip/", records.skip_record, name="skip_record"),
    path("records/<int:record_id>/link/", linking.record_link, name="record_link"),
    path("records/<int:record_id>/link/compare/", linking.record_compare, name="record_compare"),
    path("records/<int:record_id>/unlink/", linking.record_unlink, name="record_unlink"),
    path("records/<int:record_id>/resync/", acts.record_resync, name="record_resync"),
    path("records/<int:record_id>/keep/", acts.record_keep, name="record_keep"),
    path("records/<int:record_id>/replace/", acts.record_replace, name="record_replace"),
    path("records/<int:record_id>/post-again/", acts.record_post_again, name="record_post_again"),
    path("records/<int:record_id>/accept/", acts.record_accept, name="record_accept"),
    path("records/<int:record_id>/undo/", acts.record_undo, name="record_undo"),
    path("setup/", setup.begin, name="setup"),
    path("setup/orders/", setup.orders, name="setup_orders"),
    path("setup/mappings/", setup.mappings, name="setup_mappings"),
    path("setup/rehearsal/", setup.rehearsal, name="setup_rehearsal"),
    path("setup/documents/", keyed.documents, name="setup_documents"),
    path("setup/documents/again/", keyed.look_again, name="setup_documents_again"),
    path("setup/test/", setup.try_one, name="setup_test"),
    path("setup/extras/", setup.extras, name="setup_extras"),
    path("setup/on/", setup.turn_on, name="setup_on"),
    path("setup/off/", setup.turn_off, name="setup_off"),
    path("stock/", stock.stock, name="stock"),
    path("stock/preview/", stock.stock_preview, name="stock_preview"),
    path("stock/off/", stock.stock_off, name="stock_off"),
    path("stock/products/<int:link_id>/", stock.stock_choose, name="stock_choose"),
    path("stock/aside/", stock.stock_take_back, name="stock_take_back"),
    path("stock/<int:pass_id>/", stock.stock_pass, name="stock_pass"),
    path("stock/<int:pass_id>/decide/", stock.stock_decide, name="stock_decide"),
    path("stock/<int:pass_id>/nothing/", stock.stock_decline, name="stock_decline"),
    *urls_manage.workspace_urls,
    *urls_people.workspace_urls,
    *urls_reports.workspace_urls,
    *urls_mappings.workspace_urls,
    *urls_reconciliation.workspace_urls,
    path("more/", overview.more, name="more"),
    *urls_connect.workspace_urls,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("clients/", home.clients, name="clients"),
    *urls_people.urlpatterns,
    *urls_reports.urlpatterns,
    path("t/<slug:slug>/", include(workspace_urls)),
    *urls_connect.urlpatterns,
]

if settings.DEBUG:
    urlpatterns += [
        path("_mails/", gallery.mails, name="mails"),
        path("_mails/<slug:name>/<slug:language>.<slug:part>", gallery.mail, name="mail_part"),
    ]
