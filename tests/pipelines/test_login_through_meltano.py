"""A login through Meltano, before there is any token."""

from __future__ import annotations

import re
import subprocess

from tests.support.login_process import Person, config


def test_the_login_command_runs_before_there_is_any_token(demo, project):
    """`meltano invoke tap-oauth2-generic:login` logs in, though a catalog is asked for first."""
    project.configure(config(demo.url))
    said = ""
    with project.started(
        "invoke", "--no-install", "tap-oauth2-generic:login", stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout:
            said += line
            if found := re.search(r"(http://\S+/oauth/authorize\?\S+)", line):
                person = Person()
                with person.http:
                    person.visit(person.decide(found[1]))
        status = process.wait()
    assert status == 0, said
    assert "is logged in" in said

    discovered = project.meltano("invoke", "--no-install", "tap-oauth2-generic", "--discover")
    assert discovered.status == 0, discovered.said
