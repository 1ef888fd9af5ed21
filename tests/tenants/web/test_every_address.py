"""Every address of the project × everybody who may ask × one's own and a foreign workspace, from the resolver itself.

An address that is added to the project is asked for without anybody adding it here. A new kind of value in an address
has to be taught in `VALUES`, a new page for visitors named in `FOR_VISITORS`: until then this test fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from sync.models import Recipient, Reconciliation, Record, Report, Run
from sync.web import report_settings
from tenants.models import AuditEntry, ConnectionAttempt, Invitation, Membership, Role, Tenant, User
from tenants.web import team
from tests.factories import (
    captured,
    ended_run,
    hold,
    member,
    person,
    record_of,
    report_of,
    snapshot_of,
    stock_pass,
    workspace,
)
from tests.tenants.web.conftest import signed_in

pytestmark = pytest.mark.django_db


@dataclass
class World:
    """Two workspaces alike, connected to nothing; everybody but the stranger belongs to the first alone."""

    own: Tenant
    foreign: Tenant
    people: dict[str, User | AnonymousUser]
    rows: dict[tuple[str, int], int] = field(default_factory=dict)

    def remember(self, tenant: Tenant) -> None:
        record = hold(record_of(tenant, captured(271)), "unmapped_tax_rate", rate="FR 20 %")
        owner = Membership.objects.get(tenant=tenant, role=Role.OWNER)
        self.rows["record_id", tenant.pk] = record.pk
        self.rows["pass_id", tenant.pk] = stock_pass(tenant, {"changed": 2}).pk
        self.rows["link_id", tenant.pk] = tenant.links.filter(kind="item").earliest("pk").pk
        self.rows["run_id", tenant.pk] = ended_run(tenant, record.first_seen_at).pk
        self.rows["invitation_id", tenant.pk] = team.invite(
            owner, f"to-{tenant.slug}@example.com", Role.VIEWER
        ).invitation.pk
        attempt = ConnectionAttempt.objects.create(
            tenant=tenant,
            user=owner.user,
            side=ConnectionAttempt.Side.QUICKBOOKS,
            state_hash=f"hash of {tenant.slug}",
            expires_at=timezone.now() + timedelta(minutes=10),
        )
        self.rows["attempt_id", tenant.pk] = attempt.pk
        report_settings.add(tenant, f"reports-{tenant.slug}@example.com", "", user=owner.user)
        self.rows["recipient_id", tenant.pk] = Recipient.objects.get(tenant=tenant).pk
        self.rows["report_id", tenant.pk] = report_of(tenant).pk
        self.rows["reconciliation_id", tenant.pk] = snapshot_of(tenant, date(2026, 1, 1), date(2026, 1, 31)).pk
        spare = member(tenant, f"spare-{tenant.slug}@example.com", Role.VIEWER)
        self.rows["member_id", tenant.pk] = Membership.objects.get(user=spare).pk


@dataclass(frozen=True, slots=True)
class Address:
    route: str
    name: str
    values: tuple[str, ...]

    @property
    def is_of_a_workspace(self) -> bool:
        return "slug" in self.values

    def path(self, world: World, tenant: Tenant, rows_of: Tenant | None = None) -> str:
        """The slug is `tenant`'s, every row `rows_of`'s."""
        path = self.route
        for value in self.values:
            given = VALUES[value](world, tenant if value == "slug" else rows_of or tenant)
            path = re.sub(rf"<(\w+:)?{value}>", given, path)
        return f"/{path}"


def _row(name: str) -> Callable[[World, Tenant], str]:
    return lambda world, tenant: str(world.rows[name, tenant.pk])


VALUES: dict[str, Callable[[World, Tenant], str]] = {
    "slug": lambda _world, tenant: tenant.slug,
    "record_id": _row("record_id"),
    "run_id": _row("run_id"),
    "pass_id": _row("pass_id"),
    "link_id": _row("link_id"),
    "member_id": _row("member_id"),
    "invitation_id": _row("invitation_id"),
    "attempt_id": _row("attempt_id"),
    "recipient_id": _row("recipient_id"),
    "report_id": _row("report_id"),
    "reconciliation_id": _row("reconciliation_id"),
    "token": lambda _world, _tenant: "forged",
    "key": lambda _world, _tenant: "forged",
    "uidb36": lambda _world, _tenant: "1",
    "state": lambda _world, _tenant: "forged",
    "version_id": lambda _world, tenant: str(tenant.options_versions.latest("number").pk),
    "store_id": lambda _world, _tenant: "1",
}
FOR_VISITORS = {
    "account_login", "account_logout", "account_signup", "account_inactive", "account_email_verification_sent",
    "account_confirm_email", "account_confirm_login_code", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "mfa_authenticate", "set_language",
    "invitation", "healthz", "readyz", "metrics",
    # Whoever was mailed the link: it is signed and names one recipient.
    "report_confirm", "report_end",
    # Where Intuit and shops send people and data; each checks a signature, a state or a session of its own.
    "quickbooks_callback", "intuit_button", "intuit_launch", "intuit_reconnect", "intuit_disconnect", "store_keys",
    "quickbooks_webhook", "woocommerce_webhook",
}  # fmt: skip
MAY_BE_POSTED_BY_VIEWERS = {"member_remove", "reconciliation_compare"}
"""Leaving is everybody's; whom else it may concern is tested with the team. To compare is to read; how often a viewer
may is tested with reconciliation."""
NEEDS_A_COMPANY = {"record_link", "record_compare"}
"""Nobody is connected here; that a member of a connected workspace opens them is tested with linking."""
SAYS_EXPIRED = {"confirm_quickbooks"}
"""Another's attempt to connect is answered like one that took too long: by the way back to the start."""
ROLES = {"viewer": Role.VIEWER, "admin": Role.ADMIN, "owner": Role.OWNER}


def addresses(patterns: list[URLPattern | URLResolver] | None = None, before: str = "") -> Iterator[Address]:
    for one in patterns if patterns is not None else get_resolver().url_patterns:
        route = before + (one.pattern._route if isinstance(one.pattern, RoutePattern) else _readable(str(one.pattern)))
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        else:
            yield Address(route, one.name or route, tuple(re.findall(r"<(?:\w+:)?(\w+)>", route)))


def _readable(pattern: str) -> str:
    """A regular expression's named groups as <name>."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", pattern).strip("^$")


ALL = list({(one.route, one.name): one for one in addresses()}.values())
OF_WORKSPACES = [one for one in ALL if one.is_of_a_workspace]
OTHERS = [one for one in ALL if not one.is_of_a_workspace]
_asked: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _say_how_many(pytestconfig: pytest.Config) -> Iterator[None]:
    yield
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        print(f"\n{len(_asked)} checks of {len(ALL)} addresses")


@pytest.fixture
def world(db: None) -> World:
    nothing: dict[str, Any] = {"company": None, "store_url": "", "store_consumer_key": "", "store_consumer_secret": ""}
    own, foreign = workspace("own", "Own", **nothing), workspace("foreign", "Foreign", **nothing)
    member(foreign, "boss@elsewhere.example", Role.OWNER)
    people: dict[str, User | AnonymousUser] = {"stranger": person("stranger@example.com"), "visitor": AnonymousUser()}
    people |= {name: member(own, f"{name}@example.com", role) for name, role in ROLES.items()}
    world = World(own, foreign, people)
    for tenant in (own, foreign):
        world.remember(tenant)
    return world


def ask(world: World, who: str, method: str, path: str) -> HttpResponse:
    someone = world.people[who]
    client = signed_in(someone) if isinstance(someone, User) else Client()
    client.raise_request_exception = False
    answer: HttpResponse = getattr(client, method)(path)
    _asked.append(f"{who} {method} {path}")
    assert answer.status_code < 500, f"{who} {method} {path} breaks"
    return answer


def is_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/")


def rows() -> list[object]:
    """What a refused request must leave as it was."""
    kept = [
        model.objects.order_by("pk").values()
        for model in (Tenant, Membership, Invitation, Record, Run, AuditEntry, Recipient, Reconciliation, Report)
    ]
    return [list(one) for one in kept]


def test_every_value_in_an_address_is_known() -> None:
    assert {value for one in ALL for value in one.values} <= set(VALUES)


@pytest.mark.parametrize("one", OF_WORKSPACES, ids=lambda one: one.name)
def test_a_workspace_opens_for_its_members_alone(one: Address, world: World) -> None:
    own, foreign = one.path(world, world.own), one.path(world, world.foreign)
    before = rows()
    for method in ("get", "post"):
        for path in (own, foreign):
            answer = ask(world, "visitor", method, path)
            assert is_sign_in(answer) or answer.status_code == 405
            assert ask(world, "stranger", method, path).status_code in (404, 405)
        for who in ROLES:
            assert ask(world, who, method, foreign).status_code in (404, 405)
    assert rows() == before


@pytest.mark.parametrize("one", OF_WORKSPACES, ids=lambda one: one.name)
def test_members_get_what_their_role_allows(one: Address, world: World) -> None:
    path = one.path(world, world.own)
    before = rows()
    seen = {who: ask(world, who, "get", path).status_code for who in ROLES}
    assert seen["owner"] in (200, 302, 405) or (seen["owner"] == 404 and one.name in NEEDS_A_COMPANY), one.name
    assert seen["admin"] == seen["owner"]
    assert seen["viewer"] in (seen["owner"], 403)
    posted = ask(world, "viewer", "post", path).status_code
    assert posted in (403, 405) or one.name in MAY_BE_POSTED_BY_VIEWERS
    assert rows() == before


@pytest.mark.parametrize("one", [one for one in OF_WORKSPACES if len(one.values) > 1], ids=lambda one: one.name)
def test_a_foreign_row_is_not_found_in_ones_own_workspace(one: Address, world: World) -> None:
    path = one.path(world, world.own, rows_of=world.foreign)
    before = rows()
    for who in ("admin", "owner"):
        statuses = {ask(world, who, method, path).status_code for method in ("get", "post")}
        assert statuses == {302} if one.name in SAYS_EXPIRED else 404 in statuses <= {404, 405}
    assert rows() == before


@pytest.mark.parametrize("one", OTHERS, ids=lambda one: one.name)
def test_outside_workspaces_visitors_reach_only_what_is_named(one: Address, world: World) -> None:
    path = one.path(world, world.own)
    for method in ("get", "post"):
        answer = ask(world, "visitor", method, path)
        if one.name not in FOR_VISITORS:
            assert is_sign_in(answer) or answer.status_code in (403, 405), f"{one.name} lets visitors in"
        for who in ("stranger", *ROLES):
            ask(world, who, method, path)
