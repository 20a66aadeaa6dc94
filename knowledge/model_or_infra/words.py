"""Pure: readings, evidence and verdicts in words with their numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime

from knowledge.durations import say_duration
from knowledge.model_or_infra.causes import Cause
from knowledge.model_or_infra.evidence import Happened, Kind, Reading, Side, What
from knowledge.model_or_infra.measure import LEFT
from knowledge.model_or_infra.weighing import Verdict, Weighed

_OF_SIDE = {
    Side.MODEL: "the model",
    Side.INFRASTRUCTURE: "the infrastructure",
    Side.BOTH: "both, the model and the infrastructure",
    Side.NEITHER: "neither the model nor the infrastructure",
    Side.UNKNOWN: "not to be told",
}


def say_side(side: Side) -> str:
    return _OF_SIDE[side]


def headline(verdict: Verdict) -> str:
    """ "Probably the infrastructure (87 %)"."""
    if verdict.side is Side.UNKNOWN:
        return "Too little is known to say"
    return f"{say_sure(verdict.sure)} {say_side(verdict.side)} ({say_share(verdict.sure)})"


def say_sure(probability: float) -> str:
    if probability >= 0.9:
        return "Almost certainly"
    if probability >= 0.7:
        return "Probably"
    return "Perhaps"


def say_share(probability: float) -> str:
    """ "87 %"; nothing is ever certain."""
    if probability >= 0.995:
        return "over 99 %"
    return "under 1 %" if probability < 0.005 else f"{round(100 * probability)} %"


def story(verdict: Verdict) -> str:
    """The likeliest explanation, with the next one where that is nearly as likely."""
    first = verdict.best
    said = f"It looks as if {_causes(first.causes)}."
    rest = [e for e in verdict.explanations if e is not first and len(e.causes) == 1]
    if rest and rest[0].probability > 0.5 * first.probability:
        said += f" Nearly as likely: {_causes(rest[0].causes)}."
    return said


def _causes(causes: Sequence[Cause]) -> str:
    return ", and ".join(cause.says for cause in causes)


def say_weighed(weighed: Weighed, now: datetime) -> str:
    """One piece of evidence as one sentence with its numbers."""
    if weighed.reading is not None:
        return say_reading(weighed.reading, now)
    if weighed.happened is not None:
        return say_happened(weighed.happened)
    return f"There was no {_NONE[weighed.silent or What.DEPLOY]}."


_NONE = {
    What.ALIAS: "move of the champion and no change of its settings",
    What.DEPLOY: "deploy of its service",
    What.UPSTREAM: "change of what feeds it or what it calls",
    What.CALENDAR: "holiday or campaign that is known",
}


def say_happened(happened: Happened) -> str:
    return f"{happened.at.astimezone(UTC):%H:%M} UTC: {happened.says}."


def say_reading(reading: Reading, now: datetime) -> str:
    """ "Latency p99: 1.36 s, usually 0.104 s, since 14:02 UTC (48 min), all at once."."""
    name = _capital(reading.name)
    if reading.now is None:
        return f"{_capital(reading.says or reading.name)}{_since(reading, now)}."
    value = say_value(reading.now, reading.unit)
    if reading.usual is None:
        return f"{name}: {value}{_since(reading, now)}."
    usual = say_value(reading.usual, reading.unit)
    if reading.unusual <= LEFT:
        return f"{name}: as usual, {value}."
    slowly = {True: ", all at once", False: ", slowly", None: ""}[reading.sudden]
    wide = ""
    if reading.kind is Kind.INPUTS and reading.breadth is not None:
        wide = f", {round(100 * reading.breadth)} % of the inputs"
    return f"{name}: {value}, usually {usual}{wide}{_since(reading, now)}{slowly}."


def _since(reading: Reading, now: datetime) -> str:
    if reading.since is None:
        return ""
    since = reading.since.astimezone(UTC)
    ago = say_duration(now - reading.since)
    return f", since {since:%H:%M} UTC ({ago})"


def say_value(value: float, unit: str = "") -> str:
    """A number a person can read: shares as %, seconds as s or ms."""
    if unit == "%":
        return f"{100 * value:.3g} %"
    if unit == "s" and abs(value) < 0.1:
        return f"{1000 * value:.3g} ms"
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{shown}{unit}" if unit.startswith("/") else f"{shown} {unit}".rstrip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
