"""The means by which a document's tax is made equal to the store's, in their order (product specification §7).

1. QuickBooks' own arithmetic already gives it. 2. The store's amounts are stated. 3. Two lines that cancel move the
base a little, so that the company's own arithmetic gives it. 4. A rounding line of up to two cents for each rate.
Worked tables: docs/money.md.
"""

from __future__ import annotations

from decimal import Decimal

from connector.accounting.money import ZERO
from connector.accounting.policy import TaxPolicy

DEVIATION_UNITS = 5
ROUNDING_UNITS_PER_RATE = 2
"""The limits of means 2 and 4: 0.05 (or a cent for each line), and 0.02 for each rate."""


def may_state(taxes: TaxPolicy) -> bool:
    """The company is not known to ignore or refuse amounts, and the merchant has not forbidden them."""
    return taxes.override != "never" and taxes.overrides not in ("ignored", "refused")


def must_state(taxes: TaxPolicy) -> bool:
    return may_state(taxes) and (taxes.override == "always" or taxes.prediction_wrong)


def trusts_arithmetic(taxes: TaxPolicy) -> bool:
    """Our prediction of this company's arithmetic has not been proved wrong."""
    return not taxes.prediction_wrong


def within_deviation(targets: dict[str, Decimal], computed: dict[str, Decimal], lines: int, unit: Decimal) -> bool:
    """No stated amount is further from the computed one than the company can be expected to keep."""
    limit = unit * max(DEVIATION_UNITS, lines)
    return all(abs(target - computed.get(rate_id, ZERO)) <= limit for rate_id, target in targets.items())
