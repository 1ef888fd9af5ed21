"""Answers of the API that are errors, with WooCommerce's codes and sentences (captured in errors.json)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An error answer: `{"code", "message", "data": {"status", ...}}`. `data` replaces the usual data object."""

    def __init__(
        self, code: str, message: str, status: int, *, more: Mapping[str, Any] | None = None, data: Any = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data: Any = {"status": status, **(more or {})} if data is None else data

    @property
    def document(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": self.data}


def no_route() -> ApiError:
    return ApiError("rest_no_route", "No route was found matching the URL and request method.", 404)


def invalid_id(kind: str, status: int = 404) -> ApiError:
    """`kind` as WooCommerce names it: shop_order, product, product_variation, shop_coupon."""
    return ApiError(f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.", status)


def invalid_params(problems: Mapping[str, tuple[str, str, Any]]) -> ApiError:
    """Name -> (code, sentence, data) of every parameter that is wrong, in the order of the route's parameters."""
    return ApiError(
        "rest_invalid_param",
        f"Invalid parameter(s): {', '.join(problems)}",
        400,
        more={
            "params": {name: sentence for name, (_, sentence, _) in problems.items()},
            "details": {
                name: {"code": code, "message": sentence, "data": data}
                for name, (code, sentence, data) in problems.items()
            },
        },
    )


def authentication_error(message: str) -> ApiError:
    return ApiError("woocommerce_rest_authentication_error", message, 401)


_FORBIDDEN = {
    "list": ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
    "view": ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource."),
    "create": ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources."),
    "edit": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "delete": ("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource."),
    "batch": ("woocommerce_rest_cannot_batch", "Sorry, you are not allowed to batch manipulate this resource."),
}


def forbidden(action: str, *, signed_in: bool) -> ApiError:
    """401 for nobody, 403 for a user without the right."""
    code, message = _FORBIDDEN[action]
    return ApiError(code, message, 403 if signed_in else 401)
