"""The weekly digest: when it is due, what it says, and that it is posted once.

The job only puts "digest:2026-W47" into the outbox; the courier sends it. The message carries that
key, and what was posted is remembered, so a crash or a restart anywhere neither loses nor doubles
it. A bot that was down at the time makes up for it on the same day, and not later: a digest that
comes on a Thursday is noise.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from bot.ports import Messenger
from knowledge.errors import UserError
from knowledge.ports import Store
from knowledge.records import Delivery, Posted
from knowledge.statistics import Report, gather, make_report
from skills import stat_cards
from skills.contract import Button, Call, Reply

DIGEST = "digest"
"""The kind of its deliveries."""
WEEK = timedelta(days=7)
ADVICE_SPAN = timedelta(days=30)
"""A week is too short to condemn a rule."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHEN = re.compile(r"([a-z]{3,9})\s+(\d{1,2}):(\d{2})", re.IGNORECASE)
_EXAMPLE = 'Write a day and a UTC time, such as "mon 09:00", or leave it empty for no digest.'
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class When:
    """A moment of each week, in UTC. `weekday` is 0 for Monday."""

    weekday: int
    at: time

    def in_week(self, week: str) -> datetime:
        """The moment in an ISO week such as "2026-W47"."""
        year, number = week.split("-W")
        day = date.fromisocalendar(int(year), int(number), self.weekday + 1)
        return datetime.combine(day, self.at, UTC)


def read_when(text: str) -> When | None:
    """What TANDEM_DIGEST says; None when it is empty. Raises UserError that names the setting."""
    if not text.strip():
        return None
    found = _WHEN.fullmatch(text.strip())
    if found is None:
        raise UserError(f"TANDEM_DIGEST: {text!r} is no day and time. {_EXAMPLE}")
    day, hour, minute = found[1].lower(), int(found[2]), int(found[3])
    if day[:3] not in _DAYS:
        raise UserError(f"TANDEM_DIGEST: {found[1]!r} is no day of the week. {_EXAMPLE}")
    if hour > 23 or minute > 59:
        raise UserError(f"TANDEM_DIGEST: {found[2]}:{found[3]} is no time of day. {_EXAMPLE}")
    return When(_DAYS.index(day[:3]), time(hour, minute))


def due_week(when: When, now: datetime) -> str:
    """The ISO week whose digest is due, such as "2026-W47": from its time to the end of that day
    (UTC). Empty otherwise."""
    year, number, _ = now.astimezone(UTC).isocalendar()
    week = f"{year}-W{number:02}"
    moment = when.in_week(week)
    return week if moment <= now and now.astimezone(UTC).date() == moment.date() else ""


@dataclass(frozen=True)
class Digest:
    """`put_due` is a job of the schedule, `send` what the courier does with its deliveries."""

    when: When
    store: Store
    messenger: Messenger
    channel: str
    now: Callable[[], datetime]
    team_of: Callable[[str], str] = lambda service: ""

    def put_due(self) -> None:
        """Have this week's digest sent when its time has come and it was not."""
        week = due_week(self.when, self.now())
        key = f"{DIGEST}:{week}"
        if week and self.store.outbox.posted(key) is None:
            self.store.outbox.put(key, self.now())

    def send(self, delivery: Delivery) -> None:
        """Post it, unless it was posted. Raises Unavailable: then it is tried again."""
        if self.store.outbox.posted(delivery.key) is not None:
            return
        reply = self.reply(delivery.subject)
        if reply is None:
            self.store.outbox.set_posted(Posted(delivery.key, "", "", "nothing to tell"))
            return
        since = self.when.in_week(delivery.subject) - _CLOCKS_DIFFER
        place = self.messenger.find(self.channel, delivery.key, since)
        if place is None:
            place = self.messenger.post(self.channel, reply, key=delivery.key)
        self.store.outbox.set_posted(Posted(delivery.key, *place))

    def reply(self, week: str) -> Reply | None:
        """The seven days before the digest's moment in that week, whenever it is asked for. None
        when nothing happened in them."""
        end = self.when.in_week(week)
        report = self._report(end, WEEK)
        if report.nothing:
            return None
        return compose(report, self._report(end, ADVICE_SPAN))

    def _report(self, end: datetime, span: timedelta) -> Report:
        store = self.store
        facts = gather(store.incidents, store.alerts, store.silences, end - span, end)
        return make_report(facts, team_of=self.team_of)


def make_digest(
    text: str,
    store: Store,
    messenger: Messenger,
    channel: str,
    now: Callable[[], datetime],
    team_of: Callable[[str], str],
) -> Digest | None:
    """None when TANDEM_DIGEST (`text`) is empty. Raises UserError when it cannot be read."""
    when = read_when(text)
    return Digest(when, store, messenger, channel, now, team_of) if when else None


def senders(digest: Digest | None) -> Mapping[str, Callable[[Delivery], None]]:
    """For the courier: also without a digest, what waits from before is taken off its hands."""
    return {DIGEST: digest.send if digest else lambda delivery: None}


def compose(report: Report, longer: Report) -> Reply:
    """The week in figures; rules worth deleting are those of the `longer` span."""
    overview = stat_cards.overview(report, stat_cards.charts(report))
    advised = stat_cards.advice_sections(replace(longer, advice=longer.advice[:3]))
    kept = tuple(s for s in overview.sections if s.heading != stat_cards.WORTH_DELETING)
    more = len(longer.advice) - len(advised)
    return replace(
        overview,
        title=f"Week {report.end:%V}: {overview.title}",
        sections=(*kept, *advised),
        buttons=(
            Button("All figures", Call("stats", {"window": "7d"})),
            Button(
                f"{more} more rules worth deleting" if more > 0 else "Rules worth deleting",
                Call("stats", {"window": "30d", "show": stat_cards.RULES}),
            ),
        ),
    )
