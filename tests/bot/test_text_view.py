from bot.text_view import WIDTH, buttons_of, draw
from skills.contract import (
    Button,
    Call,
    Line,
    Picture,
    Reply,
    Section,
    Source,
    Table,
    Tone,
)

GO = Button("Go", Call("help"))
SAME = Button("Go", Call("help"))
ACK = Button("Acknowledge", Call("incident_update", {"incident": "INC-1"}))
LINK = Button("Open", url="https://a.example")


def test_a_reply_is_drawn_from_top_to_bottom() -> None:
    reply = Reply(
        "INC-1 checkout",
        "Orders fail.",
        Tone.BAD,
        fields={"State": "open", "Severity": "SEV1"},
        table=Table(("name", "rows"), (("a", "5"), ("bc", "10")), right=("rows",)),
        sections=(
            Section("Alerts", (Line("HighErrorRate", ("a1",)),), True, "https://x.example", (GO,)),
        ),
        pictures=(Picture("Drift", "two curves", b""),),
        sources=(Source("c1", "deploy"), Source("a1", "alert", "https://p.example")),
        buttons=(ACK, LINK),
        calls=("U1", "@ml-leads"),
        footer="as of noon",
    )
    assert draw(reply).split("\n\n") == [
        "[!!] INC-1 checkout",
        "Orders fail.",
        "  State     open\n  Severity  SEV1",
        "  name  rows\n  ----  ----\n  a        5\n  bc      10",
        "Alerts  <https://x.example>\n- HighErrorRate [2]\n[1] Go",
        "(picture: Drift. two curves)",
        "Sources: [1] deploy; [2] alert <https://p.example>",
        "[2] Acknowledge   Open <https://a.example>",
        "For U1, @ml-leads",
        "as of noon",
    ]


def test_buttons_are_numbered_as_they_are_drawn_and_links_are_not() -> None:
    reply = Reply("x", sections=(Section(buttons=(GO, LINK)), Section(buttons=(SAME,))))
    assert buttons_of(reply) == (GO, SAME)
    assert "[1] Go   Open <https://a.example>" in draw(reply)
    assert "[2] Go" in draw(reply)


def test_long_lines_are_wrapped_and_line_breaks_are_kept() -> None:
    words = "word " * 60
    drawn = draw(Reply("x", f"{words}\n\nnext", sections=(Section(lines=(Line(words),)),)))
    assert max(map(len, drawn.splitlines())) <= WIDTH
    assert "\n\nnext" in drawn


def test_the_smallest_reply_is_one_line() -> None:
    assert draw(Reply("Nothing was done")) == "Nothing was done"


def test_a_line_whose_source_is_not_listed_has_no_mark() -> None:
    assert draw(Reply("x", sections=(Section(lines=(Line("said", ("gone",)),)),))) == "x\n\n  said"
