"""What may differ from one company to the next and is documented nowhere: set it, and see the product cope.

Read and changed at `/_sandbox/behaviour`:

- `overrides`: what happens to tax amounts sent (TotalTax, TaxLine) that differ from the company's own arithmetic.
  `keep` them, keep them within `override_tolerance` per rate and refuse more (`tolerance`), silently use the own
  arithmetic (`ignore`), or `refuse` any difference.
- `override_tolerance`: "0.05"; `ignored_below`: differences smaller than this are silently ignored ("0": none is).
- `automated`: whether automated sales tax keeps a TotalTax that was sent, shared over its own rates (`keep`), or goes
  by its own arithmetic all the same (`ignore`).
- `rounding`: `per_rate` (once per rate on the sum of net amounts) or `per_line`.
- `three_decimals`: amounts in Kuwaiti dinars and their like are kept to the thousandth (`keep`) or rounded to the
  hundredth, which refuses a line that has three (`round`).
- `duplicate_numbers`: `refuse` or `accept`; `number_family`: numbers are unique per `type` or over `all` sales types.
- `keep_request_ids`: false forgets them, as after their (undocumented) retention.
- `repeats`: what a repeated request id gets: the original answer (`replay`) or fault 600 (`600`).
- `inactive_items`: `610` or `6000`: which fault a line with an inactive item meets.
- `old_refresh_token_seconds`: how long a refresh token works after it was replaced; 0: not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from sandbox.company.values import decimal_of, plain

_CHOICES = {
    "overrides": ("keep", "tolerance", "ignore", "refuse"),
    "automated": ("keep", "ignore"),
    "rounding": ("per_rate", "per_line"),
    "three_decimals": ("round", "keep"),
    "duplicate_numbers": ("refuse", "accept"),
    "number_family": ("type", "all"),
    "inactive_items": ("610", "6000"),
    "repeats": ("replay", "600"),
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One company's undocumented habits; see the module."""

    overrides: str = "keep"
    override_tolerance: Decimal = Decimal("0.05")
    ignored_below: Decimal = Decimal(0)
    automated: str = "keep"
    rounding: str = "per_rate"
    three_decimals: str = "round"
    duplicate_numbers: str = "refuse"
    number_family: str = "type"
    inactive_items: str = "610"
    keep_request_ids: bool = True
    repeats: str = "replay"
    old_refresh_token_seconds: int = 86_400

    def changed(self, wanted: Mapping[str, Any]) -> Behaviour:
        """With those values. Raises ValueError with a sentence that says what is possible."""
        values: dict[str, Any] = {}
        for name, value in wanted.items():
            if name in _CHOICES:
                if str(value) not in _CHOICES[name]:
                    raise ValueError(f"{name} must be one of {', '.join(_CHOICES[name])}.")
                values[name] = str(value)
            elif name in ("override_tolerance", "ignored_below"):
                values[name] = decimal_of(value)
            elif name == "keep_request_ids":
                values[name] = bool(value)
            elif name == "old_refresh_token_seconds":
                values[name] = int(value)
            else:
                raise ValueError(f"There is no behaviour {name!r}; see GET /_sandbox/.")
        return replace(self, **values)

    def described(self) -> dict[str, Any]:
        """As JSON; decimals as texts."""
        return {key: plain(value) if isinstance(value, Decimal) else value for key, value in asdict(self).items()}
