"""A child stream with a context from its parent; the SDK keeps a bookmark for each context.

https://sdk.meltano.com/en/latest/parent_streams.html
"""

from singer_sdk import typing as th

from comparison.programs.template_client import Client, run


class Parents(Client):
    """The parents."""

    name = "parents"
    path = "/parents"
    schema = th.PropertiesList(th.Property("id", th.IntegerType)).to_dict()

    def get_child_context(self, record, context):
        """Return what the path of the children needs."""
        return {"parent_id": record["id"]}


class Children(Client):
    """The children of each parent, read since its bookmark."""

    name = "children"
    path = "/parents/{parent_id}/children"
    parent_stream_type = Parents
    replication_key = "updated_at"
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        th.Property("parent_id", th.IntegerType),
        th.Property("updated_at", th.DateTimeType),
    ).to_dict()

    def get_url_params(self, context, next_page_token):
        """Send the bookmark."""
        start = self.get_starting_timestamp(context)
        return {"since": start.isoformat()} if start else {}


run(Parents, Children)
