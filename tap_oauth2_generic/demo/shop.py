"""Invented shop: orders by region and year, prices, stock, articles, customers.

Pure functions of running numbers, so that every start has the same data. No HTTP, no paging.
"""

from __future__ import annotations

from tap_oauth2_generic.demo.records import Record, pick
from tap_oauth2_generic.demo.sample_values import FAMILY_NAMES, GIVEN_NAMES, TOPICS

REGIONS = ("Nord/Süd", "Ost & West", "Übersee?")
"""Names that a path must escape."""
YEARS = (2023, 2024, 2025)
STATUSES = ("open", "paid", "cancelled")
CURRENCIES = ("EUR", "USD")

ORDERS = 270
PRICES = 12
STOCK = 57
REPORTED_STOCK = 60
"""Total that the API reports, three more than it returns."""
ARTICLES = 35
CUSTOMERS = 25


def orders(currency: str) -> list[Record]:
    """Return all orders, with amounts in ``currency``."""
    return [_order(number, currency) for number in range(ORDERS)]


def prices() -> dict[str, Record]:
    """Return the prices by article number."""
    return {
        f"A-{100 + number}": {"net": 10 + number, "tax": {"percent": pick((19, 7), number)}}
        for number in range(PRICES)
    }


def stock() -> list[Record]:
    """Return the items of stock."""
    return [{"id": number, "pieces": number * 7 % 40} for number in range(STOCK)]


def articles() -> list[Record]:
    """Return the articles."""
    return [{"id": number, "title": pick(TOPICS, number)} for number in range(ARTICLES)]


def customers() -> list[Record]:
    """Return flat records whose strings contain commas, quotes and line breaks."""
    return [
        {
            "id": number,
            "name": f"{pick(FAMILY_NAMES, number)}, {pick(GIVEN_NAMES, number)}",
            "note": pick(TOPICS, number) + (' "quoted"' if number % 2 else ""),
        }
        for number in range(CUSTOMERS)
    ]


def _order(number: int, currency: str) -> Record:
    year = pick(YEARS, number // len(REGIONS))
    day = number % 28 + 1
    return {
        "id": f"O-{number:04d}",
        "region": pick(REGIONS, number),
        "year": year,
        "status": pick(STATUSES, number // 9),
        "currency": currency,
        "cents": (1000 + number) * (100 if currency == CURRENCIES[0] else 110) // 100,
        "ordered_at": f"{year}-{number % 12 + 1:02d}-{day:02d}T08:00:00Z",
    }
