"""A few sources of each kind; each holds ``SECRET`` wherever such a source may hold one."""

from __future__ import annotations

import json

SECRET = "s3cret-of-the-sample"
_ROWS = json.dumps({"data": [{"id": 1}, {"id": 2}], "next_cursor": SECRET})
_COLLECTION = {
    "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{held}}"}]},
    "variable": [
        {"key": "base", "value": "https://api.example.com/v1"},
        {"key": "held", "value": SECRET, "type": "secret"},
    ],
    "item": [
        {
            "name": "List",
            "request": {
                "method": "GET",
                "header": [{"key": "X-Any", "value": "{{held}}"}, {"key": "X-{a}", "value": "{b}"}],
                "url": f"{{{{base}}}}/items?cursor=&limit=50&api_key={SECRET}&q={{{{held}}}}",
            },
            "response": [{"code": 200, "body": _ROWS}],
        },
        {"name": "Inner", "request": "{{base}}/items/:id/notes?filter={{unknown}}"},
    ],
}
_HAR = {
    "log": {
        "entries": [
            {
                "request": {
                    "method": "GET",
                    "url": f"https://api.example.com/v1/items?page={page}&token={SECRET}&q={{a}}",
                    "headers": [
                        {"name": "Cookie", "value": f"sid={SECRET}"},
                        {"name": "X-CSRF-Token", "value": SECRET},
                        {"name": "Authorization", "value": f"Bearer {SECRET}"},
                    ],
                },
                "response": {
                    "status": 200,
                    "content": {"mimeType": "application/json", "text": f'[{{"id": {page}}}]'},
                },
            }
            for page in (1, 2)
        ]
    }
}
SAMPLES = {
    "curl": [
        f"curl -u me:{SECRET} 'https://api.example.com/v1/items?page=1&limit=500'",
        f"curl -u {SECRET}: https://api.example.com/v1/charges?starting_after=ch_1",
        f"curl -H 'X-Api-Key: {SECRET}' -b 'sid={SECRET}' 'https://api.example.com/a?b={{c}}&d=$e'",
        f"curl 'https://api.example.com/items?access_token={SECRET}&page[number]=0&page[size]=10'",
        f'curl https://api.example.com/q --json \'{{"token": "{SECRET}", "n": 1.10}}\'',
        f"curl -H 'Authorization: Bearer {SECRET}' 'https://api.example.com/items?note={SECRET}'",
    ],
    "airbyte": [
        f"""
version: 6.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
streams:
- type: DeclarativeStream
  name: items
  primary_key: id
  retriever:
    type: SimpleRetriever
    record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
    requester:
      type: HttpRequester
      url_base: https://api.example.com/v1
      path: items
      http_method: GET
      authenticator: {{type: BearerAuthenticator, api_token: {SECRET}}}
      request_headers: {{X-Api-Key: {SECRET}}}
      request_parameters: {{access_token: {SECRET}, limit: "10"}}
""",
    ],
    "openapi": [
        f"""{{"openapi": "3.0.3", "servers": [{{"url": "https://me:{SECRET}@api.example.com/v1"}},
        {{"url": "https://b.example.com/?key={SECRET}"}}], "paths": {{"/items": {{"get": {{
        "parameters": [{{"name": "X-Api-Key", "in": "header", "required": true,
        "schema": {{"type": "string", "default": "{SECRET}"}}}}], "responses": {{"200": {{
        "content": {{"application/json": {{"schema": {{"type": "array", "items": {{
        "type": "object", "properties": {{"id": {{"type": "integer"}}}}}}}}}}}}}}}}}}}}}}}}""",
        f"""
swagger: "2.0"
host: api.example.com
securityDefinitions:
  it: {{type: oauth2, flow: accessCode, tokenUrl: "https://me:{SECRET}@a.example.com/t"}}
security: [it: [read]]
paths:
  /items:
    get:
      parameters:
        - {{name: access_token, in: query, type: string, required: true, enum: [{SECRET}]}}
      responses:
        200: {{schema: {{type: array, items: {{type: string}}}}}}
""",
    ],
    "postman": [json.dumps(_COLLECTION)],
    "har": [json.dumps(_HAR)],
}
