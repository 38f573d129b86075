"""Links to the next page, in the body or the Link header."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.cli.shapes.tools import SHAPES, Shape, by_cursor, encode, shape
from tests.support.server import Reply

# Links in the body


@shape()
def drf_page_number(call):
    page = call.number("page", 1)
    found = call.part((page - 1) * 10, 10)
    if not found:
        return Reply({"detail": "Invalid page."}, 404)
    more = page * 10 < len(call.rows)
    return {
        "count": len(call.rows),
        "next": call.link(page=page + 1) if more else None,
        "previous": call.link(page=page - 1) if page > 1 else None,
        "results": found,
    }


@shape()
def drf_limit_offset(call):
    offset, limit = call.number("offset", 0), call.number("limit", 10)
    more = offset + limit < len(call.rows)
    return {
        "count": len(call.rows),
        "previous": None,
        "results": call.part(offset, limit),
        "next": call.link(limit=limit, offset=offset + limit) if more else None,
    }


@shape()
def drf_cursor(call):
    found, following = by_cursor(call, call.text("cursor"), 10) or ([], None)
    return {
        "next": call.link(cursor=following) if following else None,
        "previous": None,
        "results": found,
    }


@shape()
def odata_4(call):
    start = call.number("$skiptoken", 0)
    body = {"@odata.context": f"{call.url}/$metadata#items", "value": call.part(start, 20)}
    if start + 20 < len(call.rows):
        body["@odata.nextLink"] = call.link(**{"$skiptoken": start + 20})
    return body


@shape()
def odata_2(call):
    start = call.number("$skiptoken", 0)
    body = {"results": call.part(start, 20)}
    if start + 20 < len(call.rows):
        body["__next"] = call.link(**{"$skiptoken": start + 20})
    return {"d": body}


@shape()
def dynamics(call):
    start = call.number("cookie", 0)
    body = {"@odata.context": "x", "@odata.count": len(call.rows), "value": call.part(start, 20)}
    if start + 20 < len(call.rows):
        body["@odata.nextLink"] = call.link(cookie=start + 20)
    return body


@shape()
def microsoft_graph_delta(call):
    start = call.number("$skiptoken", 0)
    more = start + 20 < len(call.rows)
    link = {"@odata.nextLink": call.link(**{"$skiptoken": start + 20})}
    return {"value": call.part(start, 20)} | (
        link if more else {"@odata.deltaLink": call.link(d=1)}
    )


@shape()
def hal(call):
    page = call.number("page", 0)
    links = {"self": {"href": call.link(page=page)}, "first": {"href": call.link(page=0)}}
    if (page + 1) * 10 < len(call.rows):
        links["next"] = {"href": f"/items?page={page + 1}"}
    pages = -(-len(call.rows) // 10)
    return {
        "_embedded": {"items": call.part(page * 10, 10)},
        "_links": links,
        "page": {"size": 10, "totalElements": len(call.rows), "totalPages": pages, "number": page},
    }


@shape()
def json_api(call):
    page = call.number("page[number]", 1)
    following = call.link(**{"page[number]": page + 1}) if page * 10 < len(call.rows) else None
    rows = [
        {"type": "items", "id": str(r["id"]), "attributes": r}
        for r in call.part(page * 10 - 10, 10)
    ]
    return {
        "data": rows,
        "included": [{"type": "authors", "id": str(n)} for n in range(30)],
        "links": {"self": call.link(), "next": following, "prev": None},
    }


@shape()
def fhir(call):
    start = call.number("_getpagesoffset", 0)
    size = call.number("_count", 10)
    links = [{"relation": "self", "url": call.link()}]
    if start + size < len(call.rows):
        url = call.link(_getpages="abc", _getpagesoffset=start + size, _count=size)
        links.append({"relation": "next", "url": url})
    entries = [{"fullUrl": f"urn:{row['id']}", "resource": row} for row in call.part(start, size)]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(call.rows),
        "link": links,
        "entry": entries,
    }


@shape()
def paypal(call):
    page = call.number("page", 1)
    links = [{"href": call.link(page=page), "rel": "self", "method": "GET"}]
    if page * 10 < len(call.rows):
        links.append({"href": call.link(page=page + 1), "rel": "next", "method": "GET"})
    return {
        "items": call.part(page * 10 - 10, 10),
        "total_items": len(call.rows),
        "total_pages": -(-len(call.rows) // 10),
        "links": links,
    }


@shape()
def salesforce_query(call):
    start = call.number("from_record", 0)
    done = start + 20 >= len(call.rows)
    body = {"totalSize": len(call.rows), "done": done, "records": call.part(start, 20)}
    return body if done else body | {"nextRecordsUrl": f"/items?from_record={start + 20}"}


@shape()
def twilio(call):
    page = call.number("Page", 0)
    more = (page + 1) * 20 < len(call.rows)
    return {
        "first_page_uri": "/items?Page=0",
        "page": page,
        "page_size": 20,
        "next_page_uri": f"/items?Page={page + 1}" if more else None,
        "items": call.part(page * 20, 20),
        "uri": f"/items?Page={page}",
    }


@shape()
def sendgrid(call):
    start = call.number("page_token", 0)
    meta = {"self": call.link(), "count": len(call.rows)}
    if start + 10 < len(call.rows):
        meta["next"] = call.link(page_token=start + 10)
    return {"result": call.part(start, 10), "_metadata": meta}


@shape()
def spotify(call):
    offset, limit = call.number("offset", 0), call.number("limit", 20, 50)
    more = offset + limit < len(call.rows)
    return {
        "href": call.link(),
        "limit": limit,
        "offset": offset,
        "previous": None,
        "next": call.link(offset=offset + limit, limit=limit) if more else None,
        "total": len(call.rows),
        "items": call.part(offset, limit),
    }


@shape()
def bitbucket_cloud(call):
    page = call.number("page", 1)
    body = {
        "pagelen": 10,
        "size": len(call.rows),
        "page": page,
        "values": call.part(page * 10 - 10, 10),
    }
    return body | ({"next": call.link(page=page + 1)} if page * 10 < len(call.rows) else {})


@shape()
def zendesk_offset(call):
    page = call.number("page", 1)
    more = page * 20 < len(call.rows)
    return {
        "tickets": call.part(page * 20 - 20, 20),
        "count": len(call.rows),
        "previous_page": None,
        "next_page": call.link(page=page + 1) if more else None,
    }


@shape()
def zendesk_cursor(call):
    found, following = by_cursor(call, call.text("page[after]"), 20) or ([], None)
    after = following or encode(len(call.rows))
    return {
        "tickets": found,
        "meta": {"has_more": bool(following), "after_cursor": after, "before_cursor": "xx"},
        "links": {"prev": None, "next": call.link(**{"page[after]": after}) if following else None},
    }


@shape()
def klaviyo(call):
    found, following = by_cursor(call, call.text("page[cursor]"), 20) or ([], None)
    rows = [{"type": "profile", "id": str(row["id"]), "attributes": row} for row in found]
    return {
        "data": rows,
        "links": {
            "self": call.link(),
            "prev": None,
            "next": call.link(**{"page[cursor]": following}) if following else None,
        },
    }


@shape()
def datadog_v2(call):
    found, following = by_cursor(call, call.text("page[cursor]"), 10) or ([], None)
    body = {"data": found, "meta": {"status": "done", "page": {}}}
    if following:
        body["links"] = {"next": call.link(**{"page[cursor]": following})}
        body["meta"]["page"]["after"] = following
    return body


@shape()
def docusign(call):
    start = call.number("start_position", 0)
    found = call.part(start, 20)
    more = start + 20 < len(call.rows)
    return {
        "resultSetSize": str(len(found)),
        "totalSetSize": str(len(call.rows)),
        "startPosition": str(start),
        "endPosition": str(start + len(found) - 1),
        "nextUri": f"/items?start_position={start + 20}" if more else "",
        "envelopes": found,
    }


@shape()
def surveymonkey(call):
    page = call.number("page", 1)
    links = {"self": call.link(page=page)}
    if page * 10 < len(call.rows):
        links["next"] = call.link(page=page + 1, per_page=10)
    return {
        "data": call.part(page * 10 - 10, 10),
        "per_page": 10,
        "page": page,
        "total": len(call.rows),
        "links": links,
    }


@shape()
def confluence_v1(call):
    # Its links lack the path of the site, so the offset has to do.
    start, limit = call.number("start", 0), call.number("limit", 10)
    links = {"base": f"{call.url}/wiki", "context": "/wiki"}
    if start + limit < len(call.rows):
        links["next"] = f"/rest/api/items?limit={limit}&start={start + limit}"
    found = call.part(start, limit)
    return {"results": found, "start": start, "limit": limit, "size": len(found), "_links": links}


@shape()
def confluence_v2(call):
    found, following = by_cursor(call, call.text("cursor"), call.number("limit", 20)) or ([], None)
    links = {"base": f"{call.url}/wiki"}
    if following:
        links["next"] = f"/items?limit=20&cursor={quote(following)}"
    return {"results": found, "_links": links}


@shape()
def bigcommerce_v3(call):
    page = call.number("page", 1)
    pages = -(-len(call.rows) // 10)
    links = {"current": f"?page={page}&limit=10"}
    if page < pages:
        links["next"] = f"?page={page + 1}&limit=10"
    return {
        "data": call.part(page * 10 - 10, 10),
        "meta": {
            "pagination": {
                "total": len(call.rows),
                "count": 10,
                "per_page": 10,
                "current_page": page,
                "total_pages": pages,
                "links": links,
            }
        },
    }


@shape()
def facebook_graph(call):
    found, following = by_cursor(call, call.text("after"), 20) or ([], None)
    paging = {"cursors": {"before": "abc", "after": following or encode(len(call.rows))}}
    return {
        "data": found,
        "paging": paging | ({"next": call.link(after=following)} if following else {}),
    }


@shape()
def laravel(call):
    page = call.number("page", 1)
    last = -(-len(call.rows) // 15)
    return {
        "current_page": page,
        "data": call.part(page * 15 - 15, 15),
        "from": page * 15 - 14,
        "last_page": last,
        "last_page_url": call.link(page=last),
        "per_page": 15,
        "next_page_url": call.link(page=page + 1) if page < last else None,
        "path": call.url,
        "to": page * 15,
        "total": len(call.rows),
    }


@shape()
def asana(call):
    found, following = by_cursor(call, call.text("offset"), call.number("limit", 20)) or ([], None)
    following_page = following and {
        "offset": following,
        "path": f"/items?offset={following}",
        "uri": call.link(offset=following),
    }
    return {"data": found, "next_page": following_page}


@shape()
def twitter_search(call):
    start = call.number("max_id", 0)
    more = start + 15 < len(call.rows)
    meta = {"count": 15, "max_id": start} | (
        {"next_results": f"?max_id={start + 15}"} if more else {}
    )
    return {"statuses": call.part(start, 15), "search_metadata": meta}


@shape()
def soundcloud(call):
    found, following = by_cursor(call, call.text("cursor"), 20) or ([], None)
    return {"collection": found, "next_href": call.link(cursor=following) if following else None}


@shape()
def link_to_another_host(call):
    # As behind a proxy: only the cursor in the link can be used.
    page = call.number("page", 1)
    link = f"http://internal.example/items?format=json&page={page + 1}"
    return {
        "next": link if page * 10 < len(call.rows) else None,
        "items": call.part(page * 10 - 10, 10),
    }


# The Link header


def with_link(param: str, size: int, **headers: str) -> Any:
    def respond(call):
        page = call.number(param, 1)
        following = page + 1 if page * size < len(call.rows) else ""
        found = {
            name: value.format(n=len(call.rows), p=-(-len(call.rows) // size), next=following)
            for name, value in headers.items()
        }
        if following:
            last = call.link(**{param: -(-len(call.rows) // size)})
            url = call.link(**{param: following})
            found["Link"] = f'<{url}>; rel="next", <{last}>; rel="last"'
        return Reply(call.part((page - 1) * size, size), headers=found)

    return respond


for _name, _headers in {
    "github_rest": {},
    "gitlab": {
        "X-Total": "{n}",
        "X-Total-Pages": "{p}",
        "X-Next-Page": "{next}",
        "X-Per-Page": "20",
    },
    "woocommerce": {"X-WP-Total": "{n}", "X-WP-TotalPages": "{p}"},
    "okta": {},
    "canvas": {},
}.items():
    SHAPES[_name] = Shape(with_link("page", 20, **_headers))


@shape()
def shopify_rest(call):
    found, following = by_cursor(call, call.text("page_info"), 20) or ([], None)
    url = call.link(limit=20, page_info=following)
    return Reply({"products": found}, headers={"Link": f'<{url}>; rel="next"'} if following else {})


@shape()
def freshdesk(call):
    return with_link("page", 30)(call)


@shape()
def github_search(call):
    page = call.number("page", 1)
    url = call.link(q="x", page=page + 1)
    headers = {"Link": f'<{url}>; rel="next"'} if page * 30 < len(call.rows) else {}
    body = {
        "total_count": len(call.rows),
        "incomplete_results": False,
        "items": call.part(page * 30 - 30, 30),
    }
    return Reply(body, headers=headers)
