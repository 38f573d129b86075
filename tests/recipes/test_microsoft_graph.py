"""Microsoft Graph: folders at every depth, and messages that are moved."""

from __future__ import annotations

from tests.recipes.recipe_run import only

GRAPH = only("microsoft_graph")


@GRAPH
def test_moved_message_keeps_its_id(recipe):
    first = recipe.run()
    moved = recipe.provider.rows["messages"][1]
    there = recipe.provider.rows["mail_folders"][0]["id"]
    moved |= {"folder_id": there, "lastModifiedDateTime": recipe.provider.LATER}
    second = recipe.run(state=first.state)
    assert second.status == 0, second.errors
    assert moved["id"] in {row["id"] for row in first.records("messages")}
    assert moved in second.records("messages")


@GRAPH
def test_each_folder_is_asked_from_its_own_bookmark(recipe):
    first = recipe.run()
    recipe.provider.seen.clear()
    recipe.run(state=first.state)
    asked = [s.query["$filter"] for s in recipe.provider.seen if s.path.endswith("/messages")]
    since = {one.removeprefix("lastModifiedDateTime ge ") for one in asked}
    assert since == {"2000-01-01T00:00:00Z", "2024-05-02T08:00:00Z"}


@GRAPH
def test_mail_of_every_user_is_read_as_the_readme_says(recipe):
    """A user without a mailbox has no folders."""
    users, folders, messages = recipe.streams
    there = recipe.provider.rows["users"] = recipe.provider.rows["users"][:3]
    folders["parent"] = {"stream": "users", "keys": {"user_id": "id"}}
    messages["parent"]["keys"]["user_id"] = "user_id"
    for one in (folders, messages):
        one["path"] = one["path"].replace("me/", "users/{parent.user_id}/")
        one["schema"]["properties"]["user_id"] = {"type": "string"}
        one["response_rules"] = [{"status": 404, "action": "ignore"}]
    recipe.own["streams"] = [users, folders, messages]
    run = recipe.run()
    assert run.status == 0, run.errors
    assert {row["user_id"] for row in run.records("messages")} == {there[1]["id"]}
    assert len(run.records("messages")) == len(recipe.provider.rows["messages"])
