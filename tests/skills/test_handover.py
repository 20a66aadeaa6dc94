from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.records import Handover, HandoverState, Incident
from skills.contract import BadArgs, NotFound, Reply, Role, User
from skills.handover import handover, handover_answer, handover_form
from skills.testing import NOON
from tests.skills.side_world import SideWorld

BEN = User("U2", "ben", Role.OPERATE)


def offer(world: SideWorld, pressed: bool = True, **args: str) -> Reply:
    given = {"incident": "INC-1", "to": "data", **args}
    ctx = world.ctx(via_button=pressed)
    return handover.run(ctx, handover.args.model_validate(given))


def reply_to(world: SideWorld, pressed: bool = True, minutes: float = 4, **args: str) -> Reply:
    ctx = world.ctx(BEN, via_button=pressed)
    later = replace(ctx, now=NOON + timedelta(minutes=minutes))
    return handover_answer.run(
        later, handover_answer.args.model_validate({"handover": "HND-1", **args})
    )


@pytest.fixture
def world() -> SideWorld:
    made = SideWorld()
    made.incident()
    return made


def stored(world: SideWorld) -> Handover:
    return world.store.handovers.get("HND-1")


def told(world: SideWorld) -> list[str]:
    incident: Incident = world.store.incidents.get("INC-1")
    return [e.text for e in incident.timeline if e.kind == "handover"]


def test_an_offer_is_stored_told_and_on_the_time_line(world: SideWorld) -> None:
    reply = offer(world, note="please look at the p95", summary="Probably the infrastructure.")
    found = stored(world)
    assert (found.from_team, found.to_team, found.offered_by) == ("ml-platform", "data", "U1")
    assert found.summary.startswith("Probably the infrastructure.\nNote: please look at the p95")
    assert "1 of 1 alerts fire" in found.summary
    assert reply.title == "INC-1 is offered to data"
    assert told(world) == ["offered to data (HND-1): please look at the p95"]
    keys = {delivery.key for delivery in world.store.outbox.due(NOON + timedelta(days=1), 50)}
    assert {"handover:HND-1", "card:INC-1", "thread:INC-1"} <= keys


def test_words_offer_nothing(world: SideWorld) -> None:
    reply = offer(world, pressed=False)
    assert [b.label for b in reply.buttons] == ["Hand over"]
    assert reply.buttons[0].asks
    assert not world.store.handovers.find()


def test_accepting_makes_it_theirs_and_the_next_offer_comes_from_them(world: SideWorld) -> None:
    offer(world)
    reply = reply_to(world, answer="accept")
    assert reply.title == "INC-1 is with data"
    assert stored(world).state is HandoverState.ACCEPTED
    assert told(world)[-1] == "accepted for data after 4 min (HND-1)"
    offer(world, to="tracking")
    assert world.store.handovers.get("HND-2").from_team == "data"


def test_returning_needs_a_reason_and_gives_it_back(world: SideWorld) -> None:
    offer(world)
    with pytest.raises(BadArgs, match="reason"):
        reply_to(world, answer="return", reason="  ")
    assert stored(world).state is HandoverState.OFFERED
    reply = reply_to(world, answer="return", reason="our p95 is fine")
    assert reply.title == "INC-1 is back with ml-platform"
    assert stored(world).reason == "our p95 is fine"
    assert told(world)[-1].endswith("after 4 min (HND-1): our p95 is fine")


def test_the_second_answer_changes_nothing(world: SideWorld) -> None:
    offer(world)
    reply_to(world, answer="accept")
    reply = reply_to(world, answer="return", reason="no")
    assert reply.title == "HND-1 was accepted by U2 already"
    assert stored(world).state is HandoverState.ACCEPTED


def test_words_answer_nothing(world: SideWorld) -> None:
    offer(world)
    assert "takes a click" in reply_to(world, pressed=False).title
    assert stored(world).state is HandoverState.OFFERED


@pytest.mark.parametrize(("to", "why"), [("data", "offered to data"), ("ML-platform", "is with")])
def test_senseless_offers_are_refused_with_the_remedy(world: SideWorld, to: str, why: str) -> None:
    offer(world)
    with pytest.raises(BadArgs, match=why):
        offer(world, to=to)
    assert len(world.store.handovers.find()) == 1


def test_the_form_offers_the_teams_that_are_known(world: SideWorld) -> None:
    form = handover_form(
        world.ctx(), handover.args(incident="INC-1", to="data", note="", summary="")
    )
    team, note = form.fields
    assert [value for value, _ in team.options] == ["data", "ml-platform", "tracking"]
    assert note.optional
    assert dict(form.keep)["incident"] == "INC-1"


def test_an_unknown_handover_is_named(world: SideWorld) -> None:
    with pytest.raises(NotFound, match="HND-1"):
        reply_to(world)


def test_both_need_the_right_to_operate() -> None:
    assert handover.needs is handover_answer.needs is Role.OPERATE
