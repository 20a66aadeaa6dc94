"""`tandem oncall`: who is on call by a file of rotations, now or at another time, and for a week.

Nothing is stored and nobody is told: a way to try the file before it is named in TANDEM_ONCALL.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.verbs import Parsers
from knowledge.adapters.calendars import read_oncall
from knowledge.durations import say_duration
from knowledge.errors import BadArgs, TandemError
from knowledge.escalation import can_be_told
from knowledge.oncall import Aim, OnCall, Policy, Shift, Target, joined

WEEK = timedelta(days=7)


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("oncall", help="say who is on call by a file of rotations")
    parser.add_argument("file", type=Path, help="TOML file; deploy/oncall.toml is an example")
    parser.add_argument("--service", default="", help="a service, team or rotation; all without it")
    parser.add_argument(
        "--at", default="", help="a time, e.g. 2026-03-05T18:00; UTC without offset"
    )
    parser.add_argument("--week", action="store_true", help="all turns of seven days from then")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when somebody is on call, 1 when a rotation has nobody, 2 when it was called wrongly."""
    try:
        oncall, at = read_oncall(args.file), _moment(args.at)
        found = [*_turns(oncall, args.service, at)] if args.week else _now(oncall, args.service, at)
    except TandemError as error:
        print(f"tandem oncall: {error}", file=sys.stderr)
        return 2
    for row in found:
        print(json.dumps(row) if args.json else _line(row, args.week))
    if args.service and not args.json and not args.week:
        policy = oncall.policy_of(args.service)
        print("\n".join(_policy(oncall, policy)) if policy else "nothing is escalated")
    return 0 if found and all(row["person"] for row in found) else 1


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        problem = f"{text!r} is no time"
        raise BadArgs("--at", problem, "Write for example 2026-03-05T18:00") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _rotations(oncall: OnCall, service: str, at: datetime) -> list[tuple[str, Shift]]:
    if service:
        shift = oncall.who(service, at)
        return [(shift.rotation, shift)]
    return [(name, oncall.shift(name, at)) for name in oncall.rotations]


def _now(oncall: OnCall, service: str, at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "rotation": name,
            "person": oncall.name_of(shift.person),
            "id": shift.person,
            "until": shift.until.isoformat() if shift.until else None,
            "next": oncall.name_of(shift.next),
            "default": shift.by_default,
        }
        for name, shift in _rotations(oncall, service, at)
    ]


def _turns(oncall: OnCall, service: str, at: datetime) -> Iterator[dict[str, Any]]:
    for name, _ in _rotations(oncall, service, at):
        for turn in joined(oncall.rotations[name].turns(at, at + WEEK)):
            yield {
                "rotation": name,
                "person": oncall.name_of(turn.person),
                "id": turn.person,
                "from": turn.start.isoformat(),
                "until": turn.end.isoformat(),
            }


def _line(row: dict[str, Any], week: bool) -> str:
    unknown = "" if can_be_told(row["id"]) else "  (not in the table of people)"
    who = row["person"] or "nobody"
    if week:
        begins, ends = (_clock(row[name]) for name in ("from", "until"))
        return f"{row['rotation']:<16} {begins} to {ends}  {who}{unknown}"
    until = f" until {_clock(row['until'])} UTC" if row["until"] else ""
    then = f", then {row['next']}" if row["next"] else ""
    by_default = " (the default rotation)" if row["default"] else ""
    told = unknown if row["id"] else ""
    return f"{row['rotation']:<16} {who}{until}{then}{by_default}{told}"


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%a %d %b %H:%M}"


def _policy(oncall: OnCall, policy: Policy) -> Iterator[str]:
    yield f"{policy.name}: for {policy.least_severity} and graver, without an acknowledgement"
    for level in policy.levels:
        whom = ", ".join(_said(oncall, target) for target in level.tell)
        yield f"  after {say_duration(level.after):<8} {whom}"
    if policy.repeat:
        times = "once more" if policy.repeat == 1 else f"{policy.repeat} times more"
        yield f"  again every {say_duration(policy.every)}, {times}"


def _said(oncall: OnCall, target: Target) -> str:
    if target.aim in (Aim.PERSON, Aim.CHANNEL):
        return oncall.name_of(target.name)
    who = "on call" if target.aim is Aim.ON_CALL else "next on call"
    return f"whoever is {who}" + (f" in {target.name}" if target.name else "")
