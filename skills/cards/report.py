"""A longer text in sections (a post-mortem, a shift's handover) as a card and a Markdown file."""

from knowledge.summary.report import Part, Report, report_markdown
from skills.contract import Attachment, Line, Reply, Section, Source

MOST_LINES = 8
"""Of one section on the card; the file has them all."""
_LABEL = 60


def report_reply(of: Report, file: str) -> Reply:
    """Each line names its sources; the file `<file>.md` comes along."""
    return Reply(
        title=of.title[:150],
        text=of.lead,
        sections=tuple(_section(p) for p in of.parts if p.statements),
        sources=tuple(Source(s.id, f"{s.label} {s.at:%H:%M}"[:_LABEL], s.url) for s in of.sources),
        attachments=(Attachment(f"{file}.md", report_markdown(of).encode()),),
    )


def _section(part: Part) -> Section:
    shown = part.statements[:MOST_LINES]
    lines = [Line(s.text, s.sources) for s in shown]
    more = len(part.statements) - len(shown)
    if more:
        lines.append(Line(f"and {more} more, in the file"))
    return Section(part.heading, tuple(lines), bullets=len(lines) > 1)
