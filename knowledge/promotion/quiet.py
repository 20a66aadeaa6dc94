"""When no champion may be moved: quiet hours and freezes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from knowledge.promotion.policy import Policy, QuietHours


def quiet_until(policy: Policy, now: datetime) -> datetime | None:
    """When the present quiet hours or freeze end; None where there is none. Spans that follow on
    each other without a gap are one."""
    moment, seen = now, 0
    while (end := _covering(policy, moment)) is not None and seen < 100:
        moment, seen = end, seen + 1
    return moment if seen else None


def _covering(policy: Policy, moment: datetime) -> datetime | None:
    ends = [f.end for f in policy.freezes if f.start <= moment < f.end]
    ends += [e for q in policy.quiet for s, e in _spans(q, moment) if s <= moment < e]
    return max(ends, default=None)


def _spans(quiet: QuietHours, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans of yesterday and today, by the zone's wall clock."""
    zone = ZoneInfo(quiet.zone)
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        if day.weekday() in quiet.days:
            last = day + timedelta(days=1) if quiet.end <= quiet.start else day
            yield (
                datetime.combine(day, quiet.start, zone).astimezone(UTC),
                datetime.combine(last, quiet.end, zone).astimezone(UTC),
            )
