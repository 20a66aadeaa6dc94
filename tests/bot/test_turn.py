"""One turn: once only, who asks, which call, may they, run, record, answer."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, Field

from bot.access import Rights
from bot.ask import Ask, Place, Way, Window
from bot.testing import MemoryMessenger, Opened, Shown
from bot.turn import Silent, Turn
from bot.words import Known
from knowledge.adapters.memory.store import MemoryAudit, MemoryStore
from knowledge.errors import Denied, NotFound, TandemError, Unavailable, UserError
from knowledge.ledger import StoreLedger
from knowledge.on_behalf import Behalf, behalf
from knowledge.records import AuditEntry, Limits, Prices
from skills import help as help_skill
from skills.contract import (
    Audience,
    BadArgs,
    Call,
    Context,
    Form,
    FormField,
    NoArgs,
    Preview,
    Reply,
    Role,
    Skill,
    Tone,
    User,
)
from skills.testing import NOON, context

ADA, EVA, ZOE = "U1", "U2", "U3"
"""Who approves, who operates, who only looks."""


class ModelArgs(BaseModel):
    model: str
    hours: int = Field(24, ge=1)


@dataclass
class Ran:
    """What the skills did: the calls that reached them, with the Context."""

    calls: list[tuple[str, BaseModel, Context]] = field(default_factory=list)
    error: Exception | None = None

    def skill(self, name: str, args: type[BaseModel] = NoArgs, **given: Any) -> Skill[Any]:
        def run(ctx: Context, called: BaseModel) -> Reply:
            self.calls.append((name, called, ctx))
            if self.error:
                raise self.error
            return Reply(f"{name} ran", about=ctx.thread)

        return Skill(name, f"Do {name}", (f"{name} please",), args, run, **given)


@dataclass(frozen=True)
class Route:
    """A router's answer."""

    call: Call | None = None
    skill: str = "none"
    confidence: float = 0.95
    step: str = "learned"
    candidates: tuple[Call, ...] = ()


@dataclass
class Table:
    """Routes by their text; what is not in it is not for the bot."""

    routes: Mapping[str, Route]

    def route(self, text: str, thread: str = "") -> Route:
        return self.routes.get(text, Route())


def to(skill: str, confidence: float = 0.95, **args: Any) -> Route:
    return Route(Call(skill, args), skill, confidence)


ROUTES = {
    "look at fraud": to("look", model="fraud"),
    "maybe look": to("look", 0.6, model="fraud"),
    "look": to("look"),
    "wipe it": to("wipe", model="fraud"),
    "press": to("own"),
    "fly": to("fly"),
    "hm": Route(step="unsure", candidates=(Call("look", {"model": "a"}), Call("wipe", {}))),
}


def tune_form(ctx: Context, args: ModelArgs) -> Form:
    """What it starts with depends on the world."""
    if args.model == "gone":
        raise NotFound.among("model", args.model, ("fraud",))
    hours = FormField("hours", "Hours", initial=str(args.hours))
    return Form("Tune", (hours,), preview=Preview("Show", Call("look", {"model": "x"}), True))


@dataclass
class Office:
    """A Turn with all it needs in memory."""

    ran: Ran = field(default_factory=Ran)
    store: MemoryStore = field(default_factory=MemoryStore)
    chat: MemoryMessenger = field(default_factory=MemoryMessenger)
    touched: list[str] = field(default_factory=list)
    count: int = 0

    def turn(self, **given: Any) -> Turn:
        skills = (
            self.ran.skill("look", ModelArgs, command="/look"),
            self.ran.skill("wipe", ModelArgs, needs=Role.OPERATE, command="/wipe"),
            self.ran.skill("crown", needs=Role.APPROVE, hidden=True),
            self.ran.skill("own", needs=Role.OPERATE, asks_first=True),
            self.ran.skill("tell", public=True, command="/tell"),
            self.ran.skill("tune", ModelArgs, needs=Role.OPERATE, form=tune_form),
            help_skill.skill,
        )
        parts: dict[str, Any] = {
            "skills": skills,
            "router": Table(ROUTES),
            "people": self.chat,
            "seen": self.store.seen,
            "audit": self.store.audit,
            "touched": self.touched.append,
            "rights": Rights(frozenset({EVA}), frozenset({ADA})),
            "context": lambda user, now: context(user=user, now=now, skills=skills),
            "now": lambda: NOON,
        }
        return Turn(**{**parts, **given})

    def ask(self, way: Way, text: str = "", user: str = EVA, **given: Any) -> Ask:
        self.count += 1
        place = given.pop("place", Place("C1", "5.0" if way in (Way.MENTION, Way.THREAD) else ""))
        return Ask(f"ask-{self.count}", user, way, place, text, **given)

    def handle(self, way: Way, text: str = "", user: str = EVA, **given: Any) -> Shown | None:
        """What the turn showed, if anything."""
        before = len(self.chat.shown)
        self.turn().handle(self.ask(way, text, user, **given), self.chat)
        new = self.chat.shown[before:]
        assert len(new) <= 1
        return new[0] if new else None

    def reply(self, way: Way, text: str = "", user: str = EVA, **given: Any) -> Reply:
        shown = self.handle(way, text, user, **given)
        assert shown is not None
        return shown.reply

    def names(self) -> list[str]:
        return [name for name, _, _ in self.ran.calls]

    def audit(self) -> list[tuple[str, str, str]]:
        return [(e.actor, e.skill, e.outcome) for e in self.store.audit.find()]


@pytest.fixture
def office() -> Office:
    return Office()


# Once only -----------------------------------------------------------------------------------


def test_the_same_ask_is_answered_once(office: Office) -> None:
    ask = office.ask(Way.MENTION, "look at fraud")
    for _ in range(3):
        office.turn().handle(ask, office.chat)
    assert len(office.chat.shown) == len(office.names()) == 1


def test_two_threads_with_the_same_ask_at_once_answer_once(office: Office) -> None:
    turn, ask = office.turn(), office.ask(Way.MENTION, "look at fraud")
    gate = threading.Barrier(8)

    def deliver() -> None:
        gate.wait(20)
        turn.handle(ask, office.chat)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(deliver) for _ in range(8)]:
            done.result(20)
    assert len(office.chat.shown) == len(office.names()) == 1


# Ways of asking ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "text", "given"),
    [
        (Way.MENTION, "look at fraud", {}),
        (Way.DM, "look at fraud", {}),
        (Way.COMMAND, "fraud 24", {"command": "/look"}),
        (Way.BUTTON, "", {"call": Call("look", {"model": "fraud"})}),
        (Way.FORM, "", {"call": Call("look", {"model": "fraud", "hours": "24"})}),
        (Way.BUTTON, "", {"call": Call("ask", {"text": "look at fraud"})}),
    ],
)
def test_every_way_reaches_the_skill_with_checked_arguments(
    office: Office, way: Way, text: str, given: dict[str, Any]
) -> None:
    assert office.reply(way, text, **given).title == "look ran"
    ((name, args, ctx),) = office.ran.calls
    assert (name, args) == ("look", ModelArgs(model="fraud", hours=24))
    assert ctx.user == User(EVA, "ben", Role.OPERATE)
    assert ctx.now == NOON


def test_the_command_of_a_public_skill_is_for_all_and_others_are_not(office: Office) -> None:
    public = office.handle(Way.COMMAND, "", command="/tell")
    private = office.handle(Way.COMMAND, "fraud", command="/look")
    assert [s and s.only_for for s in (public, private)] == ["", "asker"]


def test_help_and_its_examples_can_be_pressed(office: Office) -> None:
    shown = office.reply(Way.COMMAND, "", command="/tandem")
    texts = [b.call.args["text"] for s in shown.sections for b in s.buttons if b.call]
    assert "look please" in texts


# Words never change anything -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "given"),
    [
        (Way.MENTION, {"text": "wipe it"}),
        (Way.DM, {"text": "wipe it"}),
        (Way.COMMAND, {"text": "fraud", "command": "/wipe"}),
        (Way.COMMAND, {"text": "wipe it", "command": "/tandem"}),
        (Way.TERMINAL, {"text": "wipe it"}),
        (Way.BUTTON, {"call": Call("ask", {"text": "wipe it"})}),
    ],
    ids=["mention", "dm", "command", "free command", "terminal", "a pressed example"],
)
@pytest.mark.parametrize("user", [EVA, ADA])
def test_words_that_would_change_something_end_in_a_button(
    office: Office, way: Way, given: dict[str, Any], user: str
) -> None:
    asked = office.reply(way, user=user, **given)
    assert office.names() == []
    (button,) = asked.buttons
    assert button.call == Call("wipe", {"model": "fraud"})
    assert asked.title == "Wipe: fraud?"

    assert office.reply(Way.BUTTON, user=user, call=button.call).title == "wipe ran"
    assert office.ran.calls[0][2].via_button


def test_a_skill_that_asks_first_is_told_whether_a_button_was_pressed(office: Office) -> None:
    office.reply(Way.MENTION, "press")
    office.reply(Way.BUTTON, call=Call("ask", {"text": "press"}))
    office.reply(Way.BUTTON, call=Call("own"))
    office.reply(Way.FORM, call=Call("own"))
    assert [ctx.via_button for _, _, ctx in office.ran.calls] == [False, False, True, True]


def test_when_unsure_the_candidates_are_buttons_that_name_what_they_do(office: Office) -> None:
    asked = office.reply(Way.MENTION, "hm")
    assert [b.label for b in asked.buttons] == ["Look: a", "Wipe", "What can you do?"]
    assert office.names() == []


def test_what_is_no_request_is_answered_with_help(office: Office) -> None:
    asked = office.reply(Way.MENTION, "lovely weather")
    assert [b.label for b in asked.buttons] == ["What can you do?"]


# Rights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [Way.MENTION, Way.BUTTON])
def test_one_without_the_right_is_told_who_has_it(office: Office, way: Way) -> None:
    given: dict[str, Any] = {"text": "wipe it"}
    if way is Way.BUTTON:
        given = {"call": Call("wipe", {"model": "fraud"})}
    refused = office.reply(way, user=ZOE, **given)
    assert refused.title == "Not allowed"
    assert "These people may: ada, ben." in refused.text
    assert office.names() == []
    assert office.audit() == [(ZOE, "wipe", "Denied")]


def test_rights_are_those_of_who_presses_not_of_who_asked(office: Office) -> None:
    call = Call("crown")
    assert office.reply(Way.BUTTON, user=EVA, call=call).title == "Not allowed"
    assert office.reply(Way.BUTTON, user=ADA, call=call).title == "crown ran"


def test_a_right_that_goes_while_an_answer_gives_way_is_gone(office: Office) -> None:
    turn = office.turn()
    turn.give_way = lambda: setattr(turn, "rights", Rights(frozenset(), frozenset()))
    turn.handle(office.ask(Way.BUTTON, call=Call("wipe", {"model": "fraud"})), office.chat)
    assert office.chat.shown[-1].reply.title == "Not allowed"
    assert office.names() == []


def test_a_refusal_is_whispered_to_the_presser(office: Office) -> None:
    place = Place("C1", message="7.0")
    shown = office.handle(Way.BUTTON, user=ZOE, call=Call("crown"), place=place)
    assert shown is not None
    assert shown.only_for == ZOE


def test_nobody_is_looked_up_for_a_call_that_is_allowed(office: Office) -> None:
    asked: list[str] = []

    class People:
        def person(self, user_id: str) -> str:
            asked.append(user_id)
            return user_id

    office.turn(people=People()).handle(office.ask(Way.MENTION, "look at fraud"), office.chat)
    assert asked == [EVA]


# Errors become replies -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "title", "words"),
    [
        (NotFound("model", "fraud", ["fraud-v2"]), "No model 'fraud'", "Did you mean `fraud-v2`?"),
        (BadArgs("hours", "too many", "Use 24"), "Check hours", "hours: too many. Use 24"),
        (Denied("Nobody approves their own request."), "Not allowed", "own request"),
        (UserError("That is too early."), "That did not work", "too early"),
        (
            Unavailable("prometheus", "took too long"),
            "prometheus is not available",
            "Took too long. Nothing was changed by this.",
        ),
        (TandemError("odd"), "That did not work", "odd"),
    ],
)
def test_errors_of_a_skill_become_replies(
    office: Office, error: TandemError, title: str, words: str
) -> None:
    office.ran.error = error
    said = office.reply(Way.MENTION, "look at fraud")
    assert (said.title, said.tone is Tone.GOOD) == (title, False)
    assert words in said.text
    assert office.audit() == [(EVA, "look", type(error).__name__)]


def test_not_found_offers_the_same_call_with_the_nearest_names(office: Office) -> None:
    office.ran.error = NotFound("model", "fraud", ["fraud-v2", "fruit"])
    said = office.reply(Way.COMMAND, "fraud 3", command="/look")
    assert [(b.label, b.call) for b in said.buttons] == [
        ("fraud-v2", Call("look", {"model": "fraud-v2", "hours": "3"})),
        ("fruit", Call("look", {"model": "fruit", "hours": "3"})),
    ]


def test_what_may_pass_can_be_tried_again_with_a_press(office: Office) -> None:
    office.ran.error = Unavailable("mlflow", "timed out")
    (again,) = office.reply(Way.MENTION, "look at fraud").buttons
    assert again.call == Call("look", {"model": "fraud"})
    office.ran.error = Unavailable("mlflow", "refuses the token", retry=False)
    assert office.reply(Way.MENTION, "look at fraud").buttons == ()


@pytest.mark.parametrize(
    ("given", "title", "words"),
    [
        ({"text": "look"}, "Check model", "model: it is missing. For example: look please"),
        ({"command": "/look", "text": "fraud many"}, "Check hours", "valid integer"),
        ({"command": "/look", "text": "fraud 0"}, "Check hours", "greater than or equal to 1"),
        ({"command": "/lok", "text": "fraud"}, "No command '/lok'", "`/look`"),
        ({"text": "fly"}, "No skill 'fly'", "There is no skill"),
    ],
)
def test_bad_input_names_the_field_or_the_nearest(
    office: Office, given: dict[str, Any], title: str, words: str
) -> None:
    way = Way.COMMAND if "command" in given else Way.MENTION
    said = office.reply(way, **given)
    assert said.title == title
    assert words in said.text


def test_hidden_skills_are_not_offered_for_unknown_ones(office: Office) -> None:
    said = office.reply(Way.BUTTON, call=Call("crow"))
    assert "crown" not in said.text


@pytest.mark.parametrize("way", [Way.MENTION, Way.COMMAND, Way.BUTTON])
def test_a_crash_is_answered_calmly_logged_and_recorded(
    office: Office, caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    office.ran.error = ZeroDivisionError("inside the skill")
    given: dict[str, Any] = {"text": "look at fraud"}
    if way is Way.COMMAND:
        given = {"command": "/look", "text": "fraud"}
    if way is Way.BUTTON:
        given = {"call": Call("look", {"model": "fraud"})}
    said = office.reply(way, **given)
    assert said.title == "Something went wrong on my side"
    assert "ask-1" in said.text
    assert "inside the skill" not in said.text
    assert "ZeroDivisionError: inside the skill" in caplog.text
    assert office.audit() == [(EVA, "look", "crash")]


def test_a_store_that_is_away_is_said(office: Office) -> None:
    class Away:
        def first_time(self, key: str, now: datetime) -> bool:
            raise Unavailable("the database", "is locked")

        def tidy(self, now: datetime) -> int:
            return 0

    office.turn(seen=Away()).handle(office.ask(Way.MENTION, "look at fraud"), office.chat)
    assert [s.reply.title for s in office.chat.shown] == ["the database is not available"]


@pytest.mark.parametrize("broken", ["audit", "touched"])
def test_what_is_done_is_not_answered_as_a_failure(
    office: Office, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    class NoAudit(MemoryAudit):
        def add(self, entry: AuditEntry) -> None:
            raise Unavailable("the database", "is full")

    def fails(incident_id: str) -> None:
        raise Unavailable("the database", "is full")

    given: dict[str, Any] = {"audit": NoAudit()} if broken == "audit" else {"touched": fails}
    ask = office.ask(Way.MENTION, "look at fraud", incident="INC-1")
    office.turn(**given).handle(ask, office.chat)
    assert [s.reply.title for s in office.chat.shown] == ["look ran"]
    assert "is full" in caplog.text


def test_an_answer_that_does_not_get_through_is_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.chat.channels = frozenset()
    office.turn().handle(office.ask(Way.MENTION, "look at fraud"), office.chat)
    assert "did not get through: slack: channel_not_found" in caplog.text
    assert office.audit() == [(EVA, "look", "ok")]


def test_a_chat_that_breaks_ends_no_worker(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(method: str) -> None:
        raise KeyError(method)

    office.chat.before = broken
    office.turn().handle(office.ask(Way.MENTION, "look at fraud"), office.chat)
    assert "failed beyond answering" in caplog.text


# In threads ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["lovely weather", "maybe look", "hm", "wipe it", "fly away"])
def test_people_talking_in_a_thread_are_left_alone(office: Office, text: str) -> None:
    assert office.handle(Way.THREAD, text, incident="INC-1") is None
    assert office.names() == []
    assert office.audit() == []


def test_a_clear_question_in_a_thread_is_answered_there(office: Office) -> None:
    shown = office.handle(Way.THREAD, "look at fraud", incident="INC-1")
    assert shown is not None
    assert shown.thread == "5.0"
    assert office.ran.calls[0][2].thread == "INC-1"


def test_a_router_that_crashes_says_nothing_into_a_thread(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def route(self, text: str, thread: str = "") -> Route:
            raise RuntimeError("no model")

    ask = office.ask(Way.THREAD, "we should look at fraud", incident="INC-1")
    office.turn(router=Broken()).handle(ask, office.chat)
    assert office.chat.shown == []
    assert "no model" in caplog.text


# Afterwards ----------------------------------------------------------------------------------


def test_the_audit_says_who_asked_what_where_and_what_came_of_it(office: Office) -> None:
    office.reply(Way.COMMAND, "fraud 3", user=ADA, command="/look")
    assert office.store.audit.find() == [
        AuditEntry(NOON, ADA, "look", {"model": "fraud", "hours": "3"}, "ok", "look ran", "C1")
    ]


def test_asking_back_is_not_recorded(office: Office) -> None:
    office.reply(Way.MENTION, "wipe it")
    office.reply(Way.MENTION, "hm")
    assert office.audit() == []


def test_the_card_of_what_a_reply_is_about_is_refreshed(office: Office) -> None:
    office.reply(Way.MENTION, "look at fraud", incident="INC-7")
    office.reply(Way.MENTION, "look at fraud")
    assert office.touched == ["INC-7"]


def test_a_change_pressed_on_a_card_is_shown_by_the_card_itself(office: Office) -> None:
    wipe = Call("wipe", {"model": "fraud"})
    assert office.handle(Way.BUTTON, call=wipe, incident="INC-7") is None
    assert office.touched == ["INC-7"]
    assert office.handle(Way.BUTTON, call=wipe) is not None
    office.ran.error = UserError("It is wiped already.")
    assert "already" in office.reply(Way.BUTTON, call=wipe, incident="INC-7").text


# The terminal --------------------------------------------------------------------------------


def failing(error: Exception) -> Callable[[Office], None]:
    def prepare(office: Office) -> None:
        office.ran.error = error

    return prepare


@pytest.mark.parametrize(
    ("text", "prepare", "title"),
    [
        ("look at fraud", failing(NotFound("model", "fraud")), "No model 'fraud'"),
        ("look at fraud", failing(OSError("disk")), "Something went wrong on my side"),
        ("look", failing(OSError("disk")), "Check model"),
        ("wipe it", failing(OSError("disk")), "Wipe: fraud?"),
    ],
)
def test_the_terminal_gets_replies_for_errors_too(
    office: Office, text: str, prepare: Callable[[Office], None], title: str
) -> None:
    prepare(office)
    assert office.turn().reply(office.ask(Way.TERMINAL, text)).title == title


def test_in_the_terminal_the_nearest_names_are_buttons_too(office: Office) -> None:
    office.ran.error = NotFound("model", "fraud", ["fraud-v2"])
    reply = office.turn().reply(office.ask(Way.TERMINAL, "look at fraud"))
    assert [b.call for b in reply.buttons] == [Call("look", {"model": "fraud-v2"})]


def test_the_terminal_hears_of_silence(office: Office) -> None:
    with pytest.raises(Silent):
        office.turn().reply(office.ask(Way.THREAD, "lovely weather"))


def test_a_private_reply_to_a_mention_is_whispered(office: Office) -> None:
    def run(ctx: Context, args: BaseModel) -> Reply:
        return Reply("mine", audience=Audience.ASKER)

    mine = Skill("look", "Look", (), ModelArgs, run)
    office.turn(skills=(mine,)).handle(office.ask(Way.MENTION, "look at fraud"), office.chat)
    assert [s.only_for for s in office.chat.shown] == [EVA]


# Windows


def opened(office: Office) -> Window:
    office.chat.windows["V1"] = Opened("1")
    return Window("V1", "1")


def test_a_form_is_shown_in_its_window_with_its_first_preview(office: Office) -> None:
    call = Call("tune", {"model": "fraud", "hours": 6})
    office.handle(Way.OPEN, call=call, window=opened(office))
    shown = office.chat.windows["V1"]
    assert shown.form == tune_form(context(), ModelArgs(model="fraud", hours=6))
    assert shown.call == call
    assert shown.reply == Reply("look ran")
    assert [args for _, args, _ in office.ran.calls] == [ModelArgs(model="x", hours=6)]
    assert office.names() == ["look"], "a window that opens changes nothing"


def test_one_who_may_not_is_told_before_anything_is_typed(office: Office) -> None:
    call = Call("tune", {"model": "fraud"})
    office.handle(Way.OPEN, user=ZOE, call=call, window=opened(office))
    shown = office.chat.windows["V1"]
    assert shown.form is None
    assert shown.reply is not None
    assert shown.reply.title == "Not allowed"
    assert office.audit() == [(ZOE, "tune", "Denied")]


@pytest.mark.parametrize("call", [Call("tune", {"model": "gone"}), Call("look", {"model": "a"})])
def test_why_there_is_no_form_is_said_in_the_window(office: Office, call: Call) -> None:
    office.handle(Way.OPEN, call=call, window=opened(office))
    shown = office.chat.windows["V1"]
    assert shown.form is None
    assert shown.reply is not None
    assert shown.reply.tone is Tone.WARNING


@pytest.mark.parametrize("skill", ["wipe", "own"])
def test_a_preview_changes_nothing(office: Office, skill: str) -> None:
    call = Call(skill, {"model": "fraud"})
    office.handle(Way.LOOK, call=call, window=opened(office))
    assert not any(ctx.via_button for _, _, ctx in office.ran.calls)
    assert "wipe" not in office.names()
    assert office.chat.windows["V1"].reply is not None


def test_a_preview_says_what_is_wrong_with_what_is_typed(office: Office) -> None:
    call = Call("look", {"model": "fraud", "hours": "-1"})
    office.handle(Way.LOOK, call=call, window=opened(office))
    reply = office.chat.windows["V1"].reply
    assert reply is not None
    assert reply.title == "Check hours"


# What leans on the question before ------------------------------------------------------------


def known() -> Known:
    return Known(models=("fraud", "churn"))


def test_the_same_is_asked_of_another_one(office: Office) -> None:
    turn = office.turn(known=known)
    for text in ("look at fraud", "and churn?"):
        turn.handle(office.ask(Way.MENTION, text), office.chat)
    assert [(name, args.model_dump()["model"]) for name, args, _ in office.ran.calls] == [
        ("look", "fraud"),
        ("look", "churn"),
    ]


def test_what_changes_something_is_a_button_again(office: Office) -> None:
    turn = office.turn(known=known)
    turn.handle(office.ask(Way.BUTTON, call=Call("wipe", {"model": "fraud"})), office.chat)
    turn.handle(office.ask(Way.MENTION, "and churn?"), office.chat)
    assert office.names() == ["wipe"]
    (button,) = office.chat.shown[-1].reply.buttons
    assert button.call == Call("wipe", {"model": "churn"})


def test_what_only_buttons_reach_is_never_leaned_on(office: Office) -> None:
    turn = office.turn(known=known)
    turn.handle(office.ask(Way.BUTTON, user=ADA, call=Call("crown")), office.chat)
    turn.handle(office.ask(Way.MENTION, "and churn?", user=ADA), office.chat)
    assert office.names() == ["crown"]


def test_talk_of_others_stays_theirs(office: Office) -> None:
    turn = office.turn(known=known)
    turn.handle(office.ask(Way.MENTION, "look at fraud", user=ADA), office.chat)
    turn.handle(office.ask(Way.MENTION, "and churn?", user=EVA), office.chat)
    assert office.names() == ["look"]


# What the language model costs is booked on somebody ------------------------------------------


def test_a_skill_knows_who_it_works_for(office: Office) -> None:
    seen: list[Behalf] = []

    def run(ctx: Context, called: BaseModel) -> Reply:
        seen.append(behalf())
        return Reply("done")

    asking = Skill("think", "Think", ("think please",), NoArgs, run)
    turn = office.turn(
        skills=(asking,),
        router=Table({"think": to("think")}),
        team_of=lambda incident: f"team of {incident}",
    )
    turn.handle(replace(office.ask(Way.MENTION, "think"), incident="INC-1"), office.chat)
    assert seen == [Behalf(EVA, "team of INC-1", "ask-1", "think")]
    assert behalf() == Behalf()


def test_an_answer_names_the_prompt_the_model_and_what_it_cost(office: Office) -> None:
    ledger = StoreLedger(office.store.uses, lambda: NOON, Prices(1, 4, "EUR"), Limits())

    def run(ctx: Context, called: BaseModel) -> Reply:
        with ledger.answer("small", "think@2", 9000, 900) as spent:
            spent.took(3000, 412)
        return Reply("thought", footer="From 2 alerts.")

    thinking = Skill("think", "Think", ("think please",), NoArgs, run)
    turn = office.turn(
        skills=(thinking,),
        router=Table({"think": to("think")}),
        context=lambda user, now: context(user=user, now=now, ledger=ledger),
    )
    for _ in range(2):
        turn.handle(office.ask(Way.MENTION, "think"), office.chat)
    footers = [shown.reply.footer for shown in office.chat.shown]
    assert footers == ["From 2 alerts. think@2 · small · 3,412 tokens · 0.0046 EUR"] * 2


def test_the_progress_of_a_skill_is_shown_where_the_reply_comes(office: Office) -> None:
    def run(ctx: Context, called: BaseModel) -> Reply:
        ctx.progress(Reply("half way"))
        assert office.chat.shown[-1].reply.title == "half way"
        return Reply("done")

    slow = Skill("slow", "Take long", ("slow please",), NoArgs, run)
    turn = office.turn(skills=(slow,), router=Table({"slow": to("slow")}))
    turn.handle(office.ask(Way.MENTION, "slow"), office.chat)
    assert [(s.reply.title, s.edits) for s in office.chat.shown] == [("done", 1)]
