"""An incremental stream that is sorted, so that its bookmark advances during the read.

"is_sorted: Set to True if stream is sorted by the replication key value. Only applies to streams
which use replication. When True, incremental streams will attempt to resume if unexpectedly
interrupted."
https://sdk.meltano.com/en/latest/incremental_replication.html
"""

from comparison.programs.template_client import NumberedPages, run


class Items(NumberedPages):
    """The rows."""

    name = "items"
    path = "/items"
    replication_key = "updated_at"
    is_sorted = True

    def get_url_params(self, context, next_page_token):
        """Send the page number and the bookmark."""
        params = super().get_url_params(context, next_page_token)
        if start := self.get_starting_timestamp(context):
            params["since"] = start.isoformat()
        return params


run(Items)
