"""What runs by the clock: monitors, tidying, what is quiet, who must be told."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from bot.anchor import Anchor
from bot.courier import CARD
from bot.digest import Digest
from bot.escalation import EVERY, Escalation, Pages
from bot.parts import MONITOR, Parts
from bot.schedule import Job
from bot.tickets import TicketSync
from knowledge.codec import signals_to_json
from knowledge.errors import TandemError
from knowledge.monitors import AnyMonitor, MonitorStates, read_monitor
from knowledge.records import Signal

log = logging.getLogger("tandem.jobs")

TIDY = timedelta(hours=1)
SETTLE = timedelta(seconds=10)
DIGEST = timedelta(minutes=1)
ANCHORING = timedelta(minutes=10)
COMPACT = timedelta(minutes=10)
REFRESH = timedelta(minutes=3)
"""A card's age and picture move with the time; one that shows nothing new is not sent."""
MOST_FRESH = 50
AT_ONCE = 2_000
MOST_COMPACTED = 50
"""Steps of compaction in one run, each a short transaction."""

Accept = Callable[[str, bytes, Sequence[Signal]], int]


def housekeeping(parts: Parts) -> list[Job]:
    """What keeps stores small and cards true when nobody says anything."""
    keep = timedelta(days=parts.settings.tandem_keep_alerts)

    def compact() -> None:
        before = parts.now() - keep
        for _ in range(MOST_COMPACTED):
            if not parts.store.alerts.compact(before, AT_ONCE):
                return

    def refresh() -> None:
        for incident in parts.store.incidents.find(open_only=True, limit=MOST_FRESH):
            parts.store.outbox.put(f"{CARD}:{incident.id}", parts.now())

    return [
        Job("tidy", TIDY, lambda: parts.store.seen.tidy(parts.now())),
        Job("settle", SETTLE, quietly("settle", parts.intake.settle)),
        Job("refresh", REFRESH, quietly("refresh", refresh)),
        Job("compact", COMPACT, quietly("compact", compact)),
    ]


def telling(
    escalation: Escalation,
    pages: Pages,
    tickets: TicketSync,
    digest: Digest | None,
    anchor: Anchor | None,
) -> list[Job]:
    """Who must be told, and when: by the clock, not by an alert."""
    jobs = [
        Job("escalate", EVERY, quietly("escalate", escalation.work)),
        Job("settle pages", EVERY, quietly("settle pages", pages.settle)),
        Job("tickets", EVERY, quietly("tickets", tickets.look)),
    ]
    if digest is not None:
        jobs.append(Job("digest", DIGEST, quietly("digest", digest.put_due)))
    if anchor is not None:
        jobs.append(Job("anchor", ANCHORING, quietly("anchor", anchor.put_due)))
    return jobs


def watching(
    parts: Parts, monitors: Sequence[AnyMonitor], states: MonitorStates, accept: Accept
) -> list[Job]:
    """Each monitor is read at its own pace; what it notices goes the way of every alert."""

    def poll(monitor: AnyMonitor) -> None:
        signals = read_monitor(
            monitor,
            metrics=parts.metrics,
            frames=parts.frames,
            incidents=parts.store.incidents,
            states=states,
            now=parts.now(),
        )
        if signals:
            accept(MONITOR, signals_to_json(signals), signals)

    return [
        Job(
            f"{type(m).__name__} {m.name}",
            m.every,
            quietly(f"monitor {m.name}", parts.meters.polled(m.name, partial(poll, m))),
        )
        for m in monitors
    ]


def quietly(name: str, run: Callable[[], object]) -> Callable[[], None]:
    """What is out of reach is one line in the log, not a trace a minute."""

    def job() -> None:
        try:
            run()
        except TandemError as error:
            log.warning("%s: %s", name, error)

    return job
