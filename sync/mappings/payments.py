"""The store's payment methods against the company's accounts and payment methods: rows with states, and choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from connector.accounting.books import NameRow
from connector.accounting.money import ZERO
from connector.accounting.policy import Ref
from connector.accounting.suggest import suggest_account, suggest_payment_method
from sync.choices import save_choices
from sync.mappings.occurrences import occurrences
from sync.models import Mapping as SeenInStore
from sync.models import Record
from sync.portability import UNPAID_INVOICES, Problem
from sync.setup import GatewayProposal, facts_of, options_of, rows_of, store_lists, tax_world
from tenants.models import Company, Tenant, User

State = Literal["matched", "not_recorded", "default", "open", "blocking", "stale"]
MONEY_TYPES = frozenset({"Bank", "Other Current Asset"})
NEW_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One payment method of the store. enabled None: it is on orders only. used: of the orders that were counted.

    state: default = no account of its own, the default one takes its money; open = no account at all. is_new: it came
    up lately, on an order or by being switched on in the store, and nobody has chosen since. blocked, amounts: held
    orders that were paid with it.
    """

    gateway: str
    title: str
    enabled: bool | None
    used: int
    account: Ref | None
    method: Ref | None
    record: bool
    proposal: GatewayProposal
    state: State
    is_new: bool = False
    blocked: int = 0
    amounts: Mapping[str, Decimal] | None = None

    @property
    def chosen(self) -> str:
        """As its form says it: the account's id, "none" where its money is not recorded, "" for the default account."""
        if not self.record:
            return "none"
        return self.account.id if self.account else ""


@dataclass(frozen=True, slots=True)
class PaymentTable:
    rows: tuple[GatewayRow, ...]
    default_account: Ref | None
    accounts: tuple[NameRow, ...]
    methods: tuple[NameRow, ...]
    looked_at: int
    records: bool
    """Whether payments are recorded at all."""
    may_leave_out: bool
    """Whether a payment method may be left unrecorded: a sales receipt is the payment itself."""

    @property
    def suggested(self) -> tuple[GatewayRow, ...]:
        """Rows that one click may match: an account bears the payment method's name."""
        return tuple(
            row
            for row in self.rows
            if row.account is None
            and row.record
            and row.proposal.account is not None
            and row.proposal.account.reason == "same_name"
            and row.proposal.account.is_only
        )

    def row(self, gateway: str) -> GatewayRow | None:
        return next((row for row in self.rows if row.gateway == gateway), None)


def money_accounts(company: Company) -> list[NameRow]:
    """Where money can lie: bank accounts and other current assets."""
    return [row for row in rows_of(company, "Account") if row.type in MONEY_TYPES]


def propose(company: Company, gateway: str, title: str) -> GatewayProposal:
    accounts, methods = rows_of(company, "Account"), rows_of(company, "PaymentMethod")
    return GatewayProposal(suggest_account(gateway, title, accounts), suggest_payment_method(gateway, title, methods))


def payment_table(tenant: Tenant, *, fresh: bool = False) -> PaymentTable:
    """What blocks first. Raises what the store adapter raises, and LookupError while no company is connected."""
    company, facts, options = tenant.company, facts_of(tenant), options_of(tenant)
    if company is None or facts is None:
        raise LookupError("no company is connected")
    accounts, methods = rows_of(company, "Account"), rows_of(company, "PaymentMethod")
    world = tax_world(tenant, options) or facts.tax_world
    found = occurrences(tenant, world, home_country=facts.country, fresh=fresh)
    in_store = {gateway.id: gateway for gateway in store_lists(tenant).gateways}
    payments = options["payments"]
    chosen = {row["gateway"]: row for row in payments["methods"]}
    seen = {row.store_key: row for row in SeenInStore.objects.for_tenant(tenant).filter(kind=SeenInStore.Kind.GATEWAY)}
    blocked = _blocked(tenant)
    default = _living(payments["default_account"], accounts)
    rows = []
    for key in dict.fromkeys([*in_store, *found.gateways, *seen, *chosen, *blocked]):
        gateway, choice = in_store.get(key), chosen.get(key, {})
        title = (
            (gateway.title if gateway else "") or found.titles.get(key, "") or (seen[key].label if key in seen else "")
        )
        records, amounts = blocked.get(key, (0, None))
        row = GatewayRow(
            gateway=key,
            title=title or key,
            enabled=gateway.enabled if gateway else None,
            used=found.gateways.get(key, 0),
            account=_ref(choice.get("account")),
            method=_ref(choice.get("payment_method")),
            record=bool(choice.get("record", True)),
            proposal=GatewayProposal(
                suggest_account(key, title, accounts), suggest_payment_method(key, title, methods)
            ),
            state="open",
            is_new=key in seen and key not in chosen and seen[key].is_news and _is_recent(seen[key].first_seen_at),
            blocked=records,
            amounts=amounts,
        )
        rows.append(replace(row, state=_state(row, accounts, default)))
    urgency = {"blocking": 0, "stale": 1, "open": 2, "default": 3, "matched": 4, "not_recorded": 5}
    rows.sort(key=lambda row: (urgency[row.state], not row.is_new, -row.used, row.enabled is not True, row.gateway))
    return PaymentTable(
        rows=tuple(rows),
        default_account=_ref(payments["default_account"]),
        accounts=tuple(row for row in accounts if row.type in MONEY_TYPES),
        methods=tuple(methods),
        looked_at=found.orders,
        records=payments["record"],
        may_leave_out=options["orders"]["document"] == "invoice",
    )


def new_gateways(tenant: Tenant) -> list[str]:
    """Titles of payment methods that came up lately, that nobody has chosen an account for. Two queries at most."""
    rows = list(
        SeenInStore.objects.for_tenant(tenant)
        .filter(kind=SeenInStore.Kind.GATEWAY, is_news=True, first_seen_at__gte=timezone.now() - NEW_FOR)
        .order_by("first_seen_at", "pk")
    )
    if not rows:
        return []
    chosen = {row["gateway"] for row in options_of(tenant)["payments"]["methods"]}
    return [row.label or row.store_key for row in rows if row.store_key not in chosen]


def choose_gateway(
    tenant: Tenant, gateway: str, *, account_id: str, method_id: str, record: bool, user: User
) -> list[Problem]:
    """One payment method's account and QuickBooks payment method; without account the default one takes its money."""
    row: dict[str, Any] | None = None
    if account_id or not record:
        row = {
            "gateway": gateway,
            "account": {"id": account_id} if account_id else None,
            "payment_method": {"id": method_id} if method_id else None,
            "record": record,
        }
    return choose_gateways(tenant, {gateway: row}, user=user)


def choose_gateways(tenant: Tenant, chosen: Mapping[str, dict[str, Any] | None], *, user: User) -> list[Problem]:
    """Several of them as one version of the settings; None takes a choice back."""
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        kept = [row for row in options_of(tenant)["payments"]["methods"] if row["gateway"] not in chosen]
        return _save(tenant, {"methods": [*kept, *(row for row in chosen.values() if row is not None)]}, user)


def choose_default_account(tenant: Tenant, account_id: str, *, user: User) -> list[Problem]:
    return _save(tenant, {"default_account": {"id": account_id} if account_id else None}, user)


def _save(tenant: Tenant, payments: Mapping[str, Any], user: User) -> list[Problem]:
    saved = save_choices(
        tenant, {"payments": payments}, user=user, action="mappings.payments", helps=(UNPAID_INVOICES,)
    )
    return list(saved.problems)


def _blocked(tenant: Tenant) -> dict[str, tuple[int, dict[str, Decimal]]]:
    held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION, reason="unmapped_gateway")
    groups = held.annotate(key=KeyTextTransform("gateway", "details")).order_by().values("key", "currency")
    found: dict[str, tuple[int, dict[str, Decimal]]] = {}
    for row in groups.annotate(records=Count("pk"), total=Sum("store_total")):
        records, amounts = found.get(row["key"] or "", (0, {}))
        amounts[row["currency"]] = amounts.get(row["currency"], ZERO) + (row["total"] or ZERO)
        found[row["key"] or ""] = (records + row["records"], amounts)
    return {key: value for key, value in found.items() if key}


def _state(row: GatewayRow, accounts: Sequence[NameRow], default: Ref | None) -> State:
    if not row.record:
        return "not_recorded" if not row.blocked else "blocking"
    if row.account is not None:
        return "matched" if any(account.qbo_id == row.account.id for account in accounts) else "stale"
    if row.blocked:
        return "blocking"
    return "default" if default is not None else "open"


def _living(plain: Mapping[str, Any] | None, accounts: Sequence[NameRow]) -> Ref | None:
    ref = _ref(plain)
    return ref if ref and any(account.qbo_id == ref.id for account in accounts) else None


def _is_recent(moment: datetime) -> bool:
    return moment >= timezone.now() - NEW_FOR


def _ref(plain: Mapping[str, Any] | None) -> Ref | None:
    return Ref(str(plain["id"]), str(plain.get("name", ""))) if plain else None
