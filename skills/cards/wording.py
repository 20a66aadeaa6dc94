"""Pure: the small phrases that cards share. Written for someone woken at three."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from knowledge.durations import say_duration
from knowledge.incidents import TANDEM
from knowledge.records import Event, Incident, Severity
from skills.contract import Tone

People = Callable[[str], str]
"""A user's id -> the name that is shown."""

LINE_LIMIT = 200
_OPEN_TONES = {Severity.SEV1: Tone.BAD, Severity.SEV2: Tone.BAD, Severity.SEV3: Tone.WARNING}
_STEPS = (
    (timedelta(minutes=10), timedelta(minutes=1)),
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(hours=6), timedelta(minutes=15)),
)
"""Up to this age it is told in steps of that; beyond, in hours."""
_PERSON = re.compile(r"<@([A-Z0-9]+)>")
"""How the time line names people: by id, see `knowledge.escalation.mentions`."""
_LEADS = {"note": "noted: ", "message": "said: "}


def same(user_id: str) -> str:
    """People of whom only the id is known."""
    return user_id


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clock(at: datetime, day: date | None = None) -> str:
    """ "12:05", with the date before it where that is not `day`."""
    return f"{at:%H:%M}" if day is None or at.date() == day else f"{at:%m-%d %H:%M}"


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def count(number: int, noun: str) -> str:
    """ "1 alert", "3 alerts", "1,500 alerts"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def listed(names: Sequence[str], most: int = 3) -> str:
    """ "cart", "cart and checkout", "cart, checkout, frontend and 4 more"."""
    shown = list(names[:most])
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else "".join(shown)


def tone(incident: Incident) -> Tone:
    if not incident.is_open:
        return Tone.NEUTRAL if incident.merged_into else Tone.GOOD
    return _OPEN_TONES.get(incident.severity, Tone.NEUTRAL)


def say_event(event: Event, people: People, day: date | None = None) -> str:
    """ "12:05 ada noted: called them"."""
    return cut(f"{clock(event.at, day)} {say_deed(event, people)}", LINE_LIMIT)


def say_deed(event: Event, people: People) -> str:
    """The event without its time, in full; people that it mentions by name."""
    who = "" if event.actor == TANDEM else f"{people(event.actor)} "
    said = _PERSON.sub(lambda found: people(found[1]), " ".join(event.text.split()))
    return f"{who}{_LEADS.get(event.kind, '')}{said}"


def say_state(incident: Incident, now: datetime, people: People = same) -> str:
    """ "open for 12 min, acknowledged by ada"."""
    if incident.merged_into:
        return f"merged into {incident.merged_into}"
    if incident.resolved_at is not None:
        lasted = say_duration(max(incident.resolved_at - incident.opened_at, timedelta()))
        return f"resolved after {lasted}"
    age = say_duration(max(now - incident.opened_at, timedelta()))
    return f"{incident.status} for {age}, {who_has_it(incident, people)}"


def who_has_it(incident: Incident, people: People) -> str:
    who = incident.acknowledged_by
    return f"acknowledged by {people(who)}" if who else "not acknowledged"


def whole_steps(age: timedelta) -> timedelta:
    """An age in the steps in which a card tells it, so that it is not edited for every second."""
    step = next((step for most, step in _STEPS if age < most), timedelta(hours=1))
    return age // step * step
