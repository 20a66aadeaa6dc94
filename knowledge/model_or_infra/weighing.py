"""Pure: which side is at fault, how sure, and what speaks for and against it.

Every single cause, and every pair of one of the model and one of the infrastructure, is asked how
well it explains all readings together; the posterior of a side is the sum over its explanations.
So a reading that one cause explains lends nothing to another ("explaining away"): drift of the
answers says nothing against a model whose service falls back to defaults.

  prior        x  readings (noisy or, soft evidence)  x  changes  x  order of onset  x  pace, width

A reading counts as soft evidence (Pearl 1988, virtual evidence): how much likelier it is of a
signal that is out of its usual range than of one that is within, bounded, so that no single reading
decides. What was not read counts nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import combinations, product
from math import exp, log

from knowledge.model_or_infra.causes import (
    CAUSES,
    DEFAULTS,
    FAR,
    FROM_LOG,
    LEAK,
    LEAK_FAR,
    Cause,
    Family,
    Pace,
    family_of,
)
from knowledge.model_or_infra.evidence import Case, Happened, Reading, Side, What
from knowledge.model_or_infra.measure import LEFT, read

PRIOR: Mapping[Side, float] = {
    Side.MODEL: 0.3,
    Side.INFRASTRUCTURE: 0.35,
    Side.BOTH: 0.15,
    Side.NEITHER: 0.2,
}
"""Of a model's trouble that is asked about; shared equally by the explanations of a side."""
SIDES = tuple(PRIOR)
TWOFOLD = 0.25
"""How often one change has two faults, as a share of how often it has one."""

MIDDLE, STEEP, LEAST, MOST = LEFT, 1.0, -2.5, 5.0
"""Log odds of "out of its usual range" for a reading `z` spreads off: STEEP * (z - MIDDLE), within
LEAST and MOST."""
SHORTLY, LATELY = timedelta(hours=1), timedelta(hours=6)
"""A change so long before the first sign may be its cause, or may still."""
SLACK, SLACK_LOG = timedelta(minutes=20), timedelta(minutes=60)
"""Onsets are known no better than that; those of the log's figures, read at looks, less well."""
EARLY = 0.4
"""What each sign that came before its cause costs an explanation, two at most."""
PACED = 0.2
"""How often what is called sudden turns out slow, and the other way round."""
RETRIED, MANY_RETRIES = 1.5, 0.3
"""From so many times the usual requests on, retries are that much less likely the reason."""
DEFAULTS_LOUD, DEFAULTS_QUIET = 0.05, 0.3
WIDE_FROM = 0.65
WIDTH = 0.3
TEMPER = 0.85
"""Log odds are divided by this: the bounds of a single reading make the sum too cautious. The one
number here that was chosen by log loss, on the development seed of `benchmarks.model_or_infra`."""
FEWEST_FAMILIES = 3
"""With less to look at nobody can tell."""
LEAST_SURE = 0.4
"""No side is named that is less likely."""


@dataclass(frozen=True)
class Weighed:
    """One piece of evidence: a reading, a change, or that there was no change."""

    weight: float
    """The natural logarithm of how much better the likeliest explanation accounts for it than its
    rival does: positive speaks for the verdict, negative against it."""
    alone: Side
    """What it would say on its own; UNKNOWN where that is nothing."""
    reading: Reading | None = None
    happened: Happened | None = None
    silent: What | None = None
    """That there was no change of this kind."""

    @property
    def shows(self) -> bool:
        """Is it something that is wrong, or that was changed?"""
        return self.happened is not None or (
            self.reading is not None and self.reading.unusual > LEFT
        )


TELLS, DOUBTS = 0.2, 0.5
"""Less is not worth a word."""
ALONE = 1.3
"""A reading that is so many times likelier on one side than on any other speaks for that side."""


@dataclass(frozen=True)
class Explanation:
    """One or two causes, and how likely that is the whole story."""

    causes: tuple[Cause, ...]
    probability: float

    @property
    def side(self) -> Side:
        return _side_of(self.causes)


@dataclass(frozen=True)
class Verdict:
    """Which side, how sure, on what evidence."""

    side: Side
    probabilities: Mapping[Side, float]
    """Of each side but UNKNOWN; they sum to 1."""
    explanations: tuple[Explanation, ...]
    """The likeliest first."""
    weighed: tuple[Weighed, ...]
    """All evidence, the weightiest for the verdict first, what speaks against it last."""
    at: datetime
    about: str = ""
    missing: tuple[str, ...] = ()
    rival: Explanation | None = None
    """What the evidence is held against: the likeliest explanation of another kind."""
    blamed: tuple[Happened, ...] = ()
    """The changes that the likeliest explanation holds to be its cause."""

    @property
    def likeliest(self) -> Side:
        """Also where it is not sure enough to be named."""
        return max(self.probabilities, key=lambda side: self.probabilities[side])

    @property
    def sure(self) -> float:
        return self.probabilities[self.likeliest]

    @property
    def best(self) -> Explanation:
        """The likeliest explanation of the likeliest side."""
        return next(e for e in self.explanations if e.side is self.likeliest)

    def reasons(self) -> tuple[Weighed, ...]:
        """What speaks for the verdict, the most telling first: what is wrong or was changed before
        what is as ever."""
        found = [w for w in self.weighed if w.weight >= TELLS or self._points_here(w)]
        return tuple(sorted(found, key=lambda w: (not w.shows, -w.weight - self._points_here(w))))

    def doubts(self) -> tuple[Weighed, ...]:
        """What speaks against it, weightiest first. What points to this side by itself is no doubt,
        though the rival may account for it better."""
        found = [w for w in self.weighed if w.weight <= -DOUBTS and w.alone is not self.likeliest]
        return tuple(reversed(found))

    def _points_here(self, weighed: Weighed) -> bool:
        sides = {Side.MODEL, Side.INFRASTRUCTURE} if self.likeliest is Side.BOTH else set()
        return weighed.alone in {self.likeliest, *sides} and weighed.weight > -DOUBTS


def assess(case: Case) -> Verdict:
    """Read the signals of a case, and judge."""
    return judge(case, read(case))


def judge(case: Case, readings: Sequence[Reading]) -> Verdict:
    """`readings` as `measure.read` gives them."""
    whole = _Evidence.of(case, readings)
    explained = whole.explanations()
    probabilities = _by_side(explained)
    best = max(probabilities, key=lambda side: probabilities[side])
    first = next(e for e in explained if e.side is best)
    rival = _rival(explained, best)
    enough = len(whole.families) >= FEWEST_FAMILIES and probabilities[best] >= LEAST_SURE
    return Verdict(
        side=best if enough else Side.UNKNOWN,
        probabilities=probabilities,
        explanations=tuple(explained),
        weighed=_weigh(whole, first.causes, rival.causes),
        at=case.now,
        about=case.about,
        missing=case.missing,
        rival=rival,
        blamed=_blamed(whole, first),
    )


# Evidence and explanations -------------------------------------------------------------------


@dataclass(frozen=True)
class _Evidence:
    """What is asked of an explanation, prepared once."""

    families: Mapping[Family, Reading]
    """The most unusual reading of each family."""
    happened: tuple[Happened, ...]
    asked: frozenset[What]
    began: datetime
    now: datetime

    @classmethod
    def of(cls, case: Case, readings: Iterable[Reading]) -> "_Evidence":
        found: dict[Family, Reading] = {}
        for reading in sorted(readings, key=lambda r: r.unusual):
            found[family_of(reading)] = reading
        recent = tuple(h for h in case.happened if h.at <= case.now)
        return cls(found, recent, case.asked, case.began, case.now)

    @cached_property
    def out(self) -> Mapping[Family, Reading]:
        """The families that left their usual range."""
        return {f: r for f, r in self.families.items() if r.unusual > LEFT}

    @cached_property
    def defaults(self) -> float:
        """How likely many answers are defaults. Where nobody counts them it is a guess: a service
        that lets requests fail does not hide it behind defaults."""
        reading = self.families.get(Family.FALLBACK)
        if reading is None:
            return DEFAULTS_LOUD if Family.ERRORS in self.out else DEFAULTS_QUIET
        odds = exp(_log_odds(reading))
        return odds / (1 + odds)

    @cached_property
    def retries(self) -> float:
        """Can what comes more be callers who try again? Beyond that, more is a cause."""
        more = self.families.get(Family.MORE)
        if more is None or more.now is None or not more.usual:
            return 1.0
        return 1.0 if more.now / more.usual < RETRIED else MANY_RETRIES

    def explanations(self) -> list[Explanation]:
        """All, the likeliest first; their probabilities sum to 1."""
        scored = [(causes, (log(prior) + self._fit(causes))) for causes, prior in EXPLANATIONS]
        top = max(score for _, score in scored)
        weights = [(causes, exp((score - top) / TEMPER)) for causes, score in scored]
        total = sum(weight for _, weight in weights)
        found = [Explanation(causes, weight / total) for causes, weight in weights]
        return sorted(found, key=lambda e: -e.probability)

    def _fit(self, causes: tuple[Cause, ...]) -> float:
        """The log likelihood of everything, up to a constant of the case."""
        score = sum(self.of_reading(f, r, causes) for f, r in self.families.items())
        score += sum(self.of_change(what, causes) for what in self.asked)
        score += sum(self._of_pace(cause) + self._of_width(cause) for cause in causes)
        return score + self._of_order(causes)

    def of_reading(self, family: Family, reading: Reading, causes: tuple[Cause, ...]) -> float:
        leak = LEAK if reading.unusual < FAR else LEAK_FAR
        p = 1 - (1 - leak) * _product(1 - self.link(cause, family) for cause in causes)
        return log(p * exp(_log_odds(reading)) + 1 - p)

    def link(self, cause: Cause, family: Family) -> float:
        own = cause.moves.get(family, 0.0)
        if family is Family.MORE and family not in cause.first:
            own *= self.retries
        through = cause.moves.get(Family.FALLBACK, 0.0) and DEFAULTS.get(family, 0.0)
        return max(own, through * self.defaults)

    def of_change(self, what: What, causes: tuple[Cause, ...]) -> float:
        """Was there a change of this kind, as an explanation by one would have it?"""
        signs = self._first_sign(causes)
        near = self.change_before(what, signs)
        if any(cause.change is what for cause in causes):
            return log({None: 0.05, SHORTLY: 0.8, LATELY: 0.15}[near])
        if any(cause.told is what for cause in causes):
            return log({None: 0.6, SHORTLY: 0.3, LATELY: 0.1}[near])
        return log({None: 0.85, SHORTLY: 0.05, LATELY: 0.1}[near])

    def change_before(self, what: What, sign: datetime | None) -> timedelta | None:
        """SHORTLY or LATELY where there was one before the first sign, or, where there is no sign,
        since trouble is looked for."""
        ages = [sign - h.at for h in self.happened if h.what is what] if sign else []
        if sign is None:
            ages = [timedelta() for h in self.happened if h.what is what and h.at >= self.began]
        near = [age for age in ages if -SLACK <= age <= LATELY]
        return None if not near else SHORTLY if min(near) <= SHORTLY else LATELY

    def newest(self, what: What, causes: tuple[Cause, ...]) -> Happened | None:
        """The last change of this kind that may be the cause of the first sign."""
        sign = self._first_sign(causes)
        if self.change_before(what, sign) is None:
            return None
        near = [h for h in self.happened if h.what is what and (not sign or h.at <= sign + SLACK)]
        return near[-1] if near else None

    def _first_sign(self, causes: tuple[Cause, ...]) -> datetime | None:
        """When the first family that these causes would move left its usual range."""
        moved = {f for cause in causes for f in cause.moves} or set(self.out)
        since = [_began(f, r) for f, r in self.out.items() if f in moved]
        known = [at for at in since if at is not None]
        return min(known, default=None)

    def _of_pace(self, cause: Cause) -> float:
        if cause.pace is Pace.ANY:
            return 0.0
        told = [r for f, r in self.out.items() if f in cause.moves and r.sudden is not None]
        if not told:
            return 0.0
        sudden = max(told, key=lambda r: r.unusual).sudden
        fits = sudden == (cause.pace is Pace.SUDDEN)
        return log((1 - PACED if fits else PACED) / 0.5)

    def _of_width(self, cause: Cause) -> float:
        inputs = self.out.get(Family.INPUTS)
        if cause.wide is None or inputs is None or inputs.breadth is None:
            return 0.0
        fits = (inputs.breadth >= WIDE_FROM) == cause.wide
        return log((1 - WIDTH if fits else WIDTH) / 0.5)

    def _of_order(self, causes: tuple[Cause, ...]) -> float:
        """What follows does not come first: an effect before its cause speaks against it."""
        early = 0
        for family, reading in self.out.items():
            cause = max(causes, key=lambda c: self.link(c, family))
            if not self.link(cause, family) or family in cause.first:
                continue
            own = [_began(f, r) for f, r in self.out.items() if f in cause.first]
            starts = [at for at in own if at is not None]
            begun = _began(family, reading)
            if starts and begun is not None and begun < min(starts) - SLACK:
                early += 1
        return min(early, 2) * log(EARLY)


def _began(family: Family, reading: Reading) -> datetime | None:
    """The earliest it may have left its usual range: a look tells of a window that is past."""
    if reading.since is None or family not in FROM_LOG:
        return reading.since
    return reading.since - (SLACK_LOG - SLACK)


def _log_odds(reading: Reading) -> float:
    return min(max(STEEP * (reading.unusual - MIDDLE), LEAST), MOST)


def _product(values: Iterable[float]) -> float:
    found = 1.0
    for value in values:
        found *= value
    return found


def _side_of(causes: tuple[Cause, ...]) -> Side:
    sides = {cause.side for cause in causes}
    return Side.BOTH if len(sides) > 1 else next(iter(sides))


def _explanations() -> tuple[tuple[tuple[Cause, ...], float], ...]:
    """Single causes, two faults of one change (a version that is heavier and worse), and pairs
    across the sides; each with its prior."""
    single = [(cause,) for cause in CAUSES]
    twofold = [(a, b) for a, b in combinations(CAUSES, 2) if a.change and a.change is b.change]
    of = {side: [cause for cause in CAUSES if cause.side is side] for side in SIDES}
    across = product(of[Side.MODEL], of[Side.INFRASTRUCTURE])
    every: list[tuple[Cause, ...]] = [*single, *twofold, *across]
    shares = [TWOFOLD if causes in twofold else 1.0 for causes in every]
    total = dict.fromkeys(SIDES, 0.0)
    for causes, share in zip(every, shares, strict=True):
        total[_side_of(causes)] += share
    return tuple(
        (causes, PRIOR[side] * share / total[side])
        for causes, share in zip(every, shares, strict=True)
        if (side := _side_of(causes))
    )


EXPLANATIONS = _explanations()


def _by_side(explained: Iterable[Explanation]) -> dict[Side, float]:
    found = dict.fromkeys(SIDES, 0.0)
    for one in explained:
        found[one.side] += one.probability
    return found


# What each piece of evidence does -------------------------------------------------------------


_AGAINST: Mapping[Side, tuple[Side, ...]] = {
    Side.MODEL: (Side.INFRASTRUCTURE,),
    Side.INFRASTRUCTURE: (Side.MODEL,),
    Side.BOTH: (Side.MODEL, Side.INFRASTRUCTURE),
    Side.NEITHER: (Side.MODEL, Side.INFRASTRUCTURE),
}


def _rival(explained: Sequence[Explanation], best: Side) -> Explanation:
    """What people would hold against it: the other side alone."""
    return next(e for e in explained if e.side in _AGAINST[best])


def _weigh(
    whole: _Evidence, best: tuple[Cause, ...], rival: tuple[Cause, ...]
) -> tuple[Weighed, ...]:
    """The log likelihood ratio of the two explanations, piece by piece."""
    found = [
        Weighed(
            whole.of_reading(family, reading, best) - whole.of_reading(family, reading, rival),
            _alone(whole, family, reading),
            reading=reading,
        )
        for family, reading in whole.families.items()
    ]
    for what in sorted(whole.asked):
        weight = whole.of_change(what, best) - whole.of_change(what, rival)
        near = whole.newest(what, best) or whole.newest(what, rival)
        if near is not None:
            found.append(Weighed(weight, _OF_CHANGE[what], happened=near))
        else:
            found.append(Weighed(weight, Side.UNKNOWN, silent=what))
    return tuple(sorted(found, key=lambda w: -w.weight))


_OF_CHANGE = {
    What.ALIAS: Side.MODEL,
    What.DEPLOY: Side.INFRASTRUCTURE,
    What.UPSTREAM: Side.INFRASTRUCTURE,
    What.CALENDAR: Side.NEITHER,
}


def _alone(whole: _Evidence, family: Family, reading: Reading) -> Side:
    """The side on which an unusual reading is likeliest, each of its causes as likely as the
    others."""
    if reading.unusual <= LEFT:
        return Side.UNKNOWN
    means: dict[Side, float] = {}
    for side in (Side.MODEL, Side.INFRASTRUCTURE, Side.NEITHER):
        own = [cause for cause in CAUSES if cause.side is side]
        links = [exp(whole.of_reading(family, reading, (cause,))) for cause in own]
        means[side] = sum(links) / len(links)
    first, second = sorted(means, key=lambda side: -means[side])[:2]
    return first if means[first] >= ALONE * means[second] else Side.UNKNOWN


def _blamed(whole: _Evidence, best: Explanation) -> tuple[Happened, ...]:
    kinds = {w for cause in best.causes for w in (cause.change, cause.told) if w is not None}
    found = (whole.newest(what, best.causes) for what in sorted(kinds))
    return tuple(happened for happened in found if happened is not None)
