"""One turn, as a list of steps: once only, who asks, which call, may they, run, record, answer.

Every error becomes a Reply here: this is the last stop before the outside.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from bot.access import Rights, check
from bot.answer import Answer
from bot.ask import Ask, Way, Window
from bot.conversation import Conversations
from bot.follow_up import Several, filled, meant, said
from bot.ports import Messenger, People
from bot.words import Known, command_call
from knowledge.errors import BadArgs, Denied, NotFound, TandemError, Unavailable, UserError
from knowledge.ledger import say_bill
from knowledge.on_behalf import Bill, behalf, on_behalf
from knowledge.ports import Audit, Seen
from knowledge.records import AuditEntry
from skills.contract import Button, Call, Context, Form, Reply, Role, Skill, Style, Tone, User

log = logging.getLogger("tandem.turn")

ASK = "ask"
"""The Call of a button that stands for words: as if its text had been typed."""

SURE_IN_THREAD = 0.9
"""In a thread where people talk to each other the bot answers unasked only when this sure."""

AnySkill = Skill[Any]


class Routed(Protocol):
    """What the router says of a text; see `bot.route`."""

    @property
    def call(self) -> Call | None: ...
    @property
    def skill(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def step(self) -> str: ...
    @property
    def candidates(self) -> Sequence[Call]: ...


class Routes(Protocol):
    def route(self, text: str, thread: str = "") -> Routed: ...


class Silent(Exception):
    """Nothing is to be said: a repeat, or talk between people."""


@dataclass(frozen=True)
class Asked:
    """An Ask with its asker known and, once routed, its call."""

    ask: Ask
    user: User
    call: Call
    skill: AnySkill
    args: BaseModel


@dataclass
class Turn:
    """Handles one Ask at a time on whichever thread calls it; safe on many at once."""

    skills: Sequence[AnySkill]
    router: Routes
    people: People
    seen: Seen
    audit: Audit
    touched: Callable[[str], None]
    """Told of the incident or request that a reply is about: its card is to be refreshed."""
    rights: Rights
    context: Callable[[User, datetime], Context]
    now: Callable[[], datetime]
    known: Callable[[], Known] = Known
    """The names in use, for what leans on the question before."""
    talk: Conversations = field(default_factory=Conversations)
    team_of: Callable[[str], str] = lambda incident_id: ""
    """The team that owns an incident: what the language model costs is booked on it."""
    give_way: Callable[[], None] = lambda: None
    """Called between the steps of an answer: a place to wait for what is more urgent."""

    def handle(self, ask: Ask, messenger: Messenger) -> None:
        """Answer through the messenger. Never raises: what cannot be answered is logged."""
        started = perf_counter()
        answer = Answer(messenger, ask)
        outcome = "failed"
        try:
            with self._on_behalf(ask):
                outcome = self._answer(ask, answer, messenger)
        except Silent:
            outcome = "silent"
            answer.drop()
        except Unavailable as error:
            log.warning("the answer did not get through: %s", error)
        except Exception:
            log.exception("turn %s failed beyond answering", ask.id)
        finally:
            answer.drop()
            log.info(
                "turn way=%s user=%s outcome=%s ms=%.0f id=%s",
                ask.way,
                ask.user,
                outcome,
                1000 * (perf_counter() - started),
                ask.id,
            )

    def reply(self, ask: Ask) -> Reply:
        """The reply alone, for the terminal. Raises Silent."""
        call = ask.call
        try:
            with self._on_behalf(ask):
                asked = self._understood(ask)
                call = asked.call
                return self._run(asked, _nobody_waits)
        except _Instead as instead:
            return instead.reply
        except TandemError as error:
            return explained(error, call)
        except Silent:
            raise
        except Exception:
            log.exception("turn %s", ask.id)
            return _broken(ask)

    def form(self, ask: Ask) -> Form:
        """The window of the call's own skill, filled in as far as is known. Raises UserError."""
        asked = self._understood(ask)
        if asked.skill.form is None:
            raise UserError(f"{asked.skill.name} has no form to fill in.")
        ctx = replace(self.context(asked.user, self.now()), thread=ask.incident)
        return asked.skill.form(ctx, asked.args)

    def _answer(self, ask: Ask, answer: Answer, messenger: Messenger) -> str:
        call = ask.call
        try:
            if not self.seen.first_time(ask.id, self.now()):
                raise Silent
            if ask.way is Way.OPEN:
                return self._open(ask, messenger)
            if ask.way is not Way.THREAD:
                answer.start()
            self.give_way()
            asked = self._understood(ask)
            call = asked.call
            reply = self._run(asked, partial(answer.progress, public=asked.skill.public))
            self.give_way()
        except _Instead as instead:
            answer.show(instead.reply, public=False)
            return "asked back"
        except TandemError as error:
            _unless_unasked(ask, call)
            answer.fail(explained(error, call))
            return type(error).__name__
        except Silent:
            raise
        except Exception:
            log.exception("turn %s", ask.id)
            _unless_unasked(ask, call)
            answer.fail(_broken(ask))
            return "crash"
        if _card_says_it(asked, reply):
            answer.drop()
        else:
            answer.show(reply, public=asked.skill.public)
        return asked.skill.name

    def _open(self, ask: Ask, messenger: Messenger) -> str:
        """Show the form in the window that is open, then what its preview shows at once."""
        form = self.form(ask)
        if ask.call is None or ask.window is None:
            raise ValueError(f"{ask.id} names no call or no window")
        call = replace(ask.call, args={**ask.call.args, **dict(form.keep)})
        window = messenger.ask_in(ask.window, form, call, ask.place)
        look = first_look(form, ask, window)
        if look is not None:
            self.handle(look, messenger)
        return "form"

    def _understood(self, ask: Ask) -> Asked:
        """Which call, with checked arguments. Raises UserError, Silent, or _Instead."""
        call = ask.call or self._from_words(ask)
        if call.skill == ASK:
            ask = replace(ask, call=None, command="", way=_typed(ask.way), text=call.args["text"])
            call = self._from_words(ask)
        # Before the rights are looked up: what they allow is done at once.
        self.give_way()
        user = self._user(ask)
        skill = self._skill(call.skill)
        args = checked(skill, call)
        asked = Asked(ask, user, call, skill, args)
        try:
            check(user, skill.needs, self._who)
        except Denied as error:
            self._record(asked, "Denied", str(error))
            raise
        if skill.needs > Role.READ and not _pressed(ask) and not skill.asks_first:
            raise _Instead(_as_button(asked))
        return asked

    def _on_behalf(self, ask: Ask) -> AbstractContextManager[None]:
        team = self.team_of(ask.incident)
        return on_behalf(bill=Bill(), user=ask.user, turn=ask.id, team=team)

    def _run(self, asked: Asked, progress: Callable[[Reply], None]) -> Reply:
        ctx = replace(
            self.context(asked.user, self.now()),
            thread=asked.ask.incident,
            channel=asked.ask.place.channel,
            saw=asked.ask.saw,
            via_button=_pressed(asked.ask),
            progress=progress,
        )
        try:
            with on_behalf(purpose=asked.skill.name):
                reply = asked.skill.run(ctx, asked.args)
        except Exception as error:
            ours = isinstance(error, TandemError)
            self._record(asked, type(error).__name__ if ours else "crash", str(error))
            raise
        self._record(asked, "ok", reply.title)
        self._refresh_card(reply.about)
        if not asked.skill.hidden:
            self.talk.keep(asked.ask, said(asked.call, reply), self.now())
        return _with_bill(ctx, reply)

    def _refresh_card(self, subject: str) -> None:
        if not subject:
            return
        try:
            self.touched(subject)
        except Unavailable:
            # What was asked for is done: it must not be answered as a failure.
            log.exception("the card of %s is not refreshed", subject)

    def _from_words(self, ask: Ask) -> Call:
        if ask.command:
            call = command_call(ask.command, ask.text, self.skills)
            if call.skill != ASK:
                return call
            ask = replace(ask, text=str(call.args["text"]))
        before = self.talk.last(ask, self.now())
        leaning = meant(ask.text, before, self.skills, self.known()) if before else None
        if isinstance(leaning, Several):
            raise _Instead(_which(leaning))
        if isinstance(leaning, Call):
            if ask.way is Way.THREAD and self._skill(leaning.skill).needs is not Role.READ:
                raise Silent
            return leaning
        routed = self.router.route(leaning or ask.text, ask.incident)
        if ask.way is Way.THREAD and not self._may_speak_up(routed):
            raise Silent
        if routed.call is not None and routed.skill != "none":
            return filled(routed.call, ask.text, before, self.skills) if before else routed.call
        raise _Instead(_unsure(routed, ask))

    def _may_speak_up(self, routed: Routed) -> bool:
        if routed.call is None or routed.skill == "none":
            return False
        skill = self._skill(routed.skill)
        return routed.confidence >= SURE_IN_THREAD and skill.ready and skill.needs is Role.READ

    def _skill(self, name: str) -> AnySkill:
        found = next((s for s in self.skills if s.name == name), None)
        if found is None:
            raise NotFound.among("skill", name, (s.name for s in self.skills if not s.hidden))
        return found

    def _user(self, ask: Ask) -> User:
        return User(ask.user, self.people.person(ask.user), self.rights.role(ask.user))

    def _who(self, role: Role) -> str:
        return ", ".join(sorted(self.people.person(u) for u in self.rights.who(role)))

    def _record(self, asked: Asked, outcome: str, detail: str) -> None:
        entry = AuditEntry(
            at=self.now(),
            actor=asked.user.id,
            skill=asked.skill.name,
            args=dict(asked.call.args),
            outcome=outcome,
            detail=detail,
            place=asked.ask.place.channel,
            saw=asked.ask.saw,
        )
        try:
            self.audit.add(entry)
        except Unavailable:
            # What was asked for is done: it must not be answered as a failure.
            log.exception("not in the audit record: %s", entry)


class _Instead(Exception):
    """Not the skill's reply but another: candidates, or a button to press first."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


def _with_bill(ctx: Context, reply: Reply) -> Reply:
    """The reply with the prompts, the model, the tokens and the cost that it took, if any."""
    bill = say_bill(behalf().bill.uses, ctx.ledger.prices) if ctx.ledger else ""
    return replace(reply, footer=f"{reply.footer} {bill}".strip()) if bill else reply


def _nobody_waits(reply: Reply) -> None:
    """The progress of an answer that is shown at once."""


def checked(skill: AnySkill, call: Call) -> BaseModel:
    """The call's arguments as the skill's model. Raises BadArgs for the first wrong one."""
    try:
        args: BaseModel = skill.args.model_validate(dict(call.args))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "arguments"
        problem = "it is missing" if first["type"] == "missing" else str(first["msg"])
        example = f"For example: {skill.examples[0]}" if skill.examples else ""
        raise BadArgs(name, problem.removeprefix("Value error, "), example) from None
    return args


def first_look(form: Form, ask: Ask, window: Window) -> Ask | None:
    """What a form's preview is asked when its window opens; None where it waits for a press."""
    if form.preview is None or not form.preview.at_once:
        return None
    typed = {field.name: field.initial for field in form.fields if field.initial}
    call = Call(form.preview.call.skill, {**form.preview.call.args, **typed})
    return Ask(f"{ask.id}:look", ask.user, Way.LOOK, place=ask.place, call=call, window=window)


def explained(error: TandemError, call: Call | None = None) -> Reply:
    """An error in words, with buttons that mend it where that is possible."""
    match error:
        case NotFound():
            return Reply(
                title=f"No {error.kind} {error.name!r}",
                text=str(error),
                tone=Tone.WARNING,
                buttons=_instead_of(error, call),
            )
        case BadArgs():
            return Reply(title=f"Check {error.field}", text=str(error), tone=Tone.WARNING)
        case Denied():
            return Reply(title="Not allowed", text=str(error), tone=Tone.WARNING)
        case Unavailable():
            again = (Button("Try again", call),) if call and error.retry else ()
            return Reply(
                title=f"{error.system} is not available",
                text=f"{error.why[:1].upper()}{error.why[1:]}. Nothing was changed by this.",
                tone=Tone.WARNING,
                buttons=again,
            )
        case UserError():
            return Reply(title="That did not work", text=str(error), tone=Tone.WARNING)
    return Reply(title="That did not work", text=str(error), tone=Tone.BAD)


def _instead_of(error: NotFound, call: Call | None) -> tuple[Button, ...]:
    """One button per nearest name: the same call with that name in the place of the wrong one."""
    if call is None:
        return ()
    wrong = next((k for k, v in call.args.items() if str(v) == error.name), None)
    if wrong is None:
        return ()
    return tuple(
        Button(name, Call(call.skill, {**call.args, wrong: name})) for name in error.nearest
    )


def _unsure(routed: Routed, ask: Ask) -> Reply:
    offered = tuple(Button(_named(c), c) for c in routed.candidates[:3] if c.skill != "none")
    help_button = Button("What can you do?", Call("help"))
    if offered:
        return Reply(title="What do you mean?", buttons=(*offered, help_button))
    return Reply(
        title="I did not take that as a request",
        text="Ask about an incident or a model in your own words, or use a slash command.",
        buttons=(help_button,),
    )


def _which(several: Several) -> Reply:
    return Reply(
        title="Which one do you mean?",
        buttons=tuple(Button(_named(call)[:75], call) for call in several.calls),
    )


def _named(call: Call) -> str:
    words = call.skill.replace("_", " ").capitalize()
    given = ", ".join(str(v) for v in call.args.values() if v)
    return f"{words}: {given}" if given else words


def _as_button(asked: Asked) -> Reply:
    """Words never change the world: they end in a button that does."""
    return Reply(
        title=f"{_named(asked.call)}?",
        text=f"{asked.skill.summary}. Press to do it.",
        buttons=(Button("Do it", asked.call, style=Style.PRIMARY),),
    )


def _broken(ask: Ask) -> Reply:
    return Reply(
        title="Something went wrong on my side",
        text=f"It is in my log as `{ask.id}`. Nothing you did caused it.",
        tone=Tone.BAD,
    )


def _unless_unasked(ask: Ask, call: Call | None) -> None:
    """Raises Silent: people who talk to each other are not told of what they did not ask for."""
    if ask.way is Way.THREAD and call is None:
        raise Silent


def _card_says_it(asked: Asked, reply: Reply) -> bool:
    """A change pressed on an incident's own card shows there at once; a second message is noise.
    The card of a request is rewritten by the courier alone."""
    if not reply.about or not _pressed(asked.ask):
        return False
    if reply.replace and reply.about == asked.ask.card:
        return True
    return asked.skill.needs > Role.READ and reply.about == asked.ask.incident


def _pressed(ask: Ask) -> bool:
    """A form that opens runs nothing yet: what it needs is checked as for the press it leads to."""
    return ask.way in (Way.BUTTON, Way.FORM, Way.OPEN)


def _typed(way: Way) -> Way:
    """A pressed example counts as words that were typed: it must not count as a confirmation."""
    return Way.TERMINAL if way is Way.TERMINAL else Way.MENTION
