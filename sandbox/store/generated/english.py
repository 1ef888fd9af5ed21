"""Tables shared by the shops that sell in English: goods, coupons, words."""

from __future__ import annotations

from sandbox.store.generated.profile import Goods, Offer

NOTES = (
    "Please leave the parcel with the neighbour at number 7.",
    "It's a gift, no prices in the box please 🎁",
    "Gate code 4512.",
    "If the Sencha is out of stock, Earl Grey is fine.",
)
REFUND_REASONS = ("Arrived broken", "Changed my mind", "Goodwill – late parcel 😕", "Wrong quantity")
OFFERS = (
    Offer("welcome10", "percent", "10.00"),
    Offer("minus5", "fixed_cart", "5.00"),
    Offer("cup2", "fixed_product", "2.00"),
    Offer("freeship", "percent", "0.00", free_shipping=True),
    Offer("press100", "percent", "100.00", free_shipping=True),
)
GATEWAYS = (
    ("stripe", "Credit / Debit Card"),
    ("ppcp-gateway", "PayPal"),
    ("bacs", "Direct bank transfer"),
    ("cheque", "Check payments"),
    ("cod", "Cash on delivery"),
)
CUSTOM_STATUS = ("partially-shipped", "Partially shipped")


def goods(food: str, books: str, colour: str = "Color") -> tuple[Goods, ...]:
    """The catalogue; `food` and `books` are the tax classes these goods have in the shop's country."""
    return (
        Goods("Organic Sencha green tea – 4 oz", "TEA-SEN-4", "9.99", food, 260),
        Goods("Imperial Earl Grey – 4 oz", "TEA-EGI-4", "11.50", food, 220),
        Goods("Bai Mu Dan white tea – 2 oz", "TEA-BAI-2", "14.90", food, 90),
        Goods("Vanilla rooibos – 4 oz", "ROO-VAN-4", "8.75", food, 180),
        Goods("“Quiet Night” linden & verbena", "INF-NIG", "7.35", food, 150),
        Goods("Lapsang Souchong – 4 oz", "TEA-LAP-4", "10.45", food, 75),
        Goods("Ceremonial Uji matcha 1 oz", "MAT-UJI-1", "32.90", food, 60),
        Goods("Wildflower honey 12 oz", "HON-WIL-12", "8.33", food, 140),
        Goods("Apricot preserve", "PRE-APR", "5.95", food, 160),
        Goods("Salted butter shortbread", "BIS-SHO", "6.66", food, 130),
        Goods("Dark chocolate 70% &amp; sea salt", "CHO-DAR-70", "4.35", food, 210),
        Goods("Jasmine pearls by the gram", "PEA-JAS-G", "0.1234", food, 9000),
        Goods("Discovery sample", "SAM-DIS", "0.99", food, 500),
        Goods("Free sample", "SAM-FREE", "0.00", food, 500),
        Goods("The Book of Tea – Okakura Kakuzo", "BOO-OKA", "12.90", books, 40),
        Goods("Hobnail cast iron teapot 27 oz", "POT-IRO-27", "64.90", "", 35),
        Goods("White porcelain teapot 40 oz", "POT-POR-40", "48.00", "", 42),
        Goods("Borosilicate glass teapot 34 oz", "POT-GLA-34", "29.99", "", 55),
        Goods("Gooseneck kettle, variable temperature", "KET-GOO", "129.00", "", 18),
        Goods("Washi tea tin – cranes", "TIN-WAS", "9.50", "", 95),
        Goods("Washi tea tin – cranes", "TIN-WAS-B", "9.50", "", 30),
        Goods("Fine steel strainer", "STR-STE", "7.99", "", 170),
        Goods("Reusable cotton filter (set of 3)", "FIL-COT-3", "5.49", "", 110),
        Goods("Bamboo scoop", "SCO-BAM", "3.33", "", 240),
        Goods("Chasen matcha whisk", "WHI-CHA", "22.22", "", 48),
        Goods("Glazed matcha bowl, midnight blue", "BOW-MAT-MB", "34.50", "", 33),
        Goods("Slate coasters (set of 6)", "COA-SLA-6", "18.75", "", 64),
        Goods("Bamboo tray 🎋 large", "TRA-BAM-L", "27.80", "", 44),
        Goods("White tea candle 🕯️ 6 oz", "", "24.00", "", 70),
        Goods("Washed linen towel “Sunday”", "", "13.95", "", 88),
        Goods("Coated tablecloth 60×100", "CLO-60", "54.00", "", 26),
        Goods(
            "“House Classics” discovery box – twelve loose teas, a washi tin, a steel strainer and a tasting booklet, "
            "presented in an engraved wooden case with a brass clasp and a handwritten card (limited edition)",
            "BOX-CLA-12",
            "89.00",
            "",
            22,
        ),
        Goods("Subscription:Monthly:Escape", "SUB:ESC", "29.90", "", None),
        Goods("Tasting notebook – <em>recycled</em> cotton paper", "NOT-TAS", "15.00", "", 58),
        Goods("Tea & cheese class (2 h)", "CLA-CHE-2H", "49.00", "", None, virtual=True),
        Goods("Tea guide (e-book)", "PDF-GUIDE", "7.99", books, None, virtual=True),
        Goods("Gift card 50", "GIFT-50", "50.00", "zero-rate", None, virtual=True),
        Goods("Vintage tea set, one of a kind", "VIN-SET/2026-07", "145.00", "", 1),
        Goods(
            "Monks' blend", "TEA-MON", "", food, 0, option_name="Weight",
            options=(("2 oz", "6.90", "2"), ("4 oz", "12.50", "4"), ("8 oz", "28.90", "8")),
        ),
        Goods(
            "Stoneware mug", "MUG-STO", "", "", 0, option_name=colour,
            options=(("Sand", "16.90", "SAN"), ("Ocean Blue", "16.90", "OCE"), ("Sage", "17.90", "SAG")),
        ),
        Goods(
            "Linen apron", "APR-LIN", "", "", 0, option_name="Size",
            options=(("S", "39.90", "S"), ("M", "39.90", "M"), ("L", "42.90", "L")),
        ),
        Goods(
            "Build-your-own gift box", "BOX-OWN", "", "", 45, option_name="Format",
            options=(("Small", "35.00", "S"), ("Large", "59.99", "L")), shared_stock=True,
        ),
    )  # fmt: skip
