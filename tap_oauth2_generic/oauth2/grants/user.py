"""The user that the grants ``password`` and ``basic`` log in as."""

from __future__ import annotations

from tap_oauth2_generic.settings.field_types import NAME
from tap_oauth2_generic.settings.fields import Settings, setting


class UserSettings(Settings):
    """A user name and its password."""

    username: str | None = setting(NAME, "User of the `password` and `basic` grants.")
    password: str | None = setting(
        NAME, "Password of the `password` and `basic` grants.", secret=True
    )
    password_file: str | None = setting(NAME, "File that holds `password`.")
