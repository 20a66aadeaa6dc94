import pytest

from knowledge.errors import NotFound, Unavailable
from knowledge.promotion.people import (
    Members,
    Voters,
    groups_asked,
    hopeless,
    is_group,
    overriders,
    preventing,
)
from knowledge.promotion.policy import GateRule, Policy
from knowledge.records import Approval, Gate, GateResult, Purpose
from tests.knowledge.promoting.world import NOON

FAILS = Gate("slices: country=PT", GateResult.FAIL, "worse")
POLICY = Policy(
    approvers=("@leads", "U1"),
    veto=("S0VETO",),
    sign_offs={"risk": ("@risk",)},
    emergency=("@oncall",),
    gates={"slices": GateRule(override=("@risk", "@fair")), "age": GateRule(override=("@old",))},
)


@pytest.mark.parametrize(
    ("name", "group"),
    [("@ml-leads", True), ("S01ABC", True), ("U01ABC", False), ("W01ABC", False), ("sam", False)],
)
def test_groups_are_told_from_people(name: str, group: bool) -> None:
    assert is_group(name) is group


def request(purpose: Purpose, *gates: Gate) -> Approval:
    return Approval("APR-1", "fraud", "5", "3", "zoe", "Zoe", NOON, gates=gates, purpose=purpose)


def test_only_groups_that_matter_are_asked() -> None:
    plain = groups_asked(POLICY, request(Purpose.PROMOTION))
    assert plain == ("@leads", "S0VETO", "@risk")
    assert groups_asked(POLICY, request(Purpose.EMERGENCY)) == ("@oncall", "S0VETO")
    assert groups_asked(POLICY, request(Purpose.PROMOTION, FAILS)) == (*plain, "@fair")


def test_a_gate_of_several_findings_goes_by_its_name() -> None:
    assert overriders(POLICY, "slices: country=PT") == ("@risk", "@fair")
    assert overriders(POLICY, "calibration") == ()


def test_what_only_the_requester_could_override_is_hopeless() -> None:
    only_zoe = Policy(gates={"slices": GateRule(override=("zoe",))})
    assert hopeless([FAILS], only_zoe, "zoe") == (FAILS,)
    assert hopeless([FAILS], only_zoe, "ann") == ()
    assert hopeless([FAILS], Policy(), "ann") == (FAILS,)
    assert preventing([FAILS], Policy(failing_gate_prevents=False)) == ()


def test_groups_that_cannot_be_asked_are_kept_with_the_reason() -> None:
    def members(group: str) -> frozenset[str]:
        if group == "@gone":
            raise NotFound("group", group)
        if group == "@down":
            raise Unavailable("Slack", "ratelimited")
        return frozenset({"ann"})

    found = Members.ask(["@leads", "@gone", "@down", "@leads"], members)
    assert found.of == {"@leads": frozenset({"ann"})}
    assert found.hold(["@gone", "@leads"], "ann")
    assert not found.hold(["@gone", "@down"], "ann")
    assert found.unasked(["@down", "@leads"]) == "@down could not be asked (Slack: ratelimited)"


def test_a_persons_id_is_no_group_and_a_group_no_person() -> None:
    members = Members({"@leads": frozenset({"ann"})})
    assert members.hold(["bob"], "bob")
    assert not members.hold(["@leads"], "@leads")


def test_approvers_are_those_with_the_right_where_nobody_is_named() -> None:
    def voters(policy: Policy) -> Voters:
        return Voters(policy, Purpose.PROMOTION, "zoe", lambda user: user == "ann")

    assert voters(Policy()).is_approver("ann")
    assert not voters(Policy(approvers=("U1",))).is_approver("ann")
    assert "TANDEM_APPROVERS" in voters(Policy()).say_approvers()
    assert voters(Policy(approvers=("@leads", "U1"))).say_approvers() == "@leads, U1"
