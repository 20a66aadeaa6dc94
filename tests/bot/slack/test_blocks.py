import json
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.playground.block_rules import view_violations, violations
from bot.slack import blocks
from skills.contract import (
    Button,
    Call,
    Form,
    FormField,
    Line,
    Picture,
    Reply,
    Section,
    Source,
    Style,
    Table,
    Tone,
)

CALL = Call("incident_update", {"incident": "INC-1", "action": "ack"})
texts = st.text(max_size=400) | st.text("<>&*_`@!#|", max_size=80)
lines = st.builds(Line, texts, st.lists(st.sampled_from("abc"), max_size=3).map(tuple))
buttons = st.builds(
    Button,
    st.text(min_size=1, max_size=90).filter(str.strip),
    st.just(CALL),
    st.sampled_from(Style),
    st.sampled_from(["", "Sure?"]),
)
replies = st.builds(
    Reply,
    title=texts,
    text=st.text(max_size=9000),
    tone=st.sampled_from(Tone),
    fields=st.dictionaries(st.text(min_size=1, max_size=30), texts, max_size=23),
    table=st.none()
    | st.integers(0, 130).map(lambda n: Table(("a", "b"), tuple((str(i), "") for i in range(n)))),
    sections=st.lists(
        st.builds(
            Section,
            texts,
            st.lists(lines, max_size=30).map(tuple),
            st.booleans(),
            st.sampled_from(["", "https://wiki.example/a|b", "javascript:x"]),
            st.lists(buttons, max_size=3).map(tuple),
        ),
        max_size=20,
    ).map(tuple),
    sources=st.just((Source("a", "alert A", "https://a.example"), Source("b", "message"))),
    buttons=st.lists(buttons, max_size=12).map(tuple),
    footer=texts,
    calls=st.lists(st.sampled_from(["U0ADA", "S0LEADS1"]) | texts, max_size=8).map(tuple),
)


# Shrinking a whole Reply takes minutes and tells little more than the violation itself.
QUICK = settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])


@QUICK
@given(replies)
def test_whatever_is_said_slack_takes_it(reply: Reply) -> None:
    assert violations(blocks.blocks(reply)) == []
    assert len(blocks.fallback(reply)) <= 3000


@given(st.lists(replies, max_size=3))
@QUICK
def test_a_home_of_several_replies_has_no_id_twice(shown: list[Reply]) -> None:
    assert view_violations(blocks.home_view(shown)) == []


def test_no_text_can_mention_link_or_call_out() -> None:
    drawn = json.dumps(blocks.blocks(Reply("x", text="<!channel> <@U1> <https://evil.example|ok>")))
    assert "<!channel>" not in drawn
    assert "&lt;!channel&gt;" in drawn
    assert "<https://evil.example" not in drawn


def test_those_who_are_called_are_mentioned_once_and_nobody_else() -> None:
    reply = Reply("APR-3", calls=("U01ADA00000", "S02MLLEADS0", "U01ADA00000", "<!here>", "S1|x"))
    words = "<@U01ADA00000> <!subteam^S02MLLEADS0> &lt;!here&gt; S1|x"
    assert blocks.blocks(reply)[-1]["text"]["text"] == f"For {words}"
    assert blocks.fallback(reply) == f"APR-3 {words}"
    assert "For" not in json.dumps(blocks.blocks(Reply("APR-3")))


def test_those_who_are_called_are_called_however_long_the_text_is() -> None:
    reply = Reply("long", "x" * 5000, calls=("U01ADA00000",) * 3, footer="small print")
    assert blocks.fallback(reply).endswith("… <@U01ADA00000>")
    assert len(blocks.fallback(reply)) <= blocks.TEXT
    many = Reply("many", calls=tuple(f"U{n:09}" for n in range(900)))
    assert blocks.called_in(many).endswith(">…")


def test_lines_link_to_the_sources_they_rest_on() -> None:
    reply = Reply(
        "x",
        sections=(Section("Cause", (Line("8.14.0 was deployed", ("c1",)),)),),
        sources=(Source("a1", "alert"), Source("c1", "deploy", "https://ci.example/1")),
    )
    section, sources = blocks.blocks(reply)[1:]
    assert section["text"]["text"] == "*Cause*\n8.14.0 was deployed <https://ci.example/1|[2]>"
    assert sources["elements"][0]["text"] == "Sources: <https://ci.example/1|[2] deploy>"


def test_buttons_survive_when_the_middle_is_too_long() -> None:
    reply = Reply(
        "x", sections=tuple(Section(f"s{i}") for i in range(80)), buttons=(Button("Go", CALL),)
    )
    drawn = blocks.blocks(reply)
    assert len(drawn) == 50
    assert drawn[-1]["type"] == "actions"
    assert "not shown" in drawn[-2]["elements"][0]["text"]


def test_pictures_are_shown_by_their_files() -> None:
    drawn = blocks.blocks(Reply("x", pictures=(Picture("p", "two curves", b""),)), ["F1"])
    image: dict[str, Any] = next(b for b in drawn if b["type"] == "image")
    assert image["slack_file"] == {"id": "F1"}
    assert image["alt_text"] == "two curves"


def test_a_form_is_a_window_slack_takes() -> None:
    form = Form(
        "Resolve the incident now please",
        (
            FormField("resolution", "What fixed it", multiline=True),
            FormField("value", "Severity", initial="SEV2", options=(("SEV1", "1"), ("SEV2", "2"))),
        ),
    )
    view = blocks.form_view(form, "{}")
    assert view_violations(view) == []
    assert view["blocks"][1]["element"]["initial_option"]["value"] == "SEV2"


def test_no_text_is_turned_around() -> None:
    turned = "\u202eknab\u2066 x\u2069"
    reply = Reply(turned, turned, fields={turned: turned}, buttons=(Button(turned, Call("help")),))
    form = Form(turned, (FormField("x", turned, hint=turned),), text=turned)
    drawn = [blocks.blocks(reply), blocks.shown_in_view(reply), blocks.form_view(form, "{}")]
    told = json.dumps([*drawn, blocks.fallback(reply)], ensure_ascii=False)
    assert "knab x" in told
    assert not set(told) & set("\u202e\u2066\u2069")


def test_an_address_ends_no_link_early() -> None:
    reply = Reply("x", sources=(Source("k", "label", "https://a.example/ b\n<!here>|c"),))
    assert "<https://a.example/%20b%20%3C!here%3E%7Cc|[1] label>" in json.dumps(
        blocks.blocks(reply)
    )


def test_a_link_is_whole_however_long_what_it_is_called_is() -> None:
    sources = tuple(Source(f"k{n}", "x" * 100, f"https://a.example/{n}") for n in range(3))
    lines = (Line("&" * 4000, ("k0", "k1", "k2")),)
    section = Section("a<" * 3000, lines, url="https://a.example")
    far = Section("far", url="https://a.example/" + "b" * 5000)
    drawn = json.dumps(blocks.blocks(Reply("x", sections=(section, far), sources=sources)))
    assert drawn.count("<https://") == drawn.count(">") == 7
    assert "bbbb" not in drawn
