"""Addresses of the Mappings pages and of the decisions in cards."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from sync.web import picking
from sync.web.cures import views as cures
from sync.web.mappings import customers, payments, products, taxes

workspace_urls: list[URLPattern | URLResolver] = [
    path("attention/cure/", cures.take_cure, name="take_cure"),
    path("attention/cure/undo/", cures.undo_cure, name="undo_cure"),
    path("items/", picking.item_options, name="item_options"),
    path("mappings/", taxes.first, name="mappings"),
    path("mappings/taxes/", taxes.taxes, name="mapping_taxes"),
    path("mappings/taxes/save/", taxes.save, name="mapping_tax_save"),
    path("mappings/taxes/accept/", taxes.accept, name="mapping_taxes_accept"),
    path("mappings/taxes/check/", taxes.check, name="mapping_taxes_check"),
    path("mappings/payments/", payments.payments, name="mapping_payments"),
    path("mappings/payments/save/", payments.save, name="mapping_payment_save"),
    path("mappings/payments/default/", payments.save_default, name="mapping_default_account"),
    path("mappings/payments/accept/", payments.accept, name="mapping_payments_accept"),
    path("mappings/products/", products.products, name="mapping_products"),
    path("mappings/products/choose/", products.choose, name="mapping_product_choose"),
    path("mappings/products/save/", products.save, name="mapping_product_save"),
    path("mappings/customers/", customers.customers, name="mapping_customers"),
    path("mappings/customers/choose/", customers.choose, name="mapping_customer_choose"),
    path("mappings/customers/save/", customers.save, name="mapping_customer_save"),
]
