"""Dupont & Rowe, Norwich: pounds, prices with VAT; tea and books are zero-rated."""

from __future__ import annotations

from sandbox.store.generated import english
from sandbox.store.generated.profile import Buyer, Profile, TaxRow

_BUYERS = (
    Buyer("Emma", "Whitaker", "emma.whitaker@example.com", "14 Rose Lane", "Norwich", "NR1 1PJ", "GB",
          registered=True, weight=8),
    Buyer("Oliver", "Singh", "oliver.singh@example.com", "3 Hope Street", "Liverpool", "L1 9BW", "GB",
          registered=True, weight=6),
    Buyer("Fiona", "MacLeod", "macleods@example.com", "21 Royal Mile", "Edinburgh", "EH1 1PE", "GB", weight=4),
    Buyer("Angus", "MacLeod", "macleods@example.com", "21 Royal Mile", "Edinburgh", "EH1 1PE", "GB"),
    Buyer("Siân", "Jones", "sian.jones@example.com", "8 Castle Arcade", "Cardiff", "CF10 1BU", "GB", registered=True,
          weight=4),
    Buyer("John", "Smith", "john.smith@example.com", "2 Deansgate", "Manchester", "M3 1AZ", "GB", weight=3),
    Buyer("John", "Smith", "j.smith.leeds@example.com", "90 Briggate", "Leeds", "LS1 6NP", "GB", weight=2),
    Buyer("", "", "orders@orchardtearooms.example.com", "45 Mill Road", "Cambridge", "CB1 2AW", "GB",
          company="Orchard Tea Rooms Ltd", weight=4),
    Buyer("Aoife", "Ní Bhriain", "aoife@example.com", "12 Grafton Street", "Dublin", "D02 VF65", "IE", exempt=True,
          weight=2),
    Buyer("Camille", "Lefèvre", "camille.lefevre@example.com", "12 rue des Lilas", "Lyon", "69003", "FR",
          exempt=True, weight=1),
)  # fmt: skip

PROFILE = Profile(
    key="gb",
    name="Dupont & Rowe",
    zone="Europe/London",
    currency="GBP",
    currency_name="Pound sterling",
    currency_symbol="&pound;",
    country="GB",
    state="",
    address="7 Elm Hill",
    city="Norwich",
    postcode="NR3 1HN",
    prices_include_tax=True,
    storage="hpos",
    shipping_class="",
    first_number=50330,
    goods=english.goods("zero-rate", "zero-rate", "Colour"),
    buyers=_BUYERS,
    taxes=(
        TaxRow("GB", "20.0000", "VAT 20%"),
        TaxRow("GB", "5.0000", "VAT 5%", "reduced-rate", shipping=False),
        TaxRow("GB", "0.0000", "VAT 0%", "zero-rate", shipping=False),
    ),
    tax_classes=(("standard", "Standard rate"), ("reduced-rate", "Reduced rate"), ("zero-rate", "Zero rate")),
    offers=english.OFFERS,
    gateways=english.GATEWAYS,
    deliveries=(("Royal Mail Tracked 48", "3.29"), ("Royal Mail Tracked 24", "4.17"), ("DPD next day", "6.63")),
    pickup="Shop collection",
    free_delivery="Free delivery",
    gift_wrap=("Gift wrap", "2.92"),
    credit=("Store credit 12", "-3.50"),
    custom_status=english.CUSTOM_STATUS,
    notes=english.NOTES,
    refund_reasons=english.REFUND_REASONS,
)
