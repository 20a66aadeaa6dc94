"""Change an incident: acknowledge, resolve, reopen, severity, assign, note.

Words alone change nothing: they are answered with the button that would.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import BaseModel, Field

from knowledge.incidents import (
    acknowledge,
    add_note,
    assign,
    read_severity,
    reopen,
    resolve,
    set_severity,
    unacknowledge,
)
from knowledge.records import Incident
from skills import cards
from skills.contract import (
    Audience,
    BadArgs,
    Button,
    Call,
    Context,
    Form,
    FormField,
    Reply,
    Role,
    Skill,
    Style,
    Tone,
)
from skills.which import incident_named


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    action: str = Field("", description="ack, unack, resolve, reopen, severity, assign or note")
    value: str = Field("", description="the severity, the person, the note or what fixed it")


Step = Callable[[Incident], Incident]


@dataclass(frozen=True)
class Action:
    """One thing that can be done: how to do it, and how to say it."""

    label: str
    """What the button says; with the incident's id after it, a question."""
    done: str
    step: Callable[[Context, str], Step]
    asks: FormField | None = None
    """Asked in a window when it needs a value that was not given."""


def _ack(ctx: Context, value: str) -> Step:
    return lambda incident: acknowledge(incident, ctx.user.id, ctx.now)


def _unack(ctx: Context, value: str) -> Step:
    return lambda incident: unacknowledge(incident, ctx.user.id, ctx.now)


def _resolve(ctx: Context, value: str) -> Step:
    return lambda incident: resolve(incident, ctx.user.id, ctx.now, value)


def _reopen(ctx: Context, value: str) -> Step:
    return lambda incident: reopen(incident, ctx.user.id, ctx.now)


def _severity(ctx: Context, value: str) -> Step:
    severity = read_severity(value)
    return lambda incident: set_severity(incident, severity, ctx.user.id, ctx.now)


def _assign(ctx: Context, value: str) -> Step:
    owner = _person(ctx, value)
    return lambda incident: assign(incident, owner, ctx.user.id, ctx.now, ctx.people(owner))


def _note(ctx: Context, value: str) -> Step:
    return lambda incident: add_note(incident, value, ctx.user.id, ctx.now)


ACTIONS = {
    "ack": Action("Acknowledge", "acknowledged", _ack),
    "unack": Action("Unacknowledge", "no longer acknowledged", _unack),
    "resolve": Action("Resolve", "resolved", _resolve),
    "reopen": Action("Reopen", "open again", _reopen),
    "severity": Action(
        "Change severity of",
        "has a new severity",
        _severity,
        FormField("value", "Severity", options=cards.SEVERITY_OPTIONS),
    ),
    "assign": Action(
        "Assign", "assigned", _assign, FormField("value", "To whom", hint="a name, or me")
    ),
    "note": Action(
        "Add a note to", "has a new note", _note, FormField("value", "Note", multiline=True)
    ),
}
_SYNONYMS = {
    **dict.fromkeys(("acknowledge", "acked", "acknowledged"), "ack"),
    **dict.fromkeys(("unacknowledge", "release", "give back", "giveback"), "unack"),
    **dict.fromkeys(("close", "resolved", "done", "fixed", "fix"), "resolve"),
    **dict.fromkeys(("re-open", "open", "unresolve"), "reopen"),
    **dict.fromkeys(("sev", "priority", "escalate", "downgrade"), "severity"),
    **dict.fromkeys(("owner", "reassign", "take", "handover"), "assign"),
    **dict.fromkeys(("comment", "add", "log"), "note"),
}
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_MYSELF = frozenset({"me", "myself", "i"})


def run(ctx: Context, args: Args) -> Reply:
    name = _action_name(args.action)
    incident = incident_named(ctx, args.incident)
    action = ACTIONS[name]
    value = args.value.strip()
    if not ctx.via_button:
        return _propose(ctx, incident, name, value)
    after = ctx.incidents.change(incident.id, action.step(ctx, value), tell=("card", "thread"))
    return Reply(
        title=f"{incident.id} {_done(action, after, ctx)}",
        text=after.title,
        tone=Tone.GOOD,
        about=incident.id,
        audience=Audience.ASKER,
    )


def _propose(ctx: Context, incident: Incident, name: str, value: str) -> Reply:
    """The button that would do it; what cannot be done is refused already here."""
    action = ACTIONS[name]
    args = {"incident": incident.id, "action": name} | ({"value": value} if value else {})
    question = f"{action.label} {incident.id}" + (f" ({value[:80]})" if value else "")
    form = None
    if action.asks is not None and not value:
        form = Form(f"Update {incident.id}", (action.asks,), submit="Save")
    elif action.step(ctx, value)(incident) is incident:
        return Reply(
            title=f"{incident.id} is so already",
            text=incident.title,
            fields={"State": cards.say_state(incident, ctx.now, ctx.people)},
            audience=Audience.ASKER,
        )
    button = Button(
        action.label.split()[0], Call("incident_update", args), style=Style.PRIMARY, form=form
    )
    return Reply(
        title=f"{question}?",
        text=f"{incident.title}, {cards.say_state(incident, ctx.now, ctx.people)}",
        buttons=(button,),
        audience=Audience.ASKER,
    )


def _done(action: Action, after: Incident, ctx: Context) -> str:
    if action.step is _severity:
        return f"is {after.severity} now"
    if action.step is _assign:
        return f"is assigned to {ctx.people(after.owner)}"
    return action.done if action.done.startswith("has") else f"is {action.done}"


def _action_name(text: str) -> str:
    word = text.strip().lower()
    name = _SYNONYMS.get(word, word)
    if name in ACTIONS:
        return name
    nearest = get_close_matches(word, [*ACTIONS, *_SYNONYMS], n=1)
    hint = f"Did you mean {_SYNONYMS.get(nearest[0], nearest[0])}? " if nearest else ""
    problem = f"{text!r} is none" if word else "it does not say what to do"
    raise BadArgs("action", problem, f"{hint}Use one of {', '.join(ACTIONS)}")


def _person(ctx: Context, text: str) -> str:
    name = text.strip()
    if name.lower() in _MYSELF:
        return ctx.user.id
    mention = _MENTION.fullmatch(name)
    return mention[1] if mention else name.removeprefix("@")


skill = Skill(
    name="incident_update",
    summary="Acknowledge, resolve, reopen, assign or note on an incident",
    examples=(
        "acknowledge INC-12",
        "resolve INC-12: rolled back the deploy",
        "make INC-12 a SEV1",
    ),
    phrases=(
        "ack this",
        "I take this one",
        "close the incident, all is well again",
        "it is back, reopen it",
        "assign INC-7 to hannes",
        "raise the severity to SEV2",
        "note that the vendor was called at 11:20",
    ),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
)
