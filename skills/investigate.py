"""Look into a question until there is an answer with evidence, or say that there is none.

With a language model it chooses what to look at, and each claim is checked against what it saw.
Without one, or when its limit is reached, a fixed plan of the same looks is shown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from knowledge.investigation import Checked, check
from knowledge.on_behalf import behalf, on_behalf
from knowledge.ports import Investigator
from knowledge.records import Ended, Incident, Investigation, ToolResult
from skills.contract import (
    BadArgs,
    Button,
    Call,
    Context,
    Line,
    NotFound,
    Reply,
    Section,
    Skill,
    Source,
    TandemError,
    Tone,
    Unavailable,
)
from skills.reading_only import reading_only
from skills.toolbox import is_tool, toolbox

PLAN = ("incident_summary", "root_cause", "model_or_infra", "similar_incidents", "runbook")
"""What is looked at without a language model, in this order; what is not installed is left out."""
MOST_LINES = 4
"""Of each look of the plan."""
MOST_BUTTONS = 5
MOST_SHOWN = 80
MOST_TOLD = 200
_INCIDENT = re.compile(r"\binc[-\s]?(\d+)\b", re.IGNORECASE)


class Args(BaseModel):
    question: str = Field("", max_length=1000, description="what to find out")
    incident: str = Field("", description="incident to look into, e.g. INC-12")
    service: str = Field("", description="service to look into, e.g. checkout")


@dataclass(frozen=True)
class Subject:
    """What is looked into, as far as it is known."""

    question: str
    incident: Incident | None = None
    service: str = ""


def run(ctx: Context, args: Args) -> Reply:
    subject = _subject(ctx, args)
    if ctx.investigator is None:
        return _by_plan(ctx, subject, "No language model is connected")
    team = ctx.catalogue.team(subject.service) if subject.service else ""
    try:
        with on_behalf(team=team or behalf().team):
            return _by_model(ctx, subject, ctx.investigator)
    except Unavailable as error:
        return _by_plan(ctx, subject, str(error)[:1].upper() + str(error)[1:])


def _subject(ctx: Context, args: Args) -> Subject:
    """Raises BadArgs when there is nothing to look into, NotFound for an unknown incident."""
    named = _INCIDENT.search(args.question)
    wanted = args.incident.strip() or (f"INC-{int(named[1])}" if named else "")
    if not wanted and not args.service.strip():
        wanted = ctx.thread
    incident = ctx.incidents.get(wanted) if wanted else None
    service = args.service.strip() or (incident.service if incident else "")
    question = args.question.strip()
    if incident is not None and len(question.split()) < 3:
        question = f"What is wrong in {incident.id} ({incident.title}), and what caused it?"
    if not question and service:
        question = f"What is wrong with {service}?"
    if not question:
        raise BadArgs("question", "it does not say what", "Write for example: investigate INC-12")
    return Subject(question, incident, service)


# With a model -----------------------------------------------------------------------------------


def _by_model(ctx: Context, subject: Subject, investigator: Investigator) -> Reply:
    looks: list[ToolResult] = []

    def on_result(result: ToolResult) -> None:
        looks.append(result)
        ctx.progress(_under_way(subject, tuple(looks)))

    ctx.progress(_under_way(subject, ()))
    found = investigator.investigate(_asked(subject), toolbox(ctx), on_result)
    checked = check(found.claims, found.results, ctx.now)
    return Reply(
        title=_title(subject),
        text=_answer(found, checked),
        tone=Tone.NEUTRAL if checked.claims else Tone.WARNING,
        sections=tuple(_sections(found, checked)),
        sources=tuple(Source(r.id, f"{r.id} {_named(r)}") for r in found.results),
        buttons=(*_shows(ctx, found, checked), *_next(ctx, subject))[:MOST_BUTTONS],
        footer=_footer(found, checked),
    )


def _asked(subject: Subject) -> str:
    """The question, and what is known of its subject from the record: ids, not texts."""
    about = (
        f"incident {subject.incident.id}" if subject.incident else "",
        f"service {subject.service}" if subject.service else "",
    )
    known = ", ".join(part for part in about if part)
    return f"{subject.question}\n(about: {known})" if known else subject.question


def _title(subject: Subject) -> str:
    return f"Investigation: {_cut(subject.question)}"


def _under_way(subject: Subject, looks: tuple[ToolResult, ...]) -> Reply:
    lines = tuple(Line(_looked(result)) for result in looks)
    return Reply(
        title=_title(subject),
        text="Looking into it…" if not looks else "Looking on…",
        sections=(Section("Looked at so far", lines, bullets=True),) if lines else (),
    )


def _answer(found: Investigation, checked: Checked) -> str:
    if checked.claims:
        return ""
    because = {
        Ended.ANSWERED: "nothing that I could say is supported by what I looked at",
        Ended.FAILED: f"the language model failed on the way ({found.why})",
    }.get(found.ended, f"I did not get to an answer: {found.ended.value}")
    return f"I don't know: {because}. What I looked at is below."


def _sections(found: Investigation, checked: Checked) -> Iterator[Section]:
    if checked.claims:
        lines = tuple(Line(claim.text, claim.results) for claim in checked.claims)
        yield Section("Findings", lines, bullets=True)
    if found.results:
        lines = tuple(Line(_looked(result), (result.id,)) for result in found.results)
        yield Section("Looked at", lines, bullets=True)


def _looked(result: ToolResult) -> str:
    """What was looked at, and the first line of what came back."""
    first = next(iter(result.text.splitlines()), "")
    return f"{_named(result)}: {_cut(first)}"


def _named(result: ToolResult) -> str:
    given = ", ".join(str(value) for value in result.args.values() if value not in ("", None))
    return f"{result.tool.replace('_', ' ')}{f' ({_cut(given, 60)})' if given else ''}"


def _shows(ctx: Context, found: Investigation, checked: Checked) -> Iterator[Button]:
    """Evidence can be seen again, by whoever presses, with the presser's rights."""
    cited = {result for claim in checked.claims for result in claim.results}
    tools = {skill.name for skill in ctx.skills if is_tool(skill)}
    shown: set[str] = set()
    for result in found.results:
        call = Call(result.tool, dict(result.args))
        if result.id in cited and result.tool in tools and repr(call) not in shown:
            shown.add(repr(call))
            yield Button(f"Show {result.id}: {result.tool.replace('_', ' ')}"[:75], call)


def _next(ctx: Context, subject: Subject) -> Iterator[Button]:
    """What people do next, whatever the model said."""
    if subject.incident is not None:
        given = {"incident": subject.incident.id}
        yield Button(f"Summarise {subject.incident.id}", Call("incident_summary", given))
        yield Button("Similar incidents", Call("similar_incidents", given))


def _footer(found: Investigation, checked: Checked) -> str:
    """What the answer cost is added by whoever shows it."""
    claims = len(checked.claims) + len(checked.refused)
    stood = f"{len(checked.claims)} of {claims} claims stand in what was looked at."
    ended = "" if found.ended is Ended.ANSWERED else f" It ended because {found.ended.value}."
    took = f"{found.seconds:.0f} s, {len(found.results)} looks"
    return f"{took}. {stood if claims else 'It claimed nothing.'}{ended}"


# Without one ------------------------------------------------------------------------------------


def _by_plan(ctx: Context, subject: Subject, why: str) -> Reply:
    reader = reading_only(ctx)
    installed = {skill.name: skill for skill in ctx.skills if is_tool(skill)}
    steps = [installed[name] for name in PLAN if name in installed]
    sections: list[Section] = []
    for skill in steps:
        given = _given(skill, subject)
        if not given:
            continue
        sections.append(_step(reader, skill, given))
        ctx.progress(Reply(_title(subject), "Looking on…", sections=tuple(sections)))
    return Reply(
        title=_title(subject),
        text="" if sections else "I don't know: there is nothing that I could look at.",
        sections=tuple(sections),
        buttons=tuple(_next(ctx, subject)),
        footer=f"{why}: this is a fixed plan of {len(sections)} looks, put side by side. "
        "Nothing was concluded from them.",
    )


def _given(skill: Skill[Any], subject: Subject) -> Mapping[str, str]:
    """The skill's arguments, as far as the subject tells; the incident says the most."""
    known = {
        "incident": subject.incident.id if subject.incident else "",
        "service": subject.service,
        "text": subject.question,
        "name": subject.question,
    }
    able = {k: v for k, v in known.items() if v and k in skill.args.model_fields}
    return {"incident": able["incident"]} if "incident" in able else able


def _step(reader: Context, skill: Skill[Any], given: Mapping[str, str]) -> Section:
    call = Call(skill.name, dict(given))
    name = skill.name.replace("_", " ")
    try:
        reply = skill.run(reader, skill.args.model_validate(dict(given)))
    except NotFound as error:
        return Section(f"{name.capitalize()}: nothing", (Line(str(error)),))
    except TandemError as error:
        return Section(f"{name.capitalize()}: not available", (Line(str(error)),))
    told = reply.text.splitlines()
    told += [f"{k}: {v}" for k, v in reply.fields.items()]
    told += [_told(section) for section in reply.sections]
    lines = tuple(Line(text) for text in told if text)[:MOST_LINES]
    return Section(
        f"{name.capitalize()}: {_cut(reply.title)}",
        lines,
        bullets=len(lines) > 1,
        buttons=(Button("Show all", call),),
    )


def _told(section: Section) -> str:
    """One section as one line; a bare heading tells nothing without what stands below it."""
    said = " ".join(line.text for line in section.lines[:2])
    return _cut(f"{section.heading}: {said}" if section.heading and said else said, MOST_TOLD)


def _cut(text: str, most: int = MOST_SHOWN) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


skill = Skill(
    name="investigate",
    summary="Look into a question step by step, and answer with evidence",
    examples=("investigate INC-12", "dig into why checkout is slow"),
    phrases=(
        "investigate this incident",
        "investigate the checkout timeouts",
        "please investigate why label-service restarts",
        "start an investigation into INC-7",
        "dig into INC-31 and tell me what you find",
        "dig deeper into the payment failures",
        "dig into what happened to search-api last night",
        "run an investigation on the queue backlog",
        "can you investigate what is going on with tracking-api",
        "get to the bottom of INC-18",
        "do a deep dive on the eta-model latency",
        "deep dive into the disk alerts",
        "untersuche INC-9",
        "untersuche warum der checkout langsam ist",
        "enquête sur INC-4",
        "investiga INC-22",
    ),
    args=Args,
    run=run,
    command="/investigate",
    positional=("question",),
    public=True,
)
