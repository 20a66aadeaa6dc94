import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.press import LIMIT, asks, decode, encode
from knowledge.errors import BadArgs
from skills.contract import Call, Form, FormField, Preview

names = st.text("abcdefghij_", min_size=1, max_size=20)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)


@given(names, st.dictionaries(names, st.one_of(texts, st.integers(), st.booleans())))
def test_a_call_comes_back_as_it_was(skill: str, args: dict[str, str]) -> None:
    if len(str(args)) > LIMIT // 8:
        return
    assert decode(encode(Call(skill, args))) == (Call(skill, args), None)


def test_what_cannot_be_stored_or_sent_does_not_come_back() -> None:
    call, _ = decode('{"s": "help", "a": {"text": "a\\u0000b\\ud800", "n": [NaN]}}')
    assert call == Call("help", {"text": "ab?", "n": ["nan"]})


def test_a_form_comes_back_as_it_was() -> None:
    form = Form(
        "Change severity",
        (
            FormField("value", "Severity", options=(("SEV1", "SEV1 all down"), ("SEV2", "SEV2"))),
            FormField("reason", "Why", hint="for the record", multiline=True, optional=True),
        ),
        submit="Change",
    )
    assert decode(encode(Call("incident_update", {"incident": "INC-1"}), form))[1] == form


@pytest.mark.parametrize("value", ["", "x", "[]", "{}", '{"a": 1}', '{"s": "x", "a": 3}'])
def test_what_we_did_not_write_is_refused(value: str) -> None:
    with pytest.raises(BadArgs, match="button"):
        decode(value)


def test_what_does_not_fit_a_button_is_refused_before_slack_does() -> None:
    with pytest.raises(ValueError, match="2000"):
        encode(Call("note", {"text": "x" * LIMIT}))


def test_a_preview_comes_back_as_it_was() -> None:
    looks = [Preview("Look", Call("look", {"off": False, "n": 0})), Preview("L", Call("l"), True)]
    for look in looks:
        form = Form("Tune", (FormField("limit", "Limit"),), preview=look)
        assert decode(encode(Call("tune"), form)) == (Call("tune"), form)


def test_a_press_says_whether_it_asks_its_skills_form() -> None:
    assert asks(encode(Call("tune"), asks=True))
    assert decode(encode(Call("tune", {"a": 1}), asks=True)) == (Call("tune", {"a": 1}), None)
    assert not asks(encode(Call("tune")))
    assert not asks("no json")
