"""Why is this alert here, or nowhere? The terms of its placement, as reasons with weights.

With an alert it explains that one; with an incident alone it lists the incident's alerts to choose
from. What can be taught about it ("not related", "same incident") is offered below.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import counted, name_of
from knowledge.records import AlertRecord, Incident, Signal, Term, Verdict
from skills import cards
from skills.cards.wording import clock, count, cut
from skills.contract import Audience, Button, Call, Context, Reply, Skill, Style, Table
from skills.which import incident_named

LOOK_BACK = timedelta(days=7)
MOST_RECORDS = 5_000
SHOWN_RULES = 15
OFFERED = 9
STRONG, CLEAR = 2.0, 0.7
"""Nats: e^2 is odds of seven to one, e^0.7 of two to one."""

_VERDICTS = {
    Verdict.OPENED: "It is one of the alerts on which {incident} was opened.",
    Verdict.ATTACHED: "It was put to {incident}, which was there already.",
    Verdict.WAITING: "It opened nothing: it is one sign alone, and waits for a second one or for "
    "long enough.",
    Verdict.CHRONIC: "It opened nothing: its series fires so often or so long that it says "
    "nothing new.",
    Verdict.UNIMPORTANT: "It opened nothing: it is a heartbeat, or its sender calls it "
    "information.",
    Verdict.SILENCED: "It opened nothing: it is silenced.",
}


class Args(BaseModel):
    alert: str = Field("", description="name or fingerprint of the alert, e.g. HighLatency")
    incident: str = Field("", description="the incident it is in, e.g. INC-4")
    service: str = Field("", description="only on this service, e.g. cart")
    start: str = Field("", description="when it began, to tell it from others of its series")


def run(ctx: Context, args: Args) -> Reply:
    incident = None
    if args.incident.strip() or (ctx.thread and not args.alert.strip()):
        incident = incident_named(ctx, args.incident)
    if args.alert.strip():
        return _explained(ctx, _record(ctx, args, incident))
    if incident is None:
        raise BadArgs("alert", "it does not say which", "Name one: why is HighLatency in INC-4?")
    return _listed(ctx, incident)


# One alert


def _record(ctx: Context, args: Args, incident: Incident | None) -> AlertRecord:
    """The alert that is meant: the latest that fits, a firing one before one that has ended."""
    if args.start.strip():
        return ctx.triage.why(args.alert.strip(), _moment(args.start.strip()))
    since = None if incident else ctx.now - LOOK_BACK
    wanted = incident.id if incident else ""
    known = ctx.alerts.find(since=since, incident=wanted, limit=MOST_RECORDS)
    if args.service.strip():
        word = args.service.strip().lower()
        known = [r for r in known if r.signal.service.lower() == word] or known
    word = _plain(args.alert)
    fitting = [r for r in known if word in (_plain(r.signal.name), _plain(r.signal.fingerprint))]
    if not fitting:
        what = f"alert of {incident.id}" if incident else "alert of the last 7 days"
        raise NotFound.among(what, args.alert.strip(), dict.fromkeys(_names(known)))
    best = max(fitting, key=lambda r: (r.signal.firing, r.first_received_at))
    return ctx.triage.why(best.signal.fingerprint, best.signal.starts_at)


def _explained(ctx: Context, record: AlertRecord) -> Reply:
    signal = record.signal
    incident = ctx.incidents.get(record.incident) if record.incident else None
    on = f" on {signal.service}" if signal.service else ""
    where = f"in {record.incident}" if record.incident else "in no incident"
    return Reply(
        title=f"Why is {cut(signal.name + on, 80)} {where}?",
        text=_verdict(ctx, record),
        fields=_facts(record),
        table=_table(record.why),
        buttons=_teach(signal, incident) if incident else (),
        footer=_footer(record.why),
        audience=Audience.ASKER,
    )


def _verdict(ctx: Context, record: AlertRecord) -> str:
    if record.incident and record.verdict not in (Verdict.OPENED, Verdict.ATTACHED):
        return f"It is in {record.incident} now."
    text = _VERDICTS[record.verdict].format(incident=record.incident or "an incident")
    if record.verdict is Verdict.SILENCED and record.silence:
        return f"{text[:-1]} by {_silence(ctx, record.silence)}."
    return text


def _silence(ctx: Context, silence_id: str) -> str:
    try:
        silence = ctx.silences.get(silence_id)
    except NotFound:
        return silence_id
    reason = f", {silence.reason}" if silence.reason else ""
    until = f"{silence.ends_at:%Y-%m-%d %H:%M} UTC"
    return f"{silence.id} ({ctx.people(silence.created_by)}, until {until}{reason})"


def _facts(record: AlertRecord) -> dict[str, str]:
    signal = record.signal
    day = signal.starts_at.date()
    state = "fires" if signal.ends_at is None else f"ended {clock(signal.ends_at, day)}"
    return {
        "Says": cut(name_of(signal), 200),
        "Began": f"{signal.starts_at:%Y-%m-%d %H:%M} UTC, {state}",
        "Came from": signal.source or "not known",
        "Sent": count(record.deliveries, "time"),
    }


def _table(terms: Sequence[Term]) -> Table | None:
    if not terms:
        return None
    rows = [
        (cut(t.says or t.name, 300), weight(t.value), f"{t.value:+.1f}")
        for t in sorted(terms, key=lambda t: -abs(t.value))
    ]
    return Table(("Reason", "Speaks", "Score"), tuple(rows), right=("Score",))


def weight(value: float) -> str:
    """A log-likelihood ratio in words."""
    side = "for it" if value > 0 else "against it"
    size = abs(value)
    if size < 0.05:
        return "neither way"
    return f"{'strongly' if size >= STRONG else 'clearly' if size >= CLEAR else 'a little'} {side}"


def _footer(terms: Sequence[Term]) -> str:
    if not terms:
        return "no reasons were recorded for it"
    total = sum(t.value for t in terms)
    return f"score {total:+.1f}: log-likelihood ratios in nats, added up; above 0 speaks for it"


def _teach(signal: Signal, incident: Incident) -> tuple[Button, ...]:
    if not incident.is_open:
        return ()
    call = Call(
        "not_related", {"incident": incident.id, "alert": signal.name, "service": signal.service}
    )
    asks = f"Take all {signal.name} of {signal.service or 'this kind'} out of {incident.id}?"
    return (
        Button("Not related", call, style=Style.DANGER, confirm=asks),
        Button("Same as another incident", Call("incident_merge", {"incident": incident.id})),
        Button("All its alerts", Call("alert_why", {"incident": incident.id})),
    )


# An incident's alerts


def _listed(ctx: Context, incident: Incident) -> Reply:
    """Its alerts by rule and service, the ones that opened it first, each with why it is here."""
    records = ctx.alerts.find(incident=incident.id, limit=MOST_RECORDS)
    kinds = _kinds(incident, records)
    rows = tuple(_row(signals, records) for signals in kinds[:SHOWN_RULES])
    left = len(kinds) - len(rows)
    return Reply(
        title=f"Why these alerts in {incident.id}?",
        text=f"{incident.title}, {cards.say_state(incident, ctx.now, ctx.people)}"
        if rows
        else f"{incident.id} has no alerts.",
        table=Table(("Alert", "On", "How many", "Why"), rows, right=("How many",))
        if rows
        else None,
        buttons=tuple(_ask(incident, signals[0]) for signals in kinds[:OFFERED]),
        footer=f"{count(left, 'kind')} more; name one in words to see it" if left > 0 else "",
        audience=Audience.ASKER,
    )


def _kinds(incident: Incident, records: Sequence[AlertRecord]) -> list[list[Signal]]:
    """The alerts grouped by rule and service; those that opened the incident come first."""
    openers = {(r.signal.name, r.signal.service) for r in records if r.verdict is Verdict.OPENED}
    groups: dict[tuple[str, str], list[Signal]] = {}
    for signal in sorted(counted(incident.signals), key=lambda s: s.starts_at):
        groups.setdefault((signal.name, signal.service), []).append(signal)
    ordered = sorted(groups.items(), key=lambda item: item[0] not in openers)
    return [signals for _, signals in ordered]


def _row(signals: Sequence[Signal], records: Sequence[AlertRecord]) -> tuple[str, ...]:
    kind = (signals[0].name, signals[0].service)
    own = [r for r in records if (r.signal.name, r.signal.service) == kind]
    return kind[0], kind[1] or "not known", str(len(signals)), _in_short(own)


def _in_short(records: Sequence[AlertRecord]) -> str:
    """The heaviest reason for one of them."""
    lead = "opened it" if any(r.verdict is Verdict.OPENED for r in records) else "attached"
    terms = [term for r in records for term in r.why if term.value > 0]
    if not records or not terms:
        return lead if records else "–"
    return cut(f"{lead}: {max(terms, key=lambda t: t.value).says}", 200)


def _ask(incident: Incident, signal: Signal) -> Button:
    on = f" on {signal.service}" if signal.service else ""
    call = Call(
        "alert_why",
        {
            "incident": incident.id,
            "alert": signal.fingerprint,
            "start": signal.starts_at.isoformat(),
        },
    )
    return Button(cut(f"{signal.name}{on}", 75), call)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadArgs(
            "start", f"{text[:40]!r} is no time", "Write it as 2026-03-05T12:00Z"
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _plain(text: str) -> str:
    """ "High latency" and "HighLatency" are one."""
    return re.sub(r"[\W_]+", "", text).lower()


def _names(records: Sequence[AlertRecord]) -> list[str]:
    return [record.signal.name for record in records]


skill = Skill(
    name="alert_why",
    summary="Explain why an alert is in an incident or in none",
    examples=("why is HighLatency in INC-4?", "why did DiskFull open nothing?"),
    args=Args,
    run=run,
)
