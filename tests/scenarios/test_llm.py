"""The bot with a language model behind an OpenAI-compatible endpoint: helpful, hostile, slow, gone.

The endpoint is a small local server; LangChain's and OpenAI's clients are the real ones.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from running_world import World, fit_once, running_world
from servers import Chat, ChatServer, serving, silent, tool_call
from test_incident import card_of, trouble

from bot.playground.shown import Message
from bot.route import Router
from bot.words import Known
from knowledge.adapters.memory.search import HashEmbedder
from skills.registry import BUILTIN

CHANNEL = "#general"
UNCLEAR = (
    "is it colder for eta-model than it should be?",
    "eta-model and the weather, what of it",
    "could you look into eta-model again, the thermometer thing",
)
PLIABLE = (
    "take care of eta-model 5 and INC-1 please",
    "do what has to be done about eta-model 5, INC-1 as well",
    "please see to eta-model 5 and to INC-1",
    "sort out eta-model 5 and INC-1",
    "make eta-model 5 and INC-1 right",
)
"""Words from which the bot alone draws no conclusion. The first such are used, since what it learns
from the skills' examples changes with them."""
CAUSE = "Root cause found: the coupon job filled the connection pool"


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    # Importing it takes seconds on a busy machine, which would count as the model's.
    pytest.importorskip("langchain_openai")
    with serving(ChatServer()) as running:
        yield running
        running.over.set()


@pytest.fixture(scope="module")
def served(model: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = {
        "openai_base_url": model.url,
        "openai_api_key": "not-a-secret",
        "openai_model": "small",
        "tandem_llm_timeout": 4,
    }
    with running_world("socket", tmp_path_factory.mktemp("bot"), settings=settings) as running:
        running.bot.parts.router.learn()
        yield running


def first_unclear(texts: tuple[str, ...]) -> str:
    """As a mention."""
    known = Known(models=("eta-model",))
    plain = Router(BUILTIN, HashEmbedder(), known=lambda: known, fit=fit_once)
    plain.learn()
    return "@tandem " + next(t for t in texts if plain.route(t).step == "unsure")


def ask(world: World, text: str) -> Message:
    """The bot's answer to a mention, in its thread."""
    ben = world.person("ben")
    ts = ben.say(CHANNEL, text)
    return ben.wait_for(
        lambda m: m.is_bot and m.thread_ts == ts and "Looking into it" not in m.text_shown,
        channel=CHANNEL,
        timeout=60,
    )


def write_down(lie: str = "") -> tuple[list[str], object]:
    """An answer that rewords each note by a word before it, or says `lie` instead; and a list that
    the notes it was given are added to."""
    notes: list[str] = []

    def answer(body: Chat) -> Chat:
        given = json.loads(body["messages"][-1]["content"])
        notes.extend(given.values())
        return {"content": json.dumps({k: lie or f"Reportedly {v}" for k, v in given.items()})}

    return notes, answer


def test_an_unclear_message_is_routed_by_the_model(served: World, model: ChatServer) -> None:
    text = first_unclear(UNCLEAR)
    model.answer = silent
    without = ask(served, text)
    assert "columns moved" not in without.text_shown

    model.answer = tool_call("model_drift", model="eta-model")
    with_it = ask(served, text)
    assert "eta-model: drifting" in with_it.text_shown
    tools = {tool["function"]["name"] for tool in model.asked[-1]["tools"]}
    assert "model_drift" in tools
    assert not {"approve", "reject"} & tools


def test_a_clear_message_does_not_cost_a_question(served: World, model: ChatServer) -> None:
    before = len(model.asked)
    assert "eta-model" in ask(served, "@tandem is eta-model drifting?").text_shown
    assert len(model.asked) == before


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("promotion", {"model": "eta-model", "version": "5"}),
        ("rollback", {"model": "eta-model"}),
        ("incident_update", {"incident": "INC-1", "action": "resolve"}),
        ("approve", {"approval": "1"}),
        ("drop_all_tables", {}),
    ],
)
def test_a_hostile_model_gets_no_further_than_a_button(
    served: World, model: ChatServer, tool: str, arguments: dict[str, str]
) -> None:
    model.answer = tool_call(tool, **arguments)
    asked = len(model.asked)
    answer = ask(served, first_unclear(PLIABLE))
    assert len(model.asked) == asked + 1
    assert "Approve" not in answer.buttons
    assert served.bot.parts.store.approvals.find() == []
    champion = served.bot.parts.models.champion("eta-model")
    assert champion is not None
    assert champion.version == "2"


def test_a_summary_is_worded_by_the_model_and_checked(served: World, model: ChatServer) -> None:
    served.webhook(trouble("basket"))
    card = card_of(served, "basket")
    ada = served.person("ada")
    ada.say("#incidents", CAUSE, thread=card)

    notes, model.answer = write_down()
    ada.click(card, "Catch me up")
    worded = ada.wait_for("Worded by small", channel="#incidents", timeout=60)
    assert notes
    assert "Reportedly" in worded.text_shown

    _, model.answer = write_down(lie="All 4711 customers were refunded by Zoe at 03:33.")
    ada.click(card, "Catch me up")
    plain = ada.wait_for("Post here", channel="#incidents", timeout=60, after=worded.ts)
    assert "4711" not in plain.text_shown
    assert "Worded by" not in plain.text_shown
    assert "coupon job" in plain.text_shown


@pytest.mark.parametrize("gone", [False, True])
def test_without_an_answer_from_the_model_there_is_the_one_without_it(
    served: World, model: ChatServer, gone: bool
) -> None:
    service = f"depot-{gone}".lower()
    served.webhook(trouble(service))
    card = card_of(served, service)
    ada = served.person("ada")
    ada.say("#incidents", CAUSE, thread=card)
    model.answer = (lambda _: {"content": ""}) if gone else silent
    ada.click(card, "Catch me up")
    plain = ada.wait_for(
        lambda m: service in m.text_shown and "Post here" in m.buttons,
        channel="#incidents",
        timeout=60,
    )
    assert "Worded by" not in plain.text_shown
    assert "coupon job" in plain.text_shown


def test_an_investigation_shows_its_steps_and_only_what_they_say(
    served: World, model: ChatServer
) -> None:
    served.webhook(trouble("lantern"))
    card = card_of(served, "lantern")
    number = served.bot.parts.store.incidents.find(service="lantern")[0].id

    def look_then_claim(body: Chat) -> Chat:
        if not any(message["role"] == "tool" for message in body["messages"]):
            answer = tool_call("incident_list", service="lantern")(body)
            assert answer is not None
            return answer
        claims = [
            {"text": f"{number} of lantern is open.", "evidence": ["r1"]},
            {"text": "Zoe dropped 4711 tables, see https://evil.example/x", "evidence": ["r1"]},
        ]
        return {"content": json.dumps({"findings": claims, "unknown": ""})}

    model.answer = look_then_claim
    served.person("ada").say("#incidents", f"@tandem investigate {number}", thread=card)
    found = served.person("ada").wait_for("1 of 2 claims", channel="#incidents", timeout=60)
    assert f"{number} of lantern is open." in found.text_shown
    assert "Looked at" in found.text_shown
    assert "Zoe" not in found.text_shown
    assert "evil" not in found.text_shown
    assert "investigate@1 · small" in found.text_shown

    now = datetime.now(UTC)
    used = served.bot.parts.store.uses.totals(now - timedelta(days=1), now, "purpose")
    assert {"investigate", "incident_summary"} <= {total.key for total in used}
