"""Starts the demo in the right order, waits for Ctrl-C, and stops it in the reverse one."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from connector.management.demo.environment import FOLDER, demo_environment, enter, port_problem
from connector.management.stand_in import ROOT, StandIn, StandInFailed, end_left_behind

STOP_SECONDS = 2.0
WATCH_SECONDS = 0.5


def parser() -> argparse.ArgumentParser:
    """Every option also has a variable, for `make demo`."""
    options = argparse.ArgumentParser(
        prog="manage.py demo", description="The whole service with a stand-in store and company. Ctrl-C stops it."
    )
    for name, default, what in (
        ("PORT", 8000, "the service"),
        ("STORE_PORT", 8101, "the stand-in store"),
        ("COMPANY_PORT", 8201, "the stand-in QuickBooks company"),
    ):
        options.add_argument(
            f"--{name.lower().replace('_', '-')}",
            type=int,
            default=os.environ.get(name) or default,
            help=f"port of {what} ({default}; variable {name})",
        )
    options.add_argument("--orders", type=int, default=240, help="orders the store begins with (240)")
    options.add_argument(
        "--reset",
        action="store_true",
        default=os.environ.get("RESET", "") not in ("", "0"),
        help="forget everything and begin anew (variable RESET=1)",
    )
    options.add_argument("--folder", type=Path, default=FOLDER, help="where everything of the demo is kept (var/demo)")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    stopped = threading.Event()
    on_signals(lambda: sys.exit(0))  # while it starts, everything of the demo is on this thread's stack
    folder: Path = options.folder.resolve()
    end_left_behind(folder)
    problems = [
        problem
        for name in ("PORT", "STORE_PORT", "COMPANY_PORT")
        if (problem := port_problem(name, getattr(options, name.lower())))
    ]
    if problems:
        complain("\n".join(problems))
        return 1
    if options.reset:
        forget(folder)
    folder.mkdir(parents=True, exist_ok=True)
    say("Starting the demo …")
    try:
        with StandIn(
            folder,
            store_port=options.store_port,
            company_port=options.company_port,
            options=[
                *("--profile", "fr", "--orders", str(options.orders), "--state", str(folder / "sandbox")),
                "--allow-http-callbacks",
            ],
        ) as stand_in:
            enter(demo_environment(stand_in.details, folder=folder, port=options.port))
            return serve(stand_in, folder=folder, port=options.port, stopped=stopped)
    except StandInFailed as error:
        complain(f"The demo cannot start. {error}")
        return 1


def on_signals(act: Callable[[], object]) -> None:
    """What Ctrl-C, and whoever stops services, sets off from now on."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        act()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def forget(folder: Path) -> None:
    """Removes a demo's folder; one that holds no demo stays as it is."""
    if (folder / "stand-in.log").exists() and (folder / "sandbox").exists():
        shutil.rmtree(folder)


def serve(stand_in: StandIn, *, folder: Path, port: int, stopped: threading.Event) -> int:
    """Runs the service until it is stopped or the stand-ins die."""
    # Everything that reads the settings is imported here, once the environment is the demo's.
    import django

    django.setup()
    from django.core.management import CommandError, call_command

    from connector.management.demo.buyers import Buyers
    from connector.management.demo.merchant import passwords, set_up

    call_command("migrate", verbosity=0, interactive=False)
    with (ROOT / "var" / "static.lock").open("w") as lock:  # two demos may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("collectstatic", verbosity=0, interactive=False)
    try:
        tenant = set_up(stand_in.details, folder)
    except (CommandError, ValueError) as error:
        complain(f"The demo cannot start. {error}\nRESET=1 make demo begins anew.")
        return 1

    from connector.management.demo.service import Service, listen_to_books, resume

    on_signals(stopped.set)
    service = Service(port=port, folder=folder)
    service.start()
    resume(tenant)
    listen_to_books(stand_in.details["company"]["api_base_url"])
    buyers = Buyers(stand_in.details["store"]["url"])
    buyers.start()
    say(welcome(stand_in, port=port, passwords=passwords(folder)))
    code = 0
    while not stopped.wait(WATCH_SECONDS):
        if not stand_in.is_running:
            complain(f"The stand-in store and company ended. {stand_in.last_words()}")
            code = 1
            break
    say("\nStopping …")
    buyers.stop()
    if not service.stop(STOP_SECONDS):
        # A worker thread waits for an answer: rows are the truth, so the next start goes on where this one ends.
        stand_in.stop()
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    return code


def welcome(stand_in: StandIn, *, port: int, passwords: dict[str, str]) -> str:
    details = stand_in.details
    people = "\n".join(f"  Sign in   {email}   password: {password}" for email, password in passwords.items())
    return (
        f"\nMaison Dupont is connected. The second person may only look.\n\n"
        f"  Juste     http://127.0.0.1:{port}/\n{people}\n"
        f"  Store     {details['store']['url']}/   (stand-in WooCommerce; a new order every minute or so)\n"
        f"  Books     {details['company']['api_base_url']}/   (stand-in QuickBooks)\n\n"
        "Ctrl-C stops everything; the next start continues here, RESET=1 begins anew."
    )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
