"""Suspects, and what clears them."""

from collections.abc import Callable

import pytest

from knowledge.records import Incident
from knowledge.summary import Group, summarise
from knowledge.summary.reading import clauses_of
from knowledge.summary.suspects import cleared_suspects, clears

Talk = Callable[..., Incident]


def cleared(incident: Incident) -> list[tuple[str, str, bool]]:
    clauses = clauses_of(incident.thread)
    weights = {w: 2.0 for c in clauses for w in c.words}
    found = cleared_suspects(clauses, weights)
    return [(f.suspect.text, f.by.text, f.named) for f in found]


@pytest.mark.parametrize(
    ("raised", "answer", "named"),
    [
        ("ddos?", "then no ddos", True),
        ("maybe the batches", "size is as before, so batches are out", True),
        ("the vpn again?", "vpn is innocent", True),
        ("is it the switch?", "0 drops on every port", False),
        ("expired cards?", "4%, as every month", False),
    ],
)
def test_a_suspect_is_cleared_by_name_or_at_once(
    talk: Talk, raised: str, answer: str, named: bool
) -> None:
    found = cleared(talk(("14:06", "ann", raised), ("14:07", "bo", answer)))
    assert [n for _, _, n in found] == [named]


@pytest.mark.parametrize(
    ("raised", "answer"),
    [
        ("the vpn again?", "yes the vpn, its tunnel is down"),
        ("who has access?", "not me"),
        ("shall we restart it?", "no, not yet"),
    ],
)
def test_what_was_not_cleared_or_not_suspected_stays(talk: Talk, raised: str, answer: str) -> None:
    assert cleared(talk(("14:06", "ann", raised), ("14:07", "bo", answer))) == []


@pytest.mark.parametrize(
    "text",
    [
        "my release has nothing to do with it", "gateway's off the hook",
        "same error on the old build",
        "rolled back, no difference", "it isn't the cdn", "liegt nicht am Netz",
        "11.4 is not guilty",
    ],
)  # fmt: skip
def test_ways_to_clear(talk: Talk, text: str) -> None:
    assert any(clears(c) for c in clauses_of(talk(("14:06", "ann", text)).thread))


def test_an_answer_without_the_name_takes_the_suspect_along(talk: Talk) -> None:
    incident = talk(
        ("14:06", "ann", "looking"),
        ("14:08", "ann", "expired cards?"),
        ("14:09", "bo", "share is 4%, as every month"),
    )
    told = [s.text for s in summarise(incident, incident.opened_at).of(Group.RULED_OUT)]
    assert told == ["Expired cards? Share is 4%, as every month."]
