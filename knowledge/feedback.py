"""Pure: what people thought of a monitor's findings, and how its bar would be raised.

"Not useful" counts. From the second time on, within 30 days, another setting is proposed under
which the monitor would have kept quiet about those findings; it is shown with its effect on the
past and holds only after somebody has kept it. What people called useful is not given up for it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import floor, log10

import numpy as np
from pydantic import ValidationError

from knowledge.durations import parse_duration, say_duration
from knowledge.errors import BadArgs
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor, Normal
from knowledge.records import Episode, Look, Opinion, Trace

REMEMBERED = timedelta(days=30)
ENOUGH = 2
"""So many "not useful" are more than a mood."""
LOOK_BACK = timedelta(days=7)
"""Over which a proposal's effect is shown."""
BARS = (0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""How sure a monitor may be asked to be."""
HOLDS = tuple(timedelta(minutes=m) for m in (2, 5, 10, 15, 30, 60, 120))
"""How long something may be asked to last before it is told."""
NEAR = timedelta(minutes=15)
"""An episode of a backtest and the finding of that time may begin so far apart."""
_LEARNED = frozenset({Normal.AUTO, Normal.SEASONAL, Normal.NOVELTY, Normal.SHIFT, Normal.FORECAST})
"""What a monitor is more or less sure of."""
_MOST_WINDOWS = 6
_SURE = "sure "
"""Before the figures of a look that say how sure it was of an aspect."""


@dataclass(frozen=True)
class Tally:
    useful: int = 0
    not_useful: int = 0


@dataclass(frozen=True)
class Setting:
    """Another value of one of a monitor's fields, as its file would have it."""

    field: str
    """"sure", "for", "above", "below" or "needs"."""
    value: str
    was: str

    @property
    def says(self) -> str:
        """ "sure 0.80 instead of 0.50", "above 95 instead of 90", "for 15 min, not at once"."""
        if self.field == "for":
            before = f"instead of {self.was}" if self.was != "0 s" else "rather than at once"
            return f"for {say_duration(parse_duration(self.value))} {before}"
        unit = " windows" if self.field == "needs" else ""
        return f"{self.field} {self.value}{unit} instead of {self.was}"


@dataclass(frozen=True)
class Effect:
    """What a setting would have changed between two times."""

    setting: Setting
    start: datetime
    end: datetime
    before: tuple[Episode, ...]
    after: tuple[Episode, ...]

    @property
    def lost(self) -> tuple[Episode, ...]:
        """Episodes it would have kept quiet about."""
        return tuple(e for e in self.before if not any(same_time(e, a) for a in self.after))


def tally(opinions: Iterable[Opinion]) -> Tally:
    counted = [opinion.useful for opinion in opinions]
    return Tally(sum(counted), len(counted) - sum(counted))


def is_time(opinions: Sequence[Opinion], now: datetime) -> bool:
    """Has it been called not useful often enough lately for another setting to be proposed?"""
    lately = [o for o in opinions if now - o.at <= REMEMBERED]
    return tally(lately).not_useful >= ENOUGH


def settings_for(
    monitor: AnyMonitor,
    sure: float,
    opinions: Sequence[Opinion],
    episodes: Sequence[Episode] = (),
    traces: Sequence[Trace] = (),
) -> tuple[Setting, ...]:
    """Settings that would have kept quiet about what was not useful, the gentlest first.

    `sure` is the bar that holds now; `episodes` and `traces` are what the monitor, as it is, made
    of the last days. None where no setting helps without losing what was useful.
    """
    if isinstance(monitor, ModelMonitor):
        return tuple(filter(None, (_more_windows(monitor), _surer(sure, opinions, episodes))))
    found = []
    if monitor.normal in _LEARNED:
        found.append(_surer(sure, opinions, episodes))
    found.append(_longer(monitor, opinions, episodes))
    if monitor.normal is Normal.LIMIT:
        found.append(_further(monitor, opinions, episodes, traces))
    return tuple(filter(None, found))


def with_setting(monitor: AnyMonitor, setting: Setting) -> AnyMonitor:
    """The monitor with that value. Raises BadArgs where it cannot have it."""
    name = "for_" if setting.field == "for" else setting.field
    if name not in type(monitor).model_fields:
        raise BadArgs("field", f"{monitor.name} has no {setting.field!r}", "Tune it by hand")
    try:
        # By their names, so that the file's alias is no hindrance, and validated as in the file.
        given = {**{n: getattr(monitor, n) for n in type(monitor).model_fields}}
        return type(monitor).model_validate({**given, name: setting.value})
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise BadArgs("value", problem, "Tune it by hand") from None


def value_of(monitor: AnyMonitor, sure: float, field: str) -> str:
    """What the field says now, as `Setting.was` has it."""
    if field == "sure":
        return f"{sure:.2f}"
    if field == "for" and isinstance(monitor, MetricMonitor):
        return say_duration(monitor.for_)
    found = getattr(monitor, field, None)
    return f"{found:g}" if isinstance(found, float) else str(found or "")


def windows_found(
    looks: Sequence[Look], needed: tuple[int, int], wrong: Callable[[Look], bool]
) -> tuple[Episode, ...]:
    """Episodes of a model that "k of n" windows would have made: they begin when k of the last n
    were wrong, and end when the last k were not."""
    few, many = needed
    flags: list[bool] = []
    found: list[Episode] = []
    begun: datetime | None = None
    for look in looks:
        flags = [*flags, wrong(look)][-many:]
        if begun is None and sum(flags) >= few:
            begun = look.at
        elif begun is not None and len(flags) >= few and not any(flags[-few:]):
            found.append(Episode(begun, look.at, {}, 0.0, ""))
            begun = None
    if begun is not None:
        found.append(Episode(begun, None, {}, 0.0, ""))
    return tuple(found)


def looks_found(looks: Sequence[Look], needed: tuple[int, int], sure: float) -> tuple[Episode, ...]:
    """What a model's monitor would have found with that bar: each aspect on its own, by how sure
    of it each look was ("sure drift" among its figures); oldest first."""
    aspects = sorted({name for look in looks for name in look.figures if name.startswith(_SURE)})
    found: list[Episode] = []
    for aspect in aspects:
        labels = {"aspect": aspect.removeprefix(_SURE)}
        judged = [look for look in looks if aspect in look.figures]
        episodes = windows_found(judged, needed, partial(_is_sure, aspect, sure))
        found += [replace(episode, labels=labels) for episode in episodes]
    return tuple(sorted(found, key=lambda episode: episode.starts_at))


def _is_sure(aspect: str, sure: float, look: Look) -> bool:
    return look.figures[aspect] >= sure


def same_time(one: Episode, other: Episode) -> bool:
    """Do they overlap, on one series?"""
    if dict(one.labels) != dict(other.labels):
        return False
    starts = max(one.starts_at, other.starts_at)
    ends = [e.ends_at for e in (one, other) if e.ends_at is not None]
    return not ends or starts <= min(ends)


def _surer(sure: float, opinions: Sequence[Opinion], episodes: Sequence[Episode]) -> Setting | None:
    """The lowest bar above all that was not useful; where that would lose what was useful, the
    highest one that does not."""
    steps = [step for step in BARS if step > sure]
    # A finding is told when it reaches the bar; how sure the monitor became shows later.
    became = {id(o): max(o.score, e.score) for o, e in _matched(opinions, episodes)}
    useful = [s for o in opinions if o.useful and (s := became.get(id(o), o.score))]
    if useful:
        steps = [step for step in steps if step <= min(useful)]
    if not steps:
        return None
    worst = max((became.get(id(o), o.score) for o in opinions if not o.useful), default=0.0)
    if worst >= steps[-1] and not useful:
        # It was surer of them than any bar asks for: being surer does not help.
        return None
    bar = next((step for step in steps if step > worst), steps[-1])
    return Setting("sure", f"{bar:g}", f"{sure:.2f}")


def _longer(
    monitor: MetricMonitor, opinions: Sequence[Opinion], episodes: Sequence[Episode]
) -> Setting | None:
    """A longer `for`, where what was not useful was short."""
    lasted = [_lasted(e) for o, e in _matched(opinions, episodes) if not o.useful]
    useful = [_lasted(e) for o, e in _matched(opinions, episodes) if o.useful]
    if not lasted or None in lasted:
        return None
    longest = max(length for length in lasted if length is not None)
    # An episode ends only after it was normal for as long, and `for` counts from its beginning.
    steps = [hold for hold in HOLDS if hold > max(monitor.for_, longest)]
    shortest = min((length for length in useful if length is not None), default=timedelta.max)
    if not steps or steps[0] >= shortest:
        return None
    minutes = int(steps[0] / timedelta(minutes=1))
    return Setting("for", f"{minutes}m", say_duration(monitor.for_))


def _further(
    monitor: MetricMonitor,
    opinions: Sequence[Opinion],
    episodes: Sequence[Episode],
    traces: Sequence[Trace],
) -> Setting | None:
    """A limit just beyond the worst value of what was not useful."""
    above = monitor.above is not None
    peaks = [_peak(e, traces, above) for o, e in _matched(opinions, episodes) if not o.useful]
    useful = [_peak(e, traces, above) for o, e in _matched(opinions, episodes) if o.useful]
    known = [peak for peak in peaks if peak is not None]
    if not known:
        return None
    limit = _rounded(max(known), up=True) if above else _rounded(min(known), up=False)
    kept = [peak for peak in useful if peak is not None]
    reached = any(peak <= limit if above else peak >= limit for peak in kept)
    if reached or limit == monitor.limit:
        return None
    return Setting("above" if above else "below", f"{limit:g}", f"{monitor.limit:g}")


def _more_windows(monitor: ModelMonitor) -> Setting | None:
    """One more window must agree."""
    few, many = monitor.needed
    if many >= _MOST_WINDOWS:
        return None
    return Setting("needs", f"{few + 1} of {many + 1}", monitor.needs)


def _matched(
    opinions: Sequence[Opinion], episodes: Sequence[Episode]
) -> list[tuple[Opinion, Episode]]:
    """Opinions with the episode that began nearest to their finding."""
    pairs = []
    for opinion in opinions:
        near = [e for e in episodes if abs(e.starts_at - opinion.starts_at) <= NEAR]
        if near:
            start = opinion.starts_at
            pairs.append((opinion, min(near, key=lambda e: abs(e.starts_at - start))))
    return pairs


def _lasted(episode: Episode) -> timedelta | None:
    return None if episode.ends_at is None else episode.ends_at - episode.starts_at


def _peak(episode: Episode, traces: Sequence[Trace], above: bool) -> float | None:
    """The worst value while it lasted."""
    start = episode.starts_at.timestamp()
    end = episode.ends_at.timestamp() if episode.ends_at else float("inf")
    for trace in traces:
        if dict(trace.labels) == dict(episode.labels):
            inside = trace.values[(trace.times >= start) & (trace.times <= end)]
            known = inside[np.isfinite(inside)]
            if len(known):
                return float(known.max() if above else known.min())
    return None


def _rounded(value: float, *, up: bool) -> float:
    """To two figures, away from what is normal: 91.3 -> 92, 0.0134 -> 0.014."""
    if value == 0.0:
        return 0.0
    unit = 10.0 ** (floor(log10(abs(value))) - 1)
    steps = value / unit
    whole = floor(steps) + 1 if up else -floor(-steps) - 1
    return float(f"{whole * unit:.6g}")
