"""Three streams; the SDK ends the run at the first error that is not retriable.

https://sdk.meltano.com/en/latest/classes/singer_sdk.RESTStream.html
"""

from comparison.programs.template_client import Client, run


class First(Client):
    """Rows."""

    name = "first"
    path = "/first"


class Second(Client):
    """What the connection may not read."""

    name = "second"
    path = "/second"


class Third(Client):
    """Rows."""

    name = "third"
    path = "/third"


run(First, Second, Third)
