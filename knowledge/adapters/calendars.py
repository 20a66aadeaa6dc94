"""Rotations kept in a calendar: iCalendar files and links (RFC 5545), and the file that names them.

An event is a turn. Who has it is read from its attendees, else from its summary, through the table
of people. Where events overlap the shorter one wins, and of two as long the one that starts later:
that is how people enter a swap over a week's turn. Cancelled events do not count.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from functools import partial
from pathlib import Path
from time import monotonic

import httpx
import recurring_ical_events  # type: ignore[import-untyped]
from icalendar import Calendar, Event

from knowledge.errors import Unavailable, UserError
from knowledge.oncall import CalendarLink, OnCall, Turn, Turns, joined, overlay, parse

log = logging.getLogger("tandem.calendars")

TIMEOUT_S = 5.0
MOST_BYTES = 10_000_000
MOST_HOPS = 3
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError)
"""What the libraries raise for events that are damaged in ways that they do not look for."""
_TOO_OFTEN = re.compile(r"FREQ\s*=\s*(SECONDLY|MINUTELY)", re.IGNORECASE)
_LINK = re.compile(r"(https?|webcal)://", re.IGNORECASE)


def read_oncall(path: Path | None) -> OnCall:
    """The file of TANDEM_ONCALL; nothing configured without one. Calendars are fetched when they
    are first asked for. Raises UserError that names file, field and remedy."""
    if path is None:
        return OnCall()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UserError(f"TANDEM_ONCALL: {path} cannot be read: {why}.") from error
    return parse(text, str(path), partial(open_calendar, folder=path.parent))


def open_calendar(link: CalendarLink, folder: Path) -> Turns:
    """`folder` is where relative paths start."""
    fetch: Callable[[], str]
    if _LINK.match(link.location):
        fetch = partial(_download, _LINK.sub(_https, link.location))
    else:
        fetch = partial(_read, folder / link.location)
    return CalendarTurns(link, fetch)


class CalendarTurns:
    """`knowledge.oncall.Turns` over a calendar. Thread safe.

    It is fetched anew when `link.refresh` has passed. While that fails, the last good copy goes on
    counting, and the log says so: an old plan is better than none at three in the morning.
    """

    def __init__(
        self, link: CalendarLink, fetch: Callable[[], str], clock: Callable[[], float] = monotonic
    ) -> None:
        """`clock` in seconds, from any start."""
        self._link = link
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._calendar: Calendar | None = None
        self._text: str | None = None
        self._due = 0.0

    def turns(self, start: datetime, end: datetime) -> list[Turn]:
        """Raises Unavailable when the calendar cannot be read and never could."""
        calendar = self._fresh()
        try:
            found = recurring_ical_events.of(calendar, skip_bad_series=True).between(start, end)
            events = [e for e in found if str(e.get("STATUS", "")).upper() != "CANCELLED"]
            # The longest first, so that each of the others may cover those before it.
            turns = sorted(map(self._turn, events), key=lambda t: (t.start - t.end, t.start))
        except _BROKEN as error:
            name, why = f"the calendar of {self._link.rotation}", "an event in it cannot be read"
            raise Unavailable(name, f"{why}: {type(error).__name__}", retry=False) from error
        plan: list[Turn] = []
        for turn in turns:
            plan = overlay(plan, [turn])
        return joined(_cut(plan, start, end))

    def _turn(self, event: Event) -> Turn:
        begins, ends = _moment(event.start, self._link.zone), _moment(event.end, self._link.zone)
        return Turn(who(event, self._link.people), begins, ends)

    def _fresh(self) -> Calendar:
        with self._lock:
            if self._calendar is None or self._clock() >= self._due:
                self._load()
            assert self._calendar is not None
            return self._calendar

    def _load(self) -> None:
        try:
            text = self._fetch()
            if text != self._text:
                self._calendar = _parsed(text, self._link)
                self._text = text
        except Unavailable as error:
            if self._calendar is None:
                raise
            log.warning("the last copy of a calendar goes on counting: %s", error)
        self._due = self._clock() + self._link.refresh.total_seconds()


def who(event: Event, people: Mapping[str, str]) -> str:
    """The id of whoever has a turn; the text itself where the table of people has no such name."""
    known = {name.casefold(): person for name, person in people.items()}
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        address = re.sub(r"^mailto:", "", str(attendee), flags=re.IGNORECASE)
        for name in (address, str(attendee.params.get("CN", "")), address.partition("@")[0]):
            if name.casefold() in known:
                return known[name.casefold()]
    summary = " ".join(str(event.get("SUMMARY", "")).split())
    words = summary.casefold()
    named = [name for name in known if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words)]
    # "Ada Osei" before "Ada".
    return known[max(named, key=len)] if named else summary


def _moment(at: date, zone: tzinfo) -> datetime:
    """All-day events are dates, and floating times have no zone: both are meant by `zone`."""
    if not isinstance(at, datetime):
        at = datetime.combine(at, time())
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)


def _cut(turns: Iterable[Turn], start: datetime, end: datetime) -> list[Turn]:
    pieces = (Turn(t.person, max(t.start, start), min(t.end, end)) for t in turns)
    return [piece for piece in pieces if piece.start < piece.end]


def _parsed(text: str, link: CalendarLink) -> Calendar:
    if _TOO_OFTEN.search(text):
        # Millions of turns a month, each of which would be made: nobody is on call for a minute.
        why = "it repeats an event every minute or second"
        raise Unavailable(f"the calendar of {link.rotation}", why, retry=False)
    try:
        calendar = Calendar.from_ical(text)
    except _BROKEN as error:
        raise Unavailable(
            f"the calendar of {link.rotation}", f"it is no iCalendar: {error}", retry=False
        ) from error
    if not isinstance(calendar, Calendar):
        raise Unavailable(f"the calendar of {link.rotation}", "it holds no VCALENDAR", retry=False)
    # One event that never begins must not hide who has the other turns.
    whole = [c for c in calendar.subcomponents if c.name != "VEVENT" or "DTSTART" in c]
    calendar.subcomponents = whole
    return calendar


def _https(match: re.Match[str]) -> str:
    return "https://" if match[1].lower() == "webcal" else match[0]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Unavailable("the on-call calendar", f"{path} cannot be read: {why}") from error


def _download(url: str) -> str:
    """Links hold secrets: an error names the host alone. A redirect is followed on the same host
    only: whoever runs it must not choose which other machine is asked from here."""
    host = httpx.URL(url).host
    try:
        for _ in range(MOST_HOPS):
            with httpx.stream("GET", url, timeout=TIMEOUT_S) as response:
                if response.next_request is None:
                    response.raise_for_status()
                    return _read_all(response, host)
                url = str(response.next_request.url)
            if httpx.URL(url).host != host:
                raise Unavailable("the on-call calendar", f"{host} sends us elsewhere", retry=False)
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise Unavailable("the on-call calendar", f"{host} answers {status}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = f"{host} does not answer ({type(error).__name__})"
        raise Unavailable("the on-call calendar", why) from error
    raise Unavailable("the on-call calendar", f"{host} sends us in circles", retry=False)


def _read_all(response: httpx.Response, host: str) -> str:
    """Raises Unavailable for what is too long."""
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise Unavailable("the on-call calendar", f"{host} sends over 10 MB", retry=False)
    return body.decode("utf-8", errors="replace")
