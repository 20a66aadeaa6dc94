"""`tandem signals test`: what a webhook's payload becomes, and what is refused and why.

`changes/github` and the like are payloads of /changes.

Nothing is stored and nobody is told: a way to try a sender before it is connected.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.settings import read_settings
from bot.sources import load_sources
from bot.webhooks import (
    CHANGE_PARSERS,
    PARSERS,
    Parsed,
    ParsedChanges,
    Refused,
    Sources,
    built_in,
)
from bot.webhooks.parsed import ChangeParser, Parser
from knowledge.correlation import is_noise, service_of
from knowledge.errors import BadArgs, UserError
from knowledge.incidents import severity_of, start_is_unknown
from knowledge.records import Change, Signal

CHANGES = "changes"
KNOWN = (*PARSERS, *(f"{CHANGES}/{name}" for name in CHANGE_PARSERS))


def register(parsers: Any) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser("signals", help="show what a webhook's payload becomes")
    parser.add_argument("action", choices=["test"], help="test: read a payload, store nothing")
    parser.add_argument("source", help=f"who sends it: {', '.join(KNOWN)}, or one of --sources")
    parser.add_argument("file", help="the payload, a JSON file; - for standard input")
    parser.add_argument(
        "--sources",
        type=Path,
        metavar="FILE",
        help="the file of sources; else the one that TANDEM_SOURCES names",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when all was taken, 1 when something was refused, 2 when it was called wrongly."""
    try:
        parse, body = _parser(args.source, _sources(args.sources)), _read(args.file)
    except UserError as error:
        print(f"tandem signals: {error}", file=sys.stderr)
        return 2
    parsed: Parsed | ParsedChanges
    try:
        parsed = parse(body, datetime.now(UTC))
    except BadArgs as error:
        parsed = Parsed((), (Refused(error.field, error.problem, error.remedy),))
    if args.json:
        print(json.dumps(as_json(parsed), indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(parsed)))
    return 1 if parsed.refused else 0


def _sources(path: Path | None) -> Sources:
    """No secret is looked up: nobody has to prove anything here."""
    path = path or read_settings().tandem_sources
    return load_sources(path, secrets=False) if path else built_in()


def _parser(source: str, sources: Sources) -> Parser | ChangeParser:
    """Raises NotFound."""
    of_changes, _, name = source.partition("/")
    if of_changes == CHANGES:
        return sources.change_source(name or "generic").parse
    return sources.signal_source(source).parse


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise BadArgs("FILE", f"{file} cannot be read ({error.strerror})") from None


def lines(parsed: Parsed | ParsedChanges) -> Iterator[str]:
    """For people: each signal with what Tandem makes of it, then what was refused."""
    if isinstance(parsed, ParsedChanges):
        taken = len(parsed.changes)
        yield from _change_lines(parsed)
    else:
        taken = len(parsed.signals)
        yield from _signal_lines(parsed)
    for refused in parsed.refused:
        remedy = f". {refused.remedy}" if refused.remedy else ""
        yield f"refused   {refused.path}: {refused.problem}{remedy}"
    yield f"{taken} taken, {parsed.refusals} refused"


def _signal_lines(parsed: Parsed) -> Iterator[str]:
    for signal in parsed.signals:
        yield f"{'firing  ' if signal.firing else 'resolved'}  {signal.name}"
        yield from (f"  {name:<12} {text}" for name, text in _facts(signal) if text)
    if parsed.ignored:
        yield f"no signal: {parsed.ignored}"
    if parsed.handshake:
        yield f"no signal: {parsed.handshake.kind} of {parsed.handshake.topic}"


def _change_lines(parsed: ParsedChanges) -> Iterator[str]:
    for change in parsed.changes:
        yield f"{change.kind:<8}  {change.summary}"
        yield from (f"  {name:<12} {text}" for name, text in _change(change).items() if text)
    if parsed.ignored:
        yield f"no change: {parsed.ignored}"


def _change(change: Change) -> dict[str, str]:
    return {
        "service": change.service,
        "at": change.at.isoformat(),
        "version": change.version,
        "author": change.author,
        "url": change.url,
        "id": change.id,
    }


def _facts(signal: Signal) -> Iterator[tuple[str, str]]:
    said = f" ({signal.severity!r})" if signal.severity else " (nothing was said)"
    began = "not said" if start_is_unknown(signal) else signal.starts_at.isoformat()
    yield "service", service_of(signal) or "not known"
    yield "severity", severity_of(signal.severity) + said
    yield "began", began
    yield "ended", signal.ends_at.isoformat() if signal.ends_at else ""
    yield "fingerprint", signal.fingerprint
    yield "summary", " ".join(signal.summary.split())
    yield "description", " ".join(signal.description.split())
    yield "value", signal.value
    yield "labels", ", ".join(f"{name}={text}" for name, text in signal.labels.items())
    yield "url", signal.url
    yield "runbook", signal.runbook_url
    yield "note", "a heartbeat or of no importance: it opens nothing" if is_noise(signal) else ""


def as_json(parsed: Parsed | ParsedChanges) -> dict[str, Any]:
    """For programs: the same, and texts as they are."""
    refused = [{"field": r.path, "problem": r.problem, "remedy": r.remedy} for r in parsed.refused]
    if isinstance(parsed, ParsedChanges):
        changes = [{"kind": c.kind, "summary": c.summary, **_change(c)} for c in parsed.changes]
        return {"changes": changes, "refused": refused, "ignored": parsed.ignored}
    shake = parsed.handshake
    return {
        "signals": [_signal(signal) for signal in parsed.signals],
        "refused": refused,
        "ignored": parsed.ignored,
        "handshake": {"kind": shake.kind, "topic": shake.topic} if shake else None,
    }


def _signal(signal: Signal) -> dict[str, Any]:
    return {
        "name": signal.name,
        "status": "firing" if signal.firing else "resolved",
        "fingerprint": signal.fingerprint,
        "starts_at": None if start_is_unknown(signal) else signal.starts_at.isoformat(),
        "ends_at": signal.ends_at.isoformat() if signal.ends_at else None,
        "service": service_of(signal),
        "severity": signal.severity,
        "level": severity_of(signal.severity),
        "summary": signal.summary,
        "description": signal.description,
        "value": signal.value,
        "labels": dict(signal.labels),
        "url": signal.url,
        "runbook_url": signal.runbook_url,
        "opens": not is_noise(signal),
    }
