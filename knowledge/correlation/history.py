"""What came before: the record of each series and of each rule, and the pace of lone alerts.

All counts decay, so that what a team has mended is forgotten; all tables are bounded.
"""

import math
from collections import OrderedDict

from knowledge.correlation.tuning import Tuning
from knowledge.correlation.vocabulary import name_bias, name_tokens

MOST_HABIT = 3.5
_UNSURE_S = 300.0
"""For so many seconds the expected pace counts against the one that is seen."""
_FLAPS_OFTEN, _FLAPS_WITHIN = 3, 6 * 3600.0
"""A finding that opened so many cards within so many seconds opens no other one."""
_MOST_CARDS = 8
_HABIT_HORIZON = 6.0
"""Habits of rules are remembered this many times as long as the pace."""


class Decayed:
    """A count that fades: each event is worth 1/e after `tau` seconds."""

    __slots__ = ("at", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self.at = 0.0

    def add(self, amount: float, now: float, tau: float) -> None:
        self.value = max(0.0, self.now(now, tau) + amount)
        self.at = max(now, self.at)

    def now(self, now: float, tau: float) -> float:
        return self.value * math.exp(-max(0.0, now - self.at) / tau) if self.value else 0.0


class Series:
    """One fingerprint: how often it started, how often alone, and where it was last."""

    __slots__ = (
        "apart",
        "belief",
        "cards",
        "first",
        "group",
        "last_arrival",
        "last_end",
        "last_start",
        "lone",
        "starts",
    )

    def __init__(self, first: float) -> None:
        self.first = first
        self.starts = 0
        self.lone = 0.0
        self.last_start = first
        self.last_arrival = first
        self.last_end = 0.0
        self.group = 0
        """Number of the group it was in last."""
        self.belief = 1.0
        """Probability with which it belonged to its last group."""
        self.apart: tuple[int, ...] = ()
        """Groups that people took it out of."""
        self.cards: tuple[float, ...] = ()
        """When it opened an incident by itself, the latest few times."""

    def opened(self, now: float) -> None:
        """It opened an incident by itself."""
        self.cards = (*self.cards[-_MOST_CARDS:], now)

    def flaps(self, now: float) -> bool:
        """Has it opened so many incidents by itself lately that one more is no news?"""
        return sum(now - at < _FLAPS_WITHIN for at in self.cards) >= _FLAPS_OFTEN


class SeriesBook:
    """The series seen lately, the longest unseen forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._series: OrderedDict[str, Series] = OrderedDict()

    def __len__(self) -> int:
        return len(self._series)

    def get(self, fingerprint: str) -> Series | None:
        return self._series.get(fingerprint)

    def started(self, fingerprint: str, start: float, arrival: float) -> Series:
        """Note a new start and return the series as it stands with it."""
        series = self._series.get(fingerprint)
        if series is None:
            series = self._series[fingerprint] = Series(start)
            if len(self._series) > self._most:
                self._series.popitem(last=False)
        else:
            self._series.move_to_end(fingerprint)
        series.starts += 1
        series.last_start = max(series.last_start, start)
        series.last_arrival = arrival
        return series


class Rule:
    """One alert name's record: in incidents, and alone."""

    __slots__ = ("bias", "joined", "lone", "tokens")

    def __init__(self, name: str) -> None:
        self.bias = name_bias(name)
        self.tokens = name_tokens(name)
        self.joined = Decayed()
        self.lone = Decayed()


class Background:
    """How alerts come when nothing is wrong: their pace, their rules, how long they last."""

    def __init__(self, tuning: Tuning, most_rules: int = 20_000) -> None:
        self._tuning = tuning
        self._most = most_rules
        self._rules: OrderedDict[str, Rule] = OrderedDict()
        self._joined = Decayed()
        self._lone = Decayed()
        self._pace = Decayed()
        self._informing = Decayed()
        self._since: float | None = None
        self._lasted = 0.0
        self._ended = 0.0

    def rule(self, name: str) -> Rule:
        rule = self._rules.get(name)
        if rule is None:
            rule = self._rules[name] = Rule(name)
            if len(self._rules) > self._most:
                self._rules.popitem(last=False)
        return rule

    def begin(self, now: float) -> None:
        """Watching began; the pace is counted from here."""
        if self._since is None:
            self._since = now

    def alone(self, name: str, exposure: float, now: float) -> None:
        """One alert of a rule stayed alone, while a share `exposure` of all places was in trouble.

        So many others of its kind as 1 alone : exposure were taken for part of an incident only
        because they fell into one: they are taken off the rule's joined ones.
        """
        hidden = exposure / (1.0 - exposure)
        self.note(name, -hidden, 1.0 + hidden, now)

    def note(self, name: str, joined: float, lone: float, now: float) -> None:
        """Add to a rule's record: so many of its alerts were in incidents, or alone."""
        tau = self._tuning.memory * _HABIT_HORIZON
        rule = self.rule(name)
        self._rules.move_to_end(name)
        if joined:
            rule.joined.add(joined, now, tau)
            self._joined.add(joined, now, tau)
        if lone:
            rule.lone.add(lone, now, tau)
            self._lone.add(lone, now, tau)

    def came(self, informing: bool, now: float, amount: float = 1.0) -> None:
        """Count an alert that belongs to no incident for the pace (or take it back); those that
        only inform have a pace of their own."""
        (self._informing if informing else self._pace).add(amount, now, self._tuning.memory)

    def ended_alone(self, lasted: float) -> None:
        """A lone alert ended after so many seconds."""
        self._lasted = 0.999 * self._lasted + min(lasted, 7200.0)
        self._ended = 0.999 * self._ended + 1.0

    def per_hour(self, now: float, but: float = 0.0) -> float:
        """Lone alerts an hour, everywhere, that ask for attention; `but` so many of them."""
        t = self._tuning
        seen = max(0.0, self._pace.now(now, t.memory) - but)
        expected = t.lone_per_hour / 3600.0 * _UNSURE_S
        return 3600.0 * (seen + expected) / (self.watched(now) + _UNSURE_S)

    def pace(self, now: float, services: int, informing: bool = False) -> float:
        """Lone alerts a second on one service: the record, with the expectation as a prior."""
        t = self._tuning
        seen = (self._informing if informing else self._pace).now(now, t.memory)
        span = self.watched(now) * max(1, services)
        return (seen + t.pace * t.pace_weight) / (span + t.pace_weight)

    def noise_lasts(self) -> float:
        """Mean seconds a lone alert fires."""
        return (self._lasted + 5 * self._tuning.noise_lasts) / (self._ended + 5)

    def habit(self, name: str, now: float, bias: float | None = None, weight: float = 0.0) -> float:
        """log P(rule | incident) / P(rule | background): the rule's record against all rules',
        shrunk towards `bias`, or what its name says, while the record is short."""
        tau = self._tuning.memory * _HABIT_HORIZON
        rule = self.rule(name)
        joined, lone = rule.joined.now(now, tau), rule.lone.now(now, tau)
        base = _logit((self._joined.now(now, tau) + 2.0) / (
            self._joined.now(now, tau) + self._lone.now(now, tau) + 4.0
        ))  # fmt: skip
        weight = weight or self._tuning.rule_weight
        prior = 1.0 / (1.0 + math.exp(-(base + (rule.bias if bias is None else bias))))
        value = _logit((joined + weight * prior) / (joined + lone + weight)) - base
        return max(-MOST_HABIT, min(MOST_HABIT, value))

    def watching_at(self, moment: float) -> bool:
        """Whether alerts came already then, so that one that began later is news."""
        return self._since is not None and self._since < moment

    def watched(self, now: float) -> float:
        """Seconds of watching that the pace counts."""
        tau = self._tuning.memory
        elapsed = max(1.0, now - (self._since if self._since is not None else now))
        return max(1.0, tau * (1.0 - math.exp(-elapsed / tau)))


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))
