"""`tandem doctor`: what is configured, what is reachable, what is missing and how to mend it."""

import argparse
import json
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bot.clock import utc_now
from bot.doctor import Finding, Probe, State, examine
from bot.parts import (
    make_embedder,
    make_frames,
    make_metrics,
    make_models,
    make_monitors,
    make_telemetry,
)
from bot.settings import Settings, read_settings
from bot.verbs import Parsers
from knowledge.adapters.calendars import read_oncall
from knowledge.adapters.configured import environment, make_tickets, make_trainer
from knowledge.adapters.runners import open_runners
from knowledge.adapters.sql import open_store
from knowledge.adapters.telemetry import Connected
from knowledge.errors import UserError
from knowledge.escalation import can_be_told
from knowledge.ingest import read_setting
from knowledge.runbooks import read_runners

_SIGN = {State.OK: "ok     ", State.OFF: "off    ", State.WARN: "warning", State.BROKEN: "BROKEN "}


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("doctor", help="say what is configured, reachable and missing")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """1 when something is broken."""
    settings = read_settings()
    broken = False
    for finding in examine(settings, probes(settings)):
        broken = broken or finding.state is State.BROKEN
        print(json.dumps(asdict(finding)) if args.json else _line(finding), flush=True)
    return int(broken)


def probes(settings: Settings) -> dict[str, Probe]:
    """Each tries one part for real and raises what is wrong with it."""
    return {
        "database": lambda: open_store(settings.database_url).close(),
        "library": partial(_library, settings),
        "models file": lambda: _each_reference(settings),
        "monitors file": lambda: _nothing(make_monitors(settings)),
        "registry": lambda: _nothing(make_models(settings).names()),
        "prometheus": lambda: _nothing(make_metrics(settings).instant("up", utc_now())),
        "telemetry": lambda: _each_source(settings),
        "oncall file": lambda: _each_rotation(settings),
        "tickets": lambda: _nothing(make_tickets(settings)),
        "trainers": lambda: _nothing(make_trainer(settings)),
        "runners": lambda: _runners(settings),
        "embedder": lambda: _nothing(make_embedder(settings).encode(["a short text"])),
    }


def _runners(settings: Settings) -> None:
    if settings.tandem_runners is not None:
        open_runners(read_runners(settings.tandem_runners), environment)


def _library(settings: Settings) -> None:
    reading = read_setting(settings.tandem_library)
    if reading.problems:
        raise UserError("; ".join(str(p) for p in reading.problems[:3]))
    if not reading.documents:
        raise UserError(f"{Path(settings.tandem_library)} holds no document")


def _each_reference(settings: Settings) -> None:
    frames = make_frames(settings)
    for model in frames.names():
        frames.reference(model)


def _each_source(settings: Settings) -> None:
    telemetry = make_telemetry(settings)
    if isinstance(telemetry, Connected):
        with closing(telemetry):
            telemetry.check(utc_now())


def _each_rotation(settings: Settings) -> None:
    """Calendars are fetched, and people that no table knows are named."""
    oncall = read_oncall(settings.tandem_oncall)
    for name in oncall.rotations:
        person = oncall.shift(name, utc_now()).person
        if person and not can_be_told(person):
            raise UserError(f"rotation {name}: {person!r} in the calendar is in no table of people")


def _nothing(_: object) -> None:
    """The attempt was the point."""


def _line(finding: Finding) -> str:
    line = f"{_SIGN[finding.state]}  {finding.subject}: {finding.words}"
    return f"{line}\n         {finding.remedy}" if finding.remedy else line
