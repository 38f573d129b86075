"""The sources that can be imported: one row for each; imports nothing.

The module of a kind has its name and a function ``read(text, options)``.
"""

from __future__ import annotations

KINDS = {
    "curl": "a curl line, of documentation or copied by a browser",
    "postman": "a Postman collection, exported as v2.1 or v2.0",
    "har": "a HAR file, of the network tab of a browser's developer tools",
    "openapi": "an OpenAPI document: Swagger 2.0, 3.0 or 3.1, in JSON or YAML",
    "airbyte": "a declarative manifest of a connector of Airbyte, in YAML or JSON",
}
