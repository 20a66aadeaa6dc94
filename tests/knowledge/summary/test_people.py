"""Who leads, and who is to do what."""

from collections.abc import Callable

import pytest

from knowledge.records import Incident
from knowledge.summary.people import commander, owner, speakers, todo_start, todos

Talk = Callable[..., Incident]


@pytest.mark.parametrize(
    "text",
    [
        "IC me", "taking IC", "I'm ic", "ok I'll be IC", "I take IC.",
        "I'm incident commander today",
        "here. incident lead: me", "I coordinate this one", "i drive this. ann, logs?",
        "I have the lead", "yo me encargo / I take command", "ich übernehme die Leitung",
        "took over as IC from ann",
    ],
)  # fmt: skip
def test_who_takes_command(talk: Talk, text: str) -> None:
    incident = talk(("14:06", "ann", "looking"), ("14:07", "bo", text))
    assert commander(incident.thread) == ("bo", "M1")


@pytest.mark.parametrize("text", ["who is IC?", "the lead time is long", "I run the query again"])
def test_who_does_not(talk: Talk, text: str) -> None:
    assert commander(talk(("14:07", "bo", text)).thread) == ("", "")


def test_command_is_given_and_the_last_word_counts(talk: Talk) -> None:
    given = talk(
        ("14:06", "ann", "I'm IC"), ("14:40", "ann", "bo is IC now"), ("14:41", "bo", "ok")
    )
    assert commander(given.thread) == ("bo", "M1")


def test_the_owner_is_who_said_so_else_who_answered_first(talk: Talk) -> None:
    first = talk(("14:06", "ann", "on it"), ("14:07", "bo", "thanks"))
    assert owner(first.thread) == ("ann", "M0")
    said = talk(("14:06", "ann", "on it"), ("14:30", "bo", "I own this one"))
    assert owner(said.thread) == ("bo", "M1")


def test_to_dos_are_items_without_the_farewell(talk: Talk) -> None:
    text = "nice. AIs: ann: fix the alert, 3 May. bo: write it up. resolved, thanks"
    message = talk(("15:00", "ann", text)).thread[0]
    assert todos(message) == ("ann: fix the alert, 3 May", "bo: write it up")


@pytest.mark.parametrize(
    "text",
    [
        "to do: ann fixes the alert; bo writes it up",
        "Action items -> ann: fix the alert; bo: write it up",
        "for monday: ann fixes the alert. bo writes it up",
        "stays open until noon. Next steps: ann fixes the alert. bo writes it up",
        "ann fixes the alert by noon. bo writes it up",
        "AI: ann fixes the alert AI: bo writes it up",
        "todo list. ann - fix the alert. bo - write it up",
        "next:\n- ann: fix the alert\n- bo: write it up",
    ],
)
def test_lists_are_known_by_heading_or_shape(talk: Talk, text: str) -> None:
    thread = talk(("15:00", "ann", text), ("15:01", "bo", "ok")).thread
    items = todos(thread[0], speakers(thread))
    assert [i.split()[0].strip(":") for i in items] == ["ann", "bo"]


@pytest.mark.parametrize("text", ["ann says it is fine. bo is out", "next deploy at noon", "done"])
def test_talk_about_people_is_no_list(text: str) -> None:
    assert todo_start(text, frozenset({"ann", "bo"})) == len(text)
