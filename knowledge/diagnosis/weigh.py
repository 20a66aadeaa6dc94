"""All evidence together: alerts, telemetry, changes and past incidents, as one ranking.

The rankings by alerts and by telemetry are pooled log-linearly: their beliefs are multiplied, each
to the power `TRUST`, since both often see the same thing. A change or a past incident multiplies
the odds of the component it is about.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from knowledge.catalogue import Catalogue
from knowledge.causes.alerts import (
    Landscape,
    Level,
    Sign,
    Window,
    landscape_of,
    rank_alerts,
    read_signals,
    window,
)
from knowledge.causes.ranking import Clue, ClueKind, Ranking, Suspect
from knowledge.causes.search import rank as rank_telemetry
from knowledge.correlation.subject import Subject
from knowledge.diagnosis.gather import LATE, MOVE, Gathered
from knowledge.durations import say_duration
from knowledge.records import Band, Change, Hit, Signal

TRUST = 0.75
"""Of each of two rankings; a single one is taken as it is."""
LEAST = 0.005
"""Belief in what a ranking does not name: it may have seen nothing of it."""
CHANGED, CHANGE_HALF_LIFE = math.log(8), timedelta(minutes=30)
"""A change right before multiplies the odds by 8; by its root half an hour before, and so on."""
CHANGES_WITHIN = timedelta(hours=6)
ON_ITS_SERVICE = 0.5
"""A change of a service speaks for one of its pods, or for its model's server, by so much."""
AS_BEFORE = math.log(2)
BUCKET = timedelta(minutes=30)
FADE = timedelta(minutes=15)
"""Alerts wait until they are sure, each rule in its own way: what is late by less is not late."""
MOST_SUSPECTS = 12
NOBODY = 0.1
"""Belief in "none of these" where there is nothing but changes and past incidents."""
ELSEWHERE = 0.05
"""Belief that is always left for what neither the catalogue nor an alert names."""


def diagnose(found: Gathered) -> Ranking:
    """Suspects, likeliest first; none where nothing speaks for any."""
    signs, subjects = read_signals(found.signals, found.catalogue)
    landscape = _landscape(found, subjects)
    rankings = _rankings(found, signs, landscape)
    odds = _Odds(_pooled(rankings, landscape), _clues(rankings), landscape)
    for change in found.changes:
        _changed(odds, change, found, subjects, landscape)
    for hit in found.past:
        _as_before(odds, hit, found.catalogue)
    measured = rankings[-1:] if found.case else ()
    looked_at = (*found.looked_at, *(line for r in measured for line in r.looked_at))
    missing = (*found.missing, *(line for r in rankings for line in r.missing))
    return Ranking(odds.suspects(), found.onset, looked_at, missing)


@dataclass
class _Odds:
    """Log belief in each component ("" is none of these), with what was found for and against."""

    logs: dict[str, float]
    clues: dict[str, list[Clue]]
    landscape: Landscape

    def add(self, component: str, clue: Clue) -> None:
        if component not in self.logs:
            return
        self.logs[component] += clue.weight
        self.clues.setdefault(component, []).append(clue)

    def suspects(self) -> tuple[Suspect, ...]:
        """Those for whom something speaks, with their share of belief."""
        named = {name for name in self.logs if any(c.weight > 0 for c in self.clues.get(name, ()))}
        most = max((self.logs[name] for name in (*named, "")), default=0.0)
        power = {name: math.exp(self.logs[name] - most) for name in (*named, "")}
        total = math.fsum(power.values())
        found = [
            Suspect(
                component=name,
                score=self.logs[name],
                probability=power[name] / total,
                clues=tuple(sorted(self.clues[name], key=lambda c: -c.weight)),
                kind=_kind(name, self.landscape),
                part_of=self.landscape.service_of.get(name, ""),
            )
            for name in named
        ]
        found.sort(key=lambda s: (-s.probability, s.component))
        return tuple(found[:MOST_SUSPECTS])


def windows_of(
    history: Sequence[Signal], until: datetime, catalogue: Catalogue
) -> tuple[Window, ...]:
    """The past in stretches of BUCKET, from the first alert on, with those in which none came."""
    signs, _ = read_signals(history, catalogue)
    timed = [(sign.at, sign) for sign in signs if sign.at and sign.at < until]
    if not timed:
        return ()
    buckets: dict[int, list[Sign]] = {}
    for at, sign in timed:
        buckets.setdefault((until - at) // BUCKET, []).append(sign)
    return tuple(
        window(until - BUCKET * (n + 0.5), buckets.get(n, ())) for n in range(max(buckets) + 1)
    )


def _landscape(found: Gathered, subjects: Sequence[Subject]) -> Landscape:
    """With what was changed: a model without an alert may be at fault too."""
    landscape = landscape_of(found.catalogue, subjects)
    levels = dict(landscape.levels)
    for change in found.changes:
        name = _service(change, found.catalogue)
        if name and (change.kind == MOVE or not levels or name == found.service):
            levels.setdefault(name, Level.SERVICE)
    return replace(landscape, levels=levels)


def _rankings(found: Gathered, signs: Sequence[Sign], landscape: Landscape) -> tuple[Ranking, ...]:
    """By alerts and by telemetry, as far as there are any."""
    rankings: list[Ranking] = []
    if signs:
        windows = windows_of(found.history, found.onset, found.catalogue)
        rankings.append(rank_alerts(signs, landscape, found.onset, windows, FADE))
    if found.case:
        rankings.append(rank_telemetry(found.case))
    return tuple(rankings)


def _pooled(rankings: Sequence[Ranking], landscape: Landscape) -> dict[str, float]:
    """Log beliefs, "" for none of these. A pod is as suspect to telemetry as its service is."""
    beliefs = [{s.component: s.probability for s in r.suspects} for r in rankings]
    names = {*landscape.levels, *(name for belief in beliefs for name in belief)}
    trust = TRUST if len(rankings) > 1 else 1.0
    logs = {"": 0.0 if rankings else math.log(NOBODY)}
    for belief in beliefs:
        nobody = 1 - math.fsum(belief.values())
        logs[""] += trust * math.log(max(nobody, ELSEWHERE))
    for name in names:
        home = landscape.home(name)
        each = (belief.get(name, belief.get(home, 0.0)) for belief in beliefs)
        logs[name] = math.fsum(trust * math.log(max(p, LEAST)) for p in each)
        if not rankings:
            logs[name] = math.log(1 / max(len(names), 1))
    return logs


def _clues(rankings: Iterable[Ranking]) -> dict[str, list[Clue]]:
    found: dict[str, list[Clue]] = {}
    for ranking in rankings:
        for suspect in ranking.suspects:
            found.setdefault(suspect.component, []).extend(suspect.clues)
    return found


def _kind(name: str, landscape: Landscape) -> str:
    level = landscape.levels.get(name)
    return level.value if level else ""


def _changed(
    odds: _Odds,
    change: Change,
    found: Gathered,
    subjects: Sequence[Subject],
    landscape: Landscape,
) -> None:
    before = max(found.onset - change.at, timedelta())
    if before > CHANGES_WITHIN or change.at > found.onset + LATE:
        return
    name = _service(change, found.catalogue)
    weight = CHANGED * 0.5 ** (before / CHANGE_HALF_LIFE)
    clue = Clue(ClueKind.CHANGE, _say(change, before), weight, change.at, (change.id,))
    odds.add(name, clue)
    near = {*landscape.pods_of.get(name, ()), *(s.server for s in subjects if s.model == name)}
    for other in sorted(near - {name, ""}):
        odds.add(other, replace(clue, weight=weight * ON_ITS_SERVICE))


def _as_before(odds: _Odds, hit: Hit, catalogue: Catalogue) -> None:
    document = hit.document
    name = catalogue.canonical(document.service) or document.service
    if hit.band is not Band.SIMILAR or not name:
        return
    cause = document.root_cause or document.resolution or document.title
    text = f"{document.id}, which looks like this, was on it: {_short(cause)}"
    odds.add(name, Clue(ClueKind.PAST, text, AS_BEFORE, None, (document.id,)))


def _service(change: Change, catalogue: Catalogue) -> str:
    return catalogue.canonical(change.service) or change.service


def _say(change: Change, before: timedelta) -> str:
    """ "deploy checkout 4.2 by ines, 6 min before: new retry policy"."""
    what = " ".join(filter(None, (change.kind, change.service, change.version)))
    by = f" by {change.author}" if change.author else ""
    when = f"{say_duration(before)} before the first alert" if before else "just before"
    return _short(f"{what}{by}, {when}" + (f": {change.summary}" if change.summary else ""))


def _short(text: str, most: int = 180) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
