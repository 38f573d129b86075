"""Shopify: offline access tokens that expire, and lists of the REST Admin API by Link header.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
https://shopify.dev/docs/api/admin-rest/usage/pagination
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

from tests.recipes.fake_provider import Provider, at
from tests.support.server import Reply, Seen

DEFAULT_PAGE, LARGEST_PAGE = 50, 250
PATH = "/admin/api/2026-10/"


def updated(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["updated_at"])


class Shopify(Provider):
    """Orders, customers and products of one shop."""

    AUTHORIZE_PATH = "/admin/oauth/authorize"
    TOKEN_PATH = "/admin/oauth/access_token"
    ROTATES = True
    SCOPE = "read_orders,read_customers,read_products"
    LATER = "2024-08-01T10:00:00-04:00"

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "orders": [order(number) for number in range(450)],
            "customers": [customer(number) for number in range(30)],
            "products": [product(number) for number in range(30)],
        }

    def token_fields(self, seen: Seen) -> dict[str, str]:
        # Without it, the token never expires.
        assert seen.form["grant_type"] == "refresh_token" or seen.form["expiring"] == "1"
        return seen.form

    def token_of(self, seen: Seen) -> str | None:
        return seen.headers.get("X-Shopify-Access-Token")

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        more = {"expires_in": 3600, "refresh_token_expires_in": 7776000, "scope": self.SCOPE}
        return {**tokens, **more}

    def refuse_grant(self) -> Reply:
        said = "The refresh token is invalid or expired"
        return Reply({"error": "invalid_grant", "error_description": said}, 400)

    def unauthorized(self) -> Reply:
        said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        return Reply({"errors": said}, 401)

    def forbidden(self) -> Reply:
        said = "[API] This action requires merchant approval for read_orders scope."
        return Reply({"errors": said}, 403)

    def too_many(self) -> Reply:
        said = "Exceeded 2 calls per second for api client."
        headers = {"Retry-After": "0.0", "X-Shopify-Shop-Api-Call-Limit": "40/40"}
        return Reply({"errors": said}, 429, headers)

    def data(self, seen: Seen) -> Any:
        name = seen.path.removeprefix(PATH).removesuffix(".json")
        if name not in self.rows:
            return Reply({"errors": "Not Found"}, 404)
        asked = dict(seen.query)
        start = 0
        if info := asked.pop("page_info", None):
            # Only limit and fields may stand next to it.
            if asked.keys() - {"limit", "fields"}:
                return Reply({"errors": {"page_info": "Invalid value."}}, 400)
            start, asked = json.loads(urlsafe_b64decode(info))
        size = int(asked.get("limit", DEFAULT_PAGE))
        if size > LARGEST_PAGE:
            return Reply({"errors": {"limit": "Invalid value."}}, 400)
        rows = self._select(name, asked)
        stop, headers = start + size, {}
        if stop < len(rows):
            info = urlsafe_b64encode(json.dumps([stop, asked]).encode()).decode()
            link = f"{self.url}{seen.path}?limit={size}&page_info={info}"
            headers["Link"] = f'<{link}>; rel="next"'
        return Reply({name: rows[start:stop]}, 200, headers)

    def _select(self, name: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        assert asked["order"] == "updated_at asc"
        # Orders that are closed or cancelled come only when asked for.
        assert name != "orders" or asked["status"] == "any"
        since = datetime.fromisoformat(asked["updated_at_min"])
        rows = sorted((row for row in self.rows[name] if updated(row) >= since), key=updated)
        fields = asked["fields"].split(",")
        return [{one: row[one] for one in fields if one in row} for row in rows]


def resource(kind: str, number: int) -> dict[str, Any]:
    return {
        "id": 450789469000 + number,
        "created_at": "2023-12-01T08:00:00-05:00",
        "updated_at": at(number, "%Y-%m-%dT%H:%M:%S-05:00"),
        "tags": "imported, vip",
        "admin_graphql_api_id": f"gid://shopify/{kind}/{450789469000 + number}",
    }


def order(number: int) -> dict[str, Any]:
    return {
        **resource("Order", number),
        "name": f"#{1001 + number}",
        "order_number": 1001 + number,
        "email": "customer@example.com",
        "processed_at": "2023-12-01T08:00:00-05:00",
        "cancelled_at": None,
        "cancel_reason": None,
        "closed_at": None,
        "currency": "USD",
        "presentment_currency": "USD",
        "financial_status": "partially_refunded",
        "fulfillment_status": None,
        "source_name": "web",
        "note": None,
        "test": False,
        "taxes_included": False,
        # Amounts are strings, to the cent.
        "total_price": "598.94",
        "subtotal_price": "597.00",
        "total_tax": "11.94",
        "total_discounts": "10.00",
        "total_line_items_price": "597.00",
        "total_weight": 0,
        "customer": {"id": 207119551, "email": "customer@example.com"},
        "line_items": [{"id": 466157049, "sku": "IPOD2008GREEN", "price": "199.00"}],
        "shipping_lines": [],
        "tax_lines": [{"price": "11.94", "rate": 0.06, "title": "State Tax"}],
        "discount_codes": [],
        "refunds": [],
        "fulfillments": [],
        "billing_address": {"city": "Louisville", "latitude": 45.41634},
        "shipping_address": None,
    }


def customer(number: int) -> dict[str, Any]:
    return {
        **resource("Customer", number),
        "email": f"customer{number}@example.com",
        "phone": "+16136120707",
        "first_name": "Customer",
        "last_name": str(number),
        "state": "disabled",
        "verified_email": True,
        "currency": "USD",
        "note": None,
        "tax_exempt": False,
        "tax_exemptions": [],
        "email_marketing_consent": {"state": "not_subscribed", "opt_in_level": None},
        "orders_count": 1,
        "total_spent": "199.65",
        "last_order_id": 450789469,
        "last_order_name": "#1001",
        "addresses": [{"id": 207119551, "city": "Louisville"}],
        "default_address": {"id": 207119551, "city": "Louisville"},
    }


def product(number: int) -> dict[str, Any]:
    return {
        **resource("Product", number),
        "title": f"Product {number}",
        "body_html": "<p>Small.</p>",
        "vendor": "Vendor",
        "product_type": "Cult Products",
        "handle": f"product-{number}",
        "status": "active",
        "published_at": "2023-12-01T08:00:00-05:00",
        "published_scope": "web",
        "template_suffix": None,
        "options": [{"id": 594680422, "name": "Color", "values": ["Pink"]}],
        "variants": [{"id": 808950810, "price": "199.00", "inventory_quantity": 10}],
        "images": [],
        "image": None,
    }
