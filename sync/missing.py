"""Items and accounts that the settings need and the company does not have yet: what they would be, and making them.

Shown first, made with one click. Nothing here saves a setting: whoever asks puts the answer where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from connector.accounting.books import AccountWanted, ItemWanted, NameRow
from connector.accounting.facts import facts_from_json
from connector.accounting.items import NEEDS_EXPENSE_ACCOUNT
from connector.accounting.keys import name_key, normalise
from connector.accounting.policy import Ref
from connector.accounting.suggest import suggest_account, suggest_item
from connector.accounting.texts import plain_name
from connector.errors import RetryableError
from connector.woo.facts import StoreGateway
from sync.engine import mirror
from sync.engine.context import SliceOver
from sync.engine.naming import Refusal, Wanted, make_names
from sync.models import MirrorEntry
from sync.wiring import LeaseTaken, slice_at_the_desk
from tenants.audit import log_change
from tenants.lease import LeaseLost
from tenants.models import Company, Tenant, User

Text = str | Promise
Role = Literal["sales", "shipping", "fees", "discounts", "rounding", "tax"]
"""What an item's money is to the books."""


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """words: how items begin that are probably meant; the first language's word is not always the company's."""

    name: Text
    purpose: Text
    role: Role
    words: tuple[str, ...]


ITEMS: Mapping[str, ItemPlan] = {
    "orders.shipping_item": ItemPlan(
        pgettext_lazy("item in QuickBooks", "Shipping"),
        gettext_lazy("Shipping of an order"),
        "shipping",
        ("shipping", "frais de port", "livraison", "expédition", "delivery"),
    ),
    "orders.fee_item": ItemPlan(
        pgettext_lazy("item in QuickBooks", "Fee"),
        gettext_lazy("Fees that the store adds"),
        "fees",
        ("fee", "frais", "surcharge"),
    ),
    "orders.rounding_item": ItemPlan(
        pgettext_lazy("item in QuickBooks", "Rounding"),
        gettext_lazy("The cent between a total and its lines"),
        "rounding",
        ("rounding", "arrondi"),
    ),
    "orders.refund_item": ItemPlan(
        pgettext_lazy("item in QuickBooks", "Refund"),
        gettext_lazy("Refunds of an amount without lines"),
        "sales",
        ("refund", "remboursement"),
    ),
    "orders.default_item": ItemPlan(
        pgettext_lazy("item in QuickBooks", "Online sale"),
        gettext_lazy("Lines whose product cannot be matched"),
        "sales",
        ("online sale", "vente en ligne", "sales", "services"),
    ),
    "orders.discount_item": ItemPlan(
        pgettext_lazy("item in QuickBooks", "Discount"),
        gettext_lazy("Discounts, where they are to be lines of their own"),
        "discounts",
        ("discount", "remise", "rabais"),
    ),
    "taxes.tax_item": ItemPlan(
        pgettext_lazy("item in QuickBooks", "Sales tax"),
        gettext_lazy("The store’s tax, as a line of its own"),
        "tax",
        ("sales tax", "taxe de vente", "tax", "taxe"),
    ),
}
OPTIONAL = frozenset({"orders.discount_item"})
"""Without it nothing is missing: lines are then sent net of their discount."""

_INCOME = ("Income", "Other Income")
EXPENSE_TYPES = ("Cost of Goods Sold", "Expense")
_ROLE_WORDS: Mapping[Role, tuple[str, ...]] = {
    "shipping": ("shipping", "expédition", "livraison"),
    "fees": ("fee", "frais"),
    "rounding": ("rounding", "arrondi"),
    "discounts": ("discount", "remise", "rabais"),
    "tax": ("sales tax", "tax", "taxe"),
}
_ROLE_SUBTYPES: Mapping[Role, tuple[str, ...]] = {
    "discounts": ("DiscountsRefundsGiven",),
    "fees": ("ServiceFeeIncome",),
    "rounding": ("OtherMiscellaneousIncome",),
}
_SALES_SUBTYPES = ("SalesOfProductIncome", "ServiceFeeIncome")
_NO_PROCESSOR = frozenset({"bacs", "cheque", "cod"})
"""Their money does not pass through anybody's hands on its way to the bank."""
_BRANDS: Mapping[str, str] = {
    "stripe": "Stripe",
    "ppcp": "PayPal",
    "paypal": "PayPal",
    "woocommerce_payments": "WooPayments",
    "square": "Square",
    "mollie": "Mollie",
    "klarna": "Klarna",
    "amazon": "Amazon Pay",
}
GATEWAY = "payments.methods:"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that would be made. key: the option it is for, or `payments.methods:<gateway>`.

    account: the account an item's money goes to, "" for an account. new_accounts: those made along with it."""

    key: str
    kind: Literal["Item", "Account"]
    name: str
    purpose: str
    account: str = ""
    is_optional: bool = False
    new_account: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: key -> what QuickBooks has now, and key -> why not, as a sentence."""

    refs: Mapping[str, Ref]
    refused: Mapping[str, str]


def proposals(company: Company) -> dict[str, Ref]:
    """Option -> the item of the company that is probably meant; no item is proposed twice."""
    rows = _called_so(company, {word for plan in ITEMS.values() for word in plan.words})
    found: dict[str, Ref] = {}
    for key, plan in ITEMS.items():
        taken = {ref.id for ref in found.values()}
        suggestion = suggest_item(plan.words, [row for row in rows if row.qbo_id not in taken])
        if suggestion is not None:
            found[key] = suggestion.ref
    return found


def find_missing(
    tenant: Tenant, options: Mapping[str, Any], *, gateways: Iterable[StoreGateway] = (), tax_is_off: bool = False
) -> list[Missing]:
    """What the options need and the company lacks, in the reader's language; nothing is asked of QuickBooks.

    gateways: payment methods of the store that may want a clearing account; those switched off are passed over."""
    company = tenant.company
    if company is None:
        return []
    known = proposals(company)
    accounts = _accounts(company)
    found = []
    for key, plan in ITEMS.items():
        section, name = key.split(".")
        if options[section][name] or key in known or (key == "taxes.tax_item" and not tax_is_off):
            continue
        account = _account_of(plan.role, accounts)
        new = "" if account else str(_new_account(plan.role).name)
        shown = account.full_name or account.name if account else new
        optional = key in OPTIONAL
        found.append(Missing(key, "Item", str(plan.name), str(plan.purpose), shown, optional, new_account=new))
    chosen = {row["gateway"] for row in options["payments"]["methods"] if row.get("account")}
    for gateway in gateways:
        if gateway.enabled and gateway.id not in chosen and _wants_account(gateway, accounts):
            purpose = _("Money of “%(gateway)s” until it reaches the bank") % {"gateway": gateway.title or gateway.id}
            found.append(Missing(f"{GATEWAY}{gateway.id}", "Account", _clearing_name(gateway), purpose))
    return found


def make_missing(tenant: Tenant, wanted: Sequence[Missing], *, user: User) -> Made:
    """Makes them in QuickBooks, accounts before the items that need them, with an audit entry.

    Raises RetryableError while somebody else works for the company or QuickBooks does not answer, and what the
    company's connection raises. A second try makes nothing twice."""
    if not wanted:
        return Made({}, {})
    try:
        with slice_at_the_desk(tenant) as work:
            done = dict(make_names(work, _accounts_wanted(work.company, wanted)))
            items = _items_wanted(work.company, wanted)
            done |= make_names(work, list(items.values()))
            keys = {
                one.key: items[one.key].key if one.kind == "Item" and one.key in items else _key(one) for one in wanted
            }
    except (LeaseTaken, LeaseLost, SliceOver) as error:
        raise RetryableError("company_busy", str(error), side="quickbooks") from error
    outcomes = {one: done.get(keys[one.key], Refusal("", "")) for one in wanted}
    refs = {one.key: outcome for one, outcome in outcomes.items() if isinstance(outcome, Ref)}
    refused = {one.key: _why_not(one, outcome) for one, outcome in outcomes.items() if isinstance(outcome, Refusal)}
    if refs:
        log_change(tenant, "names_created", {key: [None, ref.name] for key, ref in refs.items()}, user=user)
    return Made(refs, refused)


def _called_so(company: Company, words: Iterable[str]) -> list[NameRow]:
    """Active services whose names begin with one of the words: of thousands of items these alone are read."""
    begins = Q()
    for word in words:
        begins |= Q(name_key__startswith=word)
    rows = MirrorEntry.objects.filter(begins, company=company, kind="Item", is_active=True, type="Service")
    return mirror.rows_from(rows.order_by("name_key", "qbo_id"))


def _key(one: Missing) -> str:
    return name_key(one.kind, one.name)


def _accounts_wanted(company: Company, wanted: Sequence[Missing]) -> list[Wanted]:
    """Accounts to make: the clearing accounts, and those that items would go to."""
    found: dict[str, AccountWanted] = {}
    for one in wanted:
        if one.kind == "Account":
            found[_key(one)] = AccountWanted(_key(one), one.name, "Bank", "CashOnHand")
        elif _account_of(ITEMS[one.key].role, _accounts(company)) is None:
            new = _new_account(ITEMS[one.key].role)
            key = name_key("Account", str(new.name))
            found[key] = AccountWanted(key, str(new.name), new.type, new.subtype)
    return list(found.values())


def _items_wanted(company: Company, wanted: Sequence[Missing]) -> dict[str, ItemWanted]:
    """Option -> item to make; one whose account is not there is left out."""
    accounts = _accounts(company)
    country = facts_from_json(company.facts).country if company.facts else ""
    expense = expense_account(accounts) if country in NEEDS_EXPENSE_ACCOUNT else None
    found = {}
    for one in wanted:
        if one.kind == "Item" and (account := _account_of(ITEMS[one.key].role, accounts)) is not None:
            found[one.key] = ItemWanted(
                key=_key(one),
                name=one.name,
                sku="",
                type="Service",
                description="",
                income_account=_ref(account),
                expense_account=_ref(expense) if expense else None,
            )
    return found


def _why_not(one: Missing, refusal: Refusal) -> str:
    if refusal.taken is not None:
        text = _(
            "“%(name)s” is in QuickBooks already, but inactive or of another kind. Change it there, or choose another."
        )
        return text % {"name": one.name}
    words = {"name": one.name, "message": refusal.message or _("no reason given")}
    return _("QuickBooks refused “%(name)s”: %(message)s") % words


# Accounts


@dataclass(frozen=True, slots=True)
class _AccountPlan:
    name: Text
    type: str
    subtype: str


def _new_account(role: Role) -> _AccountPlan:
    if role == "tax":
        name = pgettext_lazy("account in QuickBooks", "Sales tax to pay")
        return _AccountPlan(name, "Other Current Liability", "OtherCurrentLiabilities")
    return _AccountPlan(pgettext_lazy("account in QuickBooks", "Online sales"), "Income", "SalesOfProductIncome")


def _accounts(company: Company) -> list[NameRow]:
    return [row for row in mirror.all_of(company, "Account") if row.active]


def _account_of(role: Role, accounts: Sequence[NameRow]) -> NameRow | None:
    """The company's account for this kind of money, the narrower before the wider; None where it has none."""
    types = ("Other Current Liability",) if role == "tax" else _INCOME
    usable = [row for row in accounts if row.type in types]
    by_subtype = [row for row in usable if row.subtype in _ROLE_SUBTYPES.get(role, ())]
    words = _ROLE_WORDS.get(role, ())
    by_name = [row for row in usable if any(word in normalise(row.name) for word in words)]
    if role == "tax":
        return next(iter(by_name), None)
    sales = [row for subtype in _SALES_SUBTYPES for row in usable if row.subtype == subtype]
    return next(iter([*by_name, *by_subtype, *sales, *usable]), None)


def expense_account(accounts: Sequence[NameRow]) -> NameRow | None:
    """Where the purchases of an item are counted, if nobody chose: the cost of goods before any other expense."""
    for kind in EXPENSE_TYPES:
        found = next((row for row in accounts if row.type == kind), None)
        if found is not None:
            return found
    return None


def _wants_account(gateway: StoreGateway, accounts: Sequence[NameRow]) -> bool:
    """Its money waits with a processor, and no account of the company bears its name."""
    if gateway.id in _NO_PROCESSOR:
        return False
    suggestion = suggest_account(gateway.id, gateway.title, accounts)
    return suggestion is None or suggestion.reason == "usual"


def _clearing_name(gateway: StoreGateway) -> str:
    brand = next((name for part, name in _BRANDS.items() if part in normalise(gateway.id)), "")
    return _("%(gateway)s clearing") % {"gateway": brand or plain_name(gateway.title)[:60] or gateway.id}


def _ref(row: NameRow) -> Ref:
    return Ref(row.qbo_id, row.full_name or row.name)
