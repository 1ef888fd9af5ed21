"""The closed list of reasons (architecture, §4) in words: what happened, what it means for the money, the next step.

Keys are reasons without their suffix after ":"; `reason/problem` is a closer case of it, by the detail `problem` or
`what`. A sentence names nothing that agrees with what it is about, so it fits an order, a refund and a product.
"""

# ruff: noqa: E501 (a sentence stays in one piece, as translators find it)

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Reason:
    """short: beside a badge · title: of the cause's card · sentence: on the record · cure: the next step by itself.

    title and sentence may hold named placeholders; `short` never does. `refund`: the sentence where a refund reads
    differently from an order.
    """

    icon: str
    short: Text
    sentence: Text
    title: Text = ""
    cure: Text = ""
    refund: Text = ""


SKIPPED: dict[str, Reason] = {
    "before_start_date": Reason(
        "calendar", _("Before the start date"), _("It dates from %(date)s, before the start date of %(start)s.")
    ),
    "status": Reason("list-filter", _("Status not selected"), _("The status “%(status)s” is not selected.")),
    "draft": Reason(
        "pencil", _("Draft"), _("A draft is not a sale yet. It is looked at again once it becomes an order.")
    ),
    "trash": Reason("trash-2", _("In the trash"), _("It lies in the store’s trash and was never sent.")),
    "trash/refund_deleted": Reason(
        "trash-2", _("Deleted in the store"), _("This refund was deleted in the store before it was sent.")
    ),
    "empty_order": Reason(
        "circle-slash", _("Nothing in it"), _("It holds no line and no amount, so there is nothing to book.")
    ),
    "zero_total": Reason(
        "circle-slash", _("Total of zero"), _("Its total is zero, and your settings leave such orders out.")
    ),
    "zero_refund": Reason("circle-slash", _("Refund of zero"), _("A refund of zero changes nothing in the books.")),
    "payment_of_another": Reason(
        "wallet",
        _("Payment, no sale"),
        _(
            "It is no sale of its own but a payment of order %(parent)s in the store. Its money is booked with that order, so"
            " that nothing is there twice."
        ),
    ),
    "no_sku": Reason(
        "tag",
        _("Without SKU"),
        _("It has no SKU in the store, so no item can be told to be the same. Add one, and it follows by itself."),
    ),
    "default_product": Reason(
        "tag",
        _("Sold as the default product"),
        _("Somebody chose that it is sold as the default product, so it has no item of its own."),
    ),
    "sold_by_parts": Reason(
        "boxes", _("Sold by its parts"), _("Only its variations or parts are sold; each of them has its own item.")
    ),
    "products_off": Reason("circle-slash", _("Products not sent"), _("Your settings send no products at the moment.")),
    "by_hand": Reason("circle-slash", _("Skipped by hand"), _("Skipped by %(by)s: %(why)s")),
    "by_hand/unlinked": Reason(
        "circle-slash",
        _("Link taken off"),
        _("%(by)s took the link to document %(number)s off. Nothing is sent for it until somebody retries it."),
    ),
    "by_hand/credit_memos_off": Reason(
        "circle-slash",
        _("Entered by hand"),
        _("By your settings, refunds and cancellations are entered in QuickBooks by hand."),
    ),
    "undone": Reason(
        "undo-2",
        _("Removed from QuickBooks"),
        _("%(by)s had it removed from QuickBooks. It is not sent again until somebody says so."),
    ),
    "deletion_accepted": Reason(
        "circle-slash",
        _("Deletion accepted"),
        _(
            "Its document was deleted in QuickBooks, and %(by)s left it so. It is not sent again until somebody says so."
        ),
    ),
    "kept_in_quickbooks": Reason(
        "book-open-check",
        _("QuickBooks’ version kept"),
        _("Document %(number)s stands in QuickBooks with another total than in the store; %(by)s kept it so."),
    ),
}

WAITING: dict[str, Reason] = {
    "awaiting_payment": Reason(
        "hourglass",
        _("Payment to come"),
        _("Order %(order)s waits for its payment: a sales receipt needs the money first."),
        cure=_("Nothing to do: it leaves once your store marks it as paid."),
    ),
    "awaiting_payment/deposit": Reason(
        "hourglass",
        _("Balance to come"),
        _(
            "Order %(order)s waits for the rest of its money: %(received)s of %(total)s was received, and a sales receipt"
            " needs all of it."
        ),
        cure=_(
            "Nothing to do: it leaves once it is paid in full. To book deposits on the day they come, choose invoices under"
            " Manage, Orders."
        ),
    ),
    "awaiting_sale": Reason(
        "hourglass",
        _("Its sale comes first"),
        _("This refund waits until its sale is in QuickBooks."),
        cure=_("Nothing to do: it follows by itself."),
    ),
}

_TAX_CURE = _("Choose the right tax code for this rate, then retry.")

ATTENTION: dict[str, Reason] = {
    "unmapped_tax_rate": Reason(
        "percent",
        _("Tax code missing"),
        _(
            "The tax “%(rate)s” has no QuickBooks tax code yet. Choose one and order %(order)s will leave at the next sync."
        ),
        title=_("The tax “%(rate)s” has no QuickBooks tax code"),
        cure=_("Choose a tax code for this rate, then retry. Other orders leave normally."),
        refund=_(
            "The tax “%(rate)s” has no QuickBooks tax code yet. Choose one and this refund will leave at the next sync."
        ),
    ),
    "unmapped_tax_rate/code_inactive": Reason(
        "percent",
        _("Tax code inactive"),
        _("The tax “%(rate)s” leads to the tax code “%(code)s”, which is inactive in QuickBooks. Nothing was sent."),
        title=_("The tax code “%(code)s” is inactive in QuickBooks"),
        cure=_TAX_CURE,
    ),
    "unmapped_tax_rate/rate_deleted": Reason(
        "percent",
        _("Rate deleted in the store"),
        _("The rate “%(rate)s” no longer exists in the store, so its percentage is unknown. Nothing was sent."),
        title=_("The rate “%(rate)s” no longer exists in the store"),
        cure=_("Create the rate again in the store, or skip what used it."),
    ),
    "unmapped_tax_rate/rate_changed": Reason(
        "percent",
        _("Rate changed in the store"),
        _(
            "The rate “%(rate)s” was %(mapped_percent)s when you chose its tax code; it is %(percent)s now. Nothing was sent."
        ),
        title=_("The rate “%(rate)s” has changed in the store"),
        cure=_TAX_CURE,
    ),
    "unmapped_tax_rate/code_percent_differs": Reason(
        "percent",
        _("Tax code at another rate"),
        _("The rate “%(rate)s” is %(percent)s, but its tax code “%(code)s” is %(code_percent)s. Nothing was sent."),
        title=_("The tax code of “%(rate)s” has another percentage"),
        cure=_TAX_CURE,
    ),
    "unmapped_gateway": Reason(
        "wallet",
        _("Account missing"),
        _("The payment method “%(gateway)s” has no account, so QuickBooks would not know where the money is."),
        title=_("The payment method “%(gateway)s” has no account"),
        cure=_("Choose the account of this payment method, then retry."),
    ),
    "deposit_unclear": Reason(
        "wallet",
        _("Part payment unclear"),
        _(
            "The store says “%(status)s”: a part of order %(order)s was paid. It does not say how much, so its money is not"
            " booked."
        ),
        title=_("Orders paid in part, without the amount"),
        cure=_(
            "Retry once the store shows the order as paid in full; or book it by hand in QuickBooks and skip it here."
        ),
    ),
    "deposit_unclear/sum": Reason(
        "wallet",
        _("Deposit does not add up"),
        _(
            "In the store, the deposit of %(deposit)s and the rest of %(rest)s do not add up to the order’s total of"
            " %(total)s. Nothing more was sent."
        ),
        title=_("Deposits that do not add up to their order"),
        cure=_("Recalculate the deposit in the store, then retry."),
    ),
    "unmatched_product": Reason(
        "package",
        _("No item for a product"),
        _(
            "No QuickBooks item has the SKU %(sku)s. Link the product, turn on item creation or choose a default product."
        ),
        title=_("No QuickBooks item has the SKU %(sku)s"),
        cure=_("Link the product, turn on item creation or choose a default product."),
    ),
    "unmatched_product/no_sku": Reason(
        "package",
        _("Product without SKU"),
        _("“%(product)s” has no SKU in the store. Add one, or link the product to an item."),
        title=_("“%(product)s” has no SKU in the store"),
        cure=_("Add a SKU, or link the product to an item."),
    ),
    "ambiguous_sku": Reason(
        "package",
        _("Several items share a SKU"),
        _("Several QuickBooks items share the SKU %(sku)s. Choose the right one; we will remember."),
        title=_("Several QuickBooks items share the SKU %(sku)s"),
        cure=_("Choose the right item; we will remember."),
    ),
    "inactive_item": Reason(
        "package",
        _("Item inactive"),
        _("“%(item)s” is inactive in QuickBooks. Reactivate it or choose another item."),
        title=_("The item “%(item)s” is inactive in QuickBooks"),
        cure=_("Reactivate it or choose another item."),
    ),
    "inactive_customer": Reason(
        "users-round",
        _("Customer inactive"),
        _("The customer “%(name)s” is inactive in QuickBooks. Reactivate the customer or choose another one."),
        title=_("The customer “%(name)s” is inactive in QuickBooks"),
        cure=_("Reactivate the customer or choose another one."),
    ),
    "missing_setting": Reason(
        "sliders-horizontal",
        _("Setting missing"),
        _("A setting is missing: %(setting)s. Nothing was sent."),
        title=_("A setting is missing: %(setting)s"),
        cure=_("Choose it in the settings, then retry."),
    ),
    "missing_setting/inactive": Reason(
        "sliders-horizontal",
        _("Setting out of date"),
        _("The setting “%(setting)s” points to “%(name)s”, which is inactive or gone in QuickBooks. Nothing was sent."),
        title=_("“%(name)s” is inactive or gone in QuickBooks"),
        cure=_("Choose another one in the settings, then retry."),
    ),
    "missing_setting/balance": Reason(
        "sliders-horizontal",
        _("Default product missing"),
        _(
            "This order is the balance of a deposit. Its product was sold with the first order, so its amount is booked on the"
            " default product, and none is chosen."
        ),
        title=_("Balances of deposits need the default product"),
        cure=_("Choose the default product in the settings, then retry."),
    ),
    "currency_off": Reason(
        "languages",
        _("Multicurrency is off"),
        _(
            "Order %(order)s is in %(currency)s, but multicurrency is off in QuickBooks. Turning it on cannot be undone: ask"
            " your accountant first."
        ),
        title=_("Sales in %(currency)s, but multicurrency is off in QuickBooks"),
        cure=_("Turning multicurrency on cannot be undone: ask your accountant first."),
        refund=_(
            "This refund is in %(currency)s, but multicurrency is off in QuickBooks. Turning it on cannot be undone: ask your"
            " accountant first."
        ),
    ),
    "currency_off/not_active": Reason(
        "languages",
        _("Currency not active"),
        _("It is in %(currency)s, which is not among the currencies of the QuickBooks company. Nothing was sent."),
        title=_("Sales in %(currency)s, which QuickBooks does not list"),
        cure=_("Add the currency in QuickBooks, or allow it to be added under Manage, Customers; then retry."),
    ),
    "number_too_long": Reason(
        "tag",
        _("Number too long"),
        _("%(number)s has %(length)s characters; QuickBooks accepts %(limit)s. Shorten the prefix."),
        cure=_("Shorten the prefix, then retry."),
    ),
    "number_too_long/own": Reason(
        "tag",
        _("Number too long"),
        _("Number %(number)s is too long for QuickBooks, which accepts %(limit)s characters, even without a prefix."),
        title=_("Numbers too long even without a prefix"),
        cure=_("Take the number from another field, let QuickBooks number the documents, or leave these orders out."),
    ),
    "number_too_long/sale": Reason(
        "tag",
        _("Number too long"),
        _(
            "The document would bear number %(number)s, after its sale’s: that is %(length)s characters, and QuickBooks"
            " accepts %(limit)s. The prefix cannot be changed any more."
        ),
        title=_("Too long for a number that follows the sale’s"),
        cure=_("Choose another number, let QuickBooks number the documents, or leave them out."),
    ),
    "duplicate_number": Reason(
        "copy",
        _("Number already used"),
        _(
            "Number %(number)s is already used in QuickBooks by a document that is not ours. Link to it, use the next number"
            " or skip the order."
        ),
        title=_("Numbers already used in QuickBooks by documents that are not ours"),
        cure=_("Compare both sides: where it is the same, link to it; else use the next number."),
        refund=_("Number %(number)s is already used in QuickBooks by a document that is not ours. Nothing was sent."),
    ),
    "closed_period": Reason(
        "lock",
        _("Books are closed"),
        _(
            "Order %(order)s is dated %(date)s; your books are closed up to %(closing_date)s. It is held until you choose."
        ),
        title=_("Your books are closed up to %(closing_date)s"),
        cure=_("Move the closing date in QuickBooks and retry, or skip what belongs to a closed period."),
        refund=_(
            "This refund is dated %(date)s; your books are closed up to %(closing_date)s. It is held until you choose."
        ),
    ),
    "closed_period/edited": Reason(
        "lock",
        _("Books are closed"),
        _(
            "Document %(number)s is dated %(date)s, in a period that is closed: it keeps the amounts it had before order"
            " %(order)s was edited in the store."
        ),
        title=_("Orders edited after their books were closed"),
        cure=_("Move the closing date in QuickBooks and retry, or skip the edit here."),
    ),
    "totals_differ": Reason(
        "git-compare",
        _("Totals differ"),
        _("The totals would differ, so nothing stands in QuickBooks for it. See the lines that differ."),
        title=_("Totals that would differ"),
        cure=_("Check the lines in the store, then retry."),
    ),
    "totals_differ/compared": Reason(
        "git-compare",
        _("Totals differ"),
        _(
            "Totals differ: %(store_total)s in the store, %(books_total)s in QuickBooks. Nothing was sent. See the lines that"
            " differ."
        ),
        title=_("Totals that would differ"),
        cure=_("Check the lines in the store, then retry."),
    ),
    "totals_differ/linked": Reason(
        "git-compare",
        _("Totals differ"),
        _(
            "The store says %(store_total)s, and the linked document %(number)s shows %(books_total)s: one of them was changed"
            " since. A linked document is never changed by us."
        ),
        title=_("Linked documents that show another total than the store"),
        cure=_("Correct the document in QuickBooks, keep the link as it is, or take it off."),
    ),
    "totals_differ/fee": Reason(
        "git-compare",
        _("Gateway fee differs"),
        _(
            "The gateway’s fee is %(store_total)s on the order, and QuickBooks booked %(books_total)s. The sale itself is"
            " exact."
        ),
        title=_("Gateway fees that QuickBooks booked at another amount"),
        cure=_("Correct the expense in QuickBooks, then skip it here."),
    ),
    "totals_differ/updated": Reason(
        "git-compare",
        _("Totals differ"),
        _(
            "After the order was edited, document %(number)s shows %(books_total)s in QuickBooks and the order"
            " %(store_total)s in the store."
        ),
        title=_("Documents that could not follow an edited order"),
        cure=_("Compare both sides, then correct the document in QuickBooks or the order in the store."),
    ),
    "totals_differ/emptied": Reason(
        "git-compare",
        _("Emptied in the store"),
        _("Order %(order)s was emptied in the store after it was sent. Its document stays in QuickBooks as it was."),
        title=_("Orders emptied in the store after they were sent"),
        cure=_("Cancel or refund the order in the store, or remove its document from QuickBooks."),
    ),
    "totals_differ/lines_differ": Reason(
        "git-compare",
        _("Lines do not add up"),
        _("In the store, the lines add up to %(lines)s, but the total says %(order_amount)s. Nothing was sent."),
        title=_("Orders whose lines do not add up in the store"),
        cure=_("Recalculate the order in the store, then retry."),
    ),
    "totals_differ/rates_do_not_add_up": Reason(
        "git-compare",
        _("Taxes do not add up"),
        _("In the store, the taxes by rate add up to %(rates)s, but the total tax says %(tax)s. Nothing was sent."),
        title=_("Orders whose taxes do not add up in the store"),
        cure=_("Recalculate the order in the store, then retry."),
    ),
    "totals_differ/negative_total": Reason(
        "git-compare",
        _("Total below zero"),
        _("Its total is below zero, which no sale in QuickBooks can be. Nothing was sent."),
        title=_("Totals below zero"),
        cure=_("Correct it in the store, or skip it."),
    ),
    "tax_not_representable": Reason(
        "percent",
        _("Tax cannot be exact"),
        _("QuickBooks cannot hold this tax to the cent with the tax codes chosen. Nothing was sent."),
        title=_("Taxes that QuickBooks cannot hold to the cent"),
        cure=_("Check the tax codes of its rates, then retry."),
    ),
    "tax_not_representable/refused": Reason(
        "percent",
        _("Tax cannot be exact"),
        _(
            "The store charged %(store)s for “%(rate)s”; QuickBooks would compute %(computed)s and takes no other amount."
            " Nothing was sent."
        ),
        title=_("Taxes that QuickBooks cannot hold to the cent"),
        cure=_("Check the tax code of this rate, then retry."),
    ),
    "tax_not_representable/automated_tax": Reason(
        "percent",
        _("Tax amount not kept"),
        _(
            "QuickBooks’ automated sales tax does not keep the store’s tax of %(tax)s, so the totals would differ."
            " Nothing was sent."
        ),
        title=_("Taxes that automated sales tax does not keep"),
        cure=_(
            "Choose “Without tax codes” under Taxes: the tax is then sent as a line of its own, on an item you name."
        ),
    ),
    "tax_not_representable/rate_on_no_line": Reason(
        "percent",
        _("Tax on no line"),
        _("The store charged tax for “%(rate)s”, but no line of it bears that rate. Nothing was sent."),
        title=_("Taxes that belong to no line"),
        cure=_("Recalculate the order in the store, then retry."),
    ),
    "too_many_lines": Reason(
        "list-filter",
        _("Too many lines"),
        _("It would take %(lines)s lines; QuickBooks accepts %(limit)s. Nothing was sent."),
        title=_("More lines than QuickBooks accepts"),
        cure=_("Enter it by hand in QuickBooks, then skip it here."),
    ),
    "edited_in_quickbooks": Reason(
        "git-compare",
        _("Changed in QuickBooks"),
        _(
            "Document %(number)s was changed in QuickBooks. A change made by hand is never overwritten: it is yours to decide."
        ),
        title=_("Document %(number)s was changed in QuickBooks"),
        cure=_("Compare both sides, then decide which one is right."),
    ),
    "edited_in_quickbooks/kept": Reason(
        "git-compare",
        _("Edited on both sides"),
        _(
            "Order %(order)s was edited in the store again, after you kept QuickBooks’ version of document %(number)s."
            " Nothing was changed in QuickBooks: it is yours to decide."
        ),
        title=_("Document %(number)s differs from the edited order"),
        cure=_("Compare both sides, then decide which one is right."),
    ),
    "document_gone": Reason(
        "trash-2",
        _("Deleted in QuickBooks"),
        _("Document %(number)s no longer exists in QuickBooks. It is not sent again by itself: it is yours to decide."),
        title=_("Document %(number)s no longer exists in QuickBooks"),
        cure=_("Send it again, or accept the deletion if it was meant."),
    ),
    "document_gone/voided": Reason(
        "trash-2",
        _("Voided in QuickBooks"),
        _("Document %(number)s was voided in QuickBooks. It is not sent again by itself: it is yours to decide."),
        title=_("Document %(number)s was voided in QuickBooks"),
        cure=_("Send it again, or accept it if it was meant."),
    ),
    "order_gone": Reason(
        "trash-2",
        _("Deleted in the store"),
        _("It no longer exists in the store, but its document stands in QuickBooks. Nothing is deleted by itself."),
        title=_("Orders deleted in the store whose documents remain"),
        cure=_("Delete the document in QuickBooks if it should go, then skip it here."),
    ),
    "cancelled_but_paid": Reason(
        "undo-2",
        _("Cancelled after payment"),
        _(
            "Order %(order)s was cancelled after it was paid, and the store records no refund. The sale stays in your books."
        ),
        title=_("Orders cancelled after payment, without a refund"),
        cure=_("Record the refund in the store, or skip it if the money was kept."),
    ),
    "cancelled_but_paid/restored": Reason(
        "rotate-cw",
        _("Active again"),
        _(
            "Order %(order)s was cancelled, so its sale was taken back in QuickBooks; now it is active again in the store. The"
            " sale is missing in your books."
        ),
        title=_("Cancelled orders that are active again"),
        cure=_("Enter the sale in QuickBooks by hand and skip it here, or cancel the order in the store again."),
    ),
    "refund_without_sale": Reason(
        "undo-2",
        _("Sale never sent"),
        _("Refund %(refund)s belongs to an order that was never sent. Send the refund alone, or ignore it?"),
        title=_("Refunds whose sale was never sent"),
        cure=_(
            "Send it alone if the sale was entered in QuickBooks by hand; ignore it if the sale is not in your books."
        ),
    ),
    "refund_without_sale/linked": Reason(
        "link",
        _("May be in the books"),
        _(
            "Refund %(refund)s dates from before its sale was linked to a document that somebody else made: it may be in"
            " QuickBooks already. Link to its document, send it, or ignore it?"
        ),
        title=_("Refunds that may be in QuickBooks already"),
        cure=_("Look whether QuickBooks has it: link to it where it does, send it where it does not."),
    ),
    "refund_deleted": Reason(
        "trash-2",
        _("Refund deleted"),
        _("This refund was deleted in the store. Nothing is deleted in QuickBooks by itself."),
        title=_("Refunds deleted in the store"),
        cure=_("Delete its document in QuickBooks if there is one, then skip it here."),
    ),
    "refund_exceeds_sale": Reason(
        "undo-2",
        _("More than the sale"),
        _("The refunds of this order add up to more than the sale. Nothing was sent."),
        title=_("Refunds of more than the sale"),
        cure=_("Check the refunds in the store, then retry."),
    ),
    "refund_exceeds_sale/tax": Reason(
        "undo-2",
        _("More tax than the sale"),
        _(
            "The refunds of this order give back more tax of “%(rate)s” than was charged: %(amount)s, of which %(left)s is"
            " left. Nothing was sent."
        ),
        title=_("Refunds of more tax than the sale"),
        cure=_("Check the taxes of the refunds in the store, then retry."),
    ),
    "refund_exceeds_sale/money": Reason(
        "undo-2",
        _("More than was received"),
        _(
            "This refund is over %(amount)s, but of the money that was received only %(left)s is left; the rest of the invoice"
            " was never paid. Nothing was sent."
        ),
        title=_("Refunds of more than was received"),
        cure=_(
            "Refund in the store what was really paid back, or book it by hand: a refund receipt over the money, a credit"
            " memo over the rest. Then skip it here."
        ),
    ),
    "refund_exceeds_sale/edited": Reason(
        "undo-2",
        _("Below its refunds"),
        _(
            "Order %(order)s was edited to %(left)s after %(amount)s of it had been refunded. Its document stays in QuickBooks"
            " as it was."
        ),
        title=_("Orders edited to less than was refunded"),
        cure=_("Check the order and its refunds in the store, then retry."),
    ),
    "unreadable": Reason(
        "circle-alert",
        _("Cannot be read"),
        _("The store’s data for it cannot be read: %(problem)s Nothing was sent; the data are kept below."),
        title=_("Data of the store that cannot be read"),
        cure=_("Open it in the store and save it again, then retry."),
    ),
    "not_yet_available": Reason(
        "hourglass",
        _("Not available yet"),
        _("Sending this to QuickBooks is not available yet. It is kept here; nothing is lost."),
        title=_("Not available yet"),
        cure=_("Enter it by hand in QuickBooks, then skip it here."),
    ),
    "refused_by_quickbooks": Reason(
        "circle-x",
        _("Refused by QuickBooks"),
        _("QuickBooks refused it (code %(code)s): “%(message)s” Nothing was booked."),
        title=_("QuickBooks refused these (code %(code)s)"),
        cure=_("Correct the cause in QuickBooks, then retry."),
    ),
    "refused_by_quickbooks/apply": Reason(
        "circle-x",
        _("Credit not applied"),
        _(
            "Credit memo %(number)s stands in QuickBooks, but QuickBooks refused to apply it to the invoice (code %(code)s):"
            " “%(message)s”"
        ),
        title=_("Credit memos that QuickBooks did not apply to their invoice (code %(code)s)"),
        cure=_("Retry, or apply the credit memo to the invoice in QuickBooks and skip it here."),
    ),
    "refused_by_quickbooks/edited": Reason(
        "circle-x",
        _("Change refused"),
        _(
            "The order was edited in the store, but QuickBooks refused to change document %(number)s (code %(code)s):"
            " “%(message)s” It stands as it was."
        ),
        title=_("Documents that QuickBooks refused to change (code %(code)s)"),
        cure=_("Correct the cause in QuickBooks, then retry."),
    ),
    "refused_by_quickbooks/deposited": Reason(
        "lock",
        _("Deposited"),
        _(
            "The money of document %(number)s stands in a bank deposit, so QuickBooks refuses to change it. It keeps the"
            " amounts it had before the order was edited."
        ),
        title=_("Edited orders whose money was deposited"),
        cure=_("Take it out of the bank deposit in QuickBooks and retry, or correct it there and skip the edit here."),
    ),
    "refused_by_quickbooks/payment": Reason(
        "circle-x",
        _("Payment refused"),
        _(
            "The invoice stands in QuickBooks, but QuickBooks refused its payment (code %(code)s): “%(message)s” The invoice"
            " is still open."
        ),
        title=_("Payments that QuickBooks refused (code %(code)s)"),
        cure=_("Correct the cause in QuickBooks, then retry."),
    ),
    "refused_by_quickbooks/fee": Reason(
        "circle-x",
        _("Gateway fee refused"),
        _(
            "The sale and its money stand in QuickBooks, but QuickBooks refused the gateway’s fee (code %(code)s):"
            " “%(message)s”"
        ),
        title=_("Gateway fees that QuickBooks refused (code %(code)s)"),
        cure=_("Correct the cause in QuickBooks, then retry."),
    ),
    "refused_by_store": Reason(
        "circle-x",
        _("Refused by the store"),
        _("The store refused the request (code %(code)s): “%(message)s”"),
        title=_("The store refused these (code %(code)s)"),
        cure=_("Correct the cause in the store, then retry."),
    ),
}

REASONS: dict[str, Reason] = {**SKIPPED, **WAITING, **ATTENTION}

UNKNOWN = Reason("circle-alert", _("Held"), _("It is held for a reason that this page has no words for: %(reason)s."))

SETTINGS: dict[str, Text] = {
    "default_item": _("default product"),
    "shipping_item": _("shipping item"),
    "discount_item": _("discount item"),
    "fee_item": _("fee item"),
    "rounding_item": _("rounding item"),
    "refund_item": _("refund item"),
    "tax_item": _("tax item"),
    "untaxed_code": _("tax code for untaxed lines"),
    "tax_code": _("tax code"),
    "default_account": _("default clearing account"),
    "gateway": _("account of a payment method"),
    "payment_method": _("QuickBooks’ own payment method for a payment method of the store"),
    "fee_account": _("account for gateway fees"),
    "income_account": _("income account"),
    "expense_account": _("expense account"),
    "inventory_asset_account": _("inventory asset account"),
    "cogs_account": _("cost of goods sold account"),
    "generic_customer": _("generic online-sales customer"),
    "number_source": _("source of the order number"),
    "class": _("class"),
    "location": _("location"),
    "terms": _("payment terms"),
}

STATUSES: dict[str, Text] = {
    "pending": pgettext_lazy("order status", "Pending payment"),
    "processing": pgettext_lazy("order status", "Processing"),
    "on-hold": pgettext_lazy("order status", "On hold"),
    "completed": pgettext_lazy("order status", "Completed"),
    "cancelled": pgettext_lazy("order status", "Cancelled"),
    "refunded": pgettext_lazy("order status", "Refunded"),
    "partially-refunded": pgettext_lazy("order status", "Partially refunded"),
    "failed": pgettext_lazy("order status", "Failed"),
    "draft": pgettext_lazy("order status", "Draft"),
    "checkout-draft": pgettext_lazy("order status", "Draft"),
    "trash": pgettext_lazy("order status", "Trash"),
}

NOTICES: dict[str, Text] = {
    "linked_differs": _(
        "The linked document shows %(books_total)s, the store %(store_total)s. It was linked with that difference in view."
    ),
    "linked_differs_tax": _(
        "The linked document shows a tax of %(books_tax)s, the store %(store_tax)s. It was linked with that difference in"
        " view."
    ),
    "linked_not_paid": _(
        "The linked invoice still has %(amount)s open in QuickBooks, though the store says it is paid. Record the payment"
        " there: whoever made the invoice may expect it from the bank."
    ),
    "unmapped_gateway": _(
        "New payment method in your store: “%(gateway)s”. Choose its account so that payments are recorded."
    ),
    "balance_open": _("Paid in part so far: %(amount)s of the invoice stays open until your store says that it came."),
    "balance_day_estimated": _(
        "The store does not tell on which day a part of the money came; the day on which the order changed was taken."
    ),
    "split_deposit": _(
        "Your store bills this sale in parts: this order bears the deposit, an order of its own the balance. Each is booked"
        " over its own amount, so together they make the whole."
    ),
    "split_balance": _(
        "This order bears the balance of a deposit. It is booked over its own amount on the default product, because the"
        " product itself was sold with the first order."
    ),
    "credit_left_open": _(
        "%(amount)s of the credit memo is not applied to any invoice: it stays in QuickBooks as the customer’s credit."
    ),
    "edited_payment_open": _(
        "The order was edited after it was paid. Its payment stays as it was; %(amount)s of the invoice is open in QuickBooks."
    ),
    "edited_payment_over": _(
        "The order was edited after it was paid. Its payment stays as it was; %(amount)s of it is now the customer’s credit."
    ),
    "rounding_line": _("A rounding line of %(amount)s makes the total exact."),
    "rates_differ": _(
        "QuickBooks computes a cent or two more or less than the store for %(rate)s and takes no other amount: only the total is exact."
    ),
    "base_moved": _(
        "Two lines of %(amount)s that cancel out make the tax exact; the taxable base moves by that amount."
    ),
    "no_company": _("The buyer named no company, so the customer bears the buyer’s own name."),
    "no_exchange_rate": _(
        "The order bears no exchange rate from %(currency)s to the currency of the books; QuickBooks’ own of the day applies."
    ),
    "fee_in_other_currency": _(
        "The gateway’s fee (%(fee)s %(fee_currency)s) is not in the currency of the books and was not sent. Book it by hand."
    ),
    "fee_needs_bank_account": _(
        "The gateway’s fee of %(amount)s was not sent: QuickBooks pays expenses from accounts of type Bank only, and"
        " “%(account)s” is of another type. Choose a clearing account of type Bank for this payment method."
    ),
    "fee_unusable": _(
        "The gateway’s fee was not sent: “%(fee)s”, as the order bears it, is no amount that could be kept of its money."
    ),
    "number_left_empty": _(
        "QuickBooks leaves numbers blank while “Custom transaction numbers” is on. Turn it off there, under Account and"
        " settings, then Sales."
    ),
    "number_may_be_replaced": _(
        "“Custom transaction numbers” is off in QuickBooks, so it may replace our number by its own. Turn it on there, under"
        " Account and settings, then Sales."
    ),
}
