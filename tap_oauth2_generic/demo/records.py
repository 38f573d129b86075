"""Invented records: one function per collection maps a running number to a record.

Pure, so that every start has the same data. Order, times and paging are elsewhere.
"""

from __future__ import annotations

from typing import Any, TypeVar

from tap_oauth2_generic.demo.raw_json import RawJson
from tap_oauth2_generic.demo.sample_values import (
    COMPANIES,
    COUNTRIES,
    FAMILY_NAMES,
    GIVEN_NAMES,
    TOPICS,
)

Record = dict[str, Any]
T = TypeVar("T")

LISTS = 23
LONG_LIST = 0
EMPTY_LIST = LISTS - 2
MISSING_LIST = LISTS - 1

_LONG_LIST_EVERY = 4
_SHORT_LISTS = LISTS - 3


def pick(choices: tuple[T, ...], number: int) -> T:
    """Return ``choices[number]``, starting over after the last."""
    return choices[number % len(choices)]


def country(number: int) -> Record:
    """Return a country; numbers past the real ones give invented countries."""
    invented = (f"X{number}", f"Demoland {number}", f"Démólând {number}", "Nowhere", "0.0", (), 1)
    code, name, native, capital, latitude, languages, area = (
        COUNTRIES[number] if number < len(COUNTRIES) else invented
    )
    return {
        "id": code,
        "name": name,
        "native_name": native,
        "capital": {"name": capital, "latitude": RawJson(latitude)},
        "languages": list(languages),
        "area_km2": area,
    }


def contact(number: int) -> Record:
    """Return a contact as a CRM keeps it."""
    given, family = pick(GIVEN_NAMES, number), pick(FAMILY_NAMES, number // 3)
    return {
        "id": 500_000_000_000_001 + number,
        "first_name": given,
        "last_name": family,
        "email": f"contact{number}@example.com" if number % 5 else None,
        "company": {"id": f"c{number % 40}", "name": pick(COMPANIES, number)},
        "tags": [pick(("vip", "neu", "événement"), tag) for tag in range(number % 4)],
        "balance": RawJson(f"{number * 37 - 4000}.{number % 100:02d}"),
        "subscribed": None if number % 7 == 0 else number % 2 == 0,
        "title": pick(("Dr.", "Ingénieure", "Kauffrau", "Engineer"), number),
    }


def issue(number: int) -> Record:
    """Return an issue as a tracker keeps it: most of it under ``fields``."""
    return {
        "id": str(10_000 + number),
        "key": f"DEMO-{number + 1}",
        "fields": {
            "summary": pick(TOPICS, number),
            "priority": {"id": number % 3, "name": pick(("Low", "Medium", "High"), number)},
            "assignee": {"displayName": pick(GIVEN_NAMES, number)} if number % 3 else None,
            "labels": ["größe", "a/b"][: number % 3],
            "story_points": RawJson(f"{number % 13}.5"),
        },
    }


def person(number: int) -> Record:
    """Return a person as an address book keeps it: lists of objects."""
    given, family = pick(GIVEN_NAMES, number), pick(FAMILY_NAMES, number // 5)
    return {
        "id": f"people/c{7_000_000 + number * 13}",
        "names": [{"displayName": f"{given} {family}", "givenName": given, "familyName": family}],
        "emailAddresses": [
            {"value": f"person{number}.{index}@example.org", "primary": index == 0}
            for index in range(number % 3)
        ],
        # One more than a double can tell from its neighbour.
        "metadata": {"sequence": 9_007_199_254_740_993 + number, "deleted": number % 11 == 0},
        "nickname": None if number % 2 else f"{given}{number}",
        "biography": pick(TOPICS, number + 3),
    }


def message(number: int) -> Record:
    """Return a mail message."""
    return {
        "id": f"AAMkAG{number:06d}+/==",
        "subject": pick(TOPICS, number),
        "from": {"emailAddress": {"name": pick(GIVEN_NAMES, number), "address": "a@example.net"}},
        "toRecipients": [
            {"emailAddress": {"address": f"to{index}@example.net"}}
            for index in range(1 + number % 2)
        ],
        "body": {"contentType": "html", "content": f"<p>{pick(TOPICS, number + 2)}</p>"},
        "isRead": number % 3 == 0,
        "importance": pick(("low", "normal", "high"), number),
    }


def event(number: int) -> Record:
    """Return an event of an activity feed."""
    kind = pick(("PushEvent", "IssuesEvent", "WatchEvent"), number)
    return {
        "id": str(40_000_000_000 + number * 3),
        "type": kind,
        "actor": {"id": 1000 + number % 50, "login": f"user-{number % 50}"},
        "payload": {
            "ref": f"refs/heads/größe-{number % 9}" if kind == "PushEvent" else None,
            "commits": [{"sha": f"{number * 7919 + index:040x}"} for index in range(number % 3)],
        },
        "public": number % 4 != 0,
        "note": pick(TOPICS, number + 1),
    }


def charge(number: int) -> Record:
    """Return a payment; ``amount_exact`` has more digits than a double holds."""
    return {
        "id": f"ch_{number:05d}{number * 7919 % 100_000:05d}",
        "object": "charge",
        "amount": 100 + number * 31,
        "amount_exact": RawJson(f"{12_345_678_901_234_567_890 + number}.{123_456_789 + number}"),
        "currency": pick(("eur", "usd", "chf"), number),
        "customer": f"cus_{number % 60:04d}" if number % 6 else None,
        "metadata": {"order": f"№ {number}", "gift": number % 9 == 0},
        "refunds": [{"id": f"re_{number}", "amount": 50}] if number % 8 == 0 else [],
        "description": f"Paiement n° {number}",
    }


def hit(number: int) -> Record:
    """Return a document as a search returns it."""
    return {
        "id": f"doc-{number:04d}",
        "title": pick(TOPICS, number),
        "score": RawJson(f"{1000 - number % 1000}.{number % 7}e-3"),
        "highlight": {"title": [pick(TOPICS, number)[:10]], "body": None},
        "author": {"name": pick(GIVEN_NAMES, number), "country": pick(COUNTRIES, number)[0]},
    }


def task_list(number: int) -> Record:
    """Return a task list; its id has characters that a path must escape."""
    return {
        "id": list_id(number),
        "displayName": f"Liste № {number + 1}",
        "isOwner": number % 2 == 0,
        "isShared": None if number % 5 == 0 else number % 3 == 0,
    }


def task(number: int) -> Record:
    """Return a task. Its list is known from the path only."""
    return {
        "id": f"task+{number:05d}",
        "title": pick(TOPICS, number),
        "status": pick(("notStarted", "inProgress", "completed"), number),
        "checklistItems": [
            {"displayName": f"étape {item}", "isChecked": item % 2 == 0}
            for item in range(number % 4)
        ],
        "dueDateTime": None if number % 3 else {"dateTime": "2026-06-30", "timeZone": "UTC"},
    }


def comments(task_id: str) -> list[Record]:
    """Return the comments on a task, up to two."""
    number = int(task_id.removeprefix("task+"))
    return [
        {"id": f"{number}.{index}", "text": pick(TOPICS, number + index)}
        for index in range(number % 3)
    ]


def list_id(number: int) -> str:
    """Return the id of the list with this number."""
    return f"AQMk/{number:03d}=="


def list_of_task(number: int) -> str:
    """Return the id of a task's list; one list has a quarter of all tasks, two have none."""
    if number % _LONG_LIST_EVERY == 0:
        return list_id(LONG_LIST)
    return list_id(1 + number // _LONG_LIST_EVERY % _SHORT_LISTS)
