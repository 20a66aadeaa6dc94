from datetime import timedelta

from knowledge.adapters.memory.store import MemoryStore
from knowledge.records import Approval
from skills.contract import Call, NoArgs, Reply, Role, Tone, User
from skills.my_requests import skill
from skills.testing import NOON, context


def show(user: User) -> Reply:
    approvals = MemoryStore().approvals
    for model, version, by in (("fraud", "7", "U1"), ("churn", "3", "U2")):
        made = NOON - timedelta(hours=1)
        approvals.add(Approval("", model, version, "1", by, f"name of {by}", made))
    approvals.add(Approval("", "old", "1", "1", "U2", "grace", NOON - timedelta(days=9)))
    return skill.run(context(user=user, approvals=approvals), NoArgs())


def test_an_approver_sees_what_others_asked_for_and_what_they_asked_for_themselves() -> None:
    reply = show(User("U1", "ada", Role.APPROVE))
    assert (reply.title, reply.tone) == ("1 waiting for your decision", Tone.WARNING)
    for_me, mine = reply.sections
    assert for_me.heading == "Waiting for your decision"
    assert for_me.lines[0].text == "churn v3, asked by name of U2; 23 h left to decide"
    assert for_me.buttons[0].call == Call("promotion", {"model": "churn", "version": "3"})
    assert [line.text.split(",")[0] for line in mine.lines] == ["fraud v7"]


def test_others_see_their_own_requests_only() -> None:
    reply = show(User("U2", "grace"))
    assert (reply.title, reply.tone) == ("Your requests", Tone.NEUTRAL)
    assert [section.heading for section in reply.sections] == ["You asked for"]


def test_nothing_waits() -> None:
    assert show(User("U9", "mia")).title == "No approvals wait for you"
