"""The audit record as files for an auditor: JSONL that can be verified again, CSV, and HTML made to
be printed."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from typing import Any

from knowledge.audit_chain import Verification
from knowledge.errors import UserError
from knowledge.promotion import is_rollback, show_version
from knowledge.records import Approval, AuditEntry

_COLUMNS = (
    "number",
    "at",
    "actor",
    "skill",
    "args",
    "outcome",
    "detail",
    "place",
    "saw",
    "previous",
    "hash",
)
_DEAR = "=+-@\t\r"
"""A cell that begins with one of these is a formula to a spreadsheet."""


def to_jsonl(entries: Sequence[AuditEntry]) -> str:
    """One entry a line, all that its hash covers."""
    return "".join(
        json.dumps({**asdict(e), "at": e.at.astimezone(UTC).isoformat()}, ensure_ascii=False) + "\n"
        for e in entries
    )


def from_jsonl(text: str, source: str) -> list[AuditEntry]:
    """Raises UserError naming the line that is no entry."""
    found: list[AuditEntry] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            found.append(AuditEntry(**{**given, "at": datetime.fromisoformat(given["at"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(
                f"{source} line {number} is no entry of an audit record ({error}). "
                "Write one with `tandem audit export --format jsonl`."
            ) from None
    return found


def to_csv(entries: Sequence[AuditEntry]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for entry in entries:
        row = {**asdict(entry), "at": _time(entry.at), "args": json.dumps(dict(entry.args))}
        writer.writerow([_harmless(str(row[name])) for name in _COLUMNS])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in _DEAR and cell[:1] else cell


def to_html(
    entries: Sequence[AuditEntry],
    requests: Sequence[Approval],
    checked: Verification,
    made_at: datetime,
    about: str = "",
    people: Mapping[str, str] | None = None,
) -> str:
    """One page that stands alone: what was checked, each request with its evidence and its
    decision, then every entry. `about` is the model it was narrowed to."""
    names = people or {}
    title = f"Audit record of {about}" if about else "Audit record"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(say_checked(checked))}<br>Made {escape(_time(made_at))}.</p>",
    ]
    if requests:
        parts.append("<h2>Requests and decisions</h2>")
        parts += [_request(one) for one in requests]
    parts.append("<h2>Entries</h2>")
    parts.append(_entries(entries, names))
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def say_checked(checked: Verification) -> str:
    old = f" {checked.unlinked:,} older entries are from before there was a chain." * bool(
        checked.unlinked
    )
    if checked.holds:
        many = "1 entry is" if checked.entries == 1 else f"{checked.entries:,} entries are"
        return f"The chain holds: {many} linked, head {checked.head}.{old}"
    return (
        f"The chain is broken at entry {checked.broken_at}: {checked.why}. "
        f"{checked.entries:,} entries before it hold.{old}"
    )


def _request(one: Approval) -> str:
    verb = "Roll back to" if is_rollback(one) else "Promote"
    head = f"{one.id}: {verb} {one.model} {show_version(one.version)}"
    champion = show_version(one.champion) if one.champion else "none"
    facts = [
        ("Asked by", f"{one.requester_name} ({one.requester}), {_time(one.created_at)}"),
        ("Why", one.reason or "no reason given"),
        ("Champion then", champion),
        ("State", one.status.value),
    ]
    if one.decided_at is not None:
        by = f"{one.decided_by_name} ({one.decided_by}), {_time(one.decided_at)}"
        facts.append(("Decided by", by))
    facts += [(k, v) for k, v in (("Reason", one.decision_reason), ("Outcome", one.outcome)) if v]
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts)
    gates = "".join(
        f"<tr><td>{escape(g.result.value)}</td><td>{escape(g.name)}</td>"
        f"<td>{escape(g.detail)}</td></tr>"
        for g in one.gates
    )
    evidence = f"<table><tr><th>gate</th><th>name</th><th>found</th></tr>{gates}</table>"
    return f"<section><h3>{escape(head)}</h3><dl>{rows}</dl>{evidence if gates else ''}</section>"


def _entries(entries: Sequence[AuditEntry], names: Mapping[str, str]) -> str:
    rows = "".join(
        "<tr>"
        f"<td>{e.number or ''}</td><td>{escape(_time(e.at))}</td>"
        f"<td>{escape(_who(e.actor, names))}</td><td>{escape(e.skill)}</td>"
        f"<td>{escape(_given(e.args))}</td><td>{escape(e.outcome)}</td>"
        f"<td>{escape(e.detail)}</td><td><code>{escape(e.hash[:12])}</code></td>"
        "</tr>"
        for e in entries
    )
    header = "".join(
        f"<th>{h}</th>"
        for h in ("#", "when", "who", "what", "with", "outcome", "what came back", "hash")
    )
    return f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"


def _who(actor: str, names: Mapping[str, str]) -> str:
    return f"{names[actor]} ({actor})" if actor in names else actor


def _given(args: Mapping[str, Any]) -> str:
    return ", ".join(f"{k} {v}" for k, v in args.items() if v not in ("", None))


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


_STYLE = (
    "body{font:13px/1.45 system-ui,sans-serif;color:#1d1c1d;margin:2rem;max-width:70rem}"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{margin:0 0 .4rem}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ddd;padding:.3rem "
    ".5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{font-weight:600}"
    "section{border:1px solid #ddd;border-radius:6px;padding:.8rem 1rem;margin:.6rem 0;"
    "break-inside:avoid}dl{display:grid;grid-template-columns:8rem 1fr;gap:.1rem 1rem;margin:0 0 "
    ".6rem}dt{color:#616061}dd{margin:0}thead{display:table-header-group}tr{break-inside:avoid}"
    "@page{size:A4 landscape;margin:15mm}@media print{body{margin:0;max-width:none}}"
)
