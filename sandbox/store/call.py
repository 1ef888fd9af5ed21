"""One API call on its way to an endpoint, and answers in WordPress's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.http import Request, Response
from sandbox.store.database import Document, Row
from sandbox.store.errors import ApiError, forbidden
from sandbox.store.listing import Page, page_headers
from sandbox.store.rendering import with_decimals
from sandbox.store.shop import HOME, Shop
from sandbox.store.wire import cut, parse_fields, to_json

_MAY_MANAGE = ("administrator", "shop_manager")
_RENDERED_FORMS = 8
_NO_CACHE = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}


@dataclass(slots=True)
class Call:
    """A request that reached a route. `body` is its JSON object, `ids` the numbers in its path."""

    shop: Shop
    request: Request
    method: str
    query: dict[str, Any]
    body: dict[str, Any]
    ids: tuple[str, ...]
    key: Document | None
    allow: str = ""
    path: str = ""
    rows_shown: list[Row] = field(default_factory=list)
    following: Row | None = None

    @property
    def id(self) -> int:
        """The last id in the path."""
        return int(self.ids[-1])

    @property
    def parent_id(self) -> int:
        return int(self.ids[0])

    @property
    def force(self) -> bool:
        return str({**self.body, **self.query}.get("force", "")).lower() in ("true", "1")

    def demand(self, action: str) -> None:
        """Refuse (401 nobody, 403 a user without the right) what only shop managers may do."""
        if self.key is None or self.key["role"] not in _MAY_MANAGE:
            raise forbidden(action, signed_in=self.key is not None)

    # Answers ----------------------------------------------------------------------------------------------------

    def answer(self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Any JSON, cut down to `_fields`."""
        fields = self.query.get("_fields")
        if isinstance(fields, str) and fields:
            wanted = parse_fields(fields)
            value = [cut(one, wanted) for one in value] if isinstance(value, list) else cut(value, wanted)
        return self.send(at_home(self.shop, to_json(value)), status, headers)

    def answer_row(self, kind: str, row: Row, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        return self.send(self.render(kind, row), status, headers)

    def answer_page(self, kind: str, page: Page, query: Mapping[str, Any]) -> Response:
        """A list with its paging headers; `query` are the parameters as understood."""
        self.rows_shown, self.following = page.rows, page.following
        url = f"{self.shop.home}/wp-json/wc/v3/{self.path}"
        body = b"[" + b",".join(self.render(kind, row) for row in page.rows) + b"]"
        return self.send(body, 200, page_headers(page, url, query))

    def send(self, body: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
        return Response(status, body, headers={**self.headers(), **(headers or {})})

    def headers(self) -> dict[str, str]:
        return {**api_headers(self.shop), **({"Allow": self.allow} if self.allow else {})}

    def render(self, kind: str, row: Row) -> bytes:
        """A row's JSON, kept ready until the row changes. `kind` "refund_of_order" hides the parent."""
        decimals = self.decimals if kind in ("order", "refund", "refund_of_order") else 0
        fields = str(self.query.get("_fields", "")) if isinstance(self.query.get("_fields", ""), str) else ""
        form = (decimals, f"{kind} {fields}")
        ready = row.rendered.get(form)
        if ready is None:
            ready = at_home(self.shop, to_json(self._shape(kind, row, decimals, fields)))
            if len(row.rendered) >= _RENDERED_FORMS:
                row.rendered.clear()
            row.rendered[form] = ready
        return ready

    @property
    def decimals(self) -> int:
        """`dp`, the price decimals of the store unless told."""
        text = str(self.query.get("dp", ""))
        return int(text) if text.isdigit() else self.shop.decimals

    def document(self, kind: str, row: Row) -> Document:
        """A row as the API shows it, whole."""
        document: Document = self._shape(kind, row, self.decimals, "")
        return document

    def _shape(self, kind: str, row: Row, decimals: int, fields: str) -> Any:
        document = row.document
        if kind in ("order", "refund", "refund_of_order"):
            document = with_decimals(document, decimals)
        if kind == "refund_of_order":
            del document["parent_id"]
        return cut(document, parse_fields(fields)) if fields else document


def at_home(shop: Shop, body: bytes) -> bytes:
    """Links in a document lead to the address the store is reached at."""
    return body.replace(_escaped(HOME), _escaped(shop.home))


def api_headers(shop: Shop) -> dict[str, str]:
    """The headers every answer of the API has."""
    return {
        "Date": shop.clock.http_date(),
        "X-Powered-By": "PHP/8.2.36",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
        "Access-Control-Allow-Headers": "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type",
        **_NO_CACHE,
    }


def error_answer(error: ApiError, shop: Shop, allow: str = "") -> Response:
    headers = {**api_headers(shop), "Link": f'<{shop.home}/wp-json/>; rel="https://api.w.org/"'}
    if allow:
        headers["Allow"] = allow
    return Response(error.status, to_json(error.document), headers=headers)


def _escaped(address: str) -> bytes:
    return address.replace("/", "\\/").encode("ascii")
