"""The audit record as files for an auditor: JSONL that can be verified again, CSV, and HTML made to
be printed. Entries are calls; moves are the stories of `knowledge.promotion.story`."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any

from knowledge.audit_chain import Verification
from knowledge.errors import UserError
from knowledge.promotion import say_number, show_version
from knowledge.promotion.evidence import Side
from knowledge.promotion.freezing import thaw
from knowledge.promotion.story import Step, Story, say_canary, say_who
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
_DEAR = "=+-@\t\r\n＝＋－＠"
"""A cell that begins with one of these is a formula to a spreadsheet, to some in wide letters."""


@dataclass(frozen=True)
class Export:
    """What is handed out."""

    entries: Sequence[AuditEntry]
    stories: Sequence[Story]
    checked: Verification
    made_at: datetime
    about: str = ""
    """The model it was narrowed to."""
    people: Mapping[str, str] = field(default_factory=dict)
    """Shown names by id."""


# Entries -------------------------------------------------------------------------------------


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
    rows = ({**asdict(e), "at": _time(e.at), "args": json.dumps(dict(e.args))} for e in entries)
    return _csv(_COLUMNS, rows)


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_harmless(str(row[name])) for name in columns] for row in rows)
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in _DEAR and cell[:1] else cell


# Moves ---------------------------------------------------------------------------------------


def moves_to_jsonl(export: Export) -> str:
    """One story a line; `evidence` is the frozen text as it was hashed."""
    return "".join(
        json.dumps({**_row(story, export.people), **_more(story)}, ensure_ascii=False) + "\n"
        for story in export.stories
    )


def moves_to_csv(export: Export) -> str:
    rows = [_row(story, export.people) for story in export.stories]
    return _csv(_MOVE_COLUMNS, rows)


_MOVE_COLUMNS = (
    "at",
    "model",
    "version",
    "before",
    "what",
    "request",
    "purpose",
    "state",
    "asked_by",
    "why",
    "votes",
    "gates_failing",
    "evidence_hash",
    "outcome",
    "move",
    "canary",
    "reviewed_by",
    "holds",
    "checks",
)


def _row(story: Story, people: Mapping[str, str]) -> dict[str, Any]:
    """A story as one line of a table."""
    request, move = story.request, story.move
    version = request.version if request is not None else move.version if move is not None else ""
    before = request.champion if request is not None else move.before if move is not None else ""
    row: dict[str, Any] = dict.fromkeys(_MOVE_COLUMNS, "")
    row |= {
        "at": story.at.astimezone(UTC).isoformat(timespec="seconds"),
        "model": story.model,
        "version": version,
        "before": before,
        "what": story.title,
        "move": move.id if move is not None else "",
        "holds": story.holds,
        "checks": " ".join(check.says for check in story.checks),
    }
    if request is not None:
        row |= {
            "request": request.id,
            "purpose": request.purpose.value,
            "state": request.status.value,
            "asked_by": say_who(request.requester, people),
            "why": request.reason,
            "votes": "; ".join(
                f"{say_who(v.by, people)} {v.ballot.value}{f': {v.reason}' if v.reason else ''}"
                for v in request.votes
            ),
            "gates_failing": ", ".join(g.name for g in request.gates if g.result.value == "fail"),
            "evidence_hash": request.evidence_hash,
            "outcome": request.outcome,
            "canary": say_canary(request),
            "reviewed_by": say_who(request.reviewed_by, people) if request.reviewed_by else "",
        }
    return row


def _more(story: Story) -> dict[str, Any]:
    """What a table has no room for."""
    request = story.request
    return {
        "steps": [
            {
                "at": step.at.astimezone(UTC).isoformat(),
                "actor": step.actor,
                "text": step.text,
                "entry": step.entry.number if step.entry is not None else None,
                "entry_hash": step.entry.hash if step.entry is not None else None,
                "saw": _saw(step),
            }
            for step in story.steps
        ],
        "gates": [asdict(g) for g in request.gates] if request is not None else [],
        "evidence": request.evidence if request is not None else "",
        "checks": [asdict(check) for check in story.checks],
    }


# HTML ----------------------------------------------------------------------------------------


def to_html(export: Export) -> str:
    """One page that stands alone: what was checked, each move with its evidence and who agreed,
    then every entry."""
    title = f"Audit record of {export.about}" if export.about else "Audit record"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(say_checked(export.checked))}<br>Made {escape(_time(export.made_at))}.</p>",
    ]
    if export.stories:
        parts.append("<h2>Who put what into production, on what evidence, and who agreed</h2>")
        parts.append(_overview(export.stories))
        parts += [_story(story, export.people) for story in export.stories]
    parts.append("<h2>Entries</h2>")
    parts.append(_entries(export.entries, export.people))
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


def _overview(stories: Sequence[Story]) -> str:
    wrong = [story for story in stories if not story.holds]
    many = "1 story" if len(stories) == 1 else f"{len(stories)} stories"
    if not wrong:
        return f"<p>{many}, and the record bears out each.</p>"
    items = "".join(
        f"<li>{escape(story.title)}: {escape(check.says)}</li>"
        for story in wrong
        for check in story.checks
        if not check.holds
    )
    return f"<p>{many}; not borne out in every point: {len(wrong)}.</p><ul>{items}</ul>"


def _story(story: Story, people: Mapping[str, str]) -> str:
    name = story.request.id if story.request is not None else story.move.id if story.move else ""
    head = f"<h3>{escape(story.title)} <small>{escape(name)}, {_time(story.at)}</small></h3>"
    facts = _facts(story.request, people) if story.request is not None else []
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts if v)
    parts = [head, f"<dl>{rows}</dl>" if rows else "", _checks(story)]
    if story.request is not None:
        parts += [_gates(story.request), _sides(story.request)]
    parts.append(_steps(story.steps, people))
    if story.request is not None and story.request.evidence:
        parts.append(_frozen(story.request))
    return f"<section>{''.join(parts)}</section>"


def _facts(request: Approval, people: Mapping[str, str]) -> list[tuple[str, str]]:
    agreed = ", ".join(
        f"{say_who(v.by, people)}: {v.ballot.value}{f' ({v.reason})' if v.reason else ''}"
        for v in request.votes
    )
    decided = ""
    if request.decided_at is not None:
        decided = f"{say_who(request.decided_by, people)}, {_time(request.decided_at)}"
    champion = show_version(request.champion) if request.champion else "none"
    return [
        (
            "Asked by",
            f"{say_who(request.requester, people)}, {_time(request.created_at)}",
        ),
        ("Why", request.reason or "no reason given"),
        ("Purpose", request.purpose.value),
        ("Champion then", champion),
        ("Votes", agreed),
        ("Decided by", decided),
        ("Its reason", request.decision_reason),
        ("State", request.status.value),
        ("Outcome", request.outcome),
        ("Afterwards", say_canary(request)),
        ("Reviewed by", say_who(request.reviewed_by, people) if request.reviewed_by else ""),
    ]


def _checks(story: Story) -> str:
    items = "".join(
        f'<li class="{"holds" if check.holds else "fails"}">{escape(check.says)}</li>'
        for check in story.checks
    )
    return f'<ul class="checks">{items}</ul>' if items else ""


def _gates(request: Approval) -> str:
    rows = "".join(
        f"<tr><td>{escape(g.result.value)}</td><td>{escape(g.name)}</td>"
        f"<td>{escape(g.detail)}</td></tr>"
        for g in request.gates
    )
    return _table(("gate", "name", "found"), rows, "gates") if rows else ""


def _sides(request: Approval) -> str:
    """What the two versions were made of, from the frozen evidence."""
    evidence = thaw(request.evidence)
    if evidence is None:
        return ""
    sides = [("asked for", evidence.challenger)]
    if evidence.champion is not None:
        sides.append(("champion", evidence.champion))
    rows = "".join(_side(role, side) for role, side in sides)
    header = ("", "version", "measured", "artefact", "trained on", "from")
    return _table(header, rows, "sides")


def _side(role: str, side: Side) -> str:
    version, details = side.version, side.details
    metrics = ", ".join(f"{name} {say_number(v)}" for name, v in version.metrics.items())
    digest = f" ({version.dataset_digest})" if version.dataset_digest else ""
    cells = (
        role,
        show_version(version.version),
        f"{metrics} on {version.dataset}{digest}" if metrics else "",
        details.artifact,
        details.trained_on,
        ", ".join(f"{k} {v}" for k, v in details.source.items()),
    )
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _steps(steps: Sequence[Step], people: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{escape(_time(s.at))}</td><td>{escape(say_who(s.actor, people))}</td>"
        f"<td>{escape(s.text)}</td><td><code>{escape(_saw(s)[:12])}</code></td>"
        f"<td>{_entry(s)}</td></tr>"
        for s in steps
    )
    header = ("when", "who", "what", "evidence seen", "entry in the chain")
    return _table(header, rows, "steps") if rows else ""


def _saw(step: Step) -> str:
    """The hash of the evidence that stood on the card, as the call carries it."""
    return str(step.entry.args.get("saw", "")) if step.entry is not None else ""


def _entry(step: Step) -> str:
    if step.entry is None:
        return "–"
    return f"#{step.entry.number} <code>{escape(step.entry.hash[:12])}</code>"


def _frozen(request: Approval) -> str:
    """The text whose SHA-256 is the evidence's hash; of it only the hash is printed."""
    return (
        f"<details><summary>Evidence as it was frozen, SHA-256 <code>"
        f"{escape(request.evidence_hash)}</code></summary><pre>{escape(request.evidence)}</pre>"
        "</details>"
    )


def _entries(entries: Sequence[AuditEntry], names: Mapping[str, str]) -> str:
    rows = "".join(
        "<tr>"
        f"<td>{e.number or ''}</td><td>{escape(_time(e.at))}</td>"
        f"<td>{escape(say_who(e.actor, names))}</td><td>{escape(e.skill)}</td>"
        f"<td>{escape(_given(e.args))}</td><td>{escape(e.outcome)}</td>"
        f"<td>{escape(e.detail)}</td><td><code>{escape(e.hash[:12])}</code></td>"
        "</tr>"
        for e in entries
    )
    header = ("#", "when", "who", "what", "with", "outcome", "what came back", "hash")
    return _table(header, rows, "entries")


def _table(header: Sequence[str], rows: str, kind: str) -> str:
    cells = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f'<table class="{kind}"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>'


def _given(args: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{k} {str(v)[:12] if k == 'saw' else v}" for k, v in args.items() if v not in ("", None)
    )


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


_STYLE = (
    "body{font:13px/1.45 system-ui,sans-serif;color:#1d1c1d;margin:2rem;max-width:75rem}"
    "p,li,dd,td{overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{margin:0 0 .5rem}"
    "h3 small{color:#616061;font-weight:400;margin-left:.5rem}"
    "table{border-collapse:collapse;width:100%;margin:.6rem 0 0}th,td{border-bottom:1px solid "
    "#ddd;padding:.3rem .5rem;text-align:left;vertical-align:top}th{font-weight:600}"
    ".steps td:nth-child(-n+2),.sides td:nth-child(-n+2),.entries td:nth-child(2),"
    ".entries td:nth-child(4),td code"
    "{white-space:nowrap}"
    "section{border:1px solid #ccc;border-radius:6px;padding:.8rem 1rem;margin:.8rem 0}"
    "dl{display:grid;grid-template-columns:8rem 1fr;gap:.1rem 1rem;margin:0}dt{color:#616061}"
    "dd{margin:0}ul{margin:.6rem 0 0;padding-left:1.2rem}.checks{list-style:none;padding:0}"
    ".checks li::before{display:inline-block;width:8rem;margin-right:1rem;font-weight:600}"
    ".checks .holds::before{content:'Borne out';color:#006644}"
    ".checks .fails::before{content:'Not borne out';color:#b3261e}"
    "details{margin-top:.6rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:11px}"
    "thead{display:table-header-group}tr,dl,.checks{break-inside:avoid}h2,h3{break-after:avoid}"
    "@page{size:A4 landscape;margin:15mm}@media print{body{margin:0;max-width:none;font-size:11px}}"
)
