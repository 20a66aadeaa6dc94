"""What runs by the clock: monitors, tidying, what is quiet, who must be told."""

import logging
from collections.abc import Callable
from datetime import timedelta

from bot.anchor import Anchor
from bot.chained_moves import ChainedMoves
from bot.courier import CARD
from bot.digest import Digest
from bot.escalation import EVERY, Escalation, Pages
from bot.parts import Parts
from bot.replica import COURIER, INTAKE
from bot.schedule import Job
from bot.tickets import TicketSync
from bot.training import EVERY as FOLLOW
from bot.training import TrainingWatch
from bot.watching import Engine
from knowledge.errors import TandemError
from knowledge.promoting.canary import CanaryWatch
from knowledge.promoting.outside import OutsideMoves
from knowledge.promoting.reviews import Reviews
from knowledge.promoting.service import Promotions
from knowledge.remediation import EVERY as STEPS
from knowledge.remediation import Remediations

log = logging.getLogger("tandem.jobs")

TIDY = timedelta(hours=1)
SETTLE = timedelta(seconds=10)
DIGEST = timedelta(minutes=1)
ANCHORING = timedelta(minutes=10)
COMPACT = timedelta(minutes=10)
CHAINING = timedelta(minutes=1)
REFRESH = timedelta(minutes=3)
"""A card's age and picture move with the time; one that shows nothing new is not sent."""
MOST_FRESH = 50
AT_ONCE = 2_000
REQUESTS = timedelta(minutes=1)
REVIEWS = timedelta(minutes=10)
TICK = timedelta(seconds=0.25)
FOLLOW_CHANGES = timedelta(seconds=1)
FLUSH = timedelta(seconds=5)
"""What a crash may cost of what monitors have learned; never what they found."""
SHRINK = timedelta(minutes=5)
MOST_COMPACTED = 50
"""Steps of compaction in one run, each a short transaction."""


def housekeeping(parts: Parts) -> list[Job]:
    """What keeps stores small and cards true when nobody says anything."""
    keep = timedelta(days=parts.settings.tandem_keep_alerts)

    def compact() -> None:
        parts.store.alerts.prepare(parts.now())
        before = parts.now() - keep
        for _ in range(MOST_COMPACTED):
            if not parts.store.alerts.compact(before, AT_ONCE):
                return

    def tidy() -> None:
        parts.store.seen.tidy(parts.now())
        parts.store.rounds.tidy()
        parts.store.leases.tidy()
        parts.store.memos.tidy(parts.now())
        parts.store.reservations.tidy(parts.now())
        parts.store.monitors.tidy(parts.now() - keep)

    def refresh() -> None:
        for incident in parts.store.incidents.find(open_only=True, limit=MOST_FRESH):
            parts.store.outbox.put(f"{CARD}:{incident.id}", parts.now())

    chained = ChainedMoves(
        parts.store.moves,
        parts.store.approvals,
        parts.store.audit,
        parts.store.outbox,
        parts.now,
    )
    return [
        Job("tidy", TIDY, quietly("tidy", tidy)),
        Job("settle", SETTLE, quietly("settle", parts.intake.settle), role=INTAKE),
        Job("refresh", REFRESH, quietly("refresh", refresh)),
        Job("compact", COMPACT, quietly("compact", compact)),
        Job("shrink", SHRINK, quietly("shrink", parts.shrink), role=""),
        Job("chained moves", CHAINING, quietly("chained moves", chained.work)),
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
        # Beside `pages.send`, which knows what rings.
        Job("settle pages", EVERY, quietly("settle pages", pages.settle), role=COURIER),
        Job("tickets", EVERY, quietly("tickets", tickets.look)),
    ]
    if digest is not None:
        jobs.append(Job("digest", DIGEST, quietly("digest", digest.put_due)))
    if anchor is not None:
        jobs.append(Job("anchor", ANCHORING, quietly("anchor", anchor.put_due)))
    return jobs


def watching(engine: Engine, is_shared: bool = False) -> list[Job]:
    """The clock only says who is due; the engine's own threads read them."""
    follow = Job("monitors' changes", FOLLOW_CHANGES, quietly("monitors' changes", engine.follow))
    return [
        *([follow] if is_shared else []),
        Job("monitors", TICK, quietly("monitors", engine.tick), prompt=True),
        Job("monitors' states", FLUSH, quietly("monitors' states", engine.flush)),
    ]


def after_moves(canary: CanaryWatch, outside: OutsideMoves, reviews: Reviews) -> list[Job]:
    """New champions are watched, moves past Tandem found, reviews reminded of."""
    return [
        Job("canaries", REQUESTS, quietly("canaries", canary.work)),
        Job("outside moves", REQUESTS, quietly("outside moves", outside.poll)),
        Job("reviews", REVIEWS, quietly("reviews", reviews.work)),
    ]


def promoting(promotions: Promotions) -> list[Job]:
    """Moves that a crash interrupted are settled soon after the start, and requests end in time."""
    return [
        Job("settle moves", REQUESTS, quietly("settle moves", promotions.reconcile)),
        Job("expire requests", REQUESTS, quietly("expire requests", promotions.expire)),
    ]


def remediating(service: Remediations) -> list[Job]:
    """Steps of runbooks whose runner is gone are nobody's any more."""
    return [Job("settle steps", STEPS, quietly("settle steps", service.reconcile))]


def training(watch: TrainingWatch) -> list[Job]:
    """Young runs are looked at every few seconds; the watch itself knows which are due."""
    return [Job("training runs", FOLLOW, quietly("training runs", watch.work))]


def quietly(name: str, run: Callable[[], object]) -> Callable[[], TandemError | None]:
    """What is out of reach is one line in the log, not a trace a minute; the job returns it, for
    `bot.metrics` to count."""

    def job() -> TandemError | None:
        try:
            run()
        except TandemError as error:
            log.warning("%s: %s", name, error)
            return error
        return None

    return job
