"""All the figures of a span of time, made in one pass over what was gathered for it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from knowledge.durations import say_duration
from knowledge.ports import Alerts, Incidents, Silences
from knowledge.records import AlertRecord, Incident, Tally
from knowledge.statistics.noise import (
    Advice,
    Noise,
    Reduction,
    by_rule,
    noise_by,
    reduction,
    unattended_alerts,
    worth_deleting,
)
from knowledge.statistics.pages import Load, loads, pages_of
from knowledge.statistics.series import SeriesFigures, chronic, figures, flapping
from knowledge.statistics.times import (
    Comparison,
    Summary,
    Times,
    by_week,
    compare,
    counted,
    first_alerts,
    grouped,
    in_maintenance,
    times_of,
)

MOST_INCIDENTS = 5_000
MOST_RECORDS = 10_000
"""Single alerts that are looked at for chronic and flapping series: the newest."""
MOST_SILENCES = 1_000
WEEK = timedelta(days=7)
LEAST_WEEKS, MOST_WEEKS = 6, 26


@dataclass(frozen=True)
class Facts:
    """What a report is made of. `incidents` are those opened in the span, in the one of the same
    length before it, and in the weeks of the trend; `days` the tallies by day (UTC) of the span;
    `records` the newest alerts of both spans, in order of arrival."""

    start: datetime
    end: datetime
    incidents: Sequence[Incident] = ()
    days: Mapping[date, Sequence[Tally]] = field(default_factory=dict)
    records: Sequence[AlertRecord] = ()
    maintenance: Collection[str] = ()
    """Ids of the silences that are maintenance windows."""
    cut: bool = False
    """There were more incidents or alerts than were looked at."""


@dataclass(frozen=True)
class Day:
    """Alerts that came in on a day (UTC), and cards that were posted."""

    day: date
    alerts: int
    cards: int


@dataclass(frozen=True)
class Report:
    start: datetime
    end: datetime
    reduction: Reduction
    times: Comparison
    by_severity: Mapping[str, Summary]
    by_service: Mapping[str, Summary]
    by_team: Mapping[str, Summary]
    weeks: Mapping[date, Summary]
    days: tuple[Day, ...]
    noise_by_team: tuple[Noise, ...]
    noise_by_rule: tuple[Noise, ...]
    advice: tuple[Advice, ...]
    chronic: tuple[SeriesFigures, ...]
    flapping: tuple[SeriesFigures, ...]
    pages: tuple[Load, ...]
    left_out: int
    """Incidents that do not count: merged into another, or in maintenance."""
    cut: bool
    of: str = ""
    """The service or team it is limited to."""

    @property
    def span(self) -> timedelta:
        return self.end - self.start

    @property
    def span_in_words(self) -> str:
        return say_span(self.span)

    @property
    def nothing(self) -> bool:
        """Nothing came in and nothing happened."""
        return not self.reduction.instances and not self.reduction.cards


def gather(
    incidents: Incidents, alerts: Alerts, silences: Silences, start: datetime, end: datetime
) -> Facts:
    """Read what a report of [start, end) needs. Alerts are counted day by day, as they are kept
    once they have been compacted."""
    found = incidents.find(since=_look_back(start, end), limit=MOST_INCIDENTS)
    records = alerts.find(since=start - (end - start), until=end, limit=MOST_RECORDS)
    windows = {s.id for s in silences.find(limit=MOST_SILENCES) if s.kind == "maintenance"}
    return Facts(
        start,
        end,
        [i for i in found if i.opened_at < end],
        {first.date(): alerts.tally(first, last) for first, last in days_of(start, end)},
        records,
        windows,
        cut=len(found) == MOST_INCIDENTS or len(records) == MOST_RECORDS,
    )


def make_report(
    facts: Facts,
    *,
    team_of: Callable[[str], str] = lambda service: "",
    zone_of: Callable[[str], tzinfo] = lambda person: UTC,
    service: str = "",
    team: str = "",
    people: bool = True,
) -> Report:
    """Limited to a service or to a team's services where one is named (whatever the case). Without
    `people` (a replay, where nobody could attend to anything) every incident counts as attended to.
    """

    def wanted(of: str) -> bool:
        mine = not service or of.lower() == service.lower()
        return mine and (not team or team_of(of).lower() == team.lower())

    start, end = facts.start, facts.end
    incidents = [i for i in facts.incidents if wanted(i.service)]
    opened = [i for i in incidents if i.opened_at >= start]
    days = {day: [t for t in tallies if wanted(t.service)] for day, tallies in facts.days.items()}
    tallies = [tally for day in days.values() for tally in day]
    records = [r for r in facts.records if wanted(r.signal.service)]
    expected = in_maintenance(records, facts.maintenance)
    real = counted(opened, expected)
    # Both spans by one definition: where alerts are missing, by what the incidents hold.
    first = {} if facts.cut else first_alerts(records)
    now = [times_of(i, first.get(i.id)) for i in real]
    earlier = [
        times_of(i, first.get(i.id)) for i in counted(incidents, expected) if i.opened_at < start
    ]
    before = [t for t in earlier if t.opened_at >= start - (end - start)]
    idle = unattended_alerts(opened) if people else {}
    rules = noise_by(tallies, idle, by_rule)
    series = figures([r for r in records if r.first_received_at >= start], start, end)
    return Report(
        start,
        end,
        reduction=reduction(tallies, len(opened)),
        times=compare(now, before),
        by_severity=dict(sorted(grouped(now, _severity).items())),
        by_service=grouped(now, _service),
        by_team=grouped(now, lambda t: team_of(t.service)),
        weeks=_weeks([*earlier, *now], start, end),
        days=_per_day(days, opened),
        noise_by_team=tuple(noise_by(tallies, idle, lambda t: team_of(t.service))),
        noise_by_rule=tuple(rules),
        advice=tuple(worth_deleting(rules, say_span(end - start), people=people)),
        chronic=tuple(chronic(series, end - start)),
        flapping=tuple(flapping(series)),
        pages=tuple(loads([p for i in opened for p in pages_of(i)], zone_of)),
        left_out=len(opened) - len(real),
        cut=facts.cut,
        of=service or team,
    )


def days_of(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The span cut at midnight (UTC)."""
    cuts = [start]
    while (last := cuts[-1]) < end:
        midnight = datetime.combine(last.date() + timedelta(days=1), time(), UTC)
        cuts.append(min(midnight, end))
    return list(pairwise(cuts))


def say_span(span: timedelta) -> str:
    """ "30 days", "1 week"; shorter than two days "24 h"."""
    days = span / timedelta(days=1)
    if days < 2 or days != int(days):
        return say_duration(span)
    return f"{int(days)} days"


def _weeks(times: Sequence[Times], start: datetime, end: datetime) -> Mapping[date, Summary]:
    """At least LEAST_WEEKS, for a line needs some points; at most MOST_WEEKS."""
    since = min(start, end - LEAST_WEEKS * WEEK)
    return by_week(times, max(since, end - MOST_WEEKS * WEEK), end)


def _look_back(start: datetime, end: datetime) -> datetime:
    return min(start - (end - start), end - LEAST_WEEKS * WEEK)


def _per_day(days: Mapping[date, Sequence[Tally]], opened: Sequence[Incident]) -> tuple[Day, ...]:
    cards: dict[date, int] = {}
    for incident in opened:
        day = incident.opened_at.astimezone(UTC).date()
        cards[day] = cards.get(day, 0) + 1
    return tuple(
        Day(day, sum(t.instances for t in tallies), cards.get(day, 0))
        for day, tallies in sorted(days.items())
    )


def _severity(times: Times) -> str:
    return times.severity


def _service(times: Times) -> str:
    return times.service
