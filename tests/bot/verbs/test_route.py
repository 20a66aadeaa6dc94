from bot.route import Router
from bot.verbs.route import answers
from skills.registry import BUILTIN


def test_a_bad_line_is_answered_and_the_rest_goes_on() -> None:
    lines = [
        '{"id": "a", "text": "help"}\n',
        "no json\n",
        "\n",
        '{"id": "b"}\n',
        '{"id": "c", "text": "thanks"}',
    ]
    said = list(answers(Router(BUILTIN), lines))
    assert [a.get("id", a.get("line")) for a in said] == ["a", 2, 4, "c"]
    assert said[0]["skill"] == "help"
    assert set(said[3]) == {"id", "skill", "slots", "confidence", "step"}
    assert "text" in said[2]["error"]
