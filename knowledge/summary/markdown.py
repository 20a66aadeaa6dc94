"""A summary as Markdown, for files."""

from collections.abc import Mapping

from knowledge.summary.model import Group, SourceText, Statement, Summary

HEADINGS = {
    Group.HEADLINE: "",
    Group.IMPACT: "Impact",
    Group.CAUSE: "Cause",
    Group.RULED_OUT: "Ruled out",
    Group.MITIGATION: "Done",
    Group.STATE: "State",
    Group.OWNERS: "Owners",
    Group.NEXT_STEPS: "Next steps",
    Group.TIMELINE: "Timeline (UTC)",
}


def to_markdown(summary: Summary, sources: Mapping[str, SourceText] | None = None) -> str:
    """Headed lists. A statement whose source has a link carries it; others are left plain, since
    quoted statements already name who said it and when."""
    known = sources or {}
    parts = [f"# {summary.incident}"]
    for group, heading in HEADINGS.items():
        lines = [f"- {_line(s, known)}" for s in summary.of(group)]
        if lines:
            parts.append("\n".join([*([f"## {heading}"] if heading else []), *lines]))
    return "\n\n".join(parts) + "\n"


def _line(statement: Statement, sources: Mapping[str, SourceText]) -> str:
    links = [
        f"[[{sources[k].label}]]({sources[k].url})"
        for k in statement.sources
        if k in sources and sources[k].url
    ]
    return " ".join([statement.text, *links])
