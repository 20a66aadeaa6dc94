"""Every parser, given honest inputs with mistakes: it reads, or it refuses in words.

A parser may raise what it says it raises, which is a TandemError everywhere but where noted. What
a webhook's parser made must be storable, and must be the same when it is read a second time.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.attacks.archives import HONEST, bad_files, special_files, written
from benchmarks.attacks.nasty import altered, altered_bytes, dumped, mutated, text
from benchmarks.attacks.presses import press
from benchmarks.attacks.tally import Class, Row, seeded
from benchmarks.attacks.world import World
from bot import refusals, slots, words
from bot.audit_export import from_jsonl
from bot.marks import read_emojis
from bot.slack import inbound
from bot.slack import press as pressing
from bot.webhooks import CHANGE_PARSERS, PARSERS, parse_sources
from bot.webhooks import mlflow as mlflow_webhook
from knowledge import durations, ledger, silences, windows
from knowledge.adapters.calendars import CalendarTurns
from knowledge.adapters.telemetry.file import parse_telemetry
from knowledge.adapters.telemetry.otlp import read_lines, read_points, read_spans
from knowledge.catalogue import Catalogue
from knowledge.codec import signals_from_json, signals_to_json
from knowledge.errors import TandemError
from knowledge.incident_files import read_incident
from knowledge.ingest import read_paths
from knowledge.ingest.documents import parse_line, parse_markdown
from knowledge.ingest.markup import adf_text, html_text, html_title, slack_text, wiki_text
from knowledge.investigation.answer import read_answer
from knowledge.maintenance import read_windows
from knowledge.monitors.file import parse_file
from knowledge.oncall import CalendarLink
from knowledge.oncall.reading import parse as parse_oncall
from knowledge.promotion.policy_file import parse_policies, parse_quiet
from knowledge.records import Document, DocumentKind
from knowledge.redact import redact
from knowledge.runbooks import parse_runners, read_runbook
from knowledge.summary.plain import clean, figures, is_hostile, strip_markup
from knowledge.training.file import parse_trainers
from skills.registry import BUILTIN

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "tests" / "bot" / "webhooks" / "payloads"
EXAMPLES = ROOT / "docs" / "examples"
FEW = 100
"""Inputs of a sample: what takes seconds by itself is for whole runs."""
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Target:
    """One parser, honest inputs for it, and what it may raise beyond a TandemError."""

    name: str
    read: Callable[[Any], object]
    honest: Sequence[Any]
    alter: Callable[[random.Random, Any], Any]
    raises: tuple[type[Exception], ...] = ()

    def attempt(self, row: Row, given: Any) -> None:
        """One input, counted."""
        case = f"{self.name}: {given!r}"
        row.attempt(lambda: self.read(given), case, (TandemError, *self.raises))


# Webhooks ---------------------------------------------------------------------------------------


def _payloads(source: str) -> list[Any]:
    found = [json.loads(p.read_bytes()) for p in sorted(PAYLOADS.glob(f"{source}_*.json"))]
    return found or [_OTHERS.get(source, {"alerts": []})]


_ALERT = {
    "status": "firing",
    "labels": {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"},
    "annotations": {"summary": "5xx", "description": "many", "runbook_url": "https://x.example"},
    "startsAt": "2026-03-05T11:59:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example/graph?g0.expr=up",
    "fingerprint": "ab12",
}
_COMMIT = {"id": "ab" * 20, "message": "mend it", "author": {"name": "ada", "username": "ada"}}
_OTHERS: dict[str, Any] = {
    "alertmanager": {"version": "4", "status": "firing", "alerts": [_ALERT, _ALERT]},
    "github": {
        "action": "created",
        "deployment_status": {"state": "success", "created_at": "2026-03-05T11:59:00Z"},
        "deployment": {"sha": "ab" * 20, "ref": "main", "environment": "prod", "id": 7},
        "release": {"tag_name": "v1", "published_at": "2026-03-05T11:59:00Z"},
        "repository": {"name": "checkout", "full_name": "shop/checkout"},
        "ref": "refs/heads/main",
        "head_commit": _COMMIT,
        "commits": [_COMMIT],
        "sender": {"login": "ada"},
    },
    "gitlab": {
        "object_kind": "deployment",
        "status": "success",
        "status_changed_at": "2026-03-05 11:59:00 +0200",
        "project": {"name": "checkout", "web_url": "https://x.example"},
        "user": {"name": "ada"},
        "short_sha": "abab",
        "commits": [_COMMIT],
    },
    "argocd": {"app": "checkout", "phase": "Succeeded", "revision": "ab" * 20},
    "launchdarkly": {
        "kind": "flag",
        "name": "new-checkout",
        "titleVerb": "turned on",
        "date": 1_772_712_000_000,
        "member": {"email": "ada@x.example"},
        "accesses": [{"action": "updateOn", "resource": "proj/shop:env/prod:flag/new-checkout"}],
    },
    "generic": {"service": "checkout", "summary": "4.12.0", "at": "2026-03-05T11:59:00Z"},
}
_MAPPED = """
[sources.acme]
auth = "none"
[sources.acme.map]
alerts = "$.items"
name = ["$.title", "Acme"]
status = "$.state"
firing = ["open"]
resolved = ["closed"]
starts_at = "$.at"
labels_from = ["$.tags"]
"""


def _webhook_targets() -> Iterator[Target]:
    for name, parse in PARSERS.items():
        yield Target(f"/signals/{name}", partial(_stored, parse), _payloads(name), payload)
    for name, parse_change in CHANGE_PARSERS.items():
        honest = [_OTHERS[name]]
        yield Target(f"/changes/{name}", partial(_changes, parse_change), honest, payload)
    mapped = parse_sources(_MAPPED, "sources.toml", lambda name: "").signals["acme"]
    body = {"items": [{"title": "x", "state": "open", "at": 1_772_712_000, "tags": ["a:b"]}] * 2}
    yield Target("a mapping", partial(_stored, mapped.parse), [body], payload)
    alias = {"entity": "model_version_tag", "action": "set", "timestamp": "2026-03-05T11:59:00Z"}
    data = {"name": "eta", "version": "5", "key": "k", "value": "v", "alias": "champion"}
    yield Target(
        "/mlflow", lambda b: mlflow_webhook.read(b, "d1", NOON), [{**alias, "data": data}], payload
    )


def payload(rng: random.Random, honest: Any) -> bytes:
    body = dumped(mutated(rng, honest))
    return altered_bytes(rng, body) if rng.random() < 0.25 else body


def _stored(parse: Callable[[bytes, datetime], Any], body: bytes) -> None:
    """What was read is stored and read back as it was, and a second reading says the same."""
    parsed = parse(body, NOON)
    again = parse(body, NOON)
    if repr(parsed) != repr(again):
        raise AssertionError("the same payload is read in two ways")
    if repr(signals_from_json(signals_to_json(parsed.signals))) != repr(parsed.signals):
        raise AssertionError("a signal does not come back as it was stored")
    for signal in parsed.signals:
        repr(signal).encode()
        if max(map(len, (signal.name, signal.service, signal.summary))) > 2_000:
            raise AssertionError("a text is longer than what is kept")


def _changes(parse: Callable[[bytes, datetime], Any], body: bytes) -> None:
    for change in parse(body, NOON).changes:
        repr(change).encode()


# What people type, and what Slack brings ---------------------------------------------------------


def _slack_targets() -> Iterator[Target]:
    pressed = press("U01ADA00000", '{"s":"incident_show","a":{"incident":"INC-1"}}')
    metadata = json.dumps({"s": "x", "a": {"args": {}, "place": ["C1", "1.0", "2.0", False, ""]}})
    values = {"reason": {"x": {"value": "because", "selected_option": None}}}
    view = {"id": "V1", "hash": "1.h", "private_metadata": metadata, "state": {"values": values}}
    event = {
        "type": "message",
        "user": "U1",
        "channel": "C1",
        "ts": "5.1",
        "text": "<@UBOT> <https://x|y>",
    }
    item = {"type": "message", "channel": "C1", "ts": "5.1"}
    reaction = {"type": "reaction_added", "user": "U1", "reaction": "eyes", "item": item}
    menu = {"message": {"ts": "5.1", "text": "x", "user": "U2"}, "channel": {"id": "C1"}}
    readers: tuple[tuple[Callable[[Any], object], Any], ...] = (
        (inbound.from_command, dict.fromkeys(("trigger_id", "user_id", "channel_id"), "x")),
        (partial(inbound.from_event, bot_user="UBOT"), {"event_id": "E", "event": event}),
        (inbound.from_press, pressed),
        (inbound.asks_form, pressed),
        (inbound.from_preview, pressed | {"view": view}),
        (inbound.from_form, {"user": {"id": "U1"}, "view": view}),
        (partial(inbound.from_reaction, bot_user="UBOT"), {"event": reaction}),
        (inbound.from_message_action, {"user": {"id": "U1"}, "trigger_id": "1", **menu}),
        (inbound.from_home, {"event": {"user": "U1", "tab": "home"}}),
    )
    for read, honest in readers:
        name = getattr(read, "__name__", None) or str(getattr(read, "func").__name__)  # noqa: B009
        yield Target(f"Slack: {name}", read, [honest], mutated)
    yield Target("a button's value", pressing.decode, [pressed["actions"][0]["value"]], altered)
    yield Target("a window's metadata", inbound.press_metadata, [metadata], altered)
    yield Target("Slack's markup", inbound.plain, ["<@U1> <#C1|x> <https://x|y> &amp;"], altered)


_SAID = (
    "what happened to checkout since yesterday 14:30?",
    "INC-12 resolve because it is over",
    "compare fraud v3 against v2 between 2026-03-01 and 2026-03-05",
    'silence checkout 2h "deploy of 4.12" severity=critical alert=~"High.*"',
    "is eta-model drifting in the last 7 days?",
    "page @ada about payments: nobody can pay!",
)


def _typed_targets() -> Iterator[Target]:
    own = {skill.command for skill in BUILTIN if skill.command}
    for command in sorted(own | {"/incident", "/similar", "/ops", "/silence", "/tandem", "/x"}):
        read = partial(_command, command)
        yield Target(f"command {command}", read, ["list since 2d", *_SAID], altered)
    for read_text in (
        slots.incident,
        slots.duration,
        slots.window,
        slots.severity,
        slots.person,
        slots.entity,
        slots.alert,
        slots.version,
        slots.is_note,
        refusals.spoken,
        refusals.quotes,
        refusals.why_not,
        words.split,
        windows.find_window,
        windows.find_version,
        windows.split_against,
        strip_markup,
        clean,
        is_hostile,
        lambda said: list(figures(said)),
        lambda said: redact(said),
    ):
        yield Target(f"words: {getattr(read_text, '__name__', '')}", read_text, _SAID, altered)
    for skill in BUILTIN:
        find = partial(slots.slots, skill=skill.name)
        yield Target(f"slots of {skill.name}", find, _SAID[:3], altered)
    plain: tuple[tuple[str, Callable[[Any], object], tuple[str, ...]], ...] = (
        ("matchers", silences.parse_matchers, ('service=checkout severity=~"a|b"', "x!=y")),
        ("a start", lambda t: silences.parse_start(t, NOON), ("14:30", "tomorrow 8:00", "in 2h")),
        ("a limit", lambda t: ledger.read_limit("X", t), ("5, 2m tokens", "200k tokens")),
        ("emojis", read_emojis, ("pushpin, :eyes:",)),
    )
    for name, read_word, honest in plain:
        yield Target(name, read_word, honest, altered)
    by_value: tuple[tuple[str, Callable[[Any], object], tuple[str, ...]], ...] = (
        ("a duration", durations.parse_duration, ("2h", "1d12h", "90s", "1 week")),
        ("a window", windows.parse_window, ("7d", "2026-03-01..2026-03-05", "last week")),
        ("rows", windows.parse_rows, ("1000 rows", "last 5k rows")),
        ("quiet hours", parse_quiet, ("fri 16:00-24:00 Europe/Berlin",)),
    )
    for name, read_word, honest in by_value:
        yield Target(name, read_word, honest, altered, (ValueError,))


def _command(command: str, said: str) -> object:
    return words.command_call(command, said, BUILTIN)


# Files -------------------------------------------------------------------------------------------


def _deployed(name: str) -> str:
    return (ROOT / "deploy" / name).read_text("utf-8")


_ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
BEGIN:VEVENT
UID:1@x
DTSTAMP:20260301T000000Z
DTSTART:20260301T080000Z
DTEND:20260308T080000Z
RRULE:FREQ=WEEKLY;INTERVAL=2
SUMMARY:ada
ATTENDEE;CN=Ada:mailto:ada@x.example
END:VEVENT
END:VCALENDAR
"""


def _file_targets() -> Iterator[Target]:
    def sources(said: str) -> object:
        return parse_sources(said, "sources.toml", lambda name: "secret")

    def policies(said: str) -> object:
        return parse_policies(said, "promotion.toml")

    def oncall(said: str) -> object:
        return parse_oncall(said, "oncall.toml", _no_calendar)

    for name, read, honest in (
        ("sources.toml", sources, _deployed("sources.toml")),
        ("promotion.toml", policies, _deployed("promotion.toml")),
        ("monitors.toml", parse_file, _deployed("monitors.toml")),
        ("trainers.toml", parse_trainers, _deployed("trainers.toml")),
        ("runners.toml", parse_runners, _deployed("runners.toml")),
        ("maintenance.toml", read_windows, _deployed("maintenance.toml")),
        ("oncall.toml", oncall, _deployed("oncall.toml")),
        ("telemetry.toml", _telemetry, _deployed("telemetry.toml")),
        ("catalogue.toml", _catalogue, (EXAMPLES / "catalogue.toml").read_text("utf-8")),
        ("an incident's file", read_incident, (EXAMPLES / "incident.json").read_text("utf-8")),
        ("an audit file", lambda t: from_jsonl(t, "x"), '{"at": "2026-03-05T12:00:00+00:00"}\n'),
        ("a model's answer", read_answer, '{"claims": [{"text": "x [r1]", "quotes": []}]}'),
    ):
        yield Target(name, read, [honest], altered)
    runbook = (EXAMPLES / "runbook" / "disk-full.md").read_text("utf-8")
    yield Target("a runbook", _runbook, [runbook], altered)
    yield Target("Markdown", lambda t: parse_markdown(t, "x"), [runbook], altered)
    line = json.dumps({"id": "A-1", "title": "x", "text": "y", "tags": ["a"], "date": "2026-03-05"})
    yield Target("a line of the library", parse_line, [line], altered)
    html = "<html><title>x</title><body><h1>a</h1><ac:macro ac:name='code'><![CDATA[x]]></ac:macro>"
    for read_markup in (html_text, html_title, wiki_text, lambda t: slack_text(t, {"U1": "ada"})):
        yield Target("markup", read_markup, [html, "h1. x\n||a||b||\n{code}x{code} <@U1>"], altered)
    doc = {"type": "doc", "content": [{"type": "paragraph", "content": [{"text": "x"}]}]}
    yield Target("Jira's documents", adf_text, [doc], mutated)
    signals = PARSERS["alertmanager"](dumped(_OTHERS["alertmanager"]), NOON).signals
    raises = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
    yield Target(
        "the store's own form", signals_from_json, [signals_to_json(signals)], altered_bytes, raises
    )


def _no_calendar(*_: object) -> Any:
    return None


def _telemetry(said: str) -> object:
    return parse_telemetry(said)


def _catalogue(said: str) -> object:
    return Catalogue.from_toml(said)


def _runbook(said: str) -> object:
    return read_runbook(Document("x", "x", said, DocumentKind.RUNBOOK))


def _otlp_targets() -> Iterator[Target]:
    attributes = [{"key": "service.name", "value": {"stringValue": "checkout"}}]
    span = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "parentSpanId": "",
        "name": "GET /",
        "startTimeUnixNano": "1772712000000000000",
        "endTimeUnixNano": "1772712001000000000",
        "status": {"code": 2},
        "kind": 2,
        "attributes": attributes,
    }
    record = {
        "timeUnixNano": "1772712000000000000",
        "body": {"stringValue": "x"},
        "severityText": "ERROR",
    }
    points = [{"timeUnixNano": "1772712000000000000", "asDouble": 1.5, "attributes": attributes}]
    metric = {"name": "http.server.duration", "gauge": {"dataPoints": points}, "unit": "ms"}
    resource = {"attributes": attributes}
    for name, read, honest in (
        ("spans", read_spans, {"resource": resource, "scopeSpans": [{"spans": [span]}]}),
        ("lines", read_lines, {"resource": resource, "scopeLogs": [{"logRecords": [record]}]}),
        ("points", read_points, {"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}),
    ):
        yield Target(f"OTLP {name}", lambda b, r=read: list(r([b])), [honest], mutated)  # type: ignore[misc]


def _calendar_targets() -> Iterator[Target]:
    link = CalendarLink("sre", "x.ics", {"ada": "U1"}, UTC, timedelta(hours=1))

    def turns(said: str) -> object:
        return CalendarTurns(link, lambda: said).turns(NOON, NOON + timedelta(days=30))

    yield Target("iCalendar", turns, [_ICS], altered)


def _export_targets() -> Iterator[Target]:
    """As `tandem library` reads them: problems are told, nothing is raised."""
    for name, honest in HONEST:
        alter = altered_bytes if isinstance(honest, bytes) else mutated
        yield Target(f"an export, {name}", partial(_export, name), [honest], alter)


def _export(name: str, honest: Any) -> object:
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_bytes(honest if isinstance(honest, bytes) else written(name, honest))
        return read_paths([path])


def targets() -> Iterator[Target]:
    """Every parser."""
    for found in (_webhook_targets, _slack_targets, _typed_targets, _file_targets):
        yield from found()
    for found in (_otlp_targets, _calendar_targets, _export_targets):
        yield from found()


# Running -----------------------------------------------------------------------------------------


def _runner(name: str, targets: Callable[[], Iterator[Target]]) -> Callable[[World, Row, int], Any]:
    async def run(world: World, row: Row, inputs: int) -> None:
        aimed = list(targets())
        for number, target in enumerate(aimed):
            rng = seeded(f"{name}:{target.name}")
            for _ in range(max(1, inputs // len(aimed))):
                attempt(row, target, rng)
            if number >= inputs:
                return

    return run


def attempt(row: Row, target: Target, rng: random.Random) -> None:
    given = target.alter(rng, rng.choice(target.honest))
    if isinstance(given, str) and rng.random() < 0.1:
        given = text(rng)
    target.attempt(row, given)


async def _ingest(world: World, row: Row, inputs: int) -> None:
    """Exports in files, as `tandem library` reads them: problems are told, nothing is raised."""
    with TemporaryDirectory() as scratch:
        files = special_files() if inputs > FEW else iter(())
        for name, content in islice(chain(files, bad_files(seeded("ingest"))), inputs):
            path = Path(scratch) / name
            path.write_bytes(content)
            reading = row.attempt(
                lambda path=path: read_paths([path]),  # type: ignore[misc]
                f"{name}: {content[:60]!r}",
                (),
            )
            row.look(repr(reading), name)
            path.unlink()


CLASSES = (
    Class("webhook parsers", "read, or refused by field", 40_000, _runner("web", _webhook_targets)),
    Class("readers of Slack's payloads", "read, or BadArgs", 12_000, _runner("s", _slack_targets)),
    Class(
        "what people type: commands, names, times, limits",
        "read, or refused in words",
        24_000,
        _runner("typed", _typed_targets),
    ),
    Class(
        "settings' files, runbooks, markup, stored forms",
        "read, or refused by file and field",
        9_000,
        _runner("files", _file_targets),
    ),
    Class("OTLP", "read, or left out", 4_000, _runner("otlp", _otlp_targets)),
    Class("iCalendar", "read, or refused in words", 400, _runner("calendars", _calendar_targets)),
    Class("exports and archives", "read, or named as a problem", 2_000, _ingest),
)
