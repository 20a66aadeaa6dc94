from skills.planned import PLANNED
from skills.registry import BUILTIN
from skills.testing import context


def test_each_says_so_and_offers_only_what_is_built() -> None:
    ready = {s.name for s in BUILTIN if s.ready}
    for skill in PLANNED:
        reply = skill.run(context(thread="INC-3"), skill.args())
        assert "not built yet" in reply.text
        assert {b.call.skill for b in reply.buttons if b.call} <= ready
