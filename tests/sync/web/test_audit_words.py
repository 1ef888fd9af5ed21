"""The audit trail reads as sentences: every action has words, and values are what people chose, not ids."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from sync.models import Mapping as SeenInStore
from sync.web.audit_words import ACTIONS, AuditLine, lines_of
from sync.web.manage.words import rows_called
from tenants.audit import log_change
from tenants.models import AuditEntry
from tests.factories import Cast

ROOT = Path(__file__).parents[3]


def written_actions() -> set[str]:
    """Every action that the code names where an entry is left."""
    found = set()
    for path in [*(ROOT / "sync").rglob("*.py"), *(ROOT / "tenants").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == "log_change":
                found |= _texts(node.args[1])
            if name in ("save_choices", "_save", "log_change"):
                found |= {text for word in node.keywords if word.arg == "action" for text in _texts(word.value)}
    return found


def _texts(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_every_action_has_words() -> None:
    actions = written_actions()
    assert {"store.disconnected", "mappings.taxes", "member_role", "books.compared"} <= actions
    assert actions - set(ACTIONS) == set()
    dynamic = {
        *(f"setup.{step}" for step in ("orders", "mappings", "extras", "on")),
        *(f"records.{kind}" for kind in ("resync", "keep", "replace", "undo", "post_again", "accept")),
        *(f"refunds.{way}" for way in ("alone", "ignore")),
        "stock",
    }
    assert dynamic - set(ACTIONS) == set()


def told(people: Cast, action: str, changes: dict[str, Any], **words: Any) -> AuditLine:
    entry = log_change(people.tenant, action, changes, **{"user": people.alice, **words})
    with rows_called(people.tenant):
        return lines_of([AuditEntry.objects.get(pk=entry.pk)])[0]


RATES = [{"rate_ids": [7], "tax_code": {"id": "3", "name": "20.0% S"}, "percent": "20"}]


def test_a_row_of_a_mapping_is_a_change_of_its_own(people: Cast) -> None:
    SeenInStore.objects.create(tenant=people.tenant, kind="tax_rate", store_key="7", label="TVA 20 %")
    SeenInStore.objects.create(tenant=people.tenant, kind="gateway", store_key="stripe", label="Card (Stripe)")
    more = [*RATES, {"rate_ids": [8, 9], "tax_code": {"id": "4", "name": "10.0% S"}}]
    [line] = told(people, "mappings.taxes", {"taxes.rates": [RATES, more]}).changes
    assert (line.field.partition(" · ")[2], line.before, line.after) == ("8 + 9", "none", "10.0% S")
    [line] = told(people, "mappings.taxes", {"taxes.rates": [RATES, []]}).changes
    assert (line.field.partition(" · ")[2], line.before, line.after) == ("TVA 20 %", "20.0% S", "none")
    row = {"gateway": "stripe", "account": {"id": "5", "name": "Stripe"}, "payment_method": None, "record": True}
    methods = {"payments.methods": [[row], [{**row, "account": None, "record": False}]]}
    [line] = told(people, "mappings.payments", methods).changes
    assert (line.field.partition(" · ")[2], line.before, line.after) == ("Card (Stripe)", "Stripe", "do not record")


def test_options_read_as_their_labels_in_both_languages(people: Cast) -> None:
    changes = {
        "orders.document": ["invoice", "sales_receipt"],
        "orders.shipping_item": [None, {"id": "9", "name": "Port"}],
        "orders.automatic_numbers": [False, True],
    }
    english = told(people, "options", changes)
    assert (english.changes[0].before, english.changes[0].after) == ("Invoice", "Sales receipt")
    assert english.changes[1].after == "Port"
    assert english.changes[1].before
    assert (english.changes[2].before, english.changes[2].after) == ("off", "on")
    with translation.override("fr"):
        french = told(people, "options", changes)
    assert french.what == "Modification des paramètres"
    assert (french.changes[0].before, french.changes[0].after) == ("Facture", "Reçu de vente")


@pytest.mark.parametrize(("language", "words"), [("en", "Order #12 and Refund #13"), ("fr", "Commande n° 12 et ")])
def test_records_are_named_and_never_shown_as_code(people: Cast, language: str, words: str) -> None:
    with translation.override(language):
        line = told(people, "records.resync", {"records": [[], ["order 12", "refund 13"]]})
    assert line.changes[0].after.replace("\xa0", " ").startswith(words)
    assert "[" not in line.changes[0].after
    machine = told(people, "options", {}, user=None, who="tenant_apply")
    assert machine.who == "The command line"
