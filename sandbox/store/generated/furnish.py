"""Fills an empty database with an invented shop: settings, taxes, goods, coupons, accounts, gateways."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sandbox.store.database import Database, Document
from sandbox.store.documents import BILLING_KEYS, SHIPPING_KEYS, WOOCOMMERCE_VERSION, address, links
from sandbox.store.generated.goods import dates_of, write_product
from sandbox.store.generated.profile import Buyer, Profile
from sandbox.store.shop import HOME, Shop

_FIRST_PRODUCT_ID = 18


def write_settings(database: Database, profile: Profile) -> None:
    """Everything a `Shop` needs before it can be asked anything."""
    country = f"{profile.country}:{profile.state}" if profile.state else profile.country
    general = {
        "woocommerce_store_address": profile.address,
        "woocommerce_store_address_2": "",
        "woocommerce_store_city": profile.city,
        "woocommerce_default_country": country,
        "woocommerce_store_postcode": profile.postcode,
        "woocommerce_calc_taxes": "yes",
        "woocommerce_enable_coupons": "yes",
        "woocommerce_calc_discounts_sequentially": "no",
        "woocommerce_currency": profile.currency,
        "woocommerce_price_num_decimals": "2",
    }
    tax = {
        "woocommerce_prices_include_tax": "yes" if profile.prices_include_tax else "no",
        "woocommerce_tax_based_on": "shipping",
        "woocommerce_shipping_tax_class": profile.shipping_class,
        "woocommerce_tax_round_at_subtotal": "no",
        "woocommerce_tax_display_shop": "incl" if profile.prices_include_tax else "excl",
        "woocommerce_tax_display_cart": "incl" if profile.prices_include_tax else "excl",
        "woocommerce_tax_total_display": "itemized",
    }
    facts: dict[str, Any] = {
        "profile": profile.key,
        "name": profile.name,
        "zone": profile.zone,
        "storage": profile.storage,
        "settings_general": [_setting("general", name, value) for name, value in general.items()],
        "settings_tax": [_setting("tax", name, value) for name, value in tax.items()],
        "tax_classes": [
            {"slug": slug, "name": name, "_links": {"collection": [{"href": f"{HOME}/wp-json/wc/v3/taxes/classes"}]}}
            for slug, name in profile.tax_classes
        ],
        "currency": {
            "code": profile.currency,
            "name": profile.currency_name,
            "symbol": profile.currency_symbol,
            "_links": links(path=f"data/currencies/{profile.currency}", collection="data/currencies", methods=("GET",)),
        },
        "custom_statuses": [{"slug": profile.custom_status[0], "name": profile.custom_status[1]}],
        "system_status": _system_status(profile),
        "last_post": _FIRST_PRODUCT_ID - 1,
        "last_order_number": profile.first_number,
    }
    for name, value in facts.items():
        database.set_fact(name, value)


def write_catalogue(shop: Shop, profile: Profile, opened: datetime) -> None:
    """Taxes, goods, coupons, gateways and accounts, as of the day the shop opened."""
    for place, row in enumerate(profile.taxes):
        document = {
            "id": place + 1,
            "country": row.country,
            "state": row.state,
            "postcode": row.postcodes[-1] if row.postcodes else "",
            "city": row.cities[-1] if row.cities else "",
            "rate": row.percent,
            "name": row.name,
            "priority": row.priority,
            "compound": row.compound,
            "shipping": row.shipping,
            "order": place,
            "class": row.tax_class,
            "postcodes": list(row.postcodes),
            "cities": list(row.cities),
            "_links": links(path=f"taxes/{place + 1}", collection="taxes"),
        }
        shop.database.put("tax", place + 1, document)
    for goods in profile.goods:
        write_product(shop, goods, opened)
    for offer in profile.offers:
        _write_coupon(shop, offer.code, offer.kind, offer.amount, opened, free_shipping=offer.free_shipping)
    for place, (gateway_id, title) in enumerate(profile.gateways, start=1):
        shop.database.put("gateway", place, _gateway(gateway_id, title))
    admin = Buyer("", "", f"admin@{profile.key}.shop.example", "", "", "", "")
    _write_customer(shop, 1, admin, opened, role="administrator", username="admin")
    for place, buyer in enumerate([one for one in profile.buyers if one.registered], start=2):
        _write_customer(shop, place, buyer, opened, role="customer", username=buyer.email.partition("@")[0])


def buyer_address(buyer: Buyer) -> Document:
    """A buyer's billing address; shipping takes the same without the e-mail."""
    return {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "company": buyer.company,
        "address_1": buyer.address,
        "address_2": "",
        "city": buyer.city,
        "state": buyer.state,
        "postcode": buyer.postcode,
        "country": buyer.country,
        "email": buyer.email,
        "phone": buyer.phone,
    }


def _setting(group: str, name: str, value: str) -> Document:
    label = name.removeprefix("woocommerce_").replace("_", " ").capitalize()
    setting: Document = {"id": name, "label": label, "description": "", "type": "text", "default": "", "tip": ""}
    own = links(
        path=f"settings/{group}/{name}", collection=f"settings/{group}", methods=("GET", "POST", "PUT", "PATCH")
    )
    return setting | {"value": value, "_links": own}


def _write_coupon(shop: Shop, code: str, kind: str, amount: str, opened: datetime, *, free_shipping: bool) -> None:
    coupon_id = shop.next_post_id()
    document: Document = {
        "id": coupon_id,
        "code": code,
        "amount": amount,
        "status": "publish",
        **dates_of(shop, opened),
        "discount_type": kind,
        "description": "",
        "date_expires": None,
        "date_expires_gmt": None,
        "usage_count": 0,
        "individual_use": False,
        "product_ids": [],
        "excluded_product_ids": [],
        "usage_limit": None,
        "free_shipping": free_shipping,
        "minimum_amount": "0.00",
        "maximum_amount": "0.00",
        "email_restrictions": [],
        "meta_data": [],
        "_links": links(path=f"coupons/{coupon_id}", collection="coupons"),
    }
    shop.database.put("coupon", coupon_id, document)


def _write_customer(shop: Shop, customer_id: int, buyer: Buyer, opened: datetime, *, role: str, username: str) -> None:
    own = buyer_address(buyer)
    digest = hashlib.sha256(buyer.email.lower().encode()).hexdigest()
    document: Document = {
        "id": customer_id,
        **dates_of(shop, opened),
        "email": buyer.email,
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "role": role,
        "username": username,
        "billing": address(own, BILLING_KEYS),
        "shipping": address(own, SHIPPING_KEYS),
        "is_paying_customer": role == "customer",
        "avatar_url": f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g",
        "meta_data": [],
        "_links": links(path=f"customers/{customer_id}", collection="customers"),
    }
    if role == "administrator":
        shop.stamp(document, "date_modified", None)
    shop.database.put("customer", customer_id, document)


def _gateway(gateway_id: str, title: str) -> Document:
    online = gateway_id in ("stripe", "ppcp-gateway")
    method = {"stripe": "Stripe", "ppcp-gateway": "PayPal"}.get(gateway_id, title)
    setting = {"id": "title", "label": "Title", "type": "safe_text", "value": title, "default": title}
    return {
        "id": gateway_id,
        "title": title,
        "description": "",
        "order": "",
        "enabled": True,
        "method_title": method,
        "method_description": "",
        "method_supports": ["products", "refunds"] if online else ["products"],
        "settings": {"title": setting},
        "needs_setup": False,
        "settings_url": f"{HOME}/wp-admin/admin.php?page=wc-settings&tab=checkout&section={gateway_id}",
        "connection_url": None,
        "_links": links(path=f"payment_gateways/{gateway_id}", collection="payment_gateways"),
    }


def _system_status(profile: Profile) -> Document:
    return {
        "environment": {
            "home_url": HOME,
            "site_url": HOME,
            "version": WOOCOMMERCE_VERSION,
            "wp_version": "7.0",
            "wp_multisite": False,
            "wp_memory_limit": 268435456,
            "wp_debug_mode": False,
            "wp_cron": True,
            "language": "fr_FR" if profile.country == "FR" else "en_US",
            "server_info": "nginx",
            "php_version": "8.2.36",
            "php_max_execution_time": 300,
            "mysql_version": "10.11.19",
            "default_timezone": "UTC",
        },
        "database": {"wc_database_version": WOOCOMMERCE_VERSION, "database_prefix": "wp_"},
        "active_plugins": [
            {"plugin": "woocommerce/woocommerce.php", "name": "WooCommerce", "version": WOOCOMMERCE_VERSION}
        ],
        "settings": {
            "api_enabled": False,
            "force_ssl": False,
            "currency": profile.currency,
            "currency_symbol": profile.currency_symbol,
            "number_of_decimals": 2,
            "HPOS_enabled": profile.storage == "hpos",
            "HPOS_sync_enabled": False,
        },
        "security": {"secure_connection": True, "hide_errors": True},
        "pages": [],
        "post_type_counts": [],
    }
