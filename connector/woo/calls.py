"""How a store is asked: one call, repeated for seconds if it is a read, counted, timed, and answered in JSON or not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
import tenacity

from connector.errors import RetryableError
from connector.http import AddressPolicy, Retry, Session
from connector.woo.answers import Answer, expect_list, read_answer, translate_failure
from connector.woo.session import USER_AGENT, StoreApi, StoreKeys

TIMEOUT = (5.0, 60.0)
MOST_PER_PAGE = 100
RETRY = Retry(stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(45))
"""At most three times and no new attempt after 45 seconds: a slow shop must not hold a worker for minutes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer. `seconds`: what its last attempt took, so that waiting does not count as slowness."""

    answer: Answer
    headers: Mapping[str, str]
    seconds: float

    def count(self, name: str) -> int:
        """The number in a paging header. Raises RetryableError when it is missing: pages could not be told apart."""
        text = self.headers.get(name, "")
        if not (text.isascii() and text.isdigit()):
            raise RetryableError("store_odd_answer", f"no {name} header: something on the way removes it", side="store")
        return int(text)

    @property
    def date(self) -> datetime:
        """The store's clock, aware UTC."""
        try:
            return parsedate_to_datetime(self.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError) as error:
            raise RetryableError("store_odd_answer", "no usable Date header", side="store") from error


class StoreCalls:
    """The calls of one job to one store. `calls` counts requests, repeated ones included.

    warnings: what plugins printed around the JSON, each text once. Not for several threads at once.
    """

    def __init__(
        self, url: str, keys: StoreKeys, *, guard: AddressPolicy, retry: Retry, timeout: tuple[float, float]
    ) -> None:
        self.url = url.rstrip("/")
        self.calls = 0
        self.warnings: list[str] = []
        self._session = Session(timeout=timeout, event="store.response", guard=guard)
        self._api = StoreApi(self.url, keys, self._session)
        self._retry = retry

    def close(self) -> None:
        """Let the pooled connections go."""
        self._session.close()

    def get(self, endpoint: str, params: Mapping[str, str]) -> Reply:
        return self._read("GET", lambda: self._api.call("GET", endpoint, params=params))

    def options(self, endpoint: str) -> Reply:
        return self._read("OPTIONS", lambda: self._api.call("OPTIONS", endpoint))

    def post(self, endpoint: str, data: object) -> Reply:
        """A write: never repeated once it left."""
        return self._read("POST", lambda: self._api.call("POST", endpoint, data=data))

    def put(self, endpoint: str, data: object) -> Reply:
        return self._read("PUT", lambda: self._api.call("PUT", endpoint, data=data))

    def delete(self, endpoint: str, params: Mapping[str, str]) -> Reply:
        return self._read("DELETE", lambda: self._api.call("DELETE", endpoint, params=params))

    def get_index(self, params: Mapping[str, str]) -> Reply:
        """The REST index, which stands above every version and needs no keys."""
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        return self._read("GET", lambda: self._session.get(f"{self.url}/wp-json/", params=params, headers=headers))

    def all_rows(self, endpoint: str, params: Mapping[str, str]) -> list[object]:
        """Every row of a list that is small, or does not change while it is read."""
        rows: list[object] = []
        page, pages = 1, 1
        while page <= pages:
            reply = self.get(endpoint, {**params, "page": str(page), "per_page": str(MOST_PER_PAGE)})
            rows += expect_list(reply.answer)
            pages = max(pages, reply.count("X-WP-TotalPages"))
            page += 1
        return rows

    def warn(self, text: str) -> None:
        """Keep a warning for the health page, once."""
        if text and text not in self.warnings:
            self.warnings.append(text)

    def _read(self, method: str, send: Callable[[], requests.Response]) -> Reply:
        started = time.monotonic()

        def counted() -> requests.Response:
            nonlocal started
            started = time.monotonic()
            self.calls += 1
            return send()

        try:
            response = self._retry.call(counted, method=method)
        except requests.RequestException as error:
            raise translate_failure(error) from error
        seconds = time.monotonic() - started
        answer = read_answer(response)
        self.warn(answer.warning)
        return Reply(answer, response.headers, seconds)
