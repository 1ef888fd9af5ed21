"""Dupont et filles, Montréal: Canadian dollars, prices without tax, GST with QST, PST or HST."""

from __future__ import annotations

from sandbox.store.generated import english
from sandbox.store.generated.profile import Buyer, Profile, TaxRow

_BUYERS = (
    Buyer("Renée", "Tremblay", "renee.tremblay@example.com", "1200 rue Peel", "Montréal", "H3B 2T6", "CA", "QC",
          registered=True, weight=8),
    Buyer("Luc", "Gagnon", "famille.gagnon@example.com", "40 rue Saint-Jean", "Québec", "G1R 1S3", "CA", "QC",
          registered=True, weight=6),
    Buyer("Élise", "Gagnon", "famille.gagnon@example.com", "40 rue Saint-Jean", "Québec", "G1R 1S3", "CA", "QC"),
    Buyer("Priya", "Sharma", "priya.sharma@example.com", "250 Queen St W", "Toronto", "M5V 1Z4", "CA", "ON",
          registered=True, weight=6),
    Buyer("Liam", "MacDonald", "liam.macdonald@example.com", "18 Barrington St", "Halifax", "B3J 1Z1", "CA", "NS",
          weight=3),
    Buyer("Liam", "MacDonald", "l.macdonald.fredericton@example.com", "5 King St", "Fredericton", "E3B 1C1", "CA",
          "NB"),
    Buyer("Mei", "Chen", "mei.chen@example.com", "900 Robson St", "Vancouver", "V6Z 2E7", "CA", "BC",
          registered=True, weight=5),
    Buyer("", "", "ap@prairietea.example.com", "10 Jasper Ave", "Edmonton", "T5J 1N9", "CA", "AB",
          company="Prairie Tea Ltd", weight=3),
    Buyer("Ingrid", "Sørensen", "ingrid.sorensen@example.com", "77 Main St", "Winnipeg", "R3C 1A3", "CA", "MB"),
    Buyer("Jordan", "Whitfield", "jordan.whitfield@example.com", "14 Haywood St", "Asheville", "28801", "US", "NC",
          exempt=True, weight=2),
)  # fmt: skip

_FOOD = "zero-rate"
_HST = {"ON": "13.0000", "NS": "14.0000", "NB": "15.0000", "NL": "15.0000", "PE": "15.0000"}
_TAXES = (
    TaxRow("CA", "5.0000", "GST"),
    TaxRow("CA", "9.9750", "QST", state="QC", priority=2),
    TaxRow("CA", "7.0000", "PST BC", state="BC", priority=2, shipping=False),
    TaxRow("CA", "7.0000", "RST MB", state="MB", priority=2, shipping=False),
    TaxRow("CA", "6.0000", "PST SK", state="SK", priority=2, shipping=False),
    *(TaxRow("CA", percent, f"HST {state}", state=state) for state, percent in _HST.items()),
    TaxRow("CA", "5.0000", "GST books", "reduced-rate", shipping=False),
    TaxRow("CA", "0.0000", "Zero-rated", "zero-rate", shipping=False),
)

PROFILE = Profile(
    key="ca",
    name="Dupont et filles",
    zone="America/Toronto",
    currency="CAD",
    currency_name="Canadian dollar",
    currency_symbol="&#36;",
    country="CA",
    state="QC",
    address="300 rue Saint-Paul",
    city="Montréal",
    postcode="H2Y 2A3",
    prices_include_tax=False,
    storage="hpos",
    shipping_class="",
    first_number=40105,
    goods=english.goods(_FOOD, "reduced-rate", "Colour"),
    buyers=_BUYERS,
    taxes=_TAXES,
    tax_classes=(("standard", "Standard rate"), ("reduced-rate", "Reduced rate"), ("zero-rate", "Zero rate")),
    offers=english.OFFERS,
    gateways=english.GATEWAYS,
    deliveries=(("Canada Post Regular", "9.75"), ("Canada Post Xpresspost", "16.40"), ("Purolator", "14.05")),
    pickup="Store pickup",
    free_delivery="Free shipping",
    gift_wrap=("Gift wrap", "3.50"),
    credit=("Store credit 12", "-3.50"),
    custom_status=english.CUSTOM_STATUS,
    notes=english.NOTES,
    refund_reasons=english.REFUND_REASONS,
    free_from=85,
    fee_percent="2.9",
    fee_fixed="0.30",
)
