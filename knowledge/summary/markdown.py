"""A summary as Markdown, for files."""

from collections.abc import Mapping

from knowledge.summary.draft import CITED
from knowledge.summary.model import Group, SourceText, Statement, Summary, say_time

PARTS: tuple[tuple[str, tuple[Group, ...]], ...] = (
    ("", (Group.HEADLINE,)),
    ("Impact", (Group.IMPACT,)),
    ("Cause", (Group.CAUSE,)),
    ("Ruled out", (Group.RULED_OUT,)),
    ("Done", (Group.MITIGATION,)),
    ("State", (Group.STATE, Group.OWNERS)),
    ("Next steps", (Group.NEXT_STEPS,)),
    ("Timeline (UTC)", (Group.TIMELINE,)),
)
"""Headings and what stands under them, as they are read."""


def to_markdown(summary: Summary, sources: Mapping[str, SourceText] | None = None) -> str:
    """Headed lists. A statement whose source has a link carries it; others are left plain, since
    quoted statements then name the time of the message, in UTC."""
    known = sources or {}
    parts = [f"# {summary.incident}"]
    for headed, groups in PARTS:
        lines = [f"- {_line(s, known)}" for group in groups for s in summary.of(group)]
        if lines:
            parts.append("\n".join([*([f"## {headed}"] if headed else []), *lines]))
    return "\n\n".join(parts) + "\n"


def _line(statement: Statement, sources: Mapping[str, SourceText]) -> str:
    found = [sources[k] for k in statement.sources if k in sources]
    links = [f"[{s.label} {say_time(s.at)}]({s.url})" for s in found if s.url]
    if links:
        return f"{statement.text} {' '.join(links)}"
    if statement.group in CITED and found and say_time(found[-1].at) not in statement.text:
        return f"{statement.text.removesuffix('.')} ({say_time(found[-1].at)})."
    return statement.text
