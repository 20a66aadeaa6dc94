"""Each of Block Kit's limits, at the limit and one beyond."""

from typing import Any

import pytest

from bot.playground.block_rules import view_violations, violations

Json = dict[str, Any]


def plain(length: int = 4) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def button(**rest: Any) -> Json:
    return {"type": "button", "text": plain(), **rest}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(**rest: Any) -> Json:
    return {"type": "section", "text": plain(), **rest}


def select(count: int = 1, text: int = 4, value: int = 1) -> Json:
    option = {"text": plain(text), "value": "v" * value}
    return {"type": "static_select", "placeholder": plain(), "options": [option] * count}


def confirm(**rest: int) -> Json:
    lengths = {"title": 4, "text": 4, "confirm": 4, "deny": 4} | rest
    return {name: plain(length) for name, length in lengths.items()}


def table(rows: int = 1, columns: int = 1) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


IMAGE = {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a"}


@pytest.mark.parametrize(
    ("at_the_limit", "beyond", "where"),
    [
        ([section()] * 50, [section()] * 51, "/blocks"),
        ([section(text=plain(3000))], [section(text=plain(3001))], "/blocks/0/text/text"),
        ([section(fields=[plain(2000)])], [section(fields=[plain(2001)])], "/blocks/0/fields/0"),
        ([section(fields=[plain()] * 10)], [section(fields=[plain()] * 11)], "/blocks/0/fields"),
        (
            [{"type": "header", "text": plain(150)}],
            [{"type": "header", "text": plain(151)}],
            "/blocks/0/text/text",
        ),
        ([actions(*[button()] * 25)], [actions(*[button()] * 26)], "/blocks/0/elements"),
        (
            [actions(button(text=plain(75)))],
            [actions(button(text=plain(76)))],
            "/blocks/0/elements/0/text/text",
        ),
        ([actions(button(value="v" * 2000))], [actions(button(value="v" * 2001))], "/value"),
        (
            [actions(button(action_id="a" * 255))],
            [actions(button(action_id="a" * 256))],
            "/action_id",
        ),
        ([actions(button(url="u" * 3000))], [actions(button(url="u" * 3001))], "/url"),
        ([section(block_id="b" * 255)], [section(block_id="b" * 256)], "/blocks/0/block_id"),
        ([actions(select(text=75))], [actions(select(text=76))], "/options/0/text/text"),
        ([actions(select(value=150))], [actions(select(value=151))], "/options/0/value"),
        ([actions(select(100))], [actions(select(101))], "/options"),
        (
            [actions({**select(), "placeholder": plain(150)})],
            [actions({**select(), "placeholder": plain(151)})],
            "/placeholder/text",
        ),
        (
            [{"type": "context", "elements": [plain()] * 10}],
            [{"type": "context", "elements": [plain()] * 11}],
            "/blocks/0/elements",
        ),
        ([table(100)], [table(101)], "/blocks/0/rows"),
        ([table(1, 20)], [table(1, 21)], "/blocks/0/rows/0"),
        ([table()], [table(), table()], "/blocks"),
        (
            [actions(button(confirm=confirm(title=100)))],
            [actions(button(confirm=confirm(title=101)))],
            "/confirm/title/text",
        ),
        (
            [actions(button(confirm=confirm(text=300)))],
            [actions(button(confirm=confirm(text=301)))],
            "/confirm/text/text",
        ),
        (
            [actions(button(confirm=confirm(deny=30)))],
            [actions(button(confirm=confirm(deny=31)))],
            "/confirm/deny/text",
        ),
        (
            [{"type": "markdown", "text": "x" * 12_000}],
            [{"type": "markdown", "text": "x" * 12_001}],
            "/blocks/0/text",
        ),
        (
            [{"type": "input", "label": plain(2000), "element": {"type": "datepicker"}}],
            [{"type": "input", "label": plain(2001), "element": {"type": "datepicker"}}],
            "/blocks/0/label/text",
        ),
    ],
)
def test_limits(at_the_limit: list[Json], beyond: list[Json], where: str) -> None:
    assert violations(at_the_limit) == []
    assert any(where in message for message in violations(beyond))


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ("text", "must be an array"),
        ([{"type": "nope"}], "unsupported type: nope"),
        ([{"type": "section"}], "text or fields"),
        ([section(text={"type": "mrkdwn", "text": ""})], "more than 0 characters"),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
            "must be one of: plain_text",
        ),
        ([actions()], "no fewer than 1"),
        ([actions({"type": "plain_text_input"})], "is not allowed here: plain_text_input"),
        ([actions({"type": "nope"})], "unsupported type: nope"),
        ([actions(button(style="green"))], "primary, danger"),
        ([actions({**select(), "options": None})], "exactly one of options"),
        ([{**IMAGE, "alt_text": ""}], "alt_text"),
        ([{"type": "image", "alt_text": "a"}], "exactly one of image_url and slack_file"),
        ([{**IMAGE, "image_url": "http://127.0.0.1/a.png"}], "downloading image failed"),
        ([section(block_id="a"), section(block_id="a")], "`block_id` a is used more than once"),
        ([actions(button(action_id="a"), button(action_id="a"))], "`action_id` a is used"),
    ],
)
def test_named_violations(blocks: Any, words: str) -> None:
    assert any(words in message for message in violations(blocks))


def test_one_action_id_may_be_in_two_blocks() -> None:
    assert violations([actions(button(action_id="a")), actions(button(action_id="a"))]) == []


def modal(**rest: Any) -> Json:
    return {"type": "modal", "title": plain(24), "blocks": [section()], **rest}


INPUT = {"type": "input", "label": plain(), "element": {"type": "plain_text_input"}}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"title": plain(24)}, {"title": plain(25)}),
        ({"title": plain(24)}, {"title": None}),
        ({"submit": plain(24)}, {"submit": plain(25)}),
        ({"close": plain(24)}, {"close": plain(25)}),
        ({"private_metadata": "x" * 3000}, {"private_metadata": "x" * 3001}),
        ({"callback_id": "x" * 255}, {"callback_id": "x" * 256}),
        ({"blocks": [section()] * 100}, {"blocks": [section()] * 101}),
        ({"blocks": [INPUT], "submit": plain()}, {"blocks": [INPUT]}),
        ({"blocks": [section()]}, {"blocks": [{"type": "markdown", "text": "x"}]}),
    ],
)
def test_views(good: Json, bad: Json) -> None:
    assert view_violations(modal(**good)) == []
    assert view_violations(modal(**bad))
