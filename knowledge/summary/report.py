"""A longer text in sections, each sentence with its sources: a post-mortem, a shift's handover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.summary.model import SourceText, Statement, say_day, say_time

_NOTHING = "Nothing is recorded."


@dataclass(frozen=True)
class Part:
    """One section. `open` marks questions for people; what stands there is not a finding."""

    heading: str
    statements: tuple[Statement, ...]
    open: bool = False


@dataclass(frozen=True)
class Report:
    title: str
    lead: str
    """How it came about, in a sentence or two."""
    as_of: datetime
    parts: tuple[Part, ...]
    sources: tuple[SourceText, ...]
    """All that is cited, in the order in which it is."""

    def part(self, heading: str) -> Part:
        return next(p for p in self.parts if p.heading == heading)


def report(
    title: str, lead: str, as_of: datetime, parts: Sequence[Part], known: Mapping[str, SourceText]
) -> Report:
    """Number the statements and list what they cite."""
    cited = dict.fromkeys(k for p in parts for s in p.statements for k in s.sources if k in known)
    return Report(
        title,
        lead,
        as_of,
        tuple(_numbered(p, n) for n, p in enumerate(parts, 1)),
        tuple(known[k] for k in cited),
    )


def report_markdown(of: Report) -> str:
    """As a Markdown document; every statement names its sources, listed at the end."""
    number = {source.id: n for n, source in enumerate(of.sources, 1)}
    lines = [f"# {of.title}", "", of.lead]
    for part in of.parts:
        lines += ["", f"## {part.heading}", ""]
        if part.open:
            lines += ["_Questions for the people who were there._", ""]
        lines += [f"- {s.text}{_notes(s, number)}" for s in part.statements] or [f"- {_NOTHING}"]
    lines += ["", "## Sources", ""]
    for source in of.sources:
        label = f"{source.id}, {say_day(source.at)} {say_time(source.at)} UTC"
        lines.append(
            f"{number[source.id]}. " + (f"[{label}]({source.url})" if source.url else label)
        )
    return "\n".join(lines) + "\n"


def _notes(statement: Statement, number: Mapping[str, int]) -> str:
    cited = [str(number[k]) for k in statement.sources if k in number]
    return f" [{', '.join(cited)}]" if cited else ""


def _numbered(part: Part, number: int) -> Part:
    statements = (
        Statement(f"p{number}.{n}", s.group, s.text, s.sources)
        for n, s in enumerate(part.statements, 1)
    )
    return Part(part.heading, tuple(statements), part.open)
