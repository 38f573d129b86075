"""A login through Meltano, before any token is stored."""

from __future__ import annotations

import re
import subprocess

from tests.support.login_process import Person, config


def test_login_command_needs_no_token(demo, project):
    """`meltano invoke tap-oauth2-generic:login` logs in although discovery would still fail."""
    project.configure(config(demo.url))
    output = ""
    with project.start(
        "invoke", "--no-install", "tap-oauth2-generic:login", stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout:
            output += line
            if found := re.search(r"(http://\S+/oauth/authorize\?\S+)", line):
                person = Person()
                with person.http:
                    person.visit(person.decide(found[1]))
        status = process.wait()
    assert status == 0, output
    assert "is logged in" in output

    discovered = project.meltano("invoke", "--no-install", "tap-oauth2-generic", "--discover")
    assert discovered.status == 0, discovered.log_tail
