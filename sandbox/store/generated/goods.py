"""Writes the goods of an invented shop as products and variations."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import datetime

from sandbox.store.catalogue import encoded
from sandbox.store.database import Document
from sandbox.store.documents import links
from sandbox.store.generated.profile import Goods
from sandbox.store.shop import HOME, Shop


def write_product(shop: Shop, goods: Goods, opened: datetime) -> None:
    """A product with its variations. Names are kept as WordPress keeps titles: a bare & becomes `&amp;`."""
    product_id = shop.next_post_id()
    slug = _slug(goods.name)
    stock = goods.stock if not goods.options or goods.shared_stock else None
    document: Document = {
        "id": product_id,
        "name": encoded(goods.name),
        "slug": slug,
        "permalink": f"{HOME}/product/{slug}/",
        **dates_of(shop, opened),
        "type": "variable" if goods.options else "simple",
        "status": "publish",
        "featured": False,
        "catalog_visibility": "visible",
        "description": "",
        "short_description": "",
        "sku": goods.sku,
        "price": goods.price or (goods.options[0][1] if goods.options else ""),
        "regular_price": goods.price,
        "sale_price": "",
        "date_on_sale_from": None,
        "date_on_sale_to": None,
        "on_sale": False,
        "purchasable": True,
        "total_sales": 0,
        "virtual": goods.virtual,
        "downloadable": goods.virtual and goods.sku.startswith("PDF"),
        "tax_status": "taxable",
        "tax_class": goods.tax_class,
        "manage_stock": stock is not None,
        "stock_quantity": stock,
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "low_stock_amount": None,
        "weight": "",
        "shipping_required": not goods.virtual,
        "shipping_taxable": not goods.virtual,
        "shipping_class": "",
        "parent_id": 0,
        "purchase_note": "",
        "categories": [{"id": 15, "name": "Uncategorized", "slug": "uncategorized"}],
        "tags": [],
        "images": [],
        "attributes": [],
        "default_attributes": [],
        "variations": [],
        "grouped_products": [],
        "menu_order": 0,
        "meta_data": [],
        "stock_status": "instock",
        "has_options": bool(goods.options),
        "global_unique_id": "",
        "_links": links(path=f"products/{product_id}", collection="products"),
    }
    if goods.options:
        labels = [label for label, _, _ in goods.options]
        attribute = {"id": 0, "name": goods.option_name, "slug": goods.option_name, "position": 0, "visible": True}
        document["attributes"] = [{**attribute, "variation": True, "options": labels}]
        document["variations"] = [_write_variation(shop, goods, document, option, opened) for option in goods.options]
    shop.database.put("product", product_id, document)


def _write_variation(shop: Shop, goods: Goods, parent: Document, option: tuple[str, str, str], opened: datetime) -> int:
    label, price, ending = option
    variation_id = shop.next_post_id()
    slug = _slug(goods.option_name)
    collection = f"products/{parent['id']}/variations"
    document: Document = {
        "id": variation_id,
        "type": "variation",
        **dates_of(shop, opened),
        "description": "",
        "permalink": f"{parent['permalink']}?attribute_{slug}={label}",
        "sku": f"{goods.sku}-{ending}",
        "global_unique_id": "",
        "price": price,
        "regular_price": price,
        "sale_price": "",
        "on_sale": False,
        "status": "publish",
        "purchasable": True,
        "virtual": False,
        "downloadable": False,
        "tax_status": "taxable",
        "tax_class": goods.tax_class,
        "manage_stock": "parent" if goods.shared_stock else True,
        "stock_quantity": goods.stock if goods.shared_stock else 80,
        "stock_status": "instock",
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "low_stock_amount": None,
        "weight": "",
        "image": None,
        "attributes": [{"id": 0, "name": goods.option_name, "slug": slug, "option": label}],
        "menu_order": 0,
        "meta_data": [],
        "name": label,
        "parent_id": parent["id"],
        "_links": {
            **links(path=f"{collection}/{variation_id}", collection=collection),
            "up": [{"href": f"{HOME}/wp-json/wc/v3/products/{parent['id']}"}],
        },
    }
    shop.database.put("variation", variation_id, document, parent=parent["id"])
    return variation_id


def dates_of(shop: Shop, moment: datetime) -> Document:
    """Created and modified at one moment, in both forms."""
    dates: Document = {}
    shop.stamp(dates, "date_created", moment)
    shop.stamp(dates, "date_modified", moment)
    return dates


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", html.unescape(re.sub(r"<[^>]+>", "", name))).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")[:190]
