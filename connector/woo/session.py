"""The `woocommerce` package on our own session: pooled connections, timeouts, one signature per request.

The package opens a connection per call, sends the query twice over http and knows no per-call options; all of it lives
in one private method, which is replaced here (a test pins the version and the method).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from woocommerce.api import API
from woocommerce.oauth import OAuth

from connector.http import Session

API_VERSION = "wc/v3"
USER_AGENT = "Juste/1 (WooCommerce REST client)"


@dataclass(frozen=True, slots=True)
class StoreKeys:
    """A pair of REST keys; the secret is never printed."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)


class SignedUrl(AuthBase):
    """One-legged OAuth 1.0a, the only way in over plain http (WooCommerce behaviour, Authentication).

    Signs the prepared URL, so that what is signed is what is sent. Values must hold no "/" (the package leaves it
    unescaped in the signature) and none may be empty (the package drops them).
    """

    def __init__(self, keys: StoreKeys) -> None:
        self._keys = keys

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signer = _Signer(  # type: ignore[no-untyped-call]
            url=request.url,
            consumer_key=self._keys.consumer_key,
            consumer_secret=self._keys.consumer_secret,
            version=API_VERSION,
            method=request.method,
        )
        request.url = signer.get_oauth_url()  # type: ignore[no-untyped-call]
        return request


class StoreApi(API):
    """The package's URL building and verbs over our session."""

    def __init__(self, url: str, keys: StoreKeys, session: Session) -> None:
        super().__init__(url, keys.consumer_key, keys.consumer_secret, version=API_VERSION)  # type: ignore[no-untyped-call]
        self.session = session
        self._auth: AuthBase = (
            HTTPBasicAuth(keys.consumer_key, keys.consumer_secret) if self.is_ssl else SignedUrl(keys)
        )

    def call(
        self, method: str, endpoint: str, *, params: Mapping[str, str] | None = None, data: object = None
    ) -> requests.Response:
        """One request to `endpoint`, e.g. "orders/7/refunds"; whatever `requests` raises comes through."""
        return self._API__request(method, endpoint, data, params)

    # The package's one choke point, under its mangled name: its own get, post, put and delete end here too.
    def _API__request(
        self, method: str, endpoint: str, data: object, params: Mapping[str, str] | None = None, **kwargs: Any
    ) -> requests.Response:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        body = None
        if data is not None:
            body = json.dumps(data, ensure_ascii=False).encode("utf-8")
            headers["Content-Type"] = "application/json;charset=utf-8"
        return self.session.request(
            method,
            self._API__get_url(endpoint),  # type: ignore[attr-defined]  # the package's own, mangled
            params=dict(params or {}),
            data=body,
            headers=headers,
            auth=self._auth,
            allow_redirects=False,
            **kwargs,
        )


class _Signer(OAuth):
    """The package draws its nonces from 100 million: a busy store would refuse one as used every few days."""

    @staticmethod
    def generate_nonce() -> str:
        return secrets.token_hex(16)
