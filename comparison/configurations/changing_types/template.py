"""A field of any type in the declared schema.

https://sdk.meltano.com/en/latest/typing.html
"""

from singer_sdk import typing as th

from comparison.programs.template_client import NumberedPages, run


class Items(NumberedPages):
    """The rows."""

    name = "items"
    path = "/items"
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        th.Property("name", th.StringType),
        th.Property("updated_at", th.DateTimeType),
        th.Property("value", th.AnyType()),
    ).to_dict()


run(Items)
