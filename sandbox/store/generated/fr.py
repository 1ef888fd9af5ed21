"""Maison Dupont, thés et arts de la table: euros, prices with TVA, Paris."""

from __future__ import annotations

from sandbox.store.generated.profile import Buyer, Goods, Offer, Profile, TaxRow

_FOOD, _MEAL = "reduced-rate", "taux-intermediaire"

_GOODS = (
    Goods("Thé vert Sencha bio – sachet 100 g", "THE-SEN-100", "9.99", _FOOD, 260),
    Goods("Thé noir Earl Grey impérial – 100 g", "THE-EGI-100", "11.50", _FOOD, 220),
    Goods("Thé blanc Bai Mu Dan – 50 g", "THE-BAI-50", "14.90", _FOOD, 90),
    Goods("Rooibos vanille des îles – 100 g", "ROO-VAN-100", "8.75", _FOOD, 180),
    Goods("Infusion « Nuit calme » tilleul & verveine", "INF-NUI-60", "7.35", _FOOD, 150),
    Goods("Thé fumé Lapsang Souchong – 100 g", "THE-LAP-100", "10.45", _FOOD, 75),
    Goods("Matcha de cérémonie Uji 30 g", "MAT-UJI-30", "32.90", _FOOD, 60),
    Goods("Miel de châtaignier des Cévennes 250 g", "MIE-CHA-250", "8.33", _FOOD, 140),
    Goods("Confiture d'abricots du Roussillon", "CON-ABR-240", "5.95", _FOOD, 160),
    Goods("Sablés au beurre salé – boîte de 200 g", "BIS-SAB-200", "6.66", _FOOD, 130),
    Goods("Tablette chocolat noir 70 % &amp; fleur de sel", "CHO-NOI-70", "4.35", _FOOD, 210),
    Goods("Perles de thé au jasmin, au gramme", "PER-JAS-G", "0.1234", _FOOD, 9000),
    Goods("Échantillon découverte", "ECH-DEC", "0.99", _FOOD, 500),
    Goods("Échantillon offert", "ECH-OFF", "0.00", _FOOD, 500),
    Goods("Le Livre du thé – Okakura Kakuzô", "LIV-OKA", "12.90", _FOOD, 40),
    Goods("Formule goûter au salon (sur place)", "SAL-GOU", "16.50", _MEAL, None),
    Goods("Plateau dégustation quatre thés (sur place)", "SAL-PLA", "19.90", _MEAL, None),
    Goods("Théière en fonte Hobnail noire 0,8 l", "THI-FON-08", "64.90", "", 35),
    Goods("Théière porcelaine blanche 1,2 l", "THI-POR-12", "48.00", "", 42),
    Goods("Théière en verre borosilicate 1 l", "THI-VER-10", "29.99", "", 55),
    Goods("Bouilloire col de cygne à température réglable", "BOU-COL", "129.00", "", 18),
    Goods("Boîte à thé washi 100 g – motif grues", "BOI-WAS-100", "9.50", "", 95),
    Goods("Boîte à thé washi 100 g – motif grues", "BOI-WAS-100B", "9.50", "", 30),
    Goods("Passoire inox fine", "PAS-INO", "7.99", "", 170),
    Goods("Filtre coton réutilisable (lot de 3)", "FIL-COT-3", "5.49", "", 110),
    Goods("Cuillère doseuse en bambou", "CUI-BAM", "3.33", "", 240),
    Goods("Fouet à matcha chasen 100 brins", "FOU-CHA", "22.22", "", 48),
    Goods("Bol à matcha émaillé bleu nuit", "BOL-MAT-BN", "34.50", "", 33),
    Goods("Sous-tasses en ardoise (lot de 6)", "SOU-ARD-6", "18.75", "", 64),
    Goods("Plateau bambou 🎋 grand modèle", "PLA-BAM-G", "27.80", "", 44),
    Goods("Bougie parfumée thé blanc 🕯️ 180 g", "", "24.00", "", 70),
    Goods("Torchon en lin lavé « Dimanche »", "", "13.95", "", 88),
    Goods("Nappe enduite 150×250", "NAP-150-250", "54.00", "", 26),
    Goods(
        "Coffret découverte « Les Incontournables de la Maison » – assortiment de douze thés en vrac, une boîte washi, "
        "une passoire inox et un livret de dégustation, présenté dans un coffret en bois gravé (édition limitée)",
        "COF-INC-12",
        "89.00",
        "",
        22,
    ),
    Goods("Abonnement:Mensuel:Évasion", "ABO:EVA", "29.90", "", None),
    Goods("Carnet de dégustation – papier coton <em>recyclé</em>", "CAR-DEG", "15.00", "", 58),
    Goods("Atelier « Accords thés & fromages » (2 h)", "ATE-FRO-2H", "49.00", "", None, virtual=True),
    Goods("Guide du thé (livre numérique)", "PDF-GUIDE", "7.99", _FOOD, None, virtual=True),
    Goods("Carte cadeau 50 €", "KDO-50", "50.00", "zero-rate", None, virtual=True),
    Goods("Ancien service à thé dépareillé – pièce unique", "OCC-SER/2026-07", "145.00", "", 1),
    Goods(
        "Thé des Moines", "THE-MOI", "", _FOOD, 0, option_name="Poids",
        options=(("50 g", "6.90", "50"), ("100 g", "12.50", "100"), ("250 g", "28.90", "250")),
    ),
    Goods(
        "Mug en grès", "MUG-GRE", "", "", 0, option_name="Couleur",
        options=(("Sable", "16.90", "SAB"), ("Bleu Océan", "16.90", "OCE"), ("Vert Sauge", "17.90", "SAU")),
    ),
    Goods(
        "Tablier en lin", "TAB-LIN", "", "", 0, option_name="Taille",
        options=(("S", "39.90", "S"), ("M", "39.90", "M"), ("L", "42.90", "L")),
    ),
    Goods(
        "Coffret cadeau à composer", "COF-COM", "", "", 45, option_name="Format",
        options=(("Petit", "35.00", "P"), ("Grand", "59.99", "G")), shared_stock=True,
    ),
)  # fmt: skip

_FR = ("FR", "")
_BUYERS = (
    Buyer("Camille", "Lefèvre", "camille.lefevre@example.com", "12 rue des Lilas", "Lyon", "69003", *_FR,
          phone="+33 6 00 00 00 01", registered=True, weight=8),
    Buyer("Marie", "Dupont", "marie.dupont@example.com", "3 place de la Mairie", "Nantes", "44000", *_FR,
          registered=True, weight=7),
    Buyer("Marie", "Dupont", "m.dupont.rennes@example.com", "27 rue Saint-Malo", "Rennes", "35000", *_FR),
    Buyer("Sophie", "Martin", "famille.martin@example.com", "1 chemin du Moulin", "Annecy", "74000", *_FR, weight=5),
    Buyer("Lucas", "Martin", "famille.martin@example.com", "1 chemin du Moulin", "Annecy", "74000", *_FR),
    Buyer("Inès", "Benali", "ines.benali@example.com", "45 boulevard de la Libération", "Marseille", "13001", *_FR,
          registered=True, weight=5),
    Buyer("Jean-Baptiste", "Le Goff", "jb.legoff@example.com", "8 quai du Port", "Brest", "29200", *_FR,
          phone="02 98 00 00 02"),
    Buyer("Zoé", "Nguyễn", "zoe.nguyen@example.com", "102 avenue d'Italie", "Paris", "75013", *_FR, registered=True,
          weight=5),
    Buyer("Éloïse", "Château-Thierry", "eloise.ct@example.com", "5 impasse des Œillets", "Bordeaux", "33000", *_FR),
    Buyer("François", "D'Haene", "francois.dhaene@example.com", "19 rue du Faubourg", "Lille", "59000", *_FR),
    Buyer("Anaïs", "Roux", "Anais.Roux@Example.com", "4 rue de la République", "Toulouse", "31000", *_FR),
    Buyer("Anaïs", "Roux", "anais.roux@example.com", "4 rue de la République", "Toulouse", "31000", *_FR),
    Buyer("Gérard", "Peña", "gerard.pena@example.com", "33 cours Mirabeau", "Aix-en-Provence", "13100", *_FR),
    Buyer("", "", "compta@salon-des-thes.example.com", "2 rue Royale", "Strasbourg", "67000", *_FR,
          company="Le Salon des Thés SARL", registered=True, weight=4),
    Buyer("Claire", "Fontaine", "achats@hotel-lumiere.example.com", "60 promenade des Anglais", "Nice", "06000", *_FR,
          company="Hôtel Lumière & Fils", registered=True, weight=4),
    Buyer("Hugo", "Petit", "hugo.petit@example.com", "9 rue Kléber", "Grenoble", "38000", *_FR),
    Buyer("Amélie", "Moreau", "amelie.moreau@example.com", "71 rue Jeanne d'Arc", "Rouen", "76000", *_FR),
    Buyer("Mohamed", "El Amrani", "m.elamrani@example.com", "15 rue Victor Hugo", "Montpellier", "34000", *_FR),
    Buyer("Noémie", "Bürgi", "noemie.burgi@example.com", "22 rue des Vosges", "Mulhouse", "68100", *_FR),
    Buyer("Theo", "Schäfer", "theo.schaefer@example.com", "Lindenstraße 14", "Berlin", "10969", "DE", "DE-BE",
          weight=3),
    Buyer("Lotte", "Janssens", "lotte.janssens@example.com", "Meir 40", "Antwerpen", "2000", "BE", weight=3),
    Buyer("Giulia", "Bianchi", "giulia.bianchi@example.com", "Via Garibaldi 7", "Torino", "10122", "IT", "TO",
          weight=2),
    Buyer("Álvaro", "Muñoz", "alvaro.munoz@example.com", "Calle Mayor 3", "Madrid", "28013", "ES", "M", weight=2),
    Buyer("Sanne", "de Vries", "inkoop@theehuis.example.com", "Prinsengracht 90", "Amsterdam", "1015 DZ", "NL",
          company="Theehuis BV", exempt=True, vat_number="NL000099998B57", weight=2),
    Buyer("Reto", "Müller", "reto.mueller@example.com", "Bahnhofstrasse 1", "Zürich", "8001", "CH", "ZH",
          exempt=True, weight=2),
    Buyer("Emma", "Whitaker", "emma.whitaker@example.com", "14 Rose Lane", "Norwich", "NR1 1PJ", "GB", exempt=True,
          weight=1),
)  # fmt: skip


def _european(
    country: str, standard: tuple[str, str], food: tuple[str, str], meal: tuple[str, str]
) -> tuple[TaxRow, ...]:
    return (
        TaxRow(country, standard[1], standard[0]),
        TaxRow(country, food[1], food[0], _FOOD, shipping=False),
        TaxRow(country, meal[1], meal[0], _MEAL, shipping=False),
    )


_TAXES = (
    *_european("FR", ("TVA 20%", "20.0000"), ("TVA 5.5%", "5.5000"), ("TVA 10%", "10.0000")),
    *_european("DE", ("MwSt. 19%", "19.0000"), ("MwSt. 7%", "7.0000"), ("MwSt. 7%", "7.0000")),
    *_european("BE", ("TVA 21%", "21.0000"), ("TVA 6%", "6.0000"), ("TVA 12%", "12.0000")),
    *_european("IT", ("IVA 22%", "22.0000"), ("IVA 10%", "10.0000"), ("IVA 10%", "10.0000")),
    *_european("ES", ("IVA 21%", "21.0000"), ("IVA 10%", "10.0000"), ("IVA 10%", "10.0000")),
    *_european("NL", ("BTW 21%", "21.0000"), ("BTW 9%", "9.0000"), ("BTW 9%", "9.0000")),
    TaxRow("FR", "0.0000", "TVA 0%", "zero-rate", shipping=False),
)

PROFILE = Profile(
    key="fr",
    name="Maison Dupont",
    zone="Europe/Paris",
    currency="EUR",
    currency_name="Euro",
    currency_symbol="&euro;",
    country="FR",
    state="",
    address="18 rue des Francs-Bourgeois",
    city="Paris",
    postcode="75003",
    prices_include_tax=True,
    storage="hpos",
    shipping_class="",
    first_number=20417,
    goods=_GOODS,
    buyers=_BUYERS,
    taxes=_TAXES,
    tax_classes=(
        ("standard", "Standard rate"),
        ("reduced-rate", "Reduced rate"),
        ("taux-intermediaire", "Taux intermédiaire"),
        ("zero-rate", "Zero rate"),
    ),
    offers=(
        Offer("bienvenue10", "percent", "10.00"),
        Offer("moins5", "fixed_cart", "5.00"),
        Offer("tasse2", "fixed_product", "2.00"),
        Offer("portoffert", "percent", "0.00", free_shipping=True),
        Offer("presse100", "percent", "100.00", free_shipping=True),
    ),
    gateways=(
        ("stripe", "Carte bancaire"),
        ("ppcp-gateway", "PayPal"),
        ("bacs", "Virement bancaire"),
        ("cheque", "Chèque"),
        ("cod", "Paiement à la livraison"),
    ),
    deliveries=(("Colissimo", "4.90"), ("Point relais", "3.75"), ("Chronopost", "9.17")),
    pickup="Retrait en boutique",
    free_delivery="Livraison offerte",
    gift_wrap=("Emballage cadeau", "2.92"),
    credit=("Avoir n° 12", "-3.50"),
    custom_status=("expedie-partiel", "Expédiée en partie"),
    notes=(
        "Merci de livrer après 18 h.",
        "C'est un cadeau : pas de facture dans le colis, s'il vous plaît 🎁",
        "Code d'entrée 45B12, 3e étage gauche.",
        "Si rupture du Sencha, remplacez par l'Earl Grey.",
    ),
    refund_reasons=(
        "Article cassé à l'arrivée",
        "Rétractation",
        "Geste commercial – colis en retard 😕",
        "Erreur de quantité",
    ),
)
