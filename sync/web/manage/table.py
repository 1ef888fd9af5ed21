"""The one table of all options: where each is set, in which words, with which control. Pages are built from it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sync.web.manage.places import Card, Choice, Elsewhere, Index, Place, Subject

LANGUAGES = (Choice("en", _("English")), Choice("fr", _("French")), Choice("fr-ca", _("Canadian French")))

SYNC = Subject(
    "sync",
    pgettext_lazy("settings", "Sync"),
    (
        Card(
            _("When and from when"),
            (
                Place(
                    "tenant.automatic_sync",
                    _("Automatic sync"),
                    _("Every hour. With it off, nothing is sent until you choose Sync now."),
                    "switch",
                ),
                Place(
                    "tenant.start_date",
                    _("Integrations start date"),
                    _("Orders created from 00:00 that day on are sent. Older ones stay out."),
                    "date",
                    note="start_date",
                ),
                Place(
                    "tenant.time_zone",
                    _("Account time zone"),
                    _("It decides the date of every document, the hour of reports and the times shown here."),
                    list_name="zones",
                    note="time_zone",
                ),
            ),
        ),
        Card(
            _("This workspace"),
            (
                Place(
                    "tenant.language",
                    _("Language"),
                    _("For reports and for people who have not chosen one of their own."),
                    choices=(
                        Choice("en", _("English")),
                        Choice("fr", _("French")),
                        Choice("fr-ca", _("Canadian French")),
                    ),
                ),
                Place(
                    "retention_days",
                    _("Keep the store’s raw data for"),
                    _(
                        "So many days after an order or refund has ended, the data received from the store and what was"
                        " copied from them (names, addresses, e-mails) are deleted here. Amounts and proofs stay. What"
                        " is still open keeps its data; what you sync again is read anew from the store."
                    ),
                    "days",
                ),
            ),
        ),
    ),
    scope="sync",
    previews=False,
)

ORDERS = Subject(
    "orders",
    _("Orders"),
    (
        Card(
            "",
            (
                Place(
                    "orders.enabled",
                    _("Send WooCommerce orders to QuickBooks"),
                    _("Connecting or saving sends nothing; the next sync does."),
                    "switch",
                ),
                Place(
                    "orders.statuses",
                    _("Order statuses to sync"),
                    _(
                        "An order is sent while it has one of these statuses. “Partially refunded” stands for orders"
                        " that carry refunds, whatever their status. Once a sale is sent, its refunds follow anyway."
                    ),
                    "ticks",
                    list_name="statuses",
                    missing=_("Choose at least one status, for example Completed."),
                ),
                Place(
                    "orders.document",
                    _("Send orders as"),
                    control="radio",
                    choices=(
                        Choice(
                            "sales_receipt",
                            _("Sales receipt"),
                            _("The money is there already. An unpaid order waits, without an error."),
                        ),
                        Choice("invoice", _("Invoice"), _("A payment follows when the store says that it is paid.")),
                    ),
                ),
                Place(
                    "orders.date",
                    _("Document date"),
                    _("Where the chosen moment is missing: completion, else payment, else creation."),
                    choices=(
                        Choice("created", _("Creation of the order")),
                        Choice("paid", _("Payment of the order")),
                        Choice("completed", _("Completion of the order")),
                    ),
                ),
                Place(
                    "orders.zero_total",
                    _("Orders of 0.00"),
                    control="radio",
                    choices=(
                        Choice(
                            "post", _("Send them"), _("As a document of 0.00, so that what was given away is counted.")
                        ),
                        Choice("skip", _("Skip them"), _("They are listed as skipped.")),
                    ),
                ),
                Place(
                    "orders.closed_period",
                    _("Closed period"),
                    control="radio",
                    choices=(
                        Choice("hold", _("Hold"), _("The order appears under Needs attention.")),
                        Choice(
                            "first_open_day",
                            _("Send on the first open day"),
                            _("The true date is written into the memo."),
                        ),
                    ),
                    note="closed_until",
                ),
            ),
        ),
        Card(
            _("Numbers and texts"),
            (
                Place(
                    "orders.number_prefix",
                    _("Order number prefix"),
                    _("Stands before the order’s number: Wio + 1234 = Wio1234."),
                    "text",
                    note="number",
                ),
                Place(
                    "orders.automatic_numbers",
                    _("Automatic invoice numbers"),
                    _("QuickBooks numbers the documents; the order’s number goes into the memo."),
                    "switch",
                    note="numbers",
                ),
                Place(
                    "orders.number_source",
                    _("Number from an extension"),
                    _(
                        "Name of the order’s meta field that holds the legal number, for example"
                        " _wcpdf_invoice_number. Empty: the order’s own number. An order without it is held."
                    ),
                    "text",
                ),
                Place(
                    "orders.terms",
                    _("Payment terms of invoices"),
                    _("They decide the due date. Sales receipts have none."),
                    list_name="Term",
                    none=_("As QuickBooks proposes"),
                    lock="lists",
                ),
                Place(
                    "orders.language",
                    _("Language of document texts"),
                    _("For words that we write ourselves, such as “Shipping” or “Order”."),
                    choices=(Choice("en", _("English")), Choice("fr", _("French"))),
                    none=_("The workspace’s language"),
                ),
                Place(
                    "orders.customer_note",
                    _("Buyer’s note"),
                    _("Copy the note that the buyer left with the order into the memo."),
                    "switch",
                ),
            ),
        ),
        Card(
            _("Lines"),
            (
                Place(
                    "orders.shipping_item",
                    _("Shipping item"),
                    _("What shipping is booked on. Without it, orders with shipping are held."),
                    list_name="Item",
                    none=_("None"),
                    lock="lists",
                ),
                Place(
                    "orders.discount_item",
                    _("Discount item"),
                    _("With an item: lines at list price and a negative line for each tax code."),
                    list_name="Item",
                    none=_("None: lines net of the discount"),
                    lock="lists",
                ),
                Place(
                    "orders.fee_item",
                    _("Fee item"),
                    _("What fees of the store are booked on, unless they are named below."),
                    list_name="Item",
                    none=_("None"),
                    lock="lists",
                ),
                Place(
                    "orders.fee_items",
                    _("Fees by name"),
                    _(
                        "Redeemed gift cards, store credit, tips: their own item lets them reach a liability instead of"
                        " revenue. The name as it stands on the order."
                    ),
                    "pairs",
                    list_name="Item",
                    lock="lists",
                ),
                Place(
                    "orders.rounding_item",
                    _("Rounding item"),
                    _("Takes the cent that a total can differ from its lines by. A service, not a product."),
                    list_name="Service",
                    none=_("None"),
                    lock="lists",
                ),
                Place(
                    "orders.class",
                    _("Class"),
                    _("For all sales."),
                    list_name="Class",
                    none=_("None"),
                    lock="classes",
                ),
                Place(
                    "orders.location",
                    _("Location"),
                    _("For all sales."),
                    list_name="Department",
                    none=_("None"),
                    lock="locations",
                ),
            ),
        ),
        Card(
            _("Taxes"),
            (
                Place(
                    "taxes.mode",
                    _("How QuickBooks keeps tax"),
                    _("Read from the company’s preferences. Choose by hand only if your accountant says so."),
                    choices=(
                        Choice("auto", _("As the company’s preferences say")),
                        Choice("global", _("A tax code on every line (VAT, GST)")),
                        Choice("us_automated", _("US automated sales tax")),
                        Choice("us_manual", _("US rates kept by hand")),
                        Choice("off", _("Without tax in QuickBooks")),
                    ),
                    note="tax_world",
                ),
                Place(
                    "taxes.tax_item",
                    _("Tax item"),
                    _("The store’s tax goes on a line of its own, on this item."),
                    list_name="Service",
                    none=_("None"),
                    lock="tax_off",
                ),
                Place(
                    "taxes.override",
                    _("Tax amounts"),
                    control="radio",
                    choices=(
                        Choice(
                            "auto",
                            _("Send them where needed"),
                            _("Only where QuickBooks would compute another amount than the store."),
                        ),
                        Choice("always", _("Always send the store’s amounts")),
                        Choice("never", _("Never send amounts"), _("What QuickBooks would compute otherwise is held.")),
                    ),
                    lock="tax_on",
                ),
                Place(
                    "taxes.cancelling_lines",
                    _("Lines that cancel each other"),
                    _(
                        "Where QuickBooks takes no tax amounts: two lines on the rounding item, one taxed and one not,"
                        " of at most 1.00, so that its own arithmetic gives the store’s tax. They move the taxable base"
                        " by as much."
                    ),
                    "switch",
                    lock="tax_on",
                ),
            ),
            link="mapping_taxes",
            link_text=_("Match tax rates with tax codes"),
        ),
    ),
)

CUSTOMERS = Subject(
    "customers",
    _("Customers"),
    (
        Card(
            "",
            (
                Place(
                    "orders.customer_mode",
                    _("Customer of a sale"),
                    control="radio",
                    choices=(
                        Choice("original", _("Original customer"), _("A customer named after each buyer.")),
                        Choice(
                            "organisation",
                            _("Customer’s organisation"),
                            _("The billing company’s name; buyers without one as above."),
                        ),
                        Choice(
                            "generic",
                            _("Generic online-sales customer"),
                            _("One customer for all sales; the buyer’s details stand on the document."),
                        ),
                    ),
                ),
                Place(
                    "orders.generic_customer",
                    _("Name of the generic customer"),
                    _("Also for orders that name no buyer at all."),
                    "text",
                    missing=_("Give the generic customer a name, for example WooCommerce Customer."),
                ),
            ),
        ),
        Card(
            _("Customers that QuickBooks has already"),
            (
                Place(
                    "customers.same_email_other_name",
                    _("Same e-mail, other name"),
                    control="radio",
                    choices=(
                        Choice("existing", _("Use the existing customer"), _("Its name in QuickBooks stays.")),
                        Choice("new", _("Make a customer of its own"), _("Two people share one mailbox.")),
                    ),
                ),
                Place(
                    "customers.reactivate",
                    _("Reactivate inactive customers"),
                    _("Otherwise the order waits under Needs attention."),
                    "switch",
                ),
                Place(
                    "customers.update",
                    _("Details of existing customers"),
                    control="radio",
                    choices=(
                        Choice("fill_empty", _("Fill what is empty")),
                        Choice(
                            "overwrite", _("Replace with the order’s"), _("What you corrected in QuickBooks is lost.")
                        ),
                        Choice("never", _("Leave as they are")),
                    ),
                ),
                Place(
                    "customers.vat_number_source",
                    _("Buyer’s VAT number"),
                    _(
                        "Usual extensions are known. Name the order’s meta field here if yours is another. The number"
                        " goes to the customer and onto the document."
                    ),
                    "text",
                ),
                Place(
                    "orders.exchange_rates",
                    _("Exchange rate of sales in another currency"),
                    control="radio",
                    choices=(
                        Choice("quickbooks", _("QuickBooks’ rate"), _("The rate that QuickBooks has for that day.")),
                        Choice(
                            "order",
                            _("The order’s rate"),
                            _("The rate that a currency extension of the store noted on the order."),
                        ),
                    ),
                    lock="multicurrency",
                ),
                Place(
                    "customers.activate_currency",
                    _("Activate a currency when a buyer pays in it"),
                    _("A customer keeps its currency for ever: such a buyer gets one of its own for each."),
                    "switch",
                    lock="multicurrency",
                ),
            ),
            link="mapping_customers",
            link_text=_("See which customers are linked"),
        ),
    ),
)

PRODUCTS = Subject(
    "products",
    _("Products"),
    (
        Card(
            _("Products on orders"),
            (
                Place(
                    "items.match_by",
                    _("Match products by"),
                    control="radio",
                    choices=(
                        Choice("sku", _("SKU"), _("The store’s SKU equals the item’s SKU.")),
                        Choice("name", _("Name"), _("The store’s SKU equals the item’s name.")),
                    ),
                ),
                Place(
                    "items.name_fallback",
                    _("Match products without SKU by name"),
                    _("Only where the name is the same, letter by letter."),
                    "switch",
                ),
                Place(
                    "orders.default_item",
                    _("Default product"),
                    _("Used for a line whose product cannot be matched. Without it such an order is held."),
                    list_name="Item",
                    none=_("None"),
                    lock="lists",
                ),
                Place(
                    "items.reactivate",
                    _("Reactivate inactive items"),
                    _("Otherwise the order waits under Needs attention."),
                    "switch",
                ),
            ),
            link="mapping_products",
            link_text=_("See which products are linked"),
        ),
        Card(
            _("Items that are missing in QuickBooks"),
            (
                Place(
                    "items.create",
                    _("Create items in QuickBooks"),
                    _("For products that are missing there, before the document is sent."),
                    "switch",
                ),
                Place(
                    "items.type",
                    _("As"),
                    control="radio",
                    choices=(
                        Choice(
                            "non_inventory", _("Non-inventory"), _("Goods whose quantity QuickBooks does not keep.")
                        ),
                        Choice("service", _("Service")),
                        Choice(
                            "inventory", _("Inventory"), _("QuickBooks keeps the quantity and the cost of goods sold.")
                        ),
                    ),
                ),
                Place(
                    "items.income_account",
                    _("Income account"),
                    _("Where the sales of items we create are counted."),
                    list_name="income",
                    none=_("Choose…"),
                    lock="lists",
                ),
                Place(
                    "items.expense_account",
                    _("Expense account"),
                    _("Where the cost of items we create is counted. We send no cost prices."),
                    list_name="expense",
                    none=_("None"),
                    lock="lists",
                ),
                Place(
                    "items.inventory_asset_account",
                    _("Inventory asset account"),
                    _("For inventory items only: the value of the goods held."),
                    list_name="asset",
                    none=_("None"),
                    lock="inventory",
                ),
                Place(
                    "items.cogs_account",
                    _("COGS account"),
                    _("For inventory items only: the cost of what was sold."),
                    list_name="cogs",
                    none=_("None"),
                    lock="inventory",
                ),
                Place(
                    "items.initial_quantity",
                    _("First quantity"),
                    control="radio",
                    choices=(
                        Choice("zero", "0", _("You count and enter the stock in QuickBooks.")),
                        Choice("store", _("The store’s quantity"), _("As it stands when the item is made.")),
                    ),
                    lock="inventory",
                ),
            ),
        ),
        Card(
            _("Products without an order"),
            (
                Place(
                    "products.enabled",
                    _("Send products to QuickBooks"),
                    _("Orders go first; products follow in the same sync."),
                    "switch",
                ),
                Place(
                    "products.scope",
                    _("Send products"),
                    control="radio",
                    choices=(
                        Choice("sold", _("Only those sold"), _("Those that appear in synced sales.")),
                        Choice("all", _("All"), _("Every published product and variation with a SKU.")),
                    ),
                ),
                Place(
                    "products.update",
                    _("Keep items up to date"),
                    _("Name, description, price and active state follow the store. Otherwise items are only created."),
                    "switch",
                ),
            ),
        ),
    ),
)

PAYMENTS = Subject(
    "payments",
    _("Payments"),
    (
        Card(
            "",
            (
                Place(
                    "payments.record",
                    _("Record payments"),
                    _("An invoice gets its payment once the store marks the order as paid, even weeks later."),
                    "switch",
                ),
                Place(
                    "payments.default_account",
                    _("Default clearing account"),
                    _("For payment methods without an account of their own."),
                    list_name="money",
                    none=_("None"),
                    lock="lists",
                ),
            ),
            link="mapping_payments",
            link_text=_("Choose an account for each payment method"),
        ),
        Card(
            _("Gateway fees"),
            (
                Place(
                    "payments.gateway_fees",
                    _("Send gateway fees"),
                    _(
                        "What Stripe, WooPayments or PayPal keep, as their plugins write it onto the order, becomes an"
                        " expense from the clearing account once the sale and its money stand in QuickBooks. The sale"
                        " keeps its full amount and tax; the clearing account keeps what the gateway pays out. Only"
                        " fees in the currency of the books, and from accounts of type Bank. A refund leaves the fee"
                        " alone, as the gateways do."
                    ),
                    "switch",
                ),
                Place(
                    "payments.fee_account",
                    _("Account for gateway fees"),
                    _("An expense account, for example bank charges. Fees are booked without tax."),
                    list_name="expense",
                    none=_("None"),
                    lock="lists",
                ),
            ),
        ),
    ),
)

REFUNDS = Subject(
    "refunds",
    _("Refunds"),
    (
        Card(
            "",
            (
                Place(
                    "orders.credit_memos",
                    _("Create credit memos"),
                    control="radio",
                    choices=(
                        Choice(
                            "automatic",
                            _("Automatic (recommended)"),
                            _(
                                "An unpaid invoice gets a credit memo, applied to it. Where the money was recorded, a"
                                " refund receipt from the clearing account, which so ends at zero."
                            ),
                        ),
                        Choice("credit_memo", _("Always a credit memo")),
                        Choice("refund_receipt", _("Always a refund receipt")),
                        Choice("off", _("Never"), _("Refunds are listed as needing attention.")),
                    ),
                    note="credits",
                ),
                Place(
                    "orders.refund_item",
                    _("Refund item"),
                    _("For refunds of an amount without lines. A service: a product would be put back into stock."),
                    list_name="Service",
                    none=_("None: the default product"),
                    lock="lists",
                ),
                Place(
                    "refunds.whole_order",
                    _("A refund over the whole order that names no lines"),
                    control="radio",
                    choices=(
                        Choice("mirror", _("Mirrors the order’s lines"), _("The tax comes back too.")),
                        Choice("amount", _("One untaxed amount"), _("On the refund item.")),
                    ),
                ),
                Place(
                    "orders.cancelled",
                    _("A cancelled order whose invoice is unpaid"),
                    control="radio",
                    choices=(
                        Choice(
                            "credit_memo",
                            _("Credit memo for the whole, applied"),
                            _("Invoice and credit stay visible."),
                        ),
                        Choice("void", _("Void the invoice"), _("QuickBooks keeps it with an amount of 0.00.")),
                    ),
                ),
            ),
        ),
    ),
    previews=False,
)

STOCK = Subject(
    "stock",
    _("Stock"),
    (
        Card(
            "",
            (
                Place(
                    "stock.enabled",
                    _("When stock changes in QuickBooks, update WooCommerce"),
                    _(
                        "Only for products whose stock the store manages and that are linked to an inventory item. The"
                        " first time, a preview shows every quantity before it is written."
                    ),
                    "switch",
                    lock="stock",
                ),
            ),
            link="stock",
            link_text=_("See what was sent, and what waits"),
        ),
    ),
    scope="sync",
    previews=False,
)

ELSEWHERE = (
    Elsewhere("taxes.rates", _("Tax rates and codes"), "mapping_taxes"),
    Elsewhere("taxes.untaxed_code", _("Code for lines without tax"), "mapping_taxes"),
    Elsewhere("taxes.untaxed", _("Codes for exempt buyers and exports"), "mapping_taxes"),
    Elsewhere("tenant.report.recipients", _("Recipients of reports"), "reports"),
    Elsewhere("tenant.report.when", _("When reports are sent"), "reports"),
    Elsewhere("tenant.report.language", _("Language of reports"), "reports"),
    Elsewhere("tenant.report.languages", _("Languages of recipients"), "reports"),
    Elsewhere("payments.methods", _("Accounts of payment methods"), "mapping_payments"),
)

TABLE = Index((SYNC, ORDERS, CUSTOMERS, PRODUCTS, PAYMENTS, REFUNDS, STOCK), ELSEWHERE)
