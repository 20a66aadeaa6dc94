"""Clues from alerts in sentences, with their numbers."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from knowledge.causes.alerts.signs import Sign, Source
from knowledge.causes.ranking import Clue, ClueKind
from knowledge.durations import say_duration

_DIRECTIONS = {"up": " rose", "down": " fell", "PD": " is slow", "500": " failed"}
_RESOURCES = (
    "cpu", "mem", "disk", "fs_", "fs.", "io.", "io_", "thread", "gpu", "oom", "restart", "network",
    "filesystem", "load", "throttl", "inode", "swap",
)  # fmt: skip
"""Parts of names of metrics and rules that tell of a component's own resources."""
_MOST_TEXT = 140


def say_sign(sign: Sign, weight: float, chance: float, onset: datetime, has_past: bool) -> Clue:
    """ "container_cpu rose at 14:02, 12 s after the onset; in 1 of 50 windows else"."""
    name = sign.name.lower()
    kind = ClueKind.RESOURCE if any(part in name for part in _RESOURCES) else ClueKind.ALERT
    when = f" at {sign.at:%H:%M}{_after(sign.at, onset)}" if sign.at else ""
    text = f"{sign.name}{_DIRECTIONS.get(sign.direction, '')}{when}"
    rare = f"; {_how_rare(chance)}" if has_past else ""
    return Clue(kind, f"{text}{rare}", weight, sign.at, _ids(sign))


def say_blame(component: str, sign: Sign, weight: float) -> Clue:
    kind = ClueKind.LOG if sign.source is Source.LOG else ClueKind.ALERT
    line = sign.texts[0] if sign.texts else sign.name
    whose = "its own log" if sign.component == component else sign.component
    verb = "says" if sign.component == component else "names it"
    return Clue(kind, f"{whose} {verb}: “{_cut(line)}”", weight, sign.at, _ids(sign))


def say_explained(callee: str, less: float) -> Clue:
    return Clue(ClueKind.EXPLAINED, f"{callee}, which it needs, has alerts of its own", -less)


def say_pods(
    showing: Sequence[str], of: int, whole: str, weight: float, tops: Sequence[Clue]
) -> Clue:
    """ "4 of its 4 pods have alerts of their own"; where few have, that speaks against the whole:
    the service, or the node."""
    names = ", ".join(showing[:4]) + (" ..." if len(showing) > 4 else "")
    common = Counter(" ".join(clue.text.split(" at ")[0].split(";")[0].split()) for clue in tops)
    most = common.most_common(1)
    what = f", most often {most[0][0]}" if most and most[0][1] > 1 else ""
    have = "pod has" if of == 1 else "pods have"
    text = f"{len(showing)} of its {of} {have} rare alerts ({names}){what}"
    if weight < 0:
        text = f"only {text}: a fault of the {whole} would show on all of them"
    at = min((clue.at for clue in tops if clue.at), default=None)
    sources = tuple(dict.fromkeys(s for clue in tops for s in clue.sources))
    return Clue(ClueKind.STRUCTURE, text, weight, at, sources)


def say_calls(count: int, usual: float, weight: float) -> Clue:
    text = f"{count} kinds of slow or failed calls into it, usually {usual:.0f}"
    return Clue(ClueKind.TRACE, text, weight)


def say_looked_at(signs: Sequence[Sign], windows: int) -> tuple[str, ...]:
    counts = Counter(sign.source for sign in signs)
    words = {
        Source.METRIC: ("alert", "alerts"),
        Source.CALL: ("slow or failed call", "slow or failed calls"),
        Source.LOG: ("unusual log line", "unusual log lines"),
    }
    said = [f"{n:,} {words[s][n != 1]}" for s in Source if (n := counts[s])]
    return (*said, *((f"{windows:,} earlier windows of alerts",) if windows else ()))


def say_missing(windows: int) -> tuple[str, ...]:
    return () if windows else ("no earlier alerts: how rare each one is, is not known",)


def _how_rare(chance: float) -> str:
    if chance >= 0.2:
        return f"seen in {chance:.0%} of the past"
    return f"seen in about 1 of {round(1 / chance):,} windows before"


def _after(at: datetime, onset: datetime) -> str:
    late = at - onset
    if abs(late) < timedelta(seconds=1):
        return ", at the onset"
    said = say_duration(abs(late))
    return f", {said} {'after' if late > timedelta() else 'before'} the onset"


def _ids(sign: Sign) -> tuple[str, ...]:
    return (sign.id,) if sign.id else ()


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_TEXT else line[: _MOST_TEXT - 1].rstrip() + "…"
