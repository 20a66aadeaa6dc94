"""Pure: Reply -> text for a terminal, its buttons numbered."""

from collections.abc import Iterator, Sequence
from textwrap import fill

from skills.contract import Button, Line, Reply, Section, Source, Table, Tone

WIDTH = 96
_SIGN = {Tone.NEUTRAL: "", Tone.GOOD: "[ok] ", Tone.WARNING: "[!] ", Tone.BAD: "[!!] "}


def draw(reply: Reply) -> str:
    """The whole reply; buttons appear as [1] Label in the order of `buttons_of`."""
    numbers = {id(b): n for n, b in enumerate(buttons_of(reply), 1)}
    parts = [_SIGN[reply.tone] + reply.title, *_paragraphs(reply.text)]
    if reply.fields:
        wide = max(map(len, reply.fields))
        parts.append("\n".join(f"  {k.ljust(wide)}  {v}" for k, v in reply.fields.items()))
    if reply.table:
        parts.append(_table(reply.table))
    marks = {source.key: n for n, source in enumerate(reply.sources, 1)}
    parts += [_section(section, marks, numbers) for section in reply.sections]
    parts += [f"(picture: {'. '.join(filter(None, (p.title, p.alt)))})" for p in reply.pictures]
    parts += [f"(file: {a.name}, {len(a.content):,} bytes)" for a in reply.attachments]
    if reply.sources:
        parts.append(_sources(reply.sources))
    if row := _row(reply.buttons, numbers):
        parts.append(row)
    if reply.calls:
        parts.append(f"For {', '.join(reply.calls)}")
    if reply.footer:
        parts.append(reply.footer)
    return "\n\n".join(part for part in parts if part)


def buttons_of(reply: Reply) -> tuple[Button, ...]:
    """All buttons that can be pressed, in the order in which they are drawn."""
    inner = (b for section in reply.sections for b in section.buttons)
    return tuple(b for b in (*inner, *reply.buttons) if b.call is not None)


def _paragraphs(text: str) -> Iterator[str]:
    if text:
        yield "\n".join(fill(line, WIDTH) if line else "" for line in text.split("\n"))


def _section(section: Section, marks: dict[str, int], numbers: dict[int, int]) -> str:
    lines = [section.heading + (f"  <{section.url}>" if section.url else "")]
    lines += [_line(line, section.bullets, marks) for line in section.lines]
    lines.append(_row(section.buttons, numbers))
    return "\n".join(line for line in lines if line)


def _line(line: Line, bullet: bool, marks: dict[str, int]) -> str:
    cited = "".join(f" [{marks[key]}]" for key in line.sources if key in marks)
    lead = "- " if bullet else "  "
    return fill(line.text + cited, WIDTH, initial_indent=lead, subsequent_indent="  ")


def _sources(sources: Sequence[Source]) -> str:
    return "Sources: " + "; ".join(
        f"[{n}] {s.label}" + (f" <{s.url}>" if s.url else "") for n, s in enumerate(sources, 1)
    )


def _row(buttons: Sequence[Button], numbers: dict[int, int]) -> str:
    return "   ".join(
        f"[{numbers[id(b)]}] {b.label}" if b.call else f"{b.label} <{b.url}>" for b in buttons
    )


def _table(table: Table) -> str:
    rows = [table.header, *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.header))]
    right = [name in table.right for name in table.header]

    def draw_row(row: Sequence[str]) -> str:
        cells = (
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
        )
        return "  " + "  ".join(cells).rstrip()

    return "\n".join([draw_row(rows[0]), "  " + "  ".join("-" * w for w in widths)]) + "".join(
        "\n" + draw_row(row) for row in rows[1:]
    )
