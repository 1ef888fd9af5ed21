"""The wizard's questions as forms: lists are live, what is suggested is chosen already, and every field says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector.accounting.books import CompanyFacts, NameRow
from connector.accounting.items import NEEDS_EXPENSE_ACCOUNT
from connector.woo.facts import StoreStatus
from sync.mappings.shortlist import ItemList
from sync.mappings.taxes import TaxTable, choice_of, key_of
from sync.missing import EXPENSE_TYPES, expense_account
from sync.setup import GatewayProposal, StoreLists
from sync.web.manage.table import TABLE
from sync.web.picking import ItemField, Picker, hint_for, list_of, none_of
from sync.web.reason_texts import Text
from sync.web.statuses import status_name
from tenants.models import Tenant

Choices = list[tuple[str, str]]

PARTIALLY_REFUNDED = "partially-refunded"
ITEM_FIELDS = ("shipping_item", "fee_item", "rounding_item", "refund_item", "default_item", "discount_item")
_MONEY_TYPES = frozenset({"Bank", "Other Current Asset"})


def choices_of(rows: Iterable[NameRow], *, none: str = "") -> Choices:
    """Rows of a QuickBooks list as choices; `none` names the empty choice."""
    found = [(row.qbo_id, row.full_name or row.name) for row in rows]
    return [("", none or _("Choose…")), *found]


class OrdersForm(forms.Form):
    """Which orders are sent, as which document, under which number, with which items."""

    statuses = forms.MultipleChoiceField(
        label=gettext_lazy("Order statuses to sync"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one status, for example Completed.")},
    )
    document = forms.ChoiceField(
        label=gettext_lazy("Send orders as"),
        widget=forms.RadioSelect,
        choices=[
            ("sales_receipt", gettext_lazy("Sales receipt: sent once the order is paid, with its money")),
            ("invoice", gettext_lazy("Invoice: sent at once, its payment follows when the order is paid")),
        ],
    )
    number_prefix = forms.CharField(
        label=gettext_lazy("Order number prefix"),
        required=False,
        max_length=15,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    start_date = forms.DateField(
        label=gettext_lazy("Integrations start date"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Orders created from this day on are sent. Older ones stay out."),
        error_messages={"invalid": gettext_lazy("Write the day as 2026-01-31.")},
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Account time zone"),
        help_text=gettext_lazy("It decides the date of every document."),
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name],
    )
    shipping_item = ItemField(label=gettext_lazy("Shipping item"), required=False)
    fee_item = ItemField(label=gettext_lazy("Fee item"), required=False)
    rounding_item = ItemField(
        label=gettext_lazy("Rounding item"),
        required=False,
        help_text=gettext_lazy("Takes the cent that a total can differ from its lines by."),
    )
    refund_item = ItemField(
        label=gettext_lazy("Refund item"),
        required=False,
        help_text=gettext_lazy("For refunds of an amount without lines."),
    )
    discount_item = ItemField(
        label=gettext_lazy("Discount item"),
        required=False,
        help_text=gettext_lazy(
            "With it, discounts are lines of their own; without it, lines are net of their discount."
        ),
    )
    default_item = ItemField(
        label=gettext_lazy("Default product"),
        required=False,
        help_text=gettext_lazy("Used for a line whose product cannot be matched."),
    )
    create_items = forms.BooleanField(
        label=gettext_lazy("Create items in QuickBooks for products that are missing there"), required=False
    )
    income_account = forms.ChoiceField(
        label=gettext_lazy("Income account"),
        required=False,
        help_text=gettext_lazy("Where the sales of items we create are counted."),
    )
    expense_account = forms.ChoiceField(
        label=gettext_lazy("Expense account"),
        required=False,
        help_text=gettext_lazy("QuickBooks asks for one on every item in this country; we never send costs."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        options: Mapping[str, Any],
        lists: StoreLists,
        tenant: Tenant,
        accounts: list[NameRow],
        proposals: Mapping[str, str],
        country: str,
        is_first: bool,
    ) -> None:
        orders, item_options = options["orders"], options["items"]
        usual_expense = expense_account(accounts)
        super().__init__(
            data,
            initial={
                "statuses": orders["statuses"],
                "document": orders["document"],
                "number_prefix": orders["number_prefix"],
                "start_date": date.fromisoformat(options["tenant"]["start_date"]),
                "time_zone": options["tenant"]["time_zone"],
                "create_items": item_options["create"] or is_first,
                "income_account": _id(item_options["income_account"])
                or next((row.qbo_id for row in accounts if row.subtype == "SalesOfProductIncome"), ""),
                "expense_account": _id(item_options["expense_account"])
                or (usual_expense.qbo_id if usual_expense else ""),
                **{name: _id(orders[name]) or proposals.get(name, "") for name in ITEM_FIELDS},
                "discount_item": _id(orders["discount_item"]),
            },
        )
        statuses = _status_choices(lists.statuses, orders["statuses"])
        self.fields["statuses"].choices = statuses  # type: ignore[attr-defined]
        items = ItemList(tenant.company)
        for name in ITEM_FIELDS:
            _serve(self, name, tenant, items, saved=orders[name])
        income = [row for row in accounts if row.type == "Income"]
        self.fields["income_account"].choices = choices_of(income)  # type: ignore[attr-defined]
        expenses = [row for row in accounts if row.type in EXPENSE_TYPES]
        self.fields["expense_account"].choices = choices_of(expenses)  # type: ignore[attr-defined]
        if country not in NEEDS_EXPENSE_ACCOUNT:
            del self.fields["expense_account"]
        number = lists.latest_number or "1234"
        prefix = orders["number_prefix"] or "Wio"
        self.fields["number_prefix"].help_text = _("%(prefix)s + %(number)s = %(whole)s; at most 21 characters.") % {
            "prefix": prefix,
            "number": number,
            "whole": f"{prefix}{number}",
        }
        self._latest_number = lists.latest_number

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        whole = f"{clean.get('number_prefix', '')}{self._latest_number}"
        if len(whole) > 21:
            self.add_error(
                "number_prefix",
                _("%(number)s has %(length)s characters; QuickBooks accepts %(limit)s. Shorten the prefix.")
                % {"number": whole, "length": len(whole), "limit": 21},
            )
        if clean.get("create_items") and not clean.get("income_account"):
            self.add_error("income_account", _("Choose the account that sales of new items are counted in."))
        if clean.get("create_items") and "expense_account" in self.fields and not clean.get("expense_account"):
            self.add_error("expense_account", _("Choose the account that QuickBooks counts purchases of new items in."))
        return clean

    def sections(self) -> dict[str, Any]:
        """The choices as parts of a tenant document."""
        clean = self.cleaned_data
        items: dict[str, Any] = {"create": clean["create_items"]}
        if clean["income_account"]:
            items["income_account"] = {"id": clean["income_account"]}
        if clean.get("expense_account"):
            items["expense_account"] = {"id": clean["expense_account"]}
        first_day = {"start_date": clean["start_date"].isoformat()} if clean["start_date"] else {}
        return {
            "tenant": {"time_zone": clean["time_zone"], **first_day},
            "orders": {
                "statuses": clean["statuses"],
                "document": clean["document"],
                "number_prefix": clean["number_prefix"],
                **{name: _ref(clean[name]) for name in ITEM_FIELDS},
            },
            "items": items,
        }


def _status_choices(statuses: Iterable[StoreStatus], chosen: Iterable[str]) -> Choices:
    """WooCommerce's statuses in the reader's language, the store's own in its words, and one for carried refunds."""
    found = {status.slug: status_name(status.slug, other=status.name) for status in statuses}
    for slug in chosen:
        found.setdefault(slug, status_name(slug))
    found[PARTIALLY_REFUNDED] = status_name(PARTIALLY_REFUNDED)
    return list(found.items())


class MappingsForm(forms.Form):
    """Store tax rates to tax codes, payment methods to accounts. Fields: rate_<id> (rate_<id>_<id> for a
    combination), account_<n>, method_<n>."""

    untaxed_code = forms.ChoiceField(
        label=gettext_lazy("Lines without tax"),
        required=False,
        help_text=gettext_lazy("The code for exempt goods and for countries without a rate."),
    )
    tax_item = ItemField(
        label=gettext_lazy("Tax item"),
        required=False,
        help_text=gettext_lazy("Sales tax is off in QuickBooks: the store’s tax goes on a line of its own."),
    )
    default_account = forms.ChoiceField(
        label=gettext_lazy("Default clearing account"),
        required=False,
        help_text=gettext_lazy("For payment methods without an account of their own."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        options: Mapping[str, Any],
        lists: StoreLists,
        facts: CompanyFacts,
        taxes: TaxTable,
        accounts: list[NameRow],
        methods: list[NameRow],
        tenant: Tenant,
        suggested_untaxed: str,
        gateway_proposals: Mapping[str, GatewayProposal],
        usual_account: str,
        tax_item: str,
    ) -> None:
        chosen, payments = options["taxes"], options["payments"]
        super().__init__(
            data,
            initial={
                "untaxed_code": _id(chosen["untaxed_code"]) or suggested_untaxed,
                "tax_item": _id(chosen["tax_item"]) or tax_item,
                "default_account": _id(payments["default_account"]) or usual_account,
            },
        )
        self.lists = lists
        self.rates = {rate_field(row.key): row for row in taxes.first_rows}
        codes: Choices = [("", _("Choose…")), *((code.id, code.name) for code in facts.tax_codes)]
        self.fields["untaxed_code"].choices = codes  # type: ignore[attr-defined]
        _serve(
            self,
            "tax_item",
            tenant,
            list_of(tenant.company, "taxes.tax_item"),
            none=_("Choose…"),
            saved=chosen["tax_item"],
        )
        money = [row for row in accounts if row.type in _MONEY_TYPES]
        self.fields["default_account"].choices = choices_of(money, none=_("None"))  # type: ignore[attr-defined]
        if taxes.world != "global":
            del self.fields["untaxed_code"]
        if taxes.world != "off":
            del self.fields["tax_item"]
        self._add_rates(codes)
        self._add_gateways(payments, money, methods, gateway_proposals)

    def _add_rates(self, codes: Choices) -> None:
        for name, row in self.rates.items():
            meant = row.code or (row.suggestion.ref if row.suggestion else None)
            self.fields[name] = forms.ChoiceField(
                label=row.name, required=False, choices=codes, initial=meant.id if meant else ""
            )

    def _add_gateways(
        self,
        payments: Mapping[str, Any],
        money: list[NameRow],
        methods: list[NameRow],
        proposals: Mapping[str, GatewayProposal],
    ) -> None:
        chosen = {row["gateway"]: row for row in payments["methods"]}
        for place, gateway in enumerate(self.lists.gateways):
            row = chosen.get(gateway.id, {})
            proposal = proposals.get(gateway.id, GatewayProposal(None, None))
            self.fields[f"account_{place}"] = forms.ChoiceField(
                label=_("Account for %(gateway)s") % {"gateway": gateway.title or gateway.id},
                required=False,
                choices=choices_of(money, none=_("The default account")),
                initial=_id(row.get("account")) or (proposal.account.ref.id if proposal.account else ""),
            )
            self.fields[f"method_{place}"] = forms.ChoiceField(
                label=_("Payment method for %(gateway)s") % {"gateway": gateway.title or gateway.id},
                required=False,
                choices=choices_of(methods, none=_("None")),
                initial=_id(row.get("payment_method")) or (proposal.method.ref.id if proposal.method else ""),
            )

    def sections(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The choices as parts of a tenant document; rates and gateways that were not shown keep theirs."""
        clean = self.cleaned_data
        taxes: dict[str, Any] = {}
        answered = {name: row for name, row in self.rates.items() if name in self.data}
        if answered:
            kept = [row for row in options["taxes"]["rates"] if rate_field(key_of(row["rate_ids"])) not in answered]
            chosen = [
                choice_of(row.rate_ids, clean[name], row.percent) for name, row in answered.items() if clean[name]
            ]
            taxes["rates"] = [*chosen, *kept]
        if "untaxed_code" in self.fields:
            taxes["untaxed_code"] = _ref(clean["untaxed_code"])
        if "tax_item" in self.fields:
            taxes["tax_item"] = _ref(clean["tax_item"])
        shown = {gateway.id for gateway in self.lists.gateways}
        methods = [row for row in options["payments"]["methods"] if row["gateway"] not in shown]
        for place, gateway in enumerate(self.lists.gateways):
            if clean.get(f"account_{place}"):
                methods.append(
                    {
                        "gateway": gateway.id,
                        "account": _ref(clean[f"account_{place}"]),
                        "payment_method": _ref(clean[f"method_{place}"]),
                    }
                )
        return {
            "taxes": taxes,
            "payments": {"default_account": _ref(clean["default_account"]), "methods": methods},
        }


def rate_field(key: str) -> str:
    """The name of the field for a rate ("3") or a combination ("1,2")."""
    return "rate_" + key.replace(",", "_")


class ExtrasForm(forms.Form):
    """What may be sent beside orders, and what may come back."""

    products = forms.ChoiceField(
        label=gettext_lazy("Create items in QuickBooks for"),
        widget=forms.RadioSelect,
        choices=[
            ("sold", gettext_lazy("Only products that are sold: an item is made when an order needs it")),
            ("all", gettext_lazy("All products: every published product and variation with a SKU")),
        ],
    )
    stock = forms.BooleanField(
        label=gettext_lazy("When stock changes in QuickBooks, update WooCommerce"),
        help_text=gettext_lazy(
            "After the first sync a preview shows every quantity. Nothing is written before you agree."
        ),
        required=False,
    )

    def __init__(self, data: Any = None, *, options: Mapping[str, Any], keeps_stock: bool) -> None:
        products = options["products"]
        is_all = products["enabled"] and products["scope"] == "all"
        super().__init__(data, initial={"products": "all" if is_all else "sold", "stock": options["stock"]["enabled"]})
        if not keeps_stock:
            del self.fields["stock"]

    def sections(self) -> dict[str, Any]:
        """The choices as parts of a tenant document."""
        is_all = self.cleaned_data["products"] == "all"
        products = {"enabled": True, "scope": "all"} if is_all else {"enabled": False, "scope": "sold"}
        stock = {"stock": {"enabled": self.cleaned_data["stock"]}} if "stock" in self.fields else {}
        return {"products": products, **stock}


class TurnOnForm(forms.Form):
    start_date = forms.DateField(
        label=gettext_lazy("Integrations start date"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Orders created from this day on are sent. Older ones stay out."),
        error_messages={"invalid": gettext_lazy("Write the day as 2026-01-31.")},
    )


def _serve(
    form: forms.Form, name: str, tenant: Tenant, items: ItemList, *, saved: Mapping[str, Any] | None, none: Text = ""
) -> None:
    """Gives a field of the form its items: what was sent or is proposed stays among them."""
    field = form.fields[name]
    assert isinstance(field, ItemField)
    path = f"{'taxes' if name == 'tax_item' else 'orders'}.{name}"
    picker = Picker(
        name,
        path,
        hint_for(path),
        chosen=str(form.data.get(name, "") if form.is_bound else form.initial[name]),
        gone=str(saved.get("name") or "") if saved else "",
        none=none or none_of(TABLE.by_path[path].place),
        text=str(form.data.get(f"{name}-q", "")),
    )
    field.serve(tenant, items, picker)


def _id(plain: Mapping[str, Any] | None) -> str:
    return str(plain["id"]) if plain else ""


def _ref(value: str) -> dict[str, str] | None:
    return {"id": value} if value else None
