import pytest

from knowledge.errors import NotFound
from skills.help import skill
from skills.registry import BUILTIN
from skills.testing import context


def test_examples_can_be_clicked_and_unbuilt_skills_are_left_out() -> None:
    reply = skill.run(context(skills=BUILTIN), skill.args())
    calls = [b.call for s in reply.sections for b in s.buttons]
    texts = {c.args["text"] for c in calls if c is not None}
    ready = [s for s in BUILTIN if s.ready and not s.hidden and s.name != "help"]
    assert {s.examples[0] for s in ready} <= texts
    assert not {e for s in BUILTIN if not s.ready for e in s.examples} & texts
    assert 2 * len(reply.sections) + 4 <= 50


def test_one_topic() -> None:
    reply = skill.run(context(skills=BUILTIN), skill.args(topic="drift"))
    assert "/drift" in reply.text
    with pytest.raises(NotFound):
        skill.run(context(skills=BUILTIN), skill.args(topic="zzz"))
