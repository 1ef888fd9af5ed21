"""Customers, items and accounts to create as QuickBooks' JSON (QBO reference, 5.1 Customer and 5.3 Item)."""

from __future__ import annotations

from collections.abc import Collection

from connector.accounting.books import DETAILS, AccountWanted, CustomerWanted, ItemChange, ItemWanted, NameRow, Payload
from connector.qbo import values

TAX_IDENTIFIER = 20


def encode_customer(customer: CustomerWanted) -> tuple[str, Payload]:
    """Entity name and body. A malformed e-mail address is left out; CurrencyRef only when the company needs it.

    Raises ValueError when nothing is left of the display name.
    """
    display_name = values.name_of(customer.display_name)
    if not display_name:
        raise ValueError("A customer needs a name; take the e-mail address or the buyer's number instead.")
    email = values.email_of(customer.email)
    phone = values.line_of_text(customer.phone, values.PHONE, ellipsis=False)
    return "Customer", values.compact(
        {
            "DisplayName": display_name,
            "GivenName": values.name_of(customer.given_name),
            "FamilyName": values.name_of(customer.family_name),
            "CompanyName": values.name_of(customer.company),
            "PrimaryEmailAddr": {"Address": email} if email else None,
            "PrimaryPhone": {"FreeFormNumber": phone} if phone else None,
            "BillAddr": values.address_of(customer.billing, with_name=False),
            "ShipAddr": values.address_of(customer.shipping, with_name=False),
            "PrimaryTaxIdentifier": values.line_of_text(customer.vat_number, TAX_IDENTIFIER, ellipsis=False),
            "CurrencyRef": {"value": customer.currency} if customer.send_currency and customer.currency else None,
        }
    )


def encode_customer_details(row: NameRow, customer: CustomerWanted, details: Collection[str]) -> Payload:
    """The body of a sparse update that says these details (keys of DETAILS) and nothing else."""
    _, whole = encode_customer(customer)
    keys = [DETAILS[name] for name in details if DETAILS[name] in whole]
    return {"Id": row.qbo_id, "SyncToken": row.sync_token, "sparse": True} | {key: whole[key] for key in sorted(keys)}


def encode_item(item: ItemWanted) -> tuple[str, Payload]:
    """Entity name and body. The type is always sent: without it QuickBooks chooses by company (reference, 5.3).

    Raises ValueError when the name is empty or an inventory item lacks an account or its start date.
    """
    name = values.name_of(item.name)
    if not name:
        raise ValueError("An item needs a name; take the SKU or the product's number instead.")
    body: Payload = {
        "Name": name,
        "Sku": values.line_of_text(item.sku, values.NAME, ellipsis=False),
        "Type": item.type,
        "Description": values.block_of_text(item.description, values.DESCRIPTION),
        "IncomeAccountRef": values.reference(item.income_account),
        "ExpenseAccountRef": values.reference(item.expense_account) if item.expense_account else None,
        "UnitPrice": values.number(item.unit_price) if item.unit_price is not None else None,
        "SalesTaxIncluded": True if item.unit_price is not None and item.price_includes_tax else None,
    }
    if item.type == "Inventory":
        body |= _inventory(item)
    return "Item", values.compact(body)


def encode_account(account: AccountWanted) -> tuple[str, Payload]:
    """Entity name and body (QBO reference, 5.14 Account: a name holds neither a colon nor a double quote).

    Raises ValueError when nothing is left of the name.
    """
    name = values.name_of(account.name.replace('"', "'"))
    if not name:
        raise ValueError("An account needs a name.")
    return "Account", {"Name": name, "AccountType": account.type, "AccountSubType": account.subtype}


def encode_item_change(change: ItemChange) -> tuple[str, Payload]:
    """Entity name and body of a sparse update: what it leaves out stays as it is."""
    body: Payload = {
        "Id": change.qbo_id,
        "SyncToken": change.sync_token,
        "sparse": True,
        "Name": values.name_of(change.name),
        "Description": values.block_of_text(change.description, values.DESCRIPTION),
        "Active": change.active,
    }
    if change.unit_price is not None:
        body |= {"UnitPrice": values.number(change.unit_price), "SalesTaxIncluded": change.price_includes_tax}
    return "Item", body


def _inventory(item: ItemWanted) -> Payload:
    if item.asset_account is None or item.expense_account is None or item.inventory_start is None:
        raise ValueError(
            f"Inventory item {item.name} needs an asset account, a cost of goods sold account and a start date."
        )
    return {
        "TrackQtyOnHand": True,
        "QtyOnHand": values.number(item.quantity),
        "InvStartDate": values.day(item.inventory_start),
        "AssetAccountRef": values.reference(item.asset_account),
    }
