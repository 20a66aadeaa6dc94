"""Pure: the file of TANDEM_ONCALL -> OnCall. deploy/oncall.toml shows every field.

Whatever is wrong raises one UserError with a line for each mistake: file, field, problem, remedy.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Annotated, Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from knowledge.durations import Duration
from knowledge.errors import UserError
from knowledge.oncall.policy import Aim, Level, Policy, Target
from knowledge.oncall.roster import Assignment, OnCall
from knowledge.oncall.turns import EVERY_DAY, Layer, Rotation, Turn, Turns
from knowledge.records import Severity

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHAT_ID = re.compile(r"[UW][A-Z0-9]{6,}")
"""How Slack names people; such an id may stand wherever a name may."""
LEAST_TURN = timedelta(minutes=15)


@dataclass(frozen=True)
class CalendarLink:
    """A rotation that is kept in an iCalendar file or behind a link."""

    rotation: str
    location: str
    """A path, relative to the file that names it, or an http, https or webcal address."""
    people: Mapping[str, str]
    """Addresses and names in the calendar -> ids of the chat."""
    zone: tzinfo
    """Where all-day events begin and floating times are meant."""
    refresh: timedelta


Calendars = Callable[[CalendarLink], Turns]
"""Opens a calendar; an adapter does it."""


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone; write one like Europe/Berlin or UTC"
        ) from error


def _days(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError('write the days as a list, for example ["mon", "tue"]')
    wrong = [day for day in value if str(day).lower()[:3] not in DAYS]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no day; the days are {', '.join(DAYS)}")
    return frozenset(DAYS.index(str(day).lower()[:3]) for day in value)


def _hours(value: object) -> object:
    found = re.fullmatch(r"\s*(\d\d?:\d\d)\s*-\s*(\d\d?:\d\d)\s*", str(value))
    if found is None:
        raise ValueError(f'{value!r} are no hours; write them like "09:00-17:00"')
    try:
        since, until = (time.fromisoformat(part.zfill(5)) for part in found.groups())
    except ValueError as error:
        raise ValueError(f'{value!r} are no hours; write them like "09:00-17:00"') from error
    return since, until


def _long_enough(length: timedelta) -> timedelta:
    if length < LEAST_TURN:
        raise ValueError("a turn lasts 15 min or more")
    return length


def _not_negative(length: timedelta) -> timedelta:
    if length < timedelta():
        raise ValueError("it must not be negative")
    return length


def _now_is_allowed(value: object) -> object:
    """0 needs no unit."""
    return timedelta() if value in (0, "0", "now") else value


Zone: TypeAlias = Annotated[ZoneInfo, BeforeValidator(_zone)]
Names: TypeAlias = Annotated[list[str], Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Layer(_Table):
    people: Names
    start: datetime
    length: Annotated[Duration, AfterValidator(_long_enough)] = timedelta(days=7)
    until: datetime | None = None
    days: Annotated[frozenset[int], BeforeValidator(_days)] = EVERY_DAY
    hours: Annotated[tuple[time, time] | None, BeforeValidator(_hours)] = None


class _Override(_Table):
    person: str
    start: datetime
    end: datetime


class _Rotation(_Table):
    time_zone: Zone | None = None
    layers: list[_Layer] = []
    overrides: list[_Override] = []
    calendar: str = ""
    people: dict[str, str] = {}
    refresh: Duration = timedelta(minutes=15)


class _Level(_Table):
    after: Annotated[Duration, BeforeValidator(_now_is_allowed), AfterValidator(_not_negative)]
    tell: Names


class _Policy(_Table):
    levels: Annotated[list[_Level], Field(min_length=1)]
    repeat: Annotated[int, Field(ge=0, le=20)] = 0
    every: Duration | None = None
    severity: Severity = Severity.SEV3


class _Assignment(_Table):
    rotation: str = ""
    policy: str = ""


def _assignment(value: object) -> object:
    """A bare name is a rotation."""
    return {"rotation": value} if isinstance(value, str) else value


Assigned: TypeAlias = Annotated[_Assignment, BeforeValidator(_assignment)]


class _File(_Table):
    time_zone: Zone = ZoneInfo("UTC")
    default: Assigned = _Assignment()
    people: dict[str, str] = {}
    rotations: dict[str, _Rotation] = {}
    services: dict[str, Assigned] = {}
    teams: dict[str, Assigned] = {}
    policies: dict[str, _Policy] = {}


def parse(text: str, source: str, calendars: Calendars) -> OnCall:
    """Raises UserError, a line for each mistake, each with the file and the field."""
    try:
        read = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise UserError("\n".join(f"{source}: {_say(e)}." for e in error.errors())) from None
    reading = _Reading(read, calendars)
    oncall = reading.all()
    if reading.wrong:
        raise UserError("\n".join(f"{source}: {problem}." for problem in reading.wrong))
    return oncall


class _Reading:
    """Turns the checked tables into values and gathers what does not fit together."""

    def __init__(self, read: _File, calendars: Calendars) -> None:
        self._read = read
        self._calendars = calendars
        self.wrong: list[str] = []

    def all(self) -> OnCall:
        read = self._read
        rotations = {name: self._rotation(name, r) for name, r in read.rotations.items()}
        policies = {name: self._policy(name, p) for name, p in read.policies.items()}
        return OnCall(
            rotations=rotations,
            policies=policies,
            services={n: self._assigned(f"services.{n}", a) for n, a in read.services.items()},
            teams={n: self._assigned(f"teams.{n}", a) for n, a in read.teams.items()},
            default=self._assigned("default", read.default),
            people=read.people,
        )

    def _rotation(self, name: str, rotation: _Rotation) -> Turns:
        where = f"rotations.{name}"
        zone = rotation.time_zone or self._read.time_zone
        if bool(rotation.calendar) == bool(rotation.layers):
            self.wrong.append(f"{where}: give it either layers or a calendar")
        if rotation.calendar:
            if rotation.overrides:
                self.wrong.append(f"{where}.overrides: put them into the calendar")
            people = {k: self._person(f"{where}.people", v) for k, v in rotation.people.items()}
            everybody = {**self._read.people, **people}
            link = CalendarLink(name, rotation.calendar, everybody, zone, rotation.refresh)
            return self._calendars(link)
        layers = (self._layer(f"{where}.layers[{n}]", x, zone) for n, x in _each(rotation.layers))
        overrides = (
            self._override(f"{where}.overrides[{n}]", x, zone) for n, x in _each(rotation.overrides)
        )
        return Rotation(tuple(layers), tuple(overrides))

    def _layer(self, where: str, layer: _Layer, zone: tzinfo) -> Layer:
        return Layer(
            people=tuple(self._person(f"{where}.people", name) for name in layer.people),
            start=_local(layer.start, zone),
            length=layer.length,
            until=_local(layer.until, zone) if layer.until else None,
            days=layer.days,
            hours=layer.hours,
        )

    def _override(self, where: str, override: _Override, zone: tzinfo) -> Turn:
        start, end = (_local(at, zone).astimezone(UTC) for at in (override.start, override.end))
        if end <= start:
            self.wrong.append(f"{where}.end: it must be after the start")
        return Turn(self._person(f"{where}.person", override.person), start, end)

    def _policy(self, name: str, policy: _Policy) -> Policy:
        where = f"policies.{name}"
        levels = tuple(
            Level(
                level.after,
                tuple(self._target(f"{where}.levels[{n}].tell", word) for word in level.tell),
            )
            for n, level in _each(policy.levels)
        )
        times = [level.after for level in levels]
        if times != sorted(times):
            self.wrong.append(f"{where}.levels: put them in the order of their time")
        every = policy.every or max(2 * times[-1], timedelta(minutes=15))
        if policy.repeat and every <= times[-1]:
            self.wrong.append(f"{where}.every: it must be longer than the last level's time")
        return Policy(name, levels, policy.repeat, every, policy.severity)

    def _target(self, where: str, word: str) -> Target:
        """ "on-call", "next", "rotation:payments", "next:payments", "ben", "#leads"."""
        kind, colon, name = word.strip().partition(":")
        if word.startswith("#") or kind == "channel":
            return Target(Aim.CHANNEL, name or word)
        if kind == "person":
            return Target(Aim.PERSON, self._person(where, name))
        if kind in ("rotation", Aim.ON_CALL, Aim.NEXT) and (colon or kind != "rotation"):
            self._known_rotation(where, name)
            return Target(Aim.NEXT if kind == Aim.NEXT else Aim.ON_CALL, name)
        return Target(Aim.PERSON, self._person(where, word))

    def _assigned(self, where: str, given: _Assignment) -> Assignment:
        self._known_rotation(f"{where}.rotation", given.rotation)
        if given.policy and given.policy not in self._read.policies:
            known = ", ".join(self._read.policies) or "none"
            self.wrong.append(
                f"{where}.policy: no policy is named {given.policy!r}; there is {known}"
            )
        return Assignment(given.rotation, given.policy)

    def _known_rotation(self, where: str, name: str) -> None:
        if name and name not in self._read.rotations:
            known = ", ".join(self._read.rotations) or "none"
            self.wrong.append(f"{where}: no rotation is named {name!r}; there is {known}")

    def _person(self, where: str, name: str) -> str:
        found = self._read.people.get(name)
        if found is None and not CHAT_ID.fullmatch(name):
            self.wrong.append(f'{where}: {name!r} is not in [people]; add a line {name} = "U..."')
        return found or name


def _each(items: list[Any]) -> list[tuple[int, Any]]:
    """Numbered from 1, as people count."""
    return list(enumerate(items, start=1))


def _local(at: datetime, zone: tzinfo) -> datetime:
    """A time without an offset is meant by the rotation's clock."""
    return at.replace(tzinfo=zone) if at.tzinfo is None else at.astimezone(zone)


def _say(error: Any) -> str:
    """ "rotations.payments.layers[1].length: ..."."""
    where = ""
    for part in error["loc"]:
        if isinstance(part, int):
            where += f"[{part + 1}]"
        else:
            where += f".{part}" if where else part
    if error["type"] == "extra_forbidden":
        return f"{where}: no such field; see deploy/oncall.toml for those there are"
    if error["type"] == "missing":
        return f"{where}: it is missing"
    return f"{where}: {str(error['msg']).removeprefix('Value error, ')} (it is {error['input']!r})"
