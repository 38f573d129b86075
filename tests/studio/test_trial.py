"""Who watches a test read sees its end, however slow the watcher is."""

from __future__ import annotations

from tap_oauth2_generic.studio.trial import Trial


def test_end_between_two_looks_is_shown():
    """It ends while the change before is shown: the end is one more change."""
    trial = Trial("items")
    watched = trial.watch()
    next(watched)
    trial.stop()
    next(watched)
    assert trial.state == "stopped"
    assert [*watched] == []


def test_ended_read_is_shown_once():
    trial = Trial("items")
    trial.stop()
    assert [*trial.watch()] == [None]
