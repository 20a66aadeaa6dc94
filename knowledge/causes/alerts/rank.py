"""Which component is at fault, from alerts alone?

Each component collects what speaks for it, in nats:

- its own metrics' alerts, each the more the rarer (`rarity`) and the nearer to the onset: a cause
  shows early, and late alerts are mostly chance;
- for a service: its pods together. Each pod that shows something adds, each that shows nothing
  takes away, so that one bad pod stays a bad pod, and four bad pods are a bad service; so too for
  a node on which pods of several services run;
- for a service: its own latency and errors, less what a service that it calls explains;
- lines of log and alerts that name it as the one they fail at, and an unusual number of slow or
  failed calls into it.

Scores become belief by a softmax with a fixed temperature, beside "none of these".
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from knowledge.causes.alerts.landscape import Landscape, Level
from knowledge.causes.alerts.rarity import Past, Window, chances, past, surprise
from knowledge.causes.alerts.signs import Sign, Source, blamed_by
from knowledge.causes.alerts.words import (
    say_blame,
    say_calls,
    say_explained,
    say_looked_at,
    say_missing,
    say_pods,
    say_sign,
)
from knowledge.causes.ranking import Clue, Ranking, Suspect

FADE = timedelta(minutes=4)
"""An alert that comes this long after the onset counts 1/e of one at the onset."""
SEEN_IF_AT_FAULT = 0.7
"""How likely a component at fault shows any one alert: what is about as usual as that when all is
well says nothing."""
POD_MOST, POD_SILENT = 8.0, 1.5
"""The most that one pod adds to its service, and what a pod without alerts takes away."""
NODE_FACTOR = 1.5
"""A node has fewer metrics than its pods have together, and none that only a fault would move."""
CALLS_MOST, CALLS_FROM = 6.0, 2.0
"""Slow calls into a service count from this many standard deviations on, to at most that."""
TEMPERATURE = 1.25
NONE_SCORE = 1.0
"""Of "none of these": what one fairly rare alert gives."""
_CLUES = 6
_ONLY_TOLD = -0.01
"""Weight of a clue that speaks against a component by leaving out what would speak for it."""


@dataclass
class _File:
    """What speaks for and against one component."""

    own: float = 0.0
    clues: list[Clue] = field(default_factory=list)


def rank_alerts(
    signs: Sequence[Sign],
    landscape: Landscape,
    onset: datetime,
    windows: Sequence[Window] = (),
    fade: timedelta = FADE,
) -> Ranking:
    """Every component of the landscape, the likeliest culprit first.

    `onset` is when the trouble began (alerts before it count in full); `windows` is the past, of
    windows as long as the time from the onset that `signs` cover.
    """
    known = past(windows, onset, landscape)
    weighed = _weigh(signs, known, landscape, onset, fade)
    files: dict[str, _File] = defaultdict(_File)
    for sign, weight, chance in weighed:
        if weight > 0 and sign.source is Source.METRIC:
            file = files[sign.component]
            file.own += weight
            file.clues.append(say_sign(sign, weight, chance, onset, bool(windows)))
    scores = {
        name: files[name].own * (NODE_FACTOR if level is Level.NODE else 1.0)
        for name, level in landscape.levels.items()
    }
    _blames(weighed, landscape, scores, files)
    _explain_away(landscape, scores, files)
    _pods(landscape.pods_of, Level.SERVICE, scores, files)
    _pods(_shared_nodes(landscape), Level.NODE, scores, files)
    _calls(signs, known, landscape, scores, files)
    suspects = _suspects(scores, files, landscape)
    looked_at = say_looked_at(signs, len(windows))
    return Ranking(suspects, onset, looked_at, say_missing(len(windows)))


_Weighed = tuple[Sign, float, float]
"""A sign, what it gives, and its chance."""


def _weigh(
    signs: Sequence[Sign], known: Past, landscape: Landscape, onset: datetime, fade: timedelta
) -> list[_Weighed]:
    """Each kind of news once, at its first time."""
    chance = chances(signs, known, landscape)
    first: dict[object, Sign] = {}
    for sign in signs:
        have = first.get(sign.key)
        if have is None or (sign.at is not None and (have.at is None or sign.at < have.at)):
            first[sign.key] = sign
    return [
        (sign, _gives(chance[sign.key]) * _fading(sign.at, onset, fade), chance[sign.key])
        for sign in first.values()
    ]


def _gives(chance: float) -> float:
    return max(0.0, surprise(chance) + math.log(SEEN_IF_AT_FAULT))


def _fading(at: datetime | None, onset: datetime, fade: timedelta) -> float:
    late = timedelta() if at is None else max(at - onset, timedelta())
    return math.exp(-late / fade)


def _blames(
    weighed: Sequence[_Weighed],
    landscape: Landscape,
    scores: dict[str, float],
    files: Mapping[str, _File],
) -> None:
    """The strongest line or alert that names a component, or that is its own and names none.
    Many lines tell of one fault, so they are not added up."""
    best: dict[str, tuple[float, Sign]] = {}
    for sign, weight, _ in weighed:
        blamed = blamed_by(sign, landscape) if sign.source is not Source.CALL else ()
        own = (sign.component,) if sign.source is Source.LOG else ()
        for name in blamed or own:
            if name in scores and weight > best.get(name, (0.0, sign))[0]:
                best[name] = (weight, sign)
    for name, (weight, sign) in best.items():
        scores[name] += weight
        files[name].clues.append(say_blame(name, sign, weight))


def _explain_away(
    landscape: Landscape, scores: dict[str, float], files: Mapping[str, _File]
) -> None:
    """A service is let off as far as one that it calls has alerts of its own as bad."""
    before = dict(scores)
    for service, callees in landscape.callees.items():
        worst = max(callees, key=lambda name: (before.get(name, 0.0), name), default="")
        less = min(files[service].own, before.get(worst, 0.0)) if service in scores else 0.0
        if less > 0:
            scores[service] -= less
            files[service].clues.append(say_explained(worst, less))


def _shared_nodes(landscape: Landscape) -> dict[str, tuple[str, ...]]:
    """Nodes on which pods of several services run: what they share is the node."""
    return {
        node: pods
        for node, pods in landscape.pods_on.items()
        if len({landscape.home(pod) for pod in pods}) > 1
    }


def _pods(
    groups: Mapping[str, Sequence[str]],
    level: Level,
    scores: dict[str, float],
    files: Mapping[str, _File],
) -> None:
    """What the pods of a service, or on a node, say together."""
    for name, pods in groups.items():
        if name not in scores:
            continue
        together = sum(min(files[pod].own, POD_MOST) - POD_SILENT for pod in pods)
        showing = [pod for pod in pods if files[pod].own > 0]
        if together > 0:
            scores[name] += together
            top = [clue for pod in showing for clue in files[pod].clues[:1]]
            files[name].clues.append(say_pods(showing, len(pods), level.value, together, top))
        elif showing and scores[name] > 0:
            told = say_pods(showing, len(pods), level.value, _ONLY_TOLD, ())
            files[name].clues.append(told)


def _calls(
    signs: Sequence[Sign],
    known: Past,
    landscape: Landscape,
    scores: dict[str, float],
    files: Mapping[str, _File],
) -> None:
    """More kinds of bad calls into a service than there usually are (a Poisson count's excess)."""
    if not known.total:
        return
    now: dict[str, set[object]] = defaultdict(set)
    usual: dict[str, float] = defaultdict(float)
    for sign in signs:
        if sign.source is Source.CALL and _into(sign.component, sign.caller, landscape):
            now[landscape.home(sign.component)].add(sign.key)
    for key, count in known.counts.items():
        caller = key.name.partition(" > ")[0]
        if key.source == Source.CALL.value and _into(key.component, caller, landscape):
            usual[landscape.home(key.component)] += count / known.total
    for service, keys in now.items():
        excess = (len(keys) - usual[service]) / math.sqrt(usual[service] + 1)
        gain = min(excess - CALLS_FROM, CALLS_MOST)
        if gain > 0 and service in scores:
            scores[service] += gain
            files[service].clues.append(say_calls(len(keys), usual[service], gain))


def _into(component: str, caller: str, landscape: Landscape) -> bool:
    return landscape.home(component) != landscape.home(caller)


def _suspects(
    scores: Mapping[str, float], files: Mapping[str, _File], landscape: Landscape
) -> tuple[Suspect, ...]:
    order = sorted(scores, key=lambda name: (-scores[name], name))
    most = max([*scores.values(), NONE_SCORE])
    weights = {name: math.exp((scores[name] - most) / TEMPERATURE) for name in order}
    # What has nothing against it is no suspect; it stays in the order, without belief.
    weights = {name: w if scores[name] > 0 else 0.0 for name, w in weights.items()}
    total = sum(weights.values()) + math.exp((NONE_SCORE - most) / TEMPERATURE)
    return tuple(
        Suspect(
            component=name,
            score=scores[name],
            probability=weights[name] / total,
            clues=_weightiest(files[name].clues if name in files else ()),
            kind=landscape.levels[name].value,
            part_of=landscape.service_of.get(name, ""),
        )
        for name in order
    )


def _weightiest(clues: Sequence[Clue]) -> tuple[Clue, ...]:
    """The best ones, and always those that speak against it."""
    ordered = sorted(clues, key=lambda clue: (-clue.weight, clue.text))
    against = [clue for clue in ordered if clue.weight < 0]
    return (*[clue for clue in ordered if clue.weight >= 0][:_CLUES], *against)
