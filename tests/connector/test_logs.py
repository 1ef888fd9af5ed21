"""What leaves the service as a log line or an error report carries no secret."""

from __future__ import annotations

import pytest
import sentry_sdk
from pytest_django import Settings

from connector import logs


def test_fields_named_like_secrets_and_values_that_look_like_keys_are_blanked() -> None:
    event = logs.redact(
        None,
        "info",
        {"event": "call with ck_0123456789abcdef0123456789", "access_token": "x", "path": "/orders", "status": 200},
    )
    assert event["access_token"] == "[redacted]"
    assert "ck_" not in str(event["event"])
    assert (event["path"], event["status"]) == ("/orders", 200)


def test_errors_are_reported_only_where_an_operator_asked_and_without_local_variables(settings: Settings) -> None:
    settings.SENTRY_DSN = ""
    logs.report_errors()
    assert not sentry_sdk.get_client().is_active()
    settings.SENTRY_DSN = "http://public@127.0.0.1:9/1"
    try:
        logs.report_errors()
        options = sentry_sdk.get_client().options
        assert not options["send_default_pii"]
        assert not options["include_local_variables"]
        assert options["max_request_body_size"] == "never"
    finally:
        sentry_sdk.get_client().close(timeout=0)
        sentry_sdk.get_global_scope().set_client(None)


def test_an_unset_dsn_is_not_an_error(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.SENTRY_DSN = ""
    monkeypatch.setattr(sentry_sdk, "init", lambda **_options: pytest.fail("nothing may be started"))
    logs.report_errors()
