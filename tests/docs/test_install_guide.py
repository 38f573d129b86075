"""The page about installing: its facts about platforms and the image."""

from __future__ import annotations

import re
from pathlib import Path, PureWindowsPath

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows, get_win_folder_from_env_vars

from tap_oauth2_generic.oauth2.store_engine import store_url
from tests.docs.blocks import DOCS
from tests.support import ROOT

TEXT = (DOCS / "guides" / "install.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in TEXT.partition("<!-- platforms -->")[2].partition("<!-- /")[0].split("\n")
    if line.startswith("| ")
]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("name", "platform"), [("Linux", Unix), ("macOS", MacOS), ("Windows", Windows)]
)
def test_default_store_of_each_platform_is_the_one_named(name, platform, monkeypatch):
    home = Path.home().as_posix()
    monkeypatch.setenv("LOCALAPPDATA", f"{home}/AppData/Local")
    monkeypatch.setattr("platformdirs.windows.get_win_folder", get_win_folder_from_env_vars)
    monkeypatch.delenv("XDG_STATE_HOME")
    found = PureWindowsPath(platform("tap-oauth2-generic").user_state_dir).as_posix()
    shown = ROWS[1][ROWS[0].index(name)]
    assert f"{found}/tokens.sqlite" == shown.replace("~", home)


def test_places_of_each_platform_are_valid():
    places = next(row for row in ROWS if row[0] == "a place of your choice")[1:]
    assert [store_url(place) for place in places] == places


def test_page_names_user_volume_and_default_arguments_of_the_image():
    (user,) = re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)
    (volume,) = re.findall(r'^VOLUME \["(.+)"\]$', DOCKERFILE, re.MULTILINE)
    (arguments,) = re.findall(r"^CMD \[(.+)\]$", DOCKERFILE, re.MULTILINE)
    section = TEXT.partition("## In a container")[2]
    assert f"| user | {user}, group {user}." in section
    assert section.count(f":{volume} ") == 2
    assert "by default `{}`".format(re.sub(r"[\",]", "", arguments)) in section
    for extra in re.findall(r"[\w]+", re.findall(r'"\.\[(.+)\]"', DOCKERFILE)[0]):
        assert f"`{extra}`" in section
