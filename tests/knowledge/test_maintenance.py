from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.errors import BadArgs, NotFound
from knowledge.maintenance import Window, WithWindows, occurrences, read_windows
from knowledge.records import Silence
from knowledge.silences import parse_matchers

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)  # a Thursday
HOUR = timedelta(hours=1)
SUNDAY = """
[[maintenance]]
name = "database patching"
match = "service=~'db-.*'"
days = ["sun"]
at = "02:00"
for = "2h"
zone = "Europe/Berlin"
reason = "weekly patches"
"""
NIGHTLY = """
[[maintenance]]
name = "Backup"
match = "alertname=DiskBusy"
at = 23:30:00
for = "90m"
"""


class Kept:
    """The port `Silences` over a list."""

    def __init__(self, silences: Sequence[Silence] = ()) -> None:
        self._silences = list(silences)

    def add(self, draft: Silence) -> Silence:
        self._silences.append(replace(draft, id=f"SIL-{len(self._silences) + 1}"))
        return self._silences[-1]

    def get(self, silence_id: str) -> Silence:
        found = next((s for s in self._silences if s.id == silence_id), None)
        if found is None:
            raise NotFound("silence", silence_id)
        return found

    def find(self, *, at: datetime | None = None, limit: int = 100) -> list[Silence]:
        return [s for s in reversed(self._silences) if at is None or s.ends_at > at][:limit]

    def end(self, silence_id: str, by: str, at: datetime) -> Silence:
        return replace(self.get(silence_id), ended_by=by, ends_at=at)


def times(window: Window, since: datetime, days: float) -> list[tuple[datetime, datetime]]:
    found = occurrences(window, since, since + timedelta(days=days))
    return [(s.starts_at, s.ends_at) for s in found]


def test_a_file_is_read() -> None:
    sunday, nightly = read_windows(SUNDAY + NIGHTLY)
    assert (sunday.name, sunday.lasts, sunday.days) == (
        "database patching",
        2 * HOUR,
        frozenset({6}),
    )
    assert sunday.matchers == parse_matchers("service=~'db-.*'")
    assert str(sunday.zone) == "Europe/Berlin"
    assert (nightly.at.hour, nightly.at.minute, len(nightly.days), nightly.zone) == (23, 30, 7, UTC)
    assert read_windows("") == ()


def test_the_example_file_is_right() -> None:
    example = Path(__file__).parents[2] / "deploy" / "maintenance.toml"
    assert [w.name for w in read_windows(example.read_text())] == [
        "database patching",
        "nightly backup",
    ]


def test_a_weekly_window_comes_by_its_own_wall_clock() -> None:
    (window,) = read_windows(SUNDAY)
    winter = datetime(2026, 3, 8, 1, tzinfo=UTC)
    summer = datetime(2026, 4, 5, 0, tzinfo=UTC)
    assert times(window, NOON, 7) == [(winter, winter + 2 * HOUR)]
    assert times(window, datetime(2026, 4, 2, tzinfo=UTC), 7) == [(summer, summer + 2 * HOUR)]


def test_it_lasts_as_long_as_it_says_when_the_clocks_change() -> None:
    (window,) = read_windows(SUNDAY)
    # On 29 March 2026 two o'clock does not exist in Berlin: 01:00 UTC is 03:00 there.
    (spring,) = times(window, datetime(2026, 3, 28, tzinfo=UTC), 3)
    assert spring[1] - spring[0] == 2 * HOUR
    assert spring[0] == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_one_that_began_yesterday_holds_past_midnight() -> None:
    (window,) = read_windows(NIGHTLY)
    past_midnight = datetime(2026, 3, 6, 0, 30, tzinfo=UTC)
    (found,) = occurrences(window, past_midnight, past_midnight + HOUR / 60)
    assert found.starts_at == datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    assert (found.id, found.kind, found.reason) == ("MW-backup-20260305", "maintenance", "Backup")
    assert times(window, found.ends_at, 0.5) == []


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        (("maintenance]]", "maintenance"), "maintenance file", "no TOML"),
        (('name = "database patching"', ""), "name", "window 1 has none"),
        (("service=~'db-.*'", "service=~'db-('"), "match", "no usable pattern"),
        (("match = \"service=~'db-.*'\"", ""), "match", "is missing"),
        (('["sun"]', '["someday"]'), "days", "has 'someday'"),
        (('["sun"]', '"sun"'), "days", "is no list"),
        (("02:00", "2 o'clock"), "at", "is no time"),
        (('"2h"', '"2 fortnights"'), "for", "is not a length of time"),
        (('"2h"', '"2d"'), "for", "longer than a day"),
        (("Europe/Berlin", "Europe/Atlantis"), "zone", "is not known"),
        (("days =", "weekdays ="), "weekdays", "is not known"),
    ],
)
def test_mistakes_name_the_window_the_field_and_the_remedy(
    change: tuple[str, str], field: str, says: str
) -> None:
    with pytest.raises(BadArgs) as caught:
        read_windows(SUNDAY.replace(*change))
    assert field in caught.value.field
    assert says in caught.value.problem


def test_two_windows_of_one_name_are_refused() -> None:
    with pytest.raises(BadArgs, match="two windows are named 'Database  Patching'"):
        read_windows(SUNDAY.replace("database patching", "Database  Patching") + SUNDAY)


def test_the_port_shows_windows_among_the_stored() -> None:
    one = Silence("SIL-1", parse_matchers("service=cart"), NOON, NOON + HOUR, "U1", NOON)
    silences = WithWindows(Kept([one]), read_windows(SUNDAY + NIGHTLY))
    found = silences.find(at=NOON)
    assert len(found) == 1 + 1 + 7
    assert [s.starts_at for s in found] == sorted((s.starts_at for s in found), reverse=True)
    assert silences.find() == [one]
    assert silences.find(at=NOON, limit=2) == found[:2]
    assert silences.get("SIL-1") == one
    coming = next(s for s in found if s.id.startswith("MW-database"))
    assert silences.get(coming.id) == coming


def test_a_window_is_not_ended_by_hand() -> None:
    silences = WithWindows(Kept(), read_windows(SUNDAY))
    with pytest.raises(BadArgs, match="comes from the maintenance file"):
        silences.end("MW-database-patching-20260308", "U1", NOON)
    with pytest.raises(NotFound):
        silences.get("MW-database-patching-20260309")
    draft = Silence("", parse_matchers("service=cart"), NOON, NOON + HOUR, "U1", NOON)
    made = silences.add(draft)
    assert silences.end(made.id, "U2", NOON).ended_by == "U2"
