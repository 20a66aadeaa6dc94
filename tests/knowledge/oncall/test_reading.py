from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.errors import UserError
from knowledge.oncall import Aim, CalendarLink, OnCall, Rotation, Target, Turns, parse
from knowledge.records import Severity

ROOT = Path(__file__).parents[3]
PEOPLE = '[people]\nada = "U01ADA0000"\nben = "U02BEN0000"\n'
LAYER = '[[rotations.platform.layers]]\npeople = ["ada", "ben"]\nstart = 2026-03-02T09:00:00\n'


def no_calendars(link: CalendarLink) -> Turns:
    raise AssertionError(f"{link.location} is not to be opened")


def read(text: str) -> OnCall:
    return parse(text, "oncall.toml", no_calendars)


def test_the_example_can_be_read() -> None:
    oncall = read((ROOT / "deploy" / "oncall.toml").read_text("utf-8"))

    def person(day: int, hour: int) -> str:
        shift = oncall.who("checkout", datetime(2026, 3, day, hour, tzinfo=UTC))
        return oncall.name_of(shift.person)

    # Office hours, the night after, the swap of the weekend.
    assert [person(3, 10), person(3, 20), person(7, 10)] == ["chloe", "ada", "dev"]
    urgent = oncall.policy_of("ledger", "payments")
    assert urgent is not None
    assert urgent.least_severity is Severity.SEV2
    assert urgent.levels[0].after == timedelta()
    assert urgent.levels[2].tell[1] == Target(Aim.CHANNEL, "#incidents")


def test_times_without_an_offset_are_meant_by_the_rotations_clock() -> None:
    oncall = read(f'time_zone = "Asia/Tokyo"\n{PEOPLE}{LAYER}')
    shift = oncall.who("platform", datetime(2026, 3, 2, 1, tzinfo=UTC))
    assert shift.until == datetime(2026, 3, 9, 0, tzinfo=UTC)


def test_an_offset_is_kept() -> None:
    layer = LAYER.replace("09:00:00", "09:00:00Z")
    oncall = read(f'time_zone = "Asia/Tokyo"\n{PEOPLE}{layer}')
    assert oncall.shift("platform", datetime(2026, 3, 2, 8, tzinfo=UTC)).person == ""


def test_a_calendar_is_opened_with_the_names_of_the_file() -> None:
    opened: list[CalendarLink] = []

    def opens(link: CalendarLink) -> Turns:
        opened.append(link)
        return Rotation(())

    text = f'{PEOPLE}[rotations.x]\ncalendar = "x.ics"\npeople = {{ "Ada Osei" = "ada" }}\n'
    parse(text, "oncall.toml", opens)
    assert opened[0].location == "x.ics"
    assert opened[0].people["Ada Osei"] == opened[0].people["ada"] == "U01ADA0000"
    assert opened[0].refresh == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("people = 3 3", "oncall.toml is not valid TOML"),
        ("colour = 'red'", "oncall.toml: colour: no such field"),
        ("time_zone = 'Mars/North'", "write one like Europe/Berlin"),
        (f"{LAYER}length = '5 min'", "rotations.platform.layers[1].length: a turn lasts 15 min"),
        (f"{LAYER}length = 'soon'", "write for example 45m, 24h or 7d"),
        (f"{LAYER}hours = '9 to 5'", 'write them like "09:00-17:00"'),
        (f"{LAYER}hours = '25:00-26:00'", 'write them like "09:00-17:00"'),
        (f"{LAYER}days = ['mon', 'payday']", "'payday' is no day"),
        (f"{LAYER}days = 'mon'", "write the days as a list"),
        (LAYER, "'ada' is not in [people]; add a line ada ="),
        ("[[rotations.x.layers]]\npeople = ['U01ADA0000']", "layers[1].start: it is missing"),
        (
            f"{PEOPLE}[[rotations.x.layers]]\npeople=[]\nstart=2026-01-01T00:00:00",
            "layers[1].people",
        ),
        ("[rotations.x]", "rotations.x: give it either layers or a calendar"),
        (
            f"{PEOPLE}{LAYER}[[rotations.platform.overrides]]\nperson = 'ada'\n"
            "start = 2026-03-02T09:00:00\nend = 2026-03-01T09:00:00",
            "overrides[1].end: it must be after the start",
        ),
        (
            "services = { checkout = 'pay' }",
            "services.checkout.rotation: no rotation is named 'pay'",
        ),
        ("default = { policy = 'p' }", "default.policy: no policy is named 'p'; there is none"),
        ("[policies.p]\nlevels = []", "policies.p.levels"),
        (
            f"{PEOPLE}[policies.p]\nlevels = [{{ after = '9m', tell = ['ada'] }}, "
            "{ after = '5m', tell = ['ada'] }]",
            "policies.p.levels: put them in the order of their time",
        ),
        (
            f"{PEOPLE}[policies.p]\nrepeat = 1\nevery = '5m'\n"
            "levels = [{ after = '9m', tell = ['ada'] }]",
            "policies.p.every: it must be longer",
        ),
        (
            "[policies.p]\nlevels = [{ after = 0, tell = ['rotation:none'] }]",
            "policies.p.levels[1].tell: no rotation is named 'none'",
        ),
        (
            "[policies.p]\nseverity='bad'\nlevels = [{ after = 0, tell = ['#x'] }]",
            "policies.p.severity",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_field_and_remedy(text: str, told: str) -> None:
    with pytest.raises(UserError) as raised:
        read(text)
    assert told in str(raised.value)
    assert str(raised.value).startswith("oncall.toml")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(UserError) as raised:
        read("services = { a = 'x', b = 'y' }")
    assert len(str(raised.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("word", "target"),
    [
        ("on-call", Target(Aim.ON_CALL)),
        ("next", Target(Aim.NEXT)),
        ("rotation:platform", Target(Aim.ON_CALL, "platform")),
        ("next:platform", Target(Aim.NEXT, "platform")),
        ("ada", Target(Aim.PERSON, "U01ADA0000")),
        ("person:ben", Target(Aim.PERSON, "U02BEN0000")),
        ("U09OTHER00", Target(Aim.PERSON, "U09OTHER00")),
        ("#leads", Target(Aim.CHANNEL, "#leads")),
        ("channel:C0LEADS000", Target(Aim.CHANNEL, "C0LEADS000")),
    ],
)
def test_whom_a_level_may_name(word: str, target: Target) -> None:
    text = f"{PEOPLE}{LAYER}[policies.p]\nlevels = [{{ after = '1m', tell = ['{word}'] }}]"
    assert read(text).policies["p"].levels[0].tell == (target,)
