"""The bot in a terminal, with a store on disk and deterministic models."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.access import Rights
from bot.parts import Parts, make_parts
from bot.route import Router
from bot.settings import Settings
from bot.verbs.chat import Chat, _converse
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.incidents import open_from
from knowledge.records import ModelVersion, Signal
from skills.contract import Button, Call, Form, FormField, Reply
from skills.registry import BUILTIN
from skills.testing import NOON


@pytest.fixture(scope="module")
def router() -> Router:
    """Learns once, from words alone."""
    made = Router(BUILTIN)
    made.learn()
    return made


@pytest.fixture
def parts(tmp_path: Path, router: Router) -> Iterator[Parts]:
    versions = [ModelVersion("eta-model", "2", NOON, aliases=("champion",))]
    made = make_parts(
        Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'tandem.db'}"),
        router=router,
        rights=Rights.read("*", "*"),
        embedder=HashEmbedder(),
        cache=tmp_path / "vectors.db",
        models=MemoryModels(versions),
        now=lambda: NOON,
    )
    signal = Signal("f", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
    made.store.incidents.open(open_from((signal,), NOON))
    yield made
    made.close()


@pytest.fixture
def chat(parts: Parts) -> Chat:
    return Chat(parts)


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the person types when they are asked."""

    def type_lines(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return type_lines


def number_of(chat: Chat, label: str) -> str:
    labels = [button.label for button in chat.buttons]
    return str(next(n for n, shown in enumerate(labels, 1) if label in shown))


def test_commands_and_words_are_answered(chat: Chat) -> None:
    assert "What I can do" in chat.say("/tandem").title
    assert "INC-1" in str(chat.say("/incident list"))
    assert "INC-1" in str(chat.say("what is open right now?"))


def test_a_number_presses_a_button_of_the_last_reply(chat: Chat) -> None:
    chat.say("/tandem")
    assert "INC-1" in str(chat.say(number_of(chat, "what is open right now?")))


def test_words_change_nothing_and_the_button_does(chat: Chat, parts: Parts) -> None:
    chat.say("/incident ack INC-1")
    assert parts.store.incidents.get("INC-1").acknowledged_by == ""
    chat.say(number_of(chat, "Acknowledge"))
    assert parts.store.incidents.get("INC-1").acknowledged_by == "you"
    assert parts.store.audit.find(skill="incident_update")[0].outcome == "ok"


def test_a_form_is_asked_line_by_line(chat: Chat, parts: Parts, types: Callable[..., None]) -> None:
    form = Form("Note", (FormField("value", "Note"),))
    note = Call("incident_update", {"incident": "INC-1", "action": "note"})
    chat.buttons = (Button("Note", note, form=form),)
    types("restarted the pods")
    chat.say("1")
    assert parts.store.incidents.get("INC-1").timeline[-1].text == "restarted the pods"


@pytest.mark.parametrize("line", ["0", "99", "²"])
def test_a_number_that_is_no_button_is_only_text(chat: Chat, line: str) -> None:
    chat.say("/tandem")
    assert isinstance(chat.say(line), Reply)


@pytest.mark.parametrize(
    ("line", "words"),
    [("/drfit eta-model", "/drift"), ("/incident INC-99", "INC-1"), ("/incident lits", "list")],
)
def test_wrong_names_get_the_nearest(chat: Chat, line: str, words: str) -> None:
    assert words in chat.say(line).text


def test_a_conversation_ends_with_the_input(
    chat: Chat, types: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    types("/incident list", "", "/tandem")
    _converse(chat)
    shown = capsys.readouterr().out
    assert "INC-1" in shown
    assert "What I can do" in shown
