"""All that the author of a skill needs.

A skill is a value: a name, a summary, examples, an argument model and one function that takes a
`Context` and the arguments and returns a `Reply`. It does not know that Slack exists.

Text in a Reply is plain text in which `*bold*`, `` `code` `` and line breaks are drawn as such.
Everything else (angle brackets, ampersands, mentions) is escaped by whoever draws it, so text from
alerts and threads may be passed on as it is. Links go into `Source.url`, `Section.url`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from knowledge.catalogue import Catalogue
from knowledge.errors import BadArgs, Denied, NotFound, TandemError, Unavailable, UserError
from knowledge.oncall import OnCall
from knowledge.ports import (
    LLM,
    Alerts,
    Approvals,
    Audit,
    Changes,
    Executions,
    Frames,
    Handovers,
    Incidents,
    Investigator,
    Judgements,
    Ledger,
    Library,
    Metrics,
    Models,
    Moves,
    Pager,
    Promoting,
    Remediation,
    Rooms,
    Runs,
    Silences,
    Telemetry,
    Tickets,
    Trainer,
    Triage,
    Uses,
    Watching,
)
from knowledge.records import Message

__all__ = [
    "Attachment",
    "Audience",
    "BadArgs",
    "Button",
    "Call",
    "Context",
    "Denied",
    "Form",
    "FormField",
    "Line",
    "NoArgs",
    "NotFound",
    "Picture",
    "Preview",
    "Reply",
    "Role",
    "Section",
    "Skill",
    "Source",
    "Style",
    "Table",
    "TandemError",
    "Tone",
    "Unavailable",
    "User",
    "UserError",
]


class Role(IntEnum):
    """What a person may do; each includes the ones before it."""

    READ = 1
    OPERATE = 2
    APPROVE = 3


@dataclass(frozen=True)
class User:
    """A person. `name` is for showing; rights and records go by `id`."""

    id: str
    name: str
    role: Role = Role.READ


@dataclass(frozen=True)
class Call:
    """A skill's name and its arguments: what an Ask becomes, and what a button carries.

    Keep the arguments small (ids, not texts): a button's value holds 2,000 characters at most.
    """

    skill: str
    args: Mapping[str, Any] = field(default_factory=dict)


class Style(StrEnum):
    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True)
class FormField:
    """One input of a form. `options` makes it a choice, each (value, label); `grouped` too, where
    there are many: each (heading, options)."""

    name: str
    """The argument of the Call that it fills."""
    label: str
    hint: str = ""
    initial: str = ""
    multiline: bool = False
    optional: bool = False
    options: tuple[tuple[str, str], ...] = ()
    grouped: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True)
class Preview:
    """A button inside a form: what the call answers to what is typed so far is shown in the same
    window, as often as it is pressed. It can change nothing: the call is run as if asked in words,
    and what is typed joins its arguments."""

    label: str
    call: Call
    at_once: bool = False
    """Shown from the beginning too, for what the form starts with."""


@dataclass(frozen=True)
class Form:
    """Asked in a window when a button is pressed; what is typed joins the Call's arguments."""

    title: str
    """At most 24 characters."""
    fields: tuple[FormField, ...]
    submit: str = "Submit"
    text: str = ""
    preview: Preview | None = None
    keep: tuple[tuple[str, str], ...] = ()
    """Arguments that join the Call unseen; for forms that a skill makes when they are opened."""


@dataclass(frozen=True)
class Button:
    """Pressing it makes the call, with the presser's rights. `url` makes it a plain link."""

    label: str
    call: Call | None = None
    style: Style = Style.PLAIN
    confirm: str = ""
    """Asked before the press counts; for what cannot be taken back."""
    form: Form | None = None
    asks: bool = False
    """The form of the call's own skill (`Skill.form`) is asked first: for one that is too large to
    be carried by a button, or that shows how things are when it is pressed."""
    url: str = ""


@dataclass(frozen=True)
class Source:
    """Something a statement rests on. Lines name sources by `key`."""

    key: str
    label: str
    url: str = ""


@dataclass(frozen=True)
class Line:
    """One statement, with the keys of the sources it rests on."""

    text: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """Lines under a heading; drawn as a list when `bullets`."""

    heading: str = ""
    lines: tuple[Line, ...] = ()
    bullets: bool = False
    url: str = ""
    """Where the heading leads."""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Table:
    """At most 20 columns and 100 rows. `right` names the columns of numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attachment:
    """A file to take away: a time line, an export. `name` ends in its suffix."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Picture:
    """A PNG. `alt` says in words what it shows, for those who cannot see it."""

    title: str
    alt: str
    png: bytes = field(repr=False)


class Tone(StrEnum):
    """How the news is: drawn as a coloured sign before the title."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Audience(StrEnum):
    """Who sees it: ASKER is ephemeral in a channel, PLACE is posted where it was asked."""

    ASKER = "asker"
    PLACE = "place"


@dataclass(frozen=True)
class Reply:
    """What to show, in this order: title, text, fields, table, sections, pictures, attachments,
    sources, buttons, calls, footer."""

    title: str
    text: str = ""
    tone: Tone = Tone.NEUTRAL
    fields: Mapping[str, str] = field(default_factory=dict)
    table: Table | None = None
    sections: tuple[Section, ...] = ()
    pictures: tuple[Picture, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    sources: tuple[Source, ...] = ()
    buttons: tuple[Button, ...] = ()
    footer: str = ""
    """Small print: how it was computed, which data, as of when."""
    calls: tuple[str, ...] = ()
    """People and groups who are to be called by this message: user and group ids of the chat.
    Slack calls them when it is posted, and not when it is edited."""
    about: str = ""
    """The incident ("INC-12") or request ("APR-3") it is about: its card is refreshed after the
    turn."""
    audience: Audience = Audience.PLACE
    replace: bool = False
    """When it answers a button: rewrite the message that held the button instead of adding one."""


ArgsT = TypeVar("ArgsT", bound=BaseModel)


class NoArgs(BaseModel):
    """For skills that take no arguments."""


@dataclass(frozen=True)
class Skill(Generic[ArgsT]):
    """What a person can ask for.

    One declaration serves five uses: help text, slash usage (from the fields of `args`), the
    LLM's schema, the routing corpus and the routing test (every example reaches its own skill).
    """

    name: str
    summary: str
    """What it does, in one line that starts with a verb: "Show how far a model's inputs moved"."""
    examples: tuple[str, ...]
    """Things people type, two or three; shown in help as buttons that can be clicked."""
    args: type[ArgsT]
    run: "Callable[[Context, ArgsT], Reply]"
    form: "Callable[[Context, ArgsT], Form] | None" = None
    """The window that a button with `asks` opens; it runs with the rights that the skill needs, and
    its fields fill the arguments of this skill."""
    needs: Role = Role.READ
    phrases: tuple[str, ...] = ()
    """More wordings for the router to learn from, many and varied; never shown."""
    command: str = ""
    """The slash command that leads here, such as "/drift"; its text fills the arguments."""
    hidden: bool = False
    """Reached by buttons only: not in help, never chosen by words."""
    positional: tuple[str, ...] = ()
    """Fields of `args` in the order in which bare words of a command fill them; the last one takes
    the rest of the line. Empty: all fields in the order of their declaration."""
    asks_first: bool = False
    """It needs more than READ, and asked in words it replies with a button of its own choosing
    (`ctx.via_button` is False then). Without this, the bot puts a general button before it."""
    ready: bool = True
    """False: recognised in words, but it can only say that it is not built yet; not in help."""
    public: bool = False
    """A slash command answers its asker alone unless this is set."""


@dataclass(frozen=True)
class Context:
    """Who asks, when and where, and the ports a skill may use."""

    user: User
    now: datetime
    incidents: Incidents
    changes: Changes
    approvals: Approvals
    moves: Moves
    runs: Runs
    audit: Audit
    library: Library
    metrics: Metrics
    models: Models
    frames: Frames
    alerts: Alerts
    silences: Silences
    triage: Triage
    watching: Watching
    promoting: Promoting
    handovers: Handovers
    executions: Executions
    uses: Uses
    judgements: Judgements
    telemetry: Telemetry
    catalogue: Catalogue = field(default_factory=Catalogue)
    oncall: OnCall = field(default_factory=OnCall)
    pager: Pager | None = None
    """Who wakes people outside Slack, where one is configured."""
    tickets: tuple[Tickets, ...] = ()
    """The ticket systems that are configured."""
    trainer: Trainer | None = None
    """Who starts training runs, where that is set up."""
    remediation: Remediation | None = None
    """Who runs the steps of runbooks, where that is set up."""
    rooms: Rooms | None = None
    """None where there are no channels to open (the terminal)."""
    llm: LLM | None = None
    llm_seconds: float = 8.0
    """How long to wait for the LLM before going on without it."""
    investigator: Investigator | None = None
    """Looks at one thing after the other until it can answer; None without an LLM."""
    ledger: Ledger | None = None
    """What the LLM's answers cost, and the limits; None without an LLM."""
    thread: str = ""
    """The incident in whose thread the person asks, or empty."""
    channel: str = ""
    """The chat's id of where the person asks; empty in the terminal."""
    saw: str = ""
    """The hash of the message whose button was pressed."""
    via_button: bool = False
    """True when a person pressed a button for exactly this call: only then may the world change."""
    skills: "tuple[Skill[Any], ...]" = ()
    """All that is installed, for help."""
    people: Callable[[str], str] = lambda user_id: user_id
    """A person's shown name, by id."""
    read_thread: Callable[[str], tuple[Message, ...]] = lambda incident_id: ()
    """The messages of an incident's thread, oldest first."""
    progress: Callable[[Reply], None] = lambda reply: None
    """Shows how far a long answer is, in the place where the reply will be."""
    card_link: Callable[[str], str] = lambda incident_id: ""
    """An address that leads people to the card of an incident or a request; empty when there is
    none."""
