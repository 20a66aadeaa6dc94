"""Pure: how a model is doing, from what its monitor saw, in figures and as a traffic light."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from knowledge.durations import say_duration
from knowledge.monitors import MetricMonitor, ModelMonitor, Watched
from knowledge.records import Look, Signal, SignalKind

STALE_AFTER = 3
"""So many looks that did not come make what is known of a model stale."""
REALISED, ESTIMATED = "realised ", "estimated "
_ORDER = ("drift", "prediction drift", "columns drifted", "missing")


class Light(StrEnum):
    """The sign always stands beside the word: no one needs to see colours."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    GREY = "grey"

    @property
    def sign(self) -> str:
        return _SIGNS[self]


_SIGNS = {
    Light.RED: ":red_circle:",
    Light.AMBER: ":large_yellow_circle:",
    Light.GREEN: ":large_green_circle:",
    Light.GREY: ":white_circle:",
}
_GRAVITY = (Light.GREEN, Light.GREY, Light.AMBER, Light.RED)


@dataclass(frozen=True)
class Health:
    """`word` says in a word or two what `light` shows; `why` in a sentence, empty when fine."""

    light: Light
    word: str
    why: str = ""


@dataclass(frozen=True)
class ModelState:
    """What is known of one model, to be judged and shown."""

    model: str
    findings: tuple[Signal, ...] = ()
    """Of this model, firing now."""
    watched: tuple[Watched, ...] = ()
    """The monitors that look at it, and those of its endpoint."""
    look: Look | None = None
    """The last one."""


def of_model(signals: Iterable[Signal], model: str, service: str = "") -> tuple[Signal, ...]:
    """The signals that are about this model, by their label or their service."""
    names = {name.casefold() for name in (model, service) if name}
    return tuple(
        s
        for s in signals
        if s.labels.get("model", "").casefold() == model.casefold() or s.service.casefold() in names
    )


def watching(monitors: Iterable[Watched], model: str) -> tuple[Watched, ...]:
    """The monitors that look at this model or at its endpoint."""
    return tuple(w for w in monitors if _looks_at(w.monitor, model))


def _looks_at(monitor: ModelMonitor | MetricMonitor, model: str) -> bool:
    return monitor.model.casefold() == model.casefold()


def health(state: ModelState, now: datetime) -> Health:
    """Red: its answers, its data or its endpoint are bad. Amber: its inputs moved, or what is known
    is old. Grey: nobody watches it."""
    worst = next(
        (
            found
            for kind, light, word in (
                (SignalKind.PERFORMANCE, Light.RED, "performing worse"),
                (SignalKind.QUALITY, Light.RED, "broken data"),
            )
            if (found := _firing(state.findings, kind, light, word))
        ),
        None,
    )
    endpoint = _endpoint(state)
    drift = _firing(state.findings, SignalKind.DRIFT, Light.AMBER, "drifting")
    found = worst or endpoint or drift or _neglected(state, now)
    if found is not None:
        return found
    return Health(Light.GREEN, "fine")


def gravest(lights: Iterable[Light]) -> Light:
    return max(lights, key=_GRAVITY.index, default=Light.GREY)


def _firing(findings: Sequence[Signal], kind: SignalKind, light: Light, word: str) -> Health | None:
    found = next((s for s in findings if s.kind is kind), None)
    return Health(light, word, found.summary or found.name) if found else None


def _endpoint(state: ModelState) -> Health | None:
    """An alert on its service, or a monitor of its endpoint that fires."""
    alert = next(
        (s for s in state.findings if s.kind in (SignalKind.ALERT, SignalKind.METRIC)), None
    )
    if alert is not None:
        return Health(Light.RED, "endpoint in trouble", alert.summary or alert.name)
    firing = next(
        (w for w in state.watched if isinstance(w.monitor, MetricMonitor) and w.firing), None
    )
    if firing is not None:
        return Health(Light.RED, "endpoint in trouble", f"{firing.monitor.name} is not normal")
    return None


def _neglected(state: ModelState, now: datetime) -> Health | None:
    own = [w for w in state.watched if isinstance(w.monitor, ModelMonitor)]
    if not own:
        return Health(Light.GREY, "not watched", "No monitor looks at it.")
    if all(w.paused for w in own):
        ends = [w.paused_until for w in own if w.paused_until is not None]
        until = f" until {min(ends):%Y-%m-%d %H:%M} UTC" if ends else " until somebody resumes it"
        return Health(Light.AMBER, "paused", f"Its monitor is paused{until}.")
    problem = next((w.problem for w in own if w.problem), "")
    if problem:
        return Health(Light.AMBER, "not seen", f"Its monitor cannot look: {problem}")
    if state.look is None:
        return Health(Light.GREY, "not seen yet", "Its monitor has not looked at it yet.")
    age, every = now - state.look.at, min(w.monitor.every for w in own)
    if age > STALE_AFTER * every:
        return Health(
            Light.AMBER, "stale", f"The last look was {say_duration(age)} ago, one is due each "
            f"{say_duration(every)}."
        )  # fmt: skip
    return None


# Figures ---------------------------------------------------------------------------------------


def figures(look: Look, most: int = 6) -> dict[str, str]:
    """The look's figures in words, performance first; what is realised and what is only estimated
    is always said."""
    names = sorted(look.figures, key=_rank)
    return {say_figure(name): say_value(name, look.figures[name]) for name in names[:most]}


def say_figure(name: str) -> str:
    """ "auc (realised)", "auc (estimated)", "largest drift of an input (PSI)"."""
    for basis, words in ((REALISED, "realised"), (ESTIMATED, "estimated")):
        if name.startswith(basis):
            return f"{name.removeprefix(basis)} ({words})"
    return {
        "drift": "largest drift of a column (PSI)",
        "prediction drift": "drift of its answers (PSI)",
        "missing": "missing values",
    }.get(name, name)


def say_value(name: str, value: float) -> str:
    if name == "columns drifted":
        return f"{value:.0f}"
    if name == "missing":
        return f"{value:.1%}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _rank(name: str) -> tuple[int, str]:
    if name.startswith(REALISED):
        return 0, name
    if name.startswith(ESTIMATED):
        return 1, name
    return (2 + _ORDER.index(name), name) if name in _ORDER else (9, name)


def drift_of(look: Look) -> str:
    """ "0.31 PSI, drifting" in short; empty where it was not measured."""
    value = look.figures.get("drift")
    if value is None:
        return look.verdict
    return f"{look.verdict}, PSI {max(value, 0.0):.2f}"


def ago(at: datetime, now: datetime) -> str:
    length = now - at
    return f"{say_duration(length)} ago" if length >= timedelta(minutes=1) else "just now"


def tally(words: Sequence[str]) -> str:
    """ "1 drifting, 2 fine": how many of each, in the order in which they come."""
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
