"""The store's tax rates and their combinations against the company's tax codes: rows with their states, and choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Sum, Value
from django.db.models.fields.json import KeyTextTransform

from connector.accounting.books import CompanyFacts
from connector.accounting.commerce import TaxLine
from connector.accounting.money import ZERO
from connector.accounting.policy import Ref, TaxCode, TaxWorld
from connector.accounting.rates import RateIds, RateTable
from connector.accounting.suggest import StoreRate, Suggestion, suggest_tax_code, suggest_untaxed_code
from connector.woo.facts import StoreTaxRate
from sync.choices import save_choices
from sync.mappings.occurrences import Occurrences, occurrences
from sync.models import Mapping as SeenInStore
from sync.models import Record
from sync.portability import Problem
from sync.setup import facts_of, known_lists, options_of, store_lists, tax_world
from tenants.models import Tenant, User

State = Literal["matched", "open", "blocking", "stale", "differs"]
UNTAXED = "untaxed_code"
UNTAXED_ROWS: tuple[str, ...] = (UNTAXED, "vat_exempt", "export")
SAME_PERCENT = Decimal("0.0005")
"""As the core compares a code with its rate."""


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One rate, one combination of rates, or one kind of lines without tax.

    key: "3", "1,2", or one of UNTAXED_ROWS. percent: of the net amount, None for lines without tax. lines: how often it
    occurs. code: what is chosen, by id. fitting: the codes at its percentage. orders, amounts: what it blocks.
    """

    key: str
    name: str
    rate_ids: tuple[int, ...] = ()
    countries: tuple[str, ...] = ()
    tax_class: str = ""
    percent: Decimal | None = None
    is_in_store: bool = True
    lines: int = 0
    code: Ref | None = None
    fitting: tuple[TaxCode, ...] = ()
    suggestion: Suggestion | None = None
    state: State = "open"
    orders: int = 0
    amounts: Mapping[str, Decimal] | None = None
    is_optional: bool = False

    @property
    def is_untaxed(self) -> bool:
        return not self.rate_ids

    @property
    def needs_choice(self) -> bool:
        return self.state != "matched" and not (self.is_optional and self.state == "open")


@dataclass(frozen=True, slots=True)
class TaxTable:
    """What a page of taxes shows. world: off and us_automated have no rows. looked_at: orders that were counted."""

    world: TaxWorld
    rows: tuple[TaxRow, ...]
    looked_at: int

    @property
    def suggested(self) -> tuple[TaxRow, ...]:
        """Rows that one click may match: nothing is chosen and only one code fits."""
        return tuple(
            row
            for row in self.rows
            if row.code is None and row.suggestion is not None and row.suggestion.is_only and not row.is_optional
        )

    @property
    def first_rows(self) -> tuple[TaxRow, ...]:
        """What a first set-up asks for: rates and combinations of the store, without the rates that orders bear only
        together with others, such as GST beside QST, while no code is chosen for them."""
        rated = [row for row in self.rows if row.rate_ids and (row.is_in_store or row.lines or row.orders)]
        combined = {rate_id for row in rated if len(row.rate_ids) > 1 and row.lines for rate_id in row.rate_ids}
        return tuple(
            row
            for row in rated
            if len(row.rate_ids) > 1 or row.lines or row.code or row.orders or row.rate_ids[0] not in combined
        )

    def row(self, key: str) -> TaxRow | None:
        return next((row for row in self.rows if row.key == key), None)


def key_of(rate_ids: Iterable[int]) -> str:
    return ",".join(str(rate_id) for rate_id in sorted(rate_ids))


def tax_table(tenant: Tenant, *, fresh: bool = False) -> TaxTable:
    """Rows to match first. Raises what the store adapter raises, and LookupError while no company is connected."""
    facts, options = facts_of(tenant), options_of(tenant)
    if facts is None:
        raise LookupError("no company is connected")
    world = tax_world(tenant, options) or facts.tax_world
    if world in ("off", "us_automated"):
        return TaxTable(world, (), 0)
    found = occurrences(tenant, world, home_country=facts.country, fresh=fresh)
    rates = store_lists(tenant).rates
    blocked = _blocked(tenant)
    rows = [
        _with_state(row, facts, blocked)
        for row in (*_rate_rows(tenant, rates, options, found, blocked, facts), *_untaxed_rows(options, found, facts))
    ]
    return TaxTable(world, tuple(sorted(rows, key=_urgency)), found.orders)


def rate_row(tenant: Tenant, details: Mapping[str, Any], lines: Mapping[int, TaxLine]) -> TaxRow | None:
    """The row of the rates that one held order names, from that order alone: no query is made and no call leaves.

    lines: the order's tax lines by rate id. None where the rates or the company are not known."""
    facts, ids = facts_of(tenant), _ids(str(details.get("rate_ids") or ""))
    if facts is None or not ids:
        return None
    percent = _percent(ids, lines)
    name, fitting = str(details.get("rate") or ""), _fitting(facts, percent)
    row = TaxRow(key=key_of(ids), name=name, rate_ids=tuple(ids), percent=percent, fitting=fitting)
    lists = known_lists(tenant)
    country, state = _place([rate for rate in lists.rates if rate.id in ids] if lists else [])
    return replace(row, suggestion=_suggestion(row, facts, country, state))


def choose_code(tenant: Tenant, key: str, code_id: str, *, percent: Decimal | None, user: User) -> list[Problem]:
    """Matches one row with a code, or with none; an audit entry is left. Held records of the rate are not queued here.

    percent: of the rates, kept with the choice, so that a rate that is edited in the store later is noticed."""
    return choose_codes(tenant, [(key, code_id, percent)], user=user)


def choose_codes(tenant: Tenant, choices: Sequence[tuple[str, str, Decimal | None]], *, user: User) -> list[Problem]:
    """Several rows as one version of the settings."""
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        taxes = options_of(tenant)["taxes"]
        section: dict[str, Any] = {"rates": list(taxes["rates"]), "untaxed": dict(taxes["untaxed"])}
        for key, code_id, percent in choices:
            code = {"id": code_id} if code_id else None
            if key == UNTAXED:
                section[UNTAXED] = code
                section["untaxed"]["other"] = None
            elif key in UNTAXED_ROWS:
                section["untaxed"][key] = code
            else:
                ids = _ids(key)
                section["rates"] = [row for row in section["rates"] if sorted(row["rate_ids"]) != ids]
                if code is not None:
                    section["rates"].append(choice_of(ids, code_id, percent))
        saved = save_choices(
            tenant, {"taxes": section}, user=user, action="mappings.taxes", helps=("tax_not_representable",)
        )
        return list(saved.problems)


def choice_of(rate_ids: Sequence[int], code_id: str, percent: Decimal | None) -> dict[str, Any]:
    """One element of the setting taxes.rates."""
    row: dict[str, Any] = {"rate_ids": list(rate_ids), "tax_code": {"id": code_id}}
    return row if percent is None else {**row, "percent": f"{percent.normalize():f}"}


def fits(code: TaxCode, percent: Decimal) -> bool:
    return abs(code.percent - percent) <= SAME_PERCENT


def _rate_rows(
    tenant: Tenant,
    rates: Sequence[StoreTaxRate],
    options: Mapping[str, Any],
    found: Occurrences,
    blocked: Mapping[str, _Blocked],
    facts: CompanyFacts,
) -> list[TaxRow]:
    """The store's own rates, then every other set of rates that occurs, is chosen or blocks something."""
    in_store = {rate.id: rate for rate in rates}
    lines = {**found.rates, **{rate.id: _line(rate) for rate in rates}}
    chosen = {key_of(row["rate_ids"]): _ref(row["tax_code"]) for row in options["taxes"]["rates"]}
    keys = [key_of({rate.id}) for rate in rates]
    keys += [key_of(ids) for ids in sorted(found.lines, key=lambda ids: (-found.lines[ids], sorted(ids)))]
    keys += [*_seen_combinations(tenant), *chosen, *(key for key in blocked if key and key not in UNTAXED_ROWS)]
    rows = []
    for key in dict.fromkeys(keys):
        ids = _ids(key)
        percent = _percent(ids, lines) if all(rate_id in lines for rate_id in ids) else None
        known = [in_store[rate_id] for rate_id in ids if rate_id in in_store]
        row = TaxRow(
            key=key,
            name=_name(ids, lines) or (blocked[key].name if key in blocked else key),
            rate_ids=tuple(ids),
            countries=tuple(dict.fromkeys(" ".join(filter(None, (rate.country, rate.state))) for rate in known)),
            tax_class=known[0].tax_class if len(known) == 1 else "",
            percent=percent,
            is_in_store=len(known) == len(ids),
            lines=found.lines.get(frozenset(ids), 0),
            code=chosen.get(key),
            fitting=_fitting(facts, percent),
        )
        country, state = _place(known)
        rows.append(replace(row, suggestion=_suggestion(row, facts, country, state)))
    return rows


def _untaxed_rows(options: Mapping[str, Any], found: Occurrences, facts: CompanyFacts) -> list[TaxRow]:
    taxes = options["taxes"]
    free = tuple(code for code in facts.tax_codes if code.percent == 0)
    chosen = {
        UNTAXED: _ref(taxes[UNTAXED]) or _ref(taxes["untaxed"].get("other")),
        "vat_exempt": _ref(taxes["untaxed"].get("vat_exempt")),
        "export": _ref(taxes["untaxed"].get("export")),
    }
    suggestion = suggest_untaxed_code(facts.tax_codes)
    return [
        TaxRow(
            key=key,
            name="",
            lines=found.untaxed.get("other" if key == UNTAXED else key, 0),  # type: ignore[call-overload]
            code=chosen[key],
            fitting=free,
            suggestion=suggestion if key == UNTAXED else None,
            is_optional=key != UNTAXED or facts.country == "US",
        )
        for key in UNTAXED_ROWS
    ]


@dataclass(frozen=True, slots=True)
class _Blocked:
    orders: int
    amounts: Mapping[str, Decimal]
    name: str = ""


def _blocked(tenant: Tenant) -> dict[str, _Blocked]:
    """Held records by the rates they name; lines without tax under UNTAXED. Two queries."""
    held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION)
    rated = held.filter(reason="unmapped_tax_rate").annotate(
        key=KeyTextTransform("rate_ids", "details"), name=KeyTextTransform("rate", "details")
    )
    rated = rated.exclude(details__problem="rate_deleted")  # no code can help them
    untaxed = held.filter(reason=f"missing_setting:{UNTAXED}").annotate(key=Value(UNTAXED), name=Value(""))
    sums: dict[str, tuple[int, dict[str, Decimal], str]] = {}
    for wanted in (rated, untaxed):
        groups = wanted.order_by().values("key", "name", "currency")
        for row in groups.annotate(records=Count("pk"), total=Sum("store_total")):
            key = row["key"] or ""
            records, amounts, name = sums.get(key, (0, {}, row["name"] or ""))
            amounts[row["currency"]] = amounts.get(row["currency"], ZERO) + (row["total"] or ZERO)
            sums[key] = (records + row["records"], amounts, name)
    return {key: _Blocked(*found) for key, found in sums.items()}


def _with_state(row: TaxRow, facts: CompanyFacts, blocked: Mapping[str, _Blocked]) -> TaxRow:
    stop = blocked.get(row.key)
    row = replace(row, orders=stop.orders, amounts=stop.amounts) if stop else row
    code = next((code for code in facts.tax_codes if row.code and code.id == row.code.id), None)
    if row.code is None:
        return replace(row, state="blocking" if row.orders else "open")
    if code is None:
        return replace(row, state="stale")
    wanted = ZERO if row.is_untaxed else row.percent
    if wanted is not None and not fits(code, wanted):
        return replace(row, state="differs")
    return replace(row, state="matched")


_URGENCY = {"blocking": 0, "stale": 1, "differs": 1, "open": 2, "matched": 4}


def _urgency(row: TaxRow) -> tuple[int, int, bool, str]:
    """What blocks, then what is broken, then what occurs; lines without tax last among equals."""
    urgency = _URGENCY[row.state] + (1 if row.state == "open" and (not row.lines or row.is_optional) else 0)
    return urgency, -row.orders, row.is_untaxed, "" if row.is_untaxed else f"{-row.lines:09d}"


def _place(rates: Sequence[StoreTaxRate]) -> tuple[str, str]:
    """(country, state) of rates that are due together: of GST and QST only the second names Quebec."""
    country = next((rate.country for rate in rates if rate.country), "")
    return country, next((rate.state for rate in rates if rate.state), "")


def _suggestion(row: TaxRow, facts: CompanyFacts, country: str, state: str) -> Suggestion | None:
    if row.percent is None:
        return None
    wanted = StoreRate(row.rate_ids[0], row.name, row.percent, country, state)
    exact = [_at(code, row.percent) for code in facts.tax_codes if fits(code, row.percent)]
    found = suggest_tax_code(wanted, exact, home_country=facts.country)
    return found or (suggest_untaxed_code(facts.tax_codes) if row.percent == 0 else None)


def _at(code: TaxCode, percent: Decimal) -> TaxCode:
    """The code with one rate of exactly this percentage: the store rounds effective percentages to four places."""
    return replace(code, rates=(replace(code.rates[0], percent=percent, compound=False),)) if code.rates else code


def _fitting(facts: CompanyFacts, percent: Decimal | None) -> tuple[TaxCode, ...]:
    if percent is None:
        return ()
    return tuple(code for code in facts.tax_codes if fits(code, percent))


def _seen_combinations(tenant: Tenant) -> list[str]:
    rows = SeenInStore.objects.for_tenant(tenant).filter(kind=SeenInStore.Kind.TAX_RATE, store_key__contains=",")
    return list(rows.order_by("pk").values_list("store_key", flat=True)[:100])


def _line(rate: StoreTaxRate) -> TaxLine:
    return TaxLine(rate.id, rate.name, "", rate.percent, rate.compound, ZERO, ZERO)


def _percent(ids: Sequence[int], lines: Mapping[int, TaxLine]) -> Decimal:
    table = RateTable({rate_id: lines[rate_id] for rate_id in ids if rate_id in lines}, {}, None)
    wanted: RateIds = frozenset(ids)
    return sum(table.effective(wanted).values(), ZERO)


def _name(ids: Sequence[int], lines: Mapping[int, TaxLine]) -> str:
    names = [lines[rate_id].label or lines[rate_id].code for rate_id in ids if rate_id in lines]
    return " + ".join(dict.fromkeys(filter(None, names)))


def _ids(key: str) -> list[int]:
    return sorted(int(part) for part in key.split(",") if part.strip().isdigit())


def _ref(plain: Mapping[str, Any] | None) -> Ref | None:
    return Ref(str(plain["id"]), str(plain.get("name", ""))) if plain else None
