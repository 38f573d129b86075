"""Client credentials with the SDK's OAuthAuthenticator, which renews a token when its time is over.

https://sdk.meltano.com/en/latest/classes/singer_sdk.authenticators.OAuthAuthenticator.html
"""

from comparison.programs.template_client import NumberedPages, run


class Items(NumberedPages):
    """The rows."""

    name = "items"
    path = "/items"


run(Items)
