"""Integers as Python reads them: without a limit.

https://github.com/meltano/sdk/tree/main/cookiecutter/tap-template
"""

from singer_sdk import typing as th

from comparison.programs.template_client import Client, run


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        th.Property("whole", th.IntegerType),
    ).to_dict()


run(Items)
