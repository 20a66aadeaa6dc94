"""Calendars as people keep them: RFC 5545 text, read from files and over HTTP."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from knowledge.adapters.calendars import CalendarTurns, open_calendar, read_oncall
from knowledge.errors import Unavailable, UserError
from knowledge.oncall import CalendarLink

PEOPLE = {"Ada Osei": "U1", "ada": "U9", "ben@example.com": "U2", "chloe": "U3"}


def calendar(*events: str) -> str:
    parts = [
        f"BEGIN:VEVENT\r\nUID:{n}@example.com\r\nDTSTAMP:20260101T000000Z\r\n{e}\r\nEND:VEVENT\r\n"
        if "UID:" not in e
        else f"BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\n{e}\r\nEND:VEVENT\r\n"
        for n, e in enumerate(events)
    ]
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n{''.join(parts)}END:VCALENDAR\r\n"


def event(start: str, end: str, summary: str, *more: str) -> str:
    return "\r\n".join((f"DTSTART{start}", f"DTEND{end}", f"SUMMARY:{summary}", *more))


def link(location: str = "x.ics", refresh: timedelta = timedelta(minutes=15)) -> CalendarLink:
    return CalendarLink("payments", location, PEOPLE, ZoneInfo("Europe/Berlin"), refresh)


def planned(text: str, start: str = "2026-03-01", end: str = "2026-03-31") -> list[str]:
    turns = CalendarTurns(link(), lambda: text).turns(
        datetime.fromisoformat(start).replace(tzinfo=UTC),
        datetime.fromisoformat(end).replace(tzinfo=UTC),
    )
    return [f"{t.person} {t.start:%d.%m. %H:%M} to {t.end:%d.%m. %H:%M}" for t in turns]


def test_a_weekly_turn_with_a_week_off_and_one_that_was_moved() -> None:
    weekly = event(
        ";TZID=Europe/Berlin:20260302T090000",
        ";TZID=Europe/Berlin:20260303T090000",
        "On call: Ada Osei",
        "UID:week@example.com",
        "RRULE:FREQ=WEEKLY;COUNT=5",
        "EXDATE;TZID=Europe/Berlin:20260309T090000",
    )
    moved = event(
        ";TZID=Europe/Berlin:20260318T120000",
        ";TZID=Europe/Berlin:20260319T120000",
        "On call: Chloe",
        "UID:week@example.com",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000",
    )
    assert planned(calendar(weekly, moved)) == [
        "U1 02.03. 08:00 to 03.03. 08:00",
        "U3 18.03. 11:00 to 19.03. 11:00",
        "U1 23.03. 08:00 to 24.03. 08:00",
        "U1 30.03. 07:00 to 31.03. 00:00",
    ]


def test_all_day_events_begin_at_midnight_of_the_rotations_zone() -> None:
    text = calendar(event(";VALUE=DATE:20260304", ";VALUE=DATE:20260306", "ada"))
    assert planned(text) == ["U9 03.03. 23:00 to 05.03. 23:00"]


def test_a_short_event_over_a_long_one_is_a_swap() -> None:
    week = event(":20260302T090000Z", ":20260309T090000Z", "ada")
    swap = event(":20260304T180000Z", ":20260305T060000Z", "chloe covers")
    assert planned(calendar(swap, week)) == [
        "U9 02.03. 09:00 to 04.03. 18:00",
        "U3 04.03. 18:00 to 05.03. 06:00",
        "U9 05.03. 06:00 to 09.03. 09:00",
    ]


def test_what_was_cancelled_does_not_count() -> None:
    text = calendar(event(":20260302T090000Z", ":20260303T090000Z", "ada", "STATUS:CANCELLED"))
    assert planned(text) == []


@pytest.mark.parametrize(
    ("lines", "person"),
    [
        (("SUMMARY:on call", "ATTENDEE;CN=Benjamin:mailto:BEN@example.com"), "U2"),
        (("SUMMARY:on call", "ATTENDEE;CN=Ada Osei:mailto:x@example.com"), "U1"),
        (("SUMMARY:on call", "ATTENDEE:mailto:q@e.org", "ATTENDEE:mailto:chloe@e.org"), "U3"),
        (("SUMMARY:Primary - ADA OSEI (payments)",), "U1"),
        (("SUMMARY:Ada",), "U9"),
        (("SUMMARY:Adalbert",), "Adalbert"),
        (("SUMMARY:somebody  else",), "somebody else"),
    ],
)
def test_who_has_the_turn(lines: tuple[str, ...], person: str) -> None:
    text = calendar("\r\n".join(("DTSTART:20260302T090000Z", "DTEND:20260303T090000Z", *lines)))
    assert planned(text) == [f"{person} 02.03. 09:00 to 03.03. 09:00"]


def test_an_event_without_an_end_lasts_as_long_as_it_says() -> None:
    text = calendar("DTSTART:20260302T090000Z\r\nDURATION:PT12H\r\nSUMMARY:ada")
    assert planned(text) == ["U9 02.03. 09:00 to 02.03. 21:00"]


class Shelf:
    """A calendar that changes, and sometimes is out of reach."""

    def __init__(self, text: str) -> None:
        self.text: str | None = text
        self.read = 0

    def __call__(self) -> str:
        self.read += 1
        if self.text is None:
            raise Unavailable("the on-call calendar", "example.com does not answer")
        return self.text


def people_of(turns: CalendarTurns) -> list[str]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [t.person for t in turns.turns(start, start + timedelta(days=30))]


def test_it_is_read_again_when_it_is_due_and_the_last_copy_outlives_a_failure() -> None:
    shelf, clock = Shelf(calendar(event(":20260302T09Z", ":20260303T090000Z", "x"))), [0.0]
    shelf.text = calendar(event(":20260302T090000Z", ":20260303T090000Z", "ada"))
    turns = CalendarTurns(link(), shelf, lambda: clock[0])
    assert people_of(turns) == people_of(turns) == ["U9"]
    assert shelf.read == 1
    shelf.text, clock[0] = None, 1000.0
    assert people_of(turns) == ["U9"]
    shelf.text, clock[0] = (
        calendar(event(":20260302T090000Z", ":20260303T090000Z", "chloe")),
        2000.0,
    )
    assert people_of(turns) == ["U3"]


def test_one_that_was_never_read_is_unavailable() -> None:
    shelf = Shelf("")
    shelf.text = None
    with pytest.raises(Unavailable, match="does not answer"):
        people_of(CalendarTurns(link(), shelf))


BAD = (
    calendar("SUMMARY:ada"),
    calendar(event(":soon", ":later", "ada")),
    calendar(event(":20260302T090000Z", ":20260303T090000Z", "ada", "RRULE:FREQ=WEEKLY;X=2")),
)


@pytest.mark.parametrize("text", BAD, ids=["no start", "no time", "no rule"])
def test_a_damaged_event_counts_for_nothing(text: str) -> None:
    assert planned(text) == []


def test_an_event_for_every_second_is_refused_before_they_are_made() -> None:
    rule = "RRULE:FREQ=SECONDLY"
    with pytest.raises(Unavailable, match="every minute or second"):
        planned(calendar(event(":20200302T090000Z", ":20200302T090001Z", "ada", rule)))


@pytest.mark.parametrize("text", ["", "<html>sign in</html>", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT"])
def test_what_is_no_calendar_is_unavailable_for_good(text: str) -> None:
    with pytest.raises(Unavailable, match="calendar of payments") as raised:
        people_of(CalendarTurns(link(), lambda: text))
    assert not raised.value.retry


# Files and links


OURS = calendar(event(":20260302T090000Z", ":20260303T090000Z", "ada"))


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        elsewhere = f"http://localhost:{self.server.server_port}/ours.ics"  # type: ignore[attr-defined]
        moved = {"/moved.ics": "/ours.ics", "/away.ics": elsewhere, "/round.ics": "/round.ics"}
        if self.path in moved:
            self.send_response(302)
            self.send_header("Location", moved[self.path])
            self.end_headers()
            return
        self.send_response(200 if self.path == "/ours.ics" else 404)
        self.end_headers()
        self.wfile.write(OURS.encode() if self.path == "/ours.ics" else b"no")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def opened(location: str, folder: Path) -> list[str]:
    turns = open_calendar(link(location), folder)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [t.person for t in turns.turns(start, start + timedelta(days=30))]


def test_a_link_is_fetched_also_where_it_has_moved(site: str, tmp_path: Path) -> None:
    assert opened(f"{site}/ours.ics", tmp_path) == ["U9"]
    assert opened(f"{site}/moved.ics", tmp_path) == ["U9"]


@pytest.mark.parametrize(("path", "why"), [("away", "elsewhere"), ("round", "in circles")])
def test_a_redirect_leads_to_no_other_host(site: str, tmp_path: Path, path: str, why: str) -> None:
    with pytest.raises(Unavailable, match=why):
        opened(f"{site}/{path}.ics", tmp_path)


def test_a_link_that_fails_names_the_host_and_not_the_secret_path(
    site: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1 answers 404") as raised:
        opened(f"{site}/secret-token.ics", tmp_path)
    assert "secret" not in str(raised.value)
    with pytest.raises(Unavailable, match="does not answer"):
        opened("http://127.0.0.1:1/x.ics", tmp_path)


def test_a_file_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "ours.ics").write_text(OURS, "utf-8")
    file = tmp_path / "oncall.toml"
    file.write_text(
        'default = "payments"\n[people]\nada = "U9"\n[rotations.payments]\ncalendar = "ours.ics"\n',
        "utf-8",
    )
    shift = read_oncall(file).who("", datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert (shift.person, shift.until) == ("U9", datetime(2026, 3, 3, 9, tzinfo=UTC))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"TANDEM_ONCALL: .*none\.toml cannot be read"):
        read_oncall(tmp_path / "none.toml")
    with pytest.raises(Unavailable, match=r"none\.ics cannot be read"):
        opened("none.ics", tmp_path)
    assert not read_oncall(None).configured
