"""One history through the correlation, with the times of arrival as the clock.

The running bot lets time pass every few seconds; so does the replay between two webhooks, so that
a card that needs an alert to last comes when it would have come.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from bot.replay.history import History, Malformed, Webhook
from knowledge.catalogue import Catalogue
from knowledge.correlation import Correlator, Key, Opening, Outcome
from knowledge.incidents import open_from
from knowledge.records import Severity, Signal, Tally, Verdict
from knowledge.statistics.noise import Advice, Noise, by_rule, noise_by, worth_deleting

TICK = timedelta(seconds=5)
"""How often the bot lets time pass when nothing comes in."""
STRAY = timedelta(days=2)
"""A gap without any alert that is longer than this is skipped rather than ticked through."""
MOST_MALFORMED = 1_000
"""Mistakes that are kept; those after them are counted."""


@dataclass(frozen=True)
class Card:
    """One incident as people would have seen it."""

    group: str
    title: str
    severity: Severity
    service: str
    first_alert_at: datetime
    """Arrival of the first alert that is on it."""
    posted_at: datetime
    alerts: int
    suspects: tuple[str, ...] = ()
    says: str = ""
    """On what evidence it was opened."""
    merged: int = 0
    """Cards that were shown and then merged into this one."""

    @property
    def waited(self) -> timedelta:
        return self.posted_at - self.first_alert_at


@dataclass(frozen=True)
class Placed:
    """One alert instance and where it ended up."""

    signal: Signal
    starts_at: str
    """As its payload wrote it."""
    first_received_at: datetime
    deliveries: int
    verdict: Verdict
    group: str = ""


@dataclass(frozen=True)
class Result:
    """What a replay found."""

    name: str
    cards: tuple[Card, ...]
    """By the time they came."""
    alerts: tuple[Placed, ...]
    """By the time they came in first."""
    webhooks: int = 0
    objects: int = 0
    """Alerts as delivered, repeats included."""
    arrivals: Mapping[int, int] = field(default_factory=dict)
    """Minute since 1970 to the alerts delivered in it."""
    malformed: tuple[Malformed, ...] = ()
    more_malformed: int = 0
    backwards: int = 0
    """Lines that were older than the one before: the clock stood still for them."""
    began: datetime | None = None
    ended: datetime | None = None
    seconds: float = 0.0
    """How long the replay took."""

    @property
    def mistakes(self) -> int:
        return len(self.malformed) + self.more_malformed

    @property
    def in_cards(self) -> int:
        return sum(bool(alert.group) for alert in self.alerts)

    @property
    def cards_shown(self) -> int:
        """Those that were merged into another one later were shown too."""
        return len(self.cards) + sum(card.merged for card in self.cards)

    @property
    def noise_cut(self) -> float | None:
        """The share of alerts that made no card of their own."""
        count = len(self.alerts)
        return max(0.0, 1 - self.cards_shown / count) if count else None

    @property
    def hours(self) -> float:
        if self.began is None or self.ended is None:
            return 0.0
        return (self.ended - self.began).total_seconds() / 3600

    def tallies(self) -> list[Tally]:
        """Alerts by rule, as the statistics of the running bot want them."""
        found: dict[tuple[str, str, str, str], list[Placed]] = defaultdict(list)
        for alert in self.alerts:
            signal = alert.signal
            found[signal.name, signal.service, signal.severity, signal.source].append(alert)
        return [_tally(key, alerts) for key, alerts in found.items()]

    def rules(self) -> list[Noise]:
        """Noise by rule, the noisiest first."""
        return noise_by(self.tallies(), {}, by_rule)

    def deletable(self, span: str) -> list[Advice]:
        return worth_deleting(self.rules(), span)


def replay(history: History, catalogue: Catalogue) -> Result:
    """Raises UserError when a file cannot be read."""
    began = perf_counter()
    run = _Run(history.name, Correlator(catalogue))
    for item in history.read():
        if isinstance(item, Malformed):
            run.leave_out(item)
        else:
            run.take(item)
    return run.result(perf_counter() - began)


@dataclass
class _Seen:
    """What is known of one instance while the replay goes on."""

    signal: Signal
    starts_at: str
    first_received_at: datetime
    deliveries: int = 0
    verdict: Verdict = Verdict.WAITING
    group: str = ""


class _Run:
    def __init__(self, name: str, correlator: Correlator) -> None:
        self._name = name
        self._correlator = correlator
        self._seen: dict[Key, _Seen] = {}
        self._openings: dict[str, Opening] = {}
        self._into: dict[str, str] = {}
        self._arrivals: Counter[int] = Counter()
        self._malformed: list[Malformed] = []
        self._more_malformed = 0
        self._webhooks = 0
        self._backwards = 0
        self._began: datetime | None = None
        self._now: datetime | None = None

    def leave_out(self, mistake: Malformed) -> None:
        if len(self._malformed) < MOST_MALFORMED:
            self._malformed.append(mistake)
        else:
            self._more_malformed += 1

    def take(self, webhook: Webhook) -> None:
        self._webhooks += 1
        now = self._pass_time(webhook.received_at)
        self._arrivals[int(now.timestamp()) // 60] += len(webhook.signals)
        self._count(webhook, now)
        self._apply(self._correlator.feed(webhook.signals, now))

    def _pass_time(self, until: datetime) -> datetime:
        if self._now is None:
            self._began = self._now = until
            return until
        if until < self._now:
            self._backwards += 1
            return self._now
        if until - self._now < STRAY:
            for moment in _ticks(self._now, until):
                self._apply(self._correlator.advance(moment))
        self._now = until
        return until

    def _count(self, webhook: Webhook, now: datetime) -> None:
        texts: dict[datetime, str] | None = None
        for signal in webhook.signals:
            key = (signal.fingerprint, signal.starts_at)
            seen = self._seen.get(key)
            if seen is None:
                texts = webhook.starts() if texts is None else texts
                text = texts.get(signal.starts_at) or _text(signal.starts_at)
                seen = self._seen[key] = _Seen(signal, text, now)
            seen.deliveries += 1

    def _apply(self, outcome: Outcome) -> None:
        for opening in outcome.openings:
            self._openings[opening.group] = opening
        for placement in outcome.placements:
            signal = placement.signal
            if seen := self._seen.get((signal.fingerprint, signal.starts_at)):
                seen.signal = signal
                seen.verdict = placement.verdict
                seen.group = placement.group
        for merging in outcome.merges:
            self._into[merging.group] = merging.into

    def result(self, seconds: float) -> Result:
        groups: dict[str, list[Placed]] = defaultdict(list)
        placed: list[Placed] = []
        for seen in self._seen.values():
            alert = Placed(
                seen.signal,
                seen.starts_at,
                seen.first_received_at,
                seen.deliveries,
                seen.verdict,
                self._final(seen.group),
            )
            placed.append(alert)
            groups[alert.group].append(alert)
        groups.pop("", None)
        shown: dict[str, list[Opening]] = defaultdict(list)
        for opening in self._openings.values():
            shown[self._final(opening.group)].append(opening)
        cards = [self._card(group, openings, groups[group]) for group, openings in shown.items()]
        return Result(
            name=self._name,
            cards=tuple(sorted(cards, key=lambda card: card.posted_at)),
            alerts=tuple(placed),
            webhooks=self._webhooks,
            objects=sum(self._arrivals.values()),
            arrivals=dict(self._arrivals),
            malformed=tuple(self._malformed),
            more_malformed=self._more_malformed,
            backwards=self._backwards,
            began=self._began,
            ended=self._now,
            seconds=seconds,
        )

    def _final(self, group: str) -> str:
        while group in self._into:
            group = self._into[group]
        return group

    def _card(self, group: str, openings: list[Opening], alerts: list[Placed]) -> Card:
        """A group that was merged into another was shown before; the first card is what counts."""
        first = min(openings, key=lambda opening: opening.at)
        # A group that a split left empty has a card, and nothing that it could be called after.
        draft = open_from([alert.signal for alert in alerts], first.at) if alerts else None
        return Card(
            group=group,
            title=draft.title if draft else "split up",
            severity=draft.severity if draft else Severity.SEV4,
            service=draft.service if draft else "",
            first_alert_at=min([a.first_received_at for a in alerts], default=first.at),
            posted_at=first.at,
            alerts=len(alerts),
            suspects=tuple(self._correlator.suspects(group)) if alerts else (),
            says=first.says,
            merged=len(openings) - 1,
        )


def _ticks(after: datetime, until: datetime) -> Iterator[datetime]:
    moment = after + TICK
    while moment < until:
        yield moment
        moment += TICK


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _tally(key: tuple[str, str, str, str], alerts: list[Placed]) -> Tally:
    name, service, severity, source = key
    ended = [a.signal for a in alerts if a.signal.ends_at is not None]
    lasted = [(s.ends_at - s.starts_at).total_seconds() for s in ended if s.ends_at]
    return Tally(
        name=name,
        service=service,
        severity=severity,
        source=source,
        instances=len(alerts),
        deliveries=sum(alert.deliveries for alert in alerts),
        in_incidents=sum(bool(alert.group) for alert in alerts),
        silenced=0,
        firing_s=sum(max(0.0, seconds) for seconds in lasted),
    )
