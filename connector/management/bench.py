"""`python -m connector.management.bench`: calls and seconds per 100 orders, through the product's own commands.

For receipts and for invoices with payments, each against fresh stand-ins and an empty database: the first sync (every
buyer and product is new), as many orders again (all known by now), and a run with nothing to do.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from connector.management.demo.environment import demo_environment, enter
from connector.management.stand_in import ROOT, StandIn

SALES = ("sales_receipt", "invoice")
COLUMNS = ("", "seen", "synced", "QBO calls", "per 100", "metered reads", "store calls", "seconds", "orders/s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--orders", type=int, default=200, help="orders of each sync (200)")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds added to every answer (0)")
    parser.add_argument("--sale", choices=SALES, help="one kind of document only")
    parser.add_argument("--json", action="store_true", help="the summaries of the sync command, one a line")
    options = parser.parse_args()
    if options.sale:
        measure(options.sale, orders=options.orders, latency=options.latency, as_json=options.json)
        return 0
    # A process each: settings are read once, and neither warms the other up.
    given = ["--orders", str(options.orders), "--latency", str(options.latency), *(["--json"] if options.json else [])]
    for sale in SALES:
        command = [sys.executable, "-m", "connector.management.bench", "--sale", sale, *given]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603  (ourselves)
        if code:
            return code
    return 0


def measure(sale: str, *, orders: int, latency: int, as_json: bool) -> None:
    """Prints one row for each of the three syncs."""
    with tempfile.TemporaryDirectory(prefix="juste-bench-") as name:
        folder = Path(name)
        extra = ["--profile", "fr", "--orders", str(orders), "--latency", str(latency)]
        with StandIn(folder, store_port=0, company_port=0, options=extra) as stand_in:
            enter(demo_environment(stand_in.details, folder=folder, port=8000))
            # Everything that reads the settings is imported here, once they point to the stand-ins.
            import django

            django.setup()
            from django.core.management import call_command

            from connector.management.demo.merchant import SLUG, set_up

            def sync() -> dict[str, Any]:
                printed = io.StringIO()
                call_command("sync", SLUG, "--json", stdout=printed)
                summary: dict[str, Any] = json.loads(printed.getvalue())
                return summary

            call_command("migrate", verbosity=0, interactive=False)
            set_up(stand_in.details, folder, sale=sale)
            rows = {"all new": sync()}
            _add_orders(stand_in.details["store"]["url"], orders)
            time.sleep(2)  # a run reads up to the second it starts in
            rows["all known"] = sync()
            rows["nothing to do"] = sync()
    if as_json:
        for what, summary in rows.items():
            _say(json.dumps({"sale": sale, "what": what, **summary}))
        return
    _say(f"\n{sale.replace('_', ' ')}, {orders} orders, {latency} ms latency")
    _say(_line(COLUMNS))
    for what, summary in rows.items():
        _say(_line((what, *_figures(summary))))


def _figures(summary: dict[str, Any]) -> tuple[str, ...]:
    synced, calls, seconds = summary["synced"], summary["qbo_calls"], summary["seconds"]
    per_hundred = f"{calls * 100 / synced:.1f}" if synced and calls else "–"
    speed = f"{synced / seconds:.0f}" if calls and seconds else "–"
    figures = (summary["seen"], synced, calls, per_hundred, summary["qbo_reads"], summary["woo_calls"])
    return (*(str(figure) for figure in figures), f"{seconds:.2f}", speed)


def _line(cells: tuple[str, ...]) -> str:
    return f"{cells[0]:<14}" + "".join(f"{cell:>{max(len(title), 6) + 2}}" for cell, title in _pairs(cells))


def _pairs(cells: tuple[str, ...]) -> list[tuple[str, str]]:
    return list(zip(cells[1:], COLUMNS[1:], strict=True))


def _add_orders(store_url: str, count: int) -> None:
    body = json.dumps({"add": count}).encode()
    request = urllib.request.Request(f"{store_url}/_sandbox/orders", data=body)  # noqa: S310  (our own child)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # nosec B310
        answer.read()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
