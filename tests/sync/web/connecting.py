"""A person's browser between this service and the stand-ins: follows pages out and back as a person would click."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from sandbox.store.handover import PREFIX
from tenants.models import Tenant
from tests.sync.world import World


def way_out(answer: Any) -> str:
    """Where the page between us and another site leads."""
    assert answer.status_code == 200, answer.status_code
    wait, _, url = answer.headers["Refresh"].partition("; url=")
    assert wait == "0"
    assert answer.headers["Cache-Control"] == "no-store"
    return str(url)


def allow(url: str, *, answer: str = "connect") -> str:
    """Answers Intuit's consent page; gives the path and query the browser comes back with."""
    back = requests.post(url, data={"answer": answer}, allow_redirects=False, timeout=10)
    assert back.status_code == 302, back.text
    place = urlsplit(back.headers["Location"])
    return f"{place.path}?{place.query}"


def begin(client: Client, tenant: Tenant) -> str:
    return way_out(client.post(reverse("connect_quickbooks", args=[tenant.slug])))


def consent(client: Client, tenant: Tenant) -> HttpResponse:
    """From our button to our callback; the answer is the callback's."""
    answer: Any = client.get(allow(begin(client, tenant)))
    assert answer.status_code == 302
    return answer  # type: ignore[no-any-return]


def link(client: Client, tenant: Tenant, **fields: str) -> Any:
    """The whole way to a linked company; the answer is the confirmation's."""
    page = consent(client, tenant).headers["Location"]
    return client.post(page, {"answer": "link", **fields})


def approve(url: str, world: World, *, button: str = "Approve") -> requests.Response:
    """Presses a button of the shop's approval page; the answer is the shop's, not followed."""
    page = requests.get(url, timeout=10)
    assert page.status_code == 200, page.text
    before, _, _rest = page.text.partition(f'">{button}</a>')
    target = before.rpartition('href="')[2].replace("&amp;", "&")
    base = world.box.store_url if target.startswith(PREFIX) else ""
    return requests.get(f"{base}{target}", allow_redirects=False, timeout=30)
