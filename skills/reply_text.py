"""Pure: a Reply as plain text for those who read it without a chat: a model, a file."""

from collections.abc import Iterator

from skills.contract import Reply, Section, Table


def plain(reply: Reply) -> str:
    """All that it says, without buttons, files and addresses."""
    return "\n".join(line for line in _lines(reply) if line.strip())


def _lines(reply: Reply) -> Iterator[str]:
    yield reply.title
    yield reply.text
    yield from (f"{name}: {value}" for name, value in reply.fields.items())
    if reply.table is not None:
        yield from _rows(reply.table)
    for section in reply.sections:
        yield from _section(section)
    yield from (f"Picture: {picture.title}. {picture.alt}" for picture in reply.pictures)
    if reply.sources:
        yield "Sources: " + "; ".join(source.label for source in reply.sources)
    yield reply.footer


def _section(section: Section) -> Iterator[str]:
    yield section.heading
    yield from (f"- {line.text}" for line in section.lines)


def _rows(table: Table) -> Iterator[str]:
    yield " | ".join(table.header)
    yield from (" | ".join(row) for row in table.rows)
