"""Connecting a store and a company: how it begins, what is checked and read at once, how it ends and comes back.

store.py     an address and keys, checked live      handover.py  WooCommerce's key hand-over page
company.py   tokens, facts, name lists, links       consent.py   Intuit's consent page
hooks.py     a shop's webhooks
attempts.py  single-use states of both pages        ending.py    disconnecting, revoking
watching.py  idle, lost and regained connections    telling.py   failures as sentences for a terminal
"""

from sync.connections.company import connect_company, link_company, read_company
from sync.connections.store import StoreCheck, connect_store
from sync.connections.telling import explain

__all__ = ["StoreCheck", "connect_company", "connect_store", "explain", "link_company", "read_company"]
