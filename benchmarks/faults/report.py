"""The rows as a page. Pure."""

from collections.abc import Sequence
from datetime import datetime

from benchmarks.faults.scenarios import SOON_S, Row

WORDS = (
    "`make faults` (`python -m benchmarks.faults`) wrote this page on {day}. Each line is a world"
    " of its own: the playground's strict Slack, Tandem in processes of its own, a storm of alerts"
    " sent as a pager sends them, and a person who acknowledges every card. All that was answered"
    " 202 is in a ledger, and after the fault's end that is compared with store and channel:",
    "- every accepted alert is in exactly one incident, and every trouble in one of its own;\n"
    "- every incident has one card, in its final state, and a thread that tells each step once;\n"
    "- every decision that came into force is there once;\n"
    "- within {soon:g} s of the fault's end nothing waits any more (the recovery: the longest of"
    " the line, with the backlog, which leaves at Slack's pace of one message a second).",
    "The person takes up to four seconds for each card, presses again where Slack says that a press"
    " was not taken or nothing comes of it for 15 s, rests while the recovery is measured, and then"
    " decides what is left. Rows may be of several runs (`--keep`, `--from`): of each fault the"
    " last one counts.",
)
HEADS = (
    *("fault", "times", "alerts accepted", "incidents expected / found", "doubled", "decisions"),
    *("decisions lost / doubled", "pressed again", "recovery", "kept"),
)


def report(rows: Sequence[Row], at: datetime) -> str:
    """The whole page."""
    lines = [_line(row) for row in rows]
    told = [f"- {row.fault}: {row.told or row.notes}" for row in rows if row.told or row.notes]
    broken = [f"- {row.fault}: {p}" for row in rows for p in row.found.problems[:5]]
    words = [w.format(day=at.strftime("%d %B %Y"), soon=SOON_S) for w in WORDS]
    head = [_row(HEADS), _row(["---"] * len(HEADS))]
    parts = ["# Faults", *words, "\n".join([*head, *lines])]
    if told:
        parts.append("## What was said of it\n\n" + "\n".join(told))
    if broken:
        parts.append("## Not kept\n\n" + "\n".join(broken))
    return "\n\n".join(parts) + "\n"


def _line(row: Row) -> str:
    found = row.found
    cells = (
        row.fault,
        str(row.times),
        f"{found.accepted:,}",
        f"{found.expected} / {found.incidents}",
        str(found.doubled),
        str(found.decisions),
        f"{found.decisions_lost} / {found.decisions_doubled}",
        str(found.again),
        f"{row.recovery_s:.0f} s" if row.times else "",
        ("yes" if row.kept else "**no**") if row.times else "skipped",
    )
    return _row(cells)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
