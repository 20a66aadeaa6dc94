"""Pure: the card of what Tandem noticed by itself, and its part of a card that others opened.

While nobody else has noticed anything, the card is about the finding: verdict, since when, how
sure, its picture, what probably explains it. When an alert joins, it becomes the card of an
incident, and what Tandem noticed is a section of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.durations import say_duration
from knowledge.explanation import Clue, nothing_known
from knowledge.findings import (
    findings,
    is_finding,
    model_of,
    monitor_of,
    only_findings,
    say_sure,
    sure_of,
    window_of,
)
from knowledge.incidents import name_of
from knowledge.records import Approval, Incident, Signal
from skills.cards.wording import LINE_LIMIT, clock, count, cut
from skills.contract import Line, Picture, Section, Source

SHOWN_CLUES = 4
SHOWN_OTHERS = 4
_WHY_LIMIT = 500


@dataclass(frozen=True)
class Noticed:
    """What was read about the finding that leads an incident."""

    finding: Signal
    clues: tuple[Clue, ...] = ()
    pictures: tuple[Picture, ...] = ()
    not_useful: int = 0
    """How often people said so of its monitor in the last 30 days."""
    useful: int = 0
    snoozed: str = ""
    """"until 2026-03-05 20:00 UTC (SIL-3)"; empty where it is not snoozed."""
    promoted: Approval | None = None
    """The request that made the model's present champion, where that was a short while ago."""


def is_alone(incident: Incident) -> bool:
    """Is the card about the finding, rather than about an incident that others noticed too?"""
    return only_findings(incident) and not incident.merged_into


def others_alerts(incident: Incident) -> Incident:
    """The incident as those know it who are not Tandem."""
    alerts = tuple(s for s in incident.signals if not is_finding(s))
    return replace(incident, signals=alerts)


def verdict(finding: Signal) -> str:
    """What was found, as its monitor says it: "eta-model: inputs drift, 6 of 14 columns"."""
    said = " ".join(finding.summary.split())
    return said or f"{model_of(finding) or finding.service}: {name_of(finding)}".removeprefix(": ")


def why(finding: Signal) -> str:
    """The monitor's reason in its own words; empty where the verdict says it all."""
    said = "\n".join(filter(None, (" ".join(ln.split()) for ln in finding.description.split("\n"))))
    return "" if said == verdict(finding) else cut(said, _WHY_LIMIT)


def finding_fields(noticed: Noticed) -> dict[str, str]:
    """How sure, by which monitor, over which window; what people said of it."""
    finding = noticed.finding
    sure, window = sure_of(finding), window_of(finding)
    given = {
        "How sure": say_sure(sure) if sure is not None else "",
        "Window": say_duration(window) if window else "",
        "Monitor": monitor_of(finding).partition(":")[2],
        "Snoozed": noticed.snoozed,
    }
    return {name: text for name, text in given.items() if text}


def explanation(noticed: Noticed, most: int = SHOWN_CLUES) -> tuple[Section, tuple[Source, ...]]:
    """What probably explains it, each reason with how sure that is and where it can be read."""
    shown = [(f"E{n}", clue) for n, clue in enumerate(noticed.clues[:most], 1)]
    sources = tuple(Source(key, clue.label, clue.url) for key, clue in shown if clue.url)
    lines = tuple(
        Line(
            cut(f"{clue.weight.word.capitalize()}: {clue.text}", LINE_LIMIT),
            (key,) if clue.url else (),
        )
        for key, clue in shown
    )
    if not lines:
        lines = (Line(f"{nothing_known(noticed.finding)}."),)
    return Section("Likely explanation", lines, bullets=bool(shown)), sources


def also_found(noticed: Noticed, incident: Incident) -> Section:
    """The incident's other findings."""
    others = [s for s in findings(incident) if s != noticed.finding]
    return Section("Also found", _lines(others, incident), bullets=True)


def tandem_noticed(
    noticed: Noticed | None, incident: Incident
) -> tuple[Section, tuple[Source, ...]]:
    """What Tandem found, on the card of an incident that others noticed too: the findings, and the
    heaviest reason that is none of the incident's own alerts."""
    if noticed is None:
        return Section(), ()
    found = [noticed.finding, *(s for s in findings(incident) if s != noticed.finding)]
    own = {s.url for s in incident.signals if s.url}
    told = next((c for c in noticed.clues if c.label != "alert" and c.url not in own), None)
    lines = _lines(found, incident)
    if told is None:
        return Section("Tandem noticed", lines, bullets=True), ()
    text = cut(f"{told.weight.word.capitalize()} because: {told.text}", LINE_LIMIT)
    sources = (Source("E1", told.label, told.url),) if told.url else ()
    because = Line(text, tuple(source.key for source in sources))
    return Section("Tandem noticed", (*lines, because), bullets=True), sources


def finding_footer(noticed: Noticed) -> str:
    """What people said of this monitor's findings lately."""
    said = [
        f"{times} {word}" for times, word in
        ((noticed.useful, "useful"), (noticed.not_useful, "not useful")) if times
    ]  # fmt: skip
    return f"its findings of 30 days: {', '.join(said)}" if said else ""


def _lines(found: Sequence[Signal], incident: Incident) -> tuple[Line, ...]:
    lines = tuple(Line(_say(signal, incident)) for signal in found[:SHOWN_OTHERS])
    left = len(found) - len(lines)
    return (*lines, Line(f"and {count(left, 'more finding')}")) if left > 0 else lines


def _say(signal: Signal, incident: Incident) -> str:
    day = incident.opened_at.date()
    when = f"since {clock(signal.starts_at, day)}"
    if signal.ends_at is not None:
        when = f"{clock(signal.starts_at, day)} to {clock(signal.ends_at, day)}"
    sure = sure_of(signal)
    surely = f", {say_sure(sure)}" if sure is not None else ""
    return f"*{cut(verdict(signal), 140)}* ({when}{surely})"
