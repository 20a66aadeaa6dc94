from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.errors import BadArgs
from knowledge.handovers import Held, accept, give_back, held, holder, passing
from knowledge.records import Handover, Incident, Severity, Status
from skills.testing import NOON

OFFER = Handover("HND-1", "INC-1", "shop", "data", NOON, "U1", "why", side="infrastructure")
INCIDENT = Incident("INC-1", "slow", "shop", Severity.SEV2, Status.OPEN, NOON, NOON)
MINUTE = timedelta(minutes=1)


def test_accepting_and_returning_are_final() -> None:
    taken = accept("U2", NOON + 3 * MINUTE)(OFFER)
    assert taken.waited(NOON + 9 * MINUTE) == 3 * MINUTE
    for step in (accept("U3", NOON), give_back("U3", NOON, "not ours")):
        with pytest.raises(BadArgs, match="accepted already"):
            step(taken)


def test_returning_without_a_reason_is_refused() -> None:
    with pytest.raises(BadArgs, match="reason"):
        give_back("U2", NOON, " \n ")


def test_each_team_is_counted_for_as_long_as_it_held_it() -> None:
    taken = accept("U2", NOON + 10 * MINUTE)(OFFER)
    returned = give_back("U3", NOON + 20 * MINUTE, "no")(replace(OFFER, id="HND-2", to_team="web"))
    back = accept("U1", NOON + 30 * MINUTE)(replace(OFFER, id="HND-3", to_team="shop"))
    now = NOON + 45 * MINUTE
    assert held(INCIDENT, "shop", (back, returned, taken), now) == (
        Held("shop", 25 * MINUTE),
        Held("data", 20 * MINUTE),
    )
    assert holder("shop", (taken, returned)) == "data"
    assert holder("shop", (returned,)) == "shop"


def test_it_ends_with_the_incident() -> None:
    over = replace(INCIDENT, resolved_at=NOON + 5 * MINUTE)
    assert held(over, "shop", (), NOON + 60 * MINUTE) == (Held("shop", 5 * MINUTE),)


def test_handovers_in_figures() -> None:
    taken = accept("U2", NOON + 2 * MINUTE)(OFFER)
    returned = give_back("U2", NOON + 6 * MINUTE, "no")(replace(OFFER, side="model"))
    told = passing((taken, returned, OFFER))
    assert (told.offered, told.accepted, told.returned, told.waiting) == (3, 1, 1, 1)
    assert told.answered_in == 4 * MINUTE
    assert told.by_side == (("infrastructure", 2, 0), ("model", 1, 1))
    assert passing(()).answered_in is None
