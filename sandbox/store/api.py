"""From a request to an endpoint and back: address, method, key, parameters, errors."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sandbox.http import Request, Response
from sandbox.store.auth import authenticate
from sandbox.store.call import Call, api_headers, error_answer
from sandbox.store.errors import ApiError, no_route
from sandbox.store.orders_api import OrderLists
from sandbox.store.routes import Route, build_routes
from sandbox.store.shop import Shop
from sandbox.store.wire import php_query, to_json

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Api:
    """The REST API of one shop. `calls` counts by "METHOD route"."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.calls: Counter[str] = Counter()
        self.rows_read = 0
        self._routes = build_routes(OrderLists())

    def answer(self, request: Request, path: str, *, keys_looked_at: bool = True) -> tuple[Response, Call | None]:
        """The answer to a path below `/wp-json/`, and the call when an endpoint answered it."""
        query = php_query(request.raw_query)
        method = self._method(request, query)
        query.pop("_method", None)
        route, ids = self._find(path)
        self.calls[f"{request.method} {route.template if route else '(none)'}"] += 1
        allow = route.allow if route else ""
        try:
            key = None
            if keys_looked_at and path.startswith("wc/"):
                key = authenticate(request, query, method=method, database=self.shop.database, clock=self.shop.clock)
            if route is None:
                raise no_route()
            if method == "OPTIONS":
                return self._options(route), None
            endpoint = route.endpoints.get("GET" if method == "HEAD" else method)
            if endpoint is None:
                raise no_route()
            call = Call(
                shop=self.shop,
                request=request,
                method=method,
                query=query,
                body=self._body(request),
                ids=ids,
                key=key,
                allow=allow,
                path=path.partition("/")[2].partition("/")[2],
            )
            answer = endpoint(call)
        except ApiError as error:
            return error_answer(error, self.shop, allow), None
        self.rows_read += len(call.rows_shown)
        return answer, call

    def _find(self, path: str) -> tuple[Route | None, tuple[str, ...]]:
        for route in self._routes:
            match = route.pattern.match(path)
            if match is not None:
                return route, tuple(match.groups())
        return None, ()

    def _method(self, request: Request, query: dict[str, Any]) -> str:
        """`_method` in the query of a POST and `X-HTTP-Method-Override` stand for the method."""
        wanted = request.headers.get("x-http-method-override", "")
        if request.method == "POST" and isinstance(query.get("_method"), str):
            wanted = query["_method"]
        return wanted.upper() if wanted.upper() in _METHODS else request.method

    def _body(self, request: Request) -> dict[str, Any]:
        if not request.body or "json" not in request.headers.get("content-type", "json"):
            return php_query(request.body.decode("utf-8", "replace")) if request.body else {}
        try:
            body = request.json()
        except (UnicodeDecodeError, json.JSONDecodeError):
            more = {"json_error_code": 4, "json_error_message": "Syntax error"}
            raise ApiError("rest_invalid_json", "Invalid JSON body passed.", 400, more=more) from None
        return body if isinstance(body, dict) else {}

    def _options(self, route: Route) -> Response:
        methods = [name for name in _METHODS if name in route.endpoints]
        body = to_json({"namespace": "wc/v3", "methods": methods, "endpoints": [{"methods": methods, "args": {}}]})
        return Response(200, body, headers={**api_headers(self.shop), "Allow": route.allow})
