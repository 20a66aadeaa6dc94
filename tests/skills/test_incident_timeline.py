from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import Signal
from skills.contract import Audience, Call
from skills.incident_timeline import Args, skill
from skills.testing import NOON, context


def test_the_time_line_and_the_way_to_take_it_along() -> None:
    store = MemoryStore()
    store.incidents.open(open_from((Signal("f", "Down", NOON, NOON, service="cart"),), NOON))
    reply = skill.run(context(incidents=store.incidents, thread="INC-1"), Args())
    assert reply.title == "INC-1 · time line"
    assert [line.text for line in reply.sections[0].lines] == [
        "12:00 Down on cart began to fire",
        "12:00 opened by Down on cart",
    ]
    assert [b.call for b in reply.buttons] == [Call("incident_export", {"incident": "INC-1"})]
    assert reply.audience is Audience.ASKER
