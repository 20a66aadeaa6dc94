"""People ask: by slash command, by mention, in a direct message, by pressing on."""

import pytest
from running_world import World

CHANNEL = "#general"


@pytest.mark.parametrize(
    ("line", "shows"),
    [
        ("/tandem", "What I can do"),
        ("/incident list", "pen incidents"),
        ("/similar checkout fails after a deploy", "rolled back to 4.0"),
        ("/drift eta-model", "temp"),
        ("/drift eta-model 7d", "temp"),
    ],
)
def test_a_slash_command_answers_its_asker(world: World, line: str, shows: str) -> None:
    ben = world.person("ben")
    ben.command(line, channel=CHANNEL)
    ben.wait_for(shows, channel=CHANNEL, timeout=60)


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("@tandem is eta-model drifting?", "temp"),
        ("@tandem have we seen checkout fail after a deploy before?", "rolled back to 4.0"),
        ("@tandem what is open right now?", "pen incident"),
        ("@tandem help", "What I can do"),
    ],
)
def test_a_mention_is_answered_in_its_thread(world: World, text: str, shows: str) -> None:
    chloe = world.person("chloe")
    ts = chloe.say(CHANNEL, text)
    found = chloe.wait_for(shows, channel=CHANNEL, timeout=60)
    assert found.thread_ts == ts


def test_a_direct_message_needs_no_mention(world: World) -> None:
    dev = world.person("dev")
    channel = dev.dm("tandem", "which version of eta-model is live?")
    dev.wait_for("v2", channel=channel, timeout=60)


def test_a_question_leans_on_the_one_before(world: World) -> None:
    dev = world.person("dev")
    channel = dev.dm("tandem", "which version of eta-model is live?")
    dev.wait_for("v2", channel=channel, timeout=60)
    asked = dev.say(channel, "is it drifting?")
    dev.wait_for("temp", channel=channel, timeout=60, after=asked)


def test_a_picture_comes_with_the_drift(world: World) -> None:
    chloe = world.person("chloe")
    channel = chloe.dm("tandem", "drift of eta-model over the last 6 hours")
    answer = chloe.wait_for("temp", channel=channel, timeout=60)
    assert answer.images


def test_people_talking_to_each_other_are_left_alone(world: World) -> None:
    ada = world.person("ada")
    ada.say(CHANNEL, "lunch?")
    said = ada.say(CHANNEL, "we rolled eta-model back yesterday")
    ada.command("/tandem", channel=CHANNEL)
    # The command's answer, and not an earlier one in somebody's thread.
    ada.wait_for("What I can do", channel=CHANNEL, timeout=60, after=said)
    later = [m for m in ada.read(CHANNEL) if m.ts > said]
    assert [m.ephemeral for m in later] == [True]


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("/drift eta-modle", "eta-model"),
        ("/promote eta-modle 5", "eta-model"),
        ("/promote eta-model 9", "5"),
        ("/incident INC-999", "INC-999"),
        ("/incident lits", "list"),
    ],
)
def test_wrong_names_get_the_nearest_valid_ones(world: World, line: str, near: str) -> None:
    ben = world.person("ben")
    ben.command(line, channel="#ml-models")
    ben.wait_for(near, channel="#ml-models", timeout=60)


def test_an_example_in_help_can_be_clicked(world: World) -> None:
    eva = world.person("eva")
    eva.command("/tandem", channel="#ml-models")
    shown = eva.wait_for("What I can do", channel="#ml-models", timeout=60)
    eva.click(shown, "what is open right now?")
    eva.wait_for("pen incident", channel="#ml-models", timeout=60)


def test_home_shows_incidents_models_and_help(world: World) -> None:
    view = world.person("ada").home("What I can do", timeout=60)
    assert "eta-model" in view.text_shown
