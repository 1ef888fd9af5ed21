"""Both stand-ins in this process, on free ports, for tests and for `python -m sandbox`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox.company.app import Company
from sandbox.http import Handler, Server
from sandbox.store.app import Store


class RunningSandbox:
    """The servers that were started. A context manager; `stop` ends both."""

    def __init__(
        self, company: Company, company_server: Server, store: Store | None = None, store_server: Server | None = None
    ) -> None:
        self.company = company
        self._company_server = company_server
        self._store = store
        self._store_server = store_server

    @property
    def company_url(self) -> str:
        return self._company_server.url

    @property
    def store(self) -> Store:
        """The store. Raises LookupError when only the company was started."""
        if self._store is None:
            raise LookupError("Only the company was started.")
        return self._store

    @property
    def store_url(self) -> str:
        if self._store_server is None:
            raise LookupError("Only the company was started.")
        return self._store_server.url

    @property
    def connection_details(self) -> dict[str, Any]:
        """What a client needs to connect: `{"store": {...}, "company": {...}}`; the refresh token is valid now."""
        company = self.company
        details: dict[str, Any] = {
            "company": {
                "discovery_url": f"{self.company_url}/.well-known/openid_configuration",
                "api_base_url": self.company_url,
                "client_id": company.client_id,
                "client_secret": company.client_secret,
                "realm_id": company.realm_id,
                "refresh_token": company.refresh_token,
                "webhook_verifier_token": company.webhook_verifier_token,
            }
        }
        if self._store is not None:
            details["store"] = {
                "url": self.store_url,
                "consumer_key": self._store.consumer_key,
                "consumer_secret": self._store.consumer_secret,
            }
        return details

    def stop(self) -> None:
        """Stop listening and close both sides."""
        for server in (self._store_server, self._company_server):
            if server is not None:
                server.stop()
        if self._store is not None:
            self._store.close()
        self.company.close()

    def __enter__(self) -> RunningSandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    *,
    profile: str = "fr",
    orders: int = 200,
    state: Path | None = None,
    latency_ms: int = 0,
    captures: Path | None = None,
    tax_world: str | None = None,
    allow_http_callbacks: bool = False,
    store_port: int = 0,
    company_port: int = 0,
    with_store: bool = True,
) -> RunningSandbox:
    """Start both sides (or, `with_store` false, the company alone); ports of 0 are free ones.

    state: a folder kept across restarts, one sub-folder a side. captures: a folder of captured store answers to serve.
    allow_http_callbacks: the store hands its keys over to plain http addresses too. Raises ValueError and OSError.
    """
    company = Company(
        profile=profile,
        tax_world=tax_world,
        state=None if state is None else state / "company",
        latency_ms=latency_ms,
    )
    company_server = _serve(company.handle, company_port, company.close)
    if not with_store:
        return RunningSandbox(company, company_server)
    store = Store(
        profile=profile,
        orders=orders,
        state=None if state is None else state / "store",
        captures=captures,
        latency_ms=latency_ms,
    )
    store.allow_http_callbacks = allow_http_callbacks

    def close_both() -> None:
        store.close()
        company_server.stop()
        company.close()

    return RunningSandbox(company, company_server, store, _serve(store.handle, store_port, close_both))


def _serve(handler: Handler, port: int, undo: Callable[[], None]) -> Server:
    """A started server; `undo` runs when the port cannot be had."""
    try:
        server = Server(handler, port=port)
    except OSError:
        undo()
        raise
    server.start()
    return server
