"""The short version."""

from datetime import UTC, datetime

from knowledge.records import Incident
from knowledge.summary import Group, sources_of
from knowledge.summary.catching_up import SHORT, catch_up

NOW = datetime(2026, 1, 10, 16, tzinfo=UTC)


def test_it_is_short_and_tells_the_state(incident: Incident) -> None:
    short = catch_up(incident, NOW)
    assert sum(len(s.text.split()) for s in short.statements) <= SHORT
    assert short.of(Group.STATE)
    assert short.of(Group.CAUSE)


def test_since_a_moment_only_what_is_newer(incident: Incident) -> None:
    since = datetime(2026, 1, 10, 15, tzinfo=UTC)
    short = catch_up(incident, NOW, since)
    known = sources_of(incident)
    for statement in short.statements:
        if statement.group is not Group.STATE:
            assert max(known[k].at for k in statement.sources) > since
    assert any("742" in s.text for s in short.of(Group.IMPACT))
    assert not short.of(Group.CAUSE)


def test_nothing_new_is_said_so(incident: Incident) -> None:
    late = datetime(2026, 1, 10, 15, 45, tzinfo=UTC)
    assert catch_up(incident, NOW, late).statements[0].text == "Nothing new since 15:45."
