"""Is the model at fault, or the infrastructure? One verdict from all signals of both, with what
speaks for it and against it, and the team that must act next."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from knowledge.diagnosis.model_side import Subject, gather_side, subject_of
from knowledge.errors import NotFound, Unavailable
from knowledge.handovers import holder
from knowledge.model_or_infra import Case, Kind, Side, Verdict, Weighed, What, assess
from knowledge.model_or_infra.measure import LEFT
from knowledge.model_or_infra.weighing import SIDES
from knowledge.model_or_infra.words import (
    headline,
    say_side,
    say_value,
    say_weighed,
    story,
)
from knowledge.records import Incident
from skills.cards.wording import clock, listed, stamp
from skills.contract import (
    Button,
    Call,
    Context,
    Line,
    Picture,
    Reply,
    Section,
    Skill,
    Style,
    Table,
    Tone,
)
from skills.handover import team_of
from skills.side_pictures import Lane, LaneMark, lanes_picture

MOST_REASONS, MOST_AGAINST, MOST_ROWS, MOST_MISSING = 3, 2, 14, 6
MOST_MODELS = 5
MOST_OPEN = 100
SHOWN_BEFORE, SHOWN_LEAST = timedelta(hours=1), timedelta(minutes=5)
"""The picture has as long before trouble began as it lasts, within these bounds."""
_HEADER = ("Signal", "Now", "Usual", "Since", "Speaks for")
_SUMMARY = 700
_TONES = {Side.NEITHER: Tone.GOOD, Side.UNKNOWN: Tone.NEUTRAL}


class Args(BaseModel):
    model: str = Field("", description="model name, e.g. fraud")
    service: str = Field("", description="the service that serves it, e.g. fraud-scorer")
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")


def run(ctx: Context, args: Args) -> Reply:
    incident = _incident(ctx, args)
    try:
        subject = subject_of(ctx, args.model, args.service, incident)
    except NotFound:
        if incident is None or args.model == "":
            raise
        subject = subject_of(ctx, "", args.service, incident)
    if subject is None:
        return _which(ctx, args, incident)
    subject = _with_incident(ctx, subject)
    case = gather_side(ctx, subject, ctx.now)
    return verdict_card(ctx, subject, case, assess(case))


def verdict_card(ctx: Context, subject: Subject, case: Case, verdict: Verdict) -> Reply:
    team = acts_next(ctx, subject, verdict)
    owner = _holder(ctx, subject.incident)
    return Reply(
        title=f"{subject.model}: {_lower(headline(verdict))}",
        text="\n".join(filter(None, (_text(verdict), _next(verdict, subject, team, owner)))),
        tone=_TONES.get(verdict.side, Tone.WARNING),
        fields=_fields(verdict),
        table=_table(verdict),
        sections=tuple(s for s in _sections(verdict) if s.lines),
        pictures=_picture(subject, case, verdict),
        buttons=_buttons(subject, verdict, team, owner),
        footer=_footer(case),
        about=subject.incident.id if subject.incident else "",
    )


def acts_next(ctx: Context, subject: Subject, verdict: Verdict) -> str:
    """The team that must act: of what is called where that is at fault, else of the side; for both,
    the infrastructure's first, since it usually has the quicker remedy."""
    likely = verdict.best.causes
    if verdict.side in (Side.INFRASTRUCTURE, Side.BOTH):
        if any(cause.name == "dependency" for cause in likely):
            place = next((p for p in map(_place, verdict.weighed) if p), "")
            team = ctx.catalogue.team(ctx.catalogue.canonical(place) or place) if place else ""
            if team:
                return team
        return subject.team
    return _owner(ctx, subject) if verdict.side is Side.MODEL else ""


def _place(weighed: Weighed) -> str:
    reading = weighed.reading
    return reading.place if reading is not None and reading.unusual > LEFT else ""


def _owner(ctx: Context, subject: Subject) -> str:
    """A team among the owners of the model before a person."""
    teams = {t.casefold() for t in (*ctx.oncall.teams, *ctx.catalogue.teams.values())}
    named = [owner.lstrip("@") for owner in subject.owners]
    return next((o for o in named if o.casefold() in teams), named[-1] if named else "")


# Whom it is about ------------------------------------------------------------------------------


def _incident(ctx: Context, args: Args) -> Incident | None:
    named = args.incident.strip() or (ctx.thread if not (args.model or args.service) else "")
    return ctx.incidents.get(named) if named else None


def _with_incident(ctx: Context, subject: Subject) -> Subject:
    """The open incident that is about this model, where there is one and none was named."""
    if subject.incident is not None:
        return subject
    try:
        found = ctx.incidents.find(open_only=True, limit=MOST_OPEN)
    except Unavailable:
        return subject
    names = {subject.model.casefold(), subject.service.casefold()}
    about = (
        i
        for i in found
        if i.service.casefold() in names
        or any(s.labels.get("model", "").casefold() in names for s in i.signals)
    )
    incident = next(about, None)
    return Subject(subject.model, subject.service, subject.owners, subject.team, incident)


def _which(ctx: Context, args: Args, incident: Incident | None) -> Reply:
    try:
        names = ctx.frames.names()
    except Unavailable:
        names = []
    given = {"incident": incident.id} if incident else {}
    buttons = tuple(
        Button(name, Call("model_or_infra", {"model": name, **given}))
        for name in names[:MOST_MODELS]
    )
    if not names:
        return Reply("No model is known", text="Name it in the file of TANDEM_MODELS.")
    about = incident.id if incident else args.service
    title = f"No model is known to be behind {about}" if about else "Which model?"
    more = f" {len(names) - MOST_MODELS} more are known." if len(names) > MOST_MODELS else ""
    return Reply(title, text=f"Choose the one you mean.{more}", buttons=buttons)


# The card --------------------------------------------------------------------------------------


def _text(verdict: Verdict) -> str:
    if verdict.side is Side.UNKNOWN:
        count = len([w for w in verdict.weighed if w.reading is not None])
        return (
            f"Only {count} kinds of signals could be read, or they do not tell the sides apart. "
            f"The likeliest so far is {say_side(verdict.likeliest)}."
        )
    return story(verdict)


def _next(verdict: Verdict, subject: Subject, team: str, owner: str) -> str:
    if verdict.side in (Side.NEITHER, Side.UNKNOWN):
        return ""
    if not team:
        where = "`owners` of the model" if verdict.side is Side.MODEL else "the catalogue"
        return f"Who must act is not known: {where} names no team."
    other = ""
    if verdict.side is Side.BOTH and subject.owners:
        other = f", and {listed(subject.owners)} for the model"
    has_it = ", who have it" if team.casefold() == owner.casefold() else ""
    return f"*Acts next:* {team}{has_it}{other}."


def _fields(verdict: Verdict) -> dict[str, str]:
    ordered = sorted(SIDES, key=lambda side: -verdict.probabilities[side])
    likely = ", ".join(
        f"{side.value} {round(100 * verdict.probabilities[side])} %" for side in ordered
    )
    first = _first_sign(verdict)
    return {"How likely": likely, **({"First sign": first} if first else {})}


def _first_sign(verdict: Verdict) -> str:
    off = [w.reading for w in verdict.weighed if w.reading and w.reading.since]
    first = min(off, key=lambda r: r.since or verdict.at, default=None)
    if first is None or first.since is None:
        return ""
    return f"{first.name}, {clock(first.since, verdict.at.date())} UTC"


def _sections(verdict: Verdict) -> tuple[Section, ...]:
    """Why, what speaks against it, and what was not looked at."""
    why, against = _why(verdict)[:MOST_REASONS], verdict.doubts()[:MOST_AGAINST]
    missing = _missing(verdict)
    return (
        Section("Why", tuple(Line(say_weighed(w, verdict.at)) for w in why), bullets=True),
        Section(
            "Against it", tuple(Line(say_weighed(w, verdict.at)) for w in against), bullets=True
        ),
        Section("Not looked at", tuple(map(Line, missing)), bullets=True),
    )


def _why(verdict: Verdict) -> Sequence[Weighed]:
    """What speaks for the verdict; where no single thing does, what is out of its usual range."""
    left = (w for w in verdict.weighed if w.reading is not None and w.reading.unusual > LEFT)
    return verdict.reasons() or sorted(left, key=_by_onset)


def _missing(verdict: Verdict) -> tuple[str, ...]:
    shown = verdict.missing[:MOST_MISSING]
    rest = len(verdict.missing) - len(shown)
    return (*shown, *((f"and {rest} more",) if rest else ()))


def _table(verdict: Verdict) -> Table | None:
    """What left its usual range first, in the order in which it did; then what is calm."""
    read = [w for w in verdict.weighed if w.reading is not None]
    rows = tuple(_row(w, verdict) for w in sorted(read, key=_by_onset)[:MOST_ROWS])
    return Table(_HEADER, rows, right=("Now", "Usual")) if rows else None


def _by_onset(weighed: Weighed) -> tuple[bool, float, float]:
    reading = weighed.reading
    if reading is None:
        return True, 0.0, 0.0
    calm = reading.unusual <= LEFT
    since = reading.since.timestamp() if reading.since and not calm else float("inf")
    return calm, since, -reading.unusual


def _row(weighed: Weighed, verdict: Verdict) -> tuple[str, ...]:
    reading = weighed.reading
    if reading is None:
        return ("",) * len(_HEADER)
    since = reading.since if reading.unusual > LEFT else None
    return (
        reading.name,
        "fires" if reading.now is None else say_value(reading.now, reading.unit),
        "" if reading.usual is None else say_value(reading.usual, reading.unit),
        clock(since, verdict.at.date()) if since else "as usual" if reading.unusual <= LEFT else "",
        _speaks(weighed),
    )


def _speaks(weighed: Weighed) -> str:
    return "" if weighed.alone is Side.UNKNOWN else weighed.alone.value


def _picture(subject: Subject, case: Case, verdict: Verdict) -> tuple[Picture, ...]:
    read = sorted((w for w in verdict.weighed if w.reading is not None), key=_by_onset)
    lanes = tuple(
        Lane(
            w.reading.name,
            w.reading.since if w.reading.unusual > LEFT else None,
            w.alone,
        )
        for w in read
        if w.reading is not None
    )
    if not any(lane.since for lane in lanes):
        return ()
    marks = tuple(LaneMark(h.at, h.says, h.what) for h in case.happened)
    start = _shown_from(case, lanes)
    picture = lanes_picture(subject.model, lanes, marks, start, case.now)
    return (picture,) if picture else ()


def _shown_from(case: Case, lanes: Sequence[Lane]) -> datetime:
    first = min((lane.since for lane in lanes if lane.since), default=case.began)
    changes = [h.at for h in case.happened if first - timedelta(hours=6) <= h.at <= first]
    lasted = case.now - first
    return min([first, *changes]) - min(max(lasted, SHOWN_LEAST), SHOWN_BEFORE)


def _holder(ctx: Context, incident: Incident | None) -> str:
    if incident is None:
        return ""
    try:
        return holder(team_of(ctx, incident), ctx.handovers.find(incident=incident.id))
    except Unavailable:
        return ""


def _buttons(subject: Subject, verdict: Verdict, team: str, owner: str) -> tuple[Button, ...]:
    model = subject.model
    found: list[Button] = []
    incident = subject.incident
    if team and incident is not None and incident.is_open and team.casefold() != owner.casefold():
        found.append(_hand_over(subject, incident, verdict, team))
    if verdict.side in (Side.MODEL, Side.BOTH) and any(
        h.what is What.ALIAS for h in verdict.blamed
    ):
        ask = f"Ask to go back to the version of {model} that served before?"
        found.append(Button("Roll back", Call("rollback", {"model": model}), confirm=ask))
    found.append(Button("Show drift", Call("model_drift", {"model": model})))
    cause = {"incident": incident.id} if incident else {"service": subject.service or model}
    found.append(Button("Show root cause", Call("root_cause", cause)))
    if not subject.incident and verdict.side not in (Side.NEITHER, Side.UNKNOWN):
        opened = {"title": f"{model} answers badly", "service": subject.service or model}
        found.append(Button("Open an incident", Call("incident_open", opened)))
    return tuple(found)


def _hand_over(subject: Subject, incident: Incident, verdict: Verdict, team: str) -> Button:
    args = {
        "incident": incident.id,
        "to": team,
        "side": verdict.side.value,
        "model": subject.model,
        "summary": summary_of(verdict),
    }
    return Button(f"Hand over to {team}"[:75], Call("handover", args), Style.PRIMARY, asks=True)


def summary_of(verdict: Verdict) -> str:
    """What the other team is told of it: the verdict and the strongest reasons."""
    why = verdict.reasons()[:MOST_REASONS]
    lines = (f"{headline(verdict)}. {story(verdict)}", *(say_weighed(w, verdict.at) for w in why))
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > _SUMMARY:
            break
        kept.append(line)
    return "\n".join(kept)


def _footer(case: Case) -> str:
    kinds = len({seen.kind for seen in case.watched} | {r.kind for r in case.readings})
    return (
        f"as of {stamp(case.now)}; {kinds} of {len(Kind)} kinds of signals, usual is before "
        f"{clock(case.began, case.now.date())} UTC. Broken data upstream counts as infrastructure: "
        "its owners mend it."
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


skill = Skill(
    name="model_or_infra",
    summary="Say whether the model or the infrastructure is at fault, and who must act",
    examples=(
        "is it the model or the infrastructure?",
        "is fraud-scorer slow because of the model or the platform?",
    ),
    args=Args,
    run=run,
    positional=("model",),
)
