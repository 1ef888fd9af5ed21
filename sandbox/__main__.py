"""`python -m sandbox`: a stand-in store and company for demonstrations, tests and benchmarks.

Prints one JSON line with all connection details once both listen, then serves until SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox.running import start


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        running = start(
            profile=options.profile,
            orders=options.orders,
            state=options.state,
            latency_ms=options.latency,
            captures=options.captures,
            tax_world=options.tax,
            allow_http_callbacks=options.allow_http_callbacks,
            store_port=options.store_port,
            company_port=options.company_port,
        )
    except (ValueError, OSError) as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 1
    print(json.dumps(running.connection_details), flush=True)
    while not stopped.wait(3600):
        continue
    # Everything answered is committed already: leave at once, whatever clients still hold open.
    sys.stderr.flush()
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--store-port", type=int, default=8101, help="port of the store, 0 for a free one")
    parser.add_argument("--company-port", type=int, default=8201, help="port of the company, 0 for a free one")
    parser.add_argument("--orders", type=int, default=200, help="how many orders the store holds")
    parser.add_argument("--profile", choices=("fr", "us", "ca", "gb"), default="fr", help="country of both sides")
    parser.add_argument("--tax", choices=("off", "us_automated", "us_manual", "global"), help="the company's tax world")
    parser.add_argument("--state", type=Path, help="folder that keeps both sides across restarts")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds every call takes at least")
    parser.add_argument("--captures", type=Path, help="folder of captured store answers to serve")
    parser.add_argument(
        "--allow-http-callbacks", action="store_true", help="let the store hand its keys over to http addresses"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
