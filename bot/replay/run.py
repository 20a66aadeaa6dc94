"""One history through the intake of the running bot, with the times of arrival as the clock.

The running bot lets time pass every few seconds; so does the replay between two webhooks, so that
a card that needs an alert to last comes when it would have come.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import process_time

from bot.intake import Intake
from bot.replay.history import History, Malformed, Webhook
from knowledge.catalogue import Catalogue
from knowledge.correlation import Key
from knowledge.errors import NotFound
from knowledge.incidents import instance
from knowledge.ports import Store
from knowledge.records import AlertRecord, Incident, Severity, Signal, Tally, Verdict
from knowledge.statistics.noise import Advice, Noise, by_rule, noise_by, worth_deleting

TICK = timedelta(seconds=2)
"""How often time passes when nothing comes in."""
SETTLE = timedelta(seconds=10)
"""How often incidents are looked at that may have ended."""
QUIET = timedelta(minutes=2)
"""An incident whose alerts have all been over for this long has ended; TANDEM_QUIET's default."""
STRAY = timedelta(days=2)
"""A gap without any alert that is longer than this is skipped rather than ticked through."""
MOST_MALFORMED = 1_000
"""Mistakes that are kept; those after them are counted."""
MOST_CARDS = 1_000_000
ROUND = 200
"""Webhooks of one tick are dealt with in rounds of at most this many, as in the bot in a storm."""


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
    lost: int = 0
    """Alerts that the bot could not deal with: a mistake of its own, told in its log."""
    began: datetime | None = None
    ended: datetime | None = None
    cpu_s: float = 0.0
    """CPU time of the replay."""

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


def replay(
    history: History, catalogue: Catalogue, store: Store, quiet: timedelta = QUIET
) -> Result:
    """`store` is an empty one, best in memory. Raises UserError when a file cannot be read."""
    began = process_time()
    run = _Run(history.name, catalogue, store, quiet)
    for item in history.read():
        if isinstance(item, Malformed):
            run.leave_out(item)
        else:
            run.take(item)
    run.finish()
    return run.result(process_time() - began)


class _Run:
    """Feeds the intake, and keeps what the stores have no use for."""

    def __init__(self, name: str, catalogue: Catalogue, store: Store, quiet: timedelta) -> None:
        self._name = name
        self._store = store
        self._now = datetime.min.replace(tzinfo=UTC)
        self._intake = Intake(store, _read, lambda: self._now, catalogue=catalogue, quiet=quiet)
        self._seen: dict[Key, tuple[str, Signal]] = {}
        """The start of each instance as it was written, and how the instance came first."""
        self._arrivals: Counter[int] = Counter()
        self._malformed: list[Malformed] = []
        self._more_malformed = 0
        self._webhooks = 0
        self._backwards = 0
        self._began: datetime | None = None
        self._settled = self._round = self._now
        self._waiting = 0

    def leave_out(self, mistake: Malformed) -> None:
        if len(self._malformed) < MOST_MALFORMED:
            self._malformed.append(mistake)
        else:
            self._more_malformed += 1

    def take(self, webhook: Webhook) -> None:
        self._webhooks += 1
        if self._waiting >= ROUND or webhook.received_at - self._round >= TICK:
            self._work()
            self._round = webhook.received_at
        self._pass_time(webhook.received_at)
        self._arrivals[int(self._now.timestamp()) // 60] += len(webhook.signals)
        self._remember(webhook)
        # Each is correlated at its own time of arrival, whenever its round comes.
        self._intake.accept(webhook.source, b"", webhook.signals)
        self._waiting += 1

    def finish(self) -> None:
        """What came last is dealt with, too."""
        self._work()

    def _work(self) -> None:
        if self._waiting:
            self._waiting = 0
            self._intake.work(ROUND)

    def _pass_time(self, until: datetime) -> None:
        if self._began is None:
            self._began = self._now = self._settled = until
        elif until < self._now:
            self._backwards += 1
        else:
            if until - self._now < STRAY:
                for moment in _ticks(self._now, until):
                    self._tick(moment)
            self._now = until

    def _tick(self, moment: datetime) -> None:
        self._now = moment
        self._intake.tick()
        if moment - self._settled >= SETTLE:
            self._settled = moment
            self._intake.settle()

    def _remember(self, webhook: Webhook) -> None:
        new = [s for s in webhook.signals if instance(s) not in self._seen]
        if new:
            starts = webhook.starts()
            for signal in new:
                text = starts.of(signal) or _text(signal.starts_at)
                self._seen[instance(signal)] = text, signal

    def result(self, cpu_s: float) -> Result:
        incidents = {i.id: i for i in self._store.incidents.find(limit=MOST_CARDS)}
        placed: list[Placed] = []
        lost = 0
        for text, signal in self._seen.values():
            record = self._record(signal)
            lost += record is None
            record = record or AlertRecord(signal, signal.received_at)
            placed.append(_placed(record, text, incidents))
        return Result(
            name=self._name,
            cards=tuple(_cards(incidents, placed)),
            alerts=tuple(placed),
            webhooks=self._webhooks,
            objects=sum(self._arrivals.values()),
            arrivals=dict(self._arrivals),
            malformed=tuple(self._malformed),
            more_malformed=self._more_malformed,
            backwards=self._backwards,
            lost=lost,
            began=self._began,
            ended=self._now if self._began else None,
            cpu_s=cpu_s,
        )

    def _record(self, signal: Signal) -> AlertRecord | None:
        try:
            return self._store.alerts.get(*instance(signal))
        except NotFound:
            return None


def _read(source: str, body: bytes, received_at: datetime) -> Sequence[Signal]:
    raise AssertionError("the intake was given the signals of each batch")


def _placed(record: AlertRecord, text: str, incidents: Mapping[str, Incident]) -> Placed:
    return Placed(
        record.signal,
        text,
        record.first_received_at,
        record.deliveries,
        record.verdict,
        _final(record.incident, incidents) if record.incident else "",
    )


def _final(incident: str, incidents: Mapping[str, Incident]) -> str:
    """The incident under which it goes on after merges."""
    while into := incidents[incident].merged_into:
        incident = into
    return incident


def _cards(incidents: Mapping[str, Incident], placed: Sequence[Placed]) -> list[Card]:
    """One for each incident that was not merged into another, by the time they came. What was
    merged was shown before: the first card is what counts."""
    alerts: dict[str, list[Placed]] = defaultdict(list)
    for alert in placed:
        alerts[alert.group].append(alert)
    shown: dict[str, list[Incident]] = defaultdict(list)
    for incident in incidents.values():
        shown[_final(incident.id, incidents)].append(incident)
    cards = [_card(incidents[id_], same, alerts[id_]) for id_, same in shown.items()]
    return sorted(cards, key=lambda card: (card.posted_at, card.group))


def _card(incident: Incident, shown: Sequence[Incident], alerts: Sequence[Placed]) -> Card:
    first = min(shown, key=lambda i: i.opened_at)
    return Card(
        group=incident.id,
        title=incident.title,
        severity=incident.severity,
        service=incident.service,
        first_alert_at=min([a.first_received_at for a in alerts], default=first.opened_at),
        posted_at=first.opened_at,
        alerts=len(alerts),
        suspects=incident.suspects,
        says=first.timeline[0].text if first.timeline else "",
        merged=len(shown) - 1,
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
