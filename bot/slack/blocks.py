"""Pure: Reply -> Block Kit. The only place that knows how Slack draws and what it refuses.

Built with slack_sdk's own models, which enforce Slack's limits; what they leave unchecked (50
blocks a message, fields of 2,000 characters, unique ids) is kept here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    ImageBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    OptionGroup,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
    TableBlock,
)
from slack_sdk.models.blocks.basic_components import SlackFile
from slack_sdk.models.views import View

from bot.slack import press
from skills.contract import (
    Button,
    Call,
    Form,
    FormField,
    Line,
    Preview,
    Reply,
    Section,
    Source,
    Style,
    Table,
    Tone,
)

MOST_BLOCKS = 50
TEXT = 3000
FIELD = 2000
HEADER = 150
BUTTON = 75
CALLED = 1000
"""Characters for the mentions of those who are called."""
HEADING = 300
LONGEST_ADDRESS = 1000
"""Characters; a longer one is shown as its label alone."""
ROWS = 100
COLUMNS = 20
WRAP_FROM = 16
"""Columns of shorter cells stay on one line: an id that is broken in two is hard to read."""
FORM_CALLBACK = "call"
PREVIEW = "preview"
"""The block id of a form's preview button; what the preview shows has ids that begin with it."""

_USER = re.compile("[UW][A-Z0-9]{5,}")
_GROUP = re.compile("S[A-Z0-9]{5,}")
_SIGN = {
    Tone.NEUTRAL: "",
    Tone.GOOD: ":large_green_circle: ",
    Tone.WARNING: ":large_yellow_circle: ",
    Tone.BAD: ":red_circle: ",
}


_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing: a name could be read as another one."""


def upright(drawn: Any) -> Any:
    """Blocks or a text without characters that make text read otherwise than it is written."""
    if isinstance(drawn, str):
        return _TURNED.sub("", drawn)
    if isinstance(drawn, dict):
        return {name: upright(value) for name, value in drawn.items()}
    if isinstance(drawn, list):
        return [upright(value) for value in drawn]
    return drawn


def escape(text: str) -> str:
    """Slack's three characters: after this no text can mention, link or open a channel."""
    return _TURNED.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(reply: Reply) -> str:
    """The plain text for notifications and screen readers; it calls people as the blocks do."""
    called = called_in(reply)
    words = escape(f"{reply.title}. {reply.text}" if reply.text else reply.title)
    return cut(words, TEXT - len(called) - 1) + (f" {called}" if called else "")


def called_in(reply: Reply) -> str:
    """The mentions of those whom the reply calls; what is no id of Slack's is shown as a word."""
    return cut_list("", map(_mention, dict.fromkeys(reply.calls)), " ", CALLED)


def _mention(called: str) -> str:
    if _USER.fullmatch(called):
        return f"<@{called}>"
    return f"<!subteam^{called}>" if _GROUP.fullmatch(called) else escape(called)


def blocks(reply: Reply, files: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The message's blocks; `files` are the Slack file ids of `reply.pictures`, in their order."""
    links = _links(reply.sources)
    drawn: list[Block] = [_header(reply)]
    drawn += _texts(_mrkdwn(reply.text))
    drawn += _fields(reply)
    if reply.table is not None:
        drawn.append(_table(reply.table))
    for number, section in enumerate(reply.sections):
        drawn += _section(section, links, number)
    drawn += [
        ImageBlock(
            slack_file=SlackFile(id=file),
            alt_text=cut(picture.alt, 2000),
            title=cut(picture.title, 2000) or None,
        )
        for picture, file in zip(reply.pictures, files, strict=False)
    ]
    tail: list[Block] = [*_sources(reply, links), *_actions(reply.buttons, "b")]
    if reply.calls:
        # A section, as mentions in small print may be taken for mere names.
        tail.append(SectionBlock(text=_text(f"For {called_in(reply)}")))
    if reply.footer:
        tail.append(ContextBlock(elements=[_text(escape(reply.footer))]))
    return [upright(block.to_dict()) for block in _fit(drawn, tail)]


def form_view(form: Form, metadata: str) -> dict[str, Any]:
    """The window that a button's form opens; `metadata` comes back with what was typed."""
    inputs: list[Block] = [_input(field) for field in form.fields]
    intro = _texts(_mrkdwn(form.text))
    look = [_preview(form.preview)] if form.preview is not None else []
    view = View(
        type="modal",
        callback_id=FORM_CALLBACK,
        title=PlainTextObject(text=cut(form.title, 24)),
        submit=PlainTextObject(text=cut(form.submit, 24)),
        close=PlainTextObject(text="Cancel"),
        private_metadata=metadata,
        blocks=[*intro, *inputs, *look],
    )
    result: dict[str, Any] = upright(view.to_dict())
    return result


def shown_in_view(reply: Reply, files: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A reply as part of a window: its title is a line, nothing in it can be pressed. Pictures for
    which there is no file are told in words."""
    sections = tuple(replace(section, buttons=()) for section in reply.sections)
    untold = reply.pictures[len(files) :]
    plain = _without_table(replace(reply, sections=sections, buttons=()))
    title = f"*{_SIGN[reply.tone]}{escape(' '.join(reply.title.split()))}*"
    words: list[Block] = [
        ContextBlock(elements=[_text(escape(f"Not shown: {cut(picture.alt, 1000)}"))])
        for picture in untold
    ]
    drawn = [block.to_dict() for block in (*_texts(title), *words)]
    return [*drawn[:1], *blocks(plain, files)[1:], *drawn[1:]]


def home_view(replies: Sequence[Reply]) -> dict[str, Any]:
    """The App Home: one Reply below the other. A view takes no tables, so they become lines."""
    drawn = [
        _renamed(block, part)
        for part, reply in enumerate(replies)
        for block in ([{"type": "divider"}] if part else []) + blocks(_without_table(reply))
    ]
    return {"type": "home", "blocks": drawn[:100]}


def _without_table(reply: Reply) -> Reply:
    if reply.table is None:
        return reply
    table = reply.table
    lines = tuple(Line(" · ".join(_told(table, row))) for row in table.rows)
    return replace(
        reply, table=None, sections=(Section(lines=lines, bullets=True), *reply.sections)
    )


def _told(table: Table, row: Sequence[str]) -> Iterator[str]:
    """The cells of one row; a number says what it counts."""
    for name, cell in zip(table.header, row, strict=False):
        if cell and cell != "–":
            yield f"{cell} {name.lower()}" if name in table.right else cell


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _renamed(block: dict[str, Any], part: int) -> dict[str, Any]:
    return {**block, "block_id": f"p{part}-{block['block_id']}"} if "block_id" in block else block


def _text(text: str) -> MarkdownTextObject:
    """verbatim: Slack makes no links or mentions of its own out of what machines wrote."""
    return MarkdownTextObject(text=cut(text, TEXT), verbatim=True)


def _header(reply: Reply) -> Block:
    title = " ".join(reply.title.split()) or "Tandem"
    return HeaderBlock(
        text=PlainTextObject(text=cut(_SIGN[reply.tone] + title, HEADER), emoji=True)
    )


def _mrkdwn(text: str) -> str:
    return escape(text.strip())


def _texts(text: str) -> list[Block]:
    return [SectionBlock(text=_text(part), expand=True) for part in _parts(text)]


def _parts(text: str) -> Iterator[str]:
    """Split at line ends into pieces that Slack takes; empty text gives none."""
    piece = ""
    for line in text.split("\n"):
        line = cut(line, TEXT)
        if piece and len(piece) + 1 + len(line) > TEXT:
            yield piece
            piece = line
        else:
            piece = f"{piece}\n{line}" if piece else line
    if piece.strip():
        yield piece


def _fields(reply: Reply) -> list[Block]:
    shown = [
        MarkdownTextObject(
            text=cut(f"*{escape(name)}*\n{escape(str(value)) or '—'}", FIELD), verbatim=True
        )
        for name, value in reply.fields.items()
    ]
    return [SectionBlock(fields=shown[i : i + 10]) for i in range(0, len(shown), 10)]


def _table(table: Table) -> Block:
    header = table.header[:COLUMNS]
    rows = [header, *(row[:COLUMNS] for row in table.rows[: ROWS - 1])]
    return TableBlock(
        rows=[[{"type": "raw_text", "text": cell or "–"} for cell in row] for row in rows],
        column_settings=[
            {
                "align": "right" if name in table.right else "left",
                "is_wrapped": any(len(row[i]) > WRAP_FROM for row in rows if i < len(row)),
            }
            for i, name in enumerate(header)
        ],
    )


Links = dict[str, tuple[int, Source]]


def _links(sources: Sequence[Source]) -> Links:
    return {source.key: (n, source) for n, source in enumerate(sources, 1)}


def _link(url: str, label: str) -> str:
    """A link of ours: the address percent-encoded where it would end the link early."""
    if not re.match(r"https?://", url) or len(url) > LONGEST_ADDRESS:
        return label
    safe = url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E").replace("&", "&amp;")
    safe = re.sub(r"[\s\x00-\x1f\x7f]+", "%20", safe)
    return f"<{safe}|{label}>"


def _section(section: Section, links: Links, number: int) -> list[Block]:
    # Cut before it is a link: half a link is none.
    heading = escape(cut(section.heading, HEADING))
    heading = f"*{_link(section.url, heading)}*" if heading else ""
    bullet = "•  " if section.bullets else ""
    lines = [heading] if heading else []
    lines += [bullet + _line(line, links) for line in section.lines]
    return [*_texts("\n".join(lines)), *_actions(section.buttons, f"s{number}-")]


def _line(line: Line, links: Links) -> str:
    marks = [_link(links[key][1].url, f"[{links[key][0]}]") for key in line.sources if key in links]
    room = TEXT - 10 - sum(len(mark) + 1 for mark in marks)
    return " ".join([cut(escape(line.text), max(room, 0)), *marks])


def _sources(reply: Reply, links: Links) -> list[Block]:
    """The numbered list below; only of those that a line refers to, or all when none does."""
    used = {key for section in reply.sections for line in section.lines for key in line.sources}
    shown = [
        _link(source.url, escape(f"[{n}] {cut(source.label, 80)}"))
        for n, source in links.values()
        if source.key in used or not used
    ]
    if not shown:
        return []
    return [ContextBlock(elements=[_text(cut_list("Sources: ", shown, "  ", TEXT))])]


def cut_list(lead: str, items: Iterable[str], between: str, most: int) -> str:
    """Join as many whole items as fit, so that no link is cut in half."""
    text = lead
    for item in items:
        if len(text) + len(item) + len(between) + 1 > most:
            return text + "…"
        text += (between if text != lead else "") + item
    return text


def _actions(buttons: Sequence[Button], prefix: str) -> list[Block]:
    """Rows of five. What carries more than a button holds is left out, and that is said."""
    fitting = [button for button in buttons if _carried(button)]
    rows = [fitting[i : i + 5] for i in range(0, len(fitting), 5)]
    drawn: list[Block] = [
        ActionsBlock(
            block_id=f"{prefix}{r}",
            elements=[_button(b, f"{prefix}{r}-{i}") for i, b in enumerate(row)],
        )
        for r, row in enumerate(rows)
    ]
    left_out = [button.label for button in buttons if not _carried(button)]
    if left_out:
        words = f"Too long a text for a button: {', '.join(left_out)}. Try it with a shorter one."
        drawn.append(ContextBlock(elements=[_text(escape(words))]))
    return drawn


def _carried(button: Button) -> bool:
    return button.call is None or press.fits(button.call, button.form, asks=button.asks)


def _button(button: Button, action_id: str) -> ButtonElement:
    call = button.call or Call("")
    return ButtonElement(
        text=PlainTextObject(text=cut(button.label, BUTTON), emoji=True),
        action_id=f"call-{action_id}" if button.call else f"link-{action_id}",
        value=press.encode(call, button.form, asks=button.asks) if button.call else None,
        url=button.url or None,
        style=None if button.style is Style.PLAIN else button.style.value,
        confirm=ConfirmObject(
            title="Are you sure?",
            text=PlainTextObject(text=cut(button.confirm, 300)),
            confirm=cut(button.label, 30),
            deny="Cancel",
            style="danger" if button.style is Style.DANGER else None,
        )
        if button.confirm
        else None,
    )


def _preview(preview: Preview) -> Block:
    button = ButtonElement(
        text=PlainTextObject(text=cut(preview.label, BUTTON), emoji=True),
        action_id=f"{PREVIEW}-0",
        value=press.encode(preview.call),
    )
    return ActionsBlock(block_id=PREVIEW, elements=[button])


def _input(field: FormField) -> Block:
    element: PlainTextInputElement | StaticSelectElement
    if field.options or field.grouped:
        options = _options(field.options)
        grouped = [(heading, _options(of)) for heading, of in field.grouped[:100]]
        groups = [
            OptionGroup(label=PlainTextObject(text=cut(heading, 75)), options=of)
            for heading, of in grouped
        ]
        offered = [*options, *(option for _, of in grouped for option in of)]
        element = StaticSelectElement(
            action_id="value",
            options=options or None,
            option_groups=groups or None,
            initial_option=next((o for o in offered if o.value == field.initial), None),
            placeholder="Choose",
        )
    else:
        element = PlainTextInputElement(
            action_id="value", multiline=field.multiline, initial_value=field.initial or None
        )
    return InputBlock(
        block_id=field.name,
        label=PlainTextObject(text=cut(field.label, 2000)),
        hint=PlainTextObject(text=cut(field.hint, 2000)) if field.hint else None,
        optional=field.optional,
        element=element,
    )


def _options(options: Iterable[tuple[str, str]]) -> list[Option]:
    return [
        Option(value=cut(value, 150), text=PlainTextObject(text=cut(label, 75)))
        for value, label in islice(options, 100)
    ]


def _fit(drawn: list[Block], tail: list[Block]) -> list[Block]:
    """Within 50: the middle gives way, never the buttons."""
    room = MOST_BLOCKS - len(tail)
    if len(drawn) <= room:
        return [*drawn, *tail]
    note = ContextBlock(elements=[_text(f"{len(drawn) - room + 1} more parts are not shown.")])
    return [*drawn[: room - 1], note, *tail]
