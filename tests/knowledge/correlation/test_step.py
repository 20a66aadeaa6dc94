from knowledge.correlation.groups import Group, Member
from knowledge.correlation.outcome import Outcome
from knowledge.correlation.step import Step, time_of
from knowledge.correlation.subject import Subject
from tests.knowledge.correlation.conftest import Alerts


def opened(number: int) -> Group:
    group = Group(number)
    group.opened_at = 0.0
    return group


def test_an_instance_is_told_once_with_where_it_was_first(alerts: Alerts) -> None:
    step, member = Step(), Member(alerts("X", "cart", 0), Subject(), 0, 0)
    member.group = opened(1)
    step.placed(member, "INC-7")
    member.group = opened(2)
    step.placed(member, "g1")
    (placed,) = step.outcome().placements
    assert (placed.group, placed.before) == ("g2", "INC-7")


def test_what_opens_and_is_merged_in_one_step_was_never_there() -> None:
    step = Step()
    step.opened(opened(1), 5.0, "two signs")
    step.merged("g1", "INC-1", "one explains the other")
    assert step.outcome() == Outcome()


def test_nobody_was_before_in_a_group_that_opened_in_this_step(alerts: Alerts) -> None:
    step, member = Step(), Member(alerts("X", "cart", 0), Subject(), 0, 0)
    step.opened(opened(1), 5.0, "two signs")
    member.group = opened(2)
    step.placed(member, "g1")
    step.merged("g1", "g2", "one explains the other")
    assert [(p.group, p.before) for p in step.outcome().placements] == [("g2", "")]


def test_a_merge_of_what_was_known_is_told() -> None:
    step = Step()
    step.merged("INC-2", "INC-1", "so")
    assert [(m.group, m.into) for m in step.outcome().merges] == [("INC-2", "INC-1")]


def test_a_new_group_is_told_under_the_name_people_gave_it(alerts: Alerts) -> None:
    step, member, group = Step(), Member(alerts("X", "cart", 0), Subject(), 0, 0), opened(3)
    member.group = group
    step.opened(group, 5.0, "so")
    step.placed(member)
    step.split("INC-1", "g3", "so")
    step.renamed("g3", "INC-2")
    outcome = step.outcome()
    assert [(o.group, o.at) for o in outcome.openings] == [("INC-2", time_of(5.0))]
    assert [p.group for p in outcome.of("INC-2")] == ["INC-2"]
    assert [s.new for s in outcome.splits] == ["INC-2"]
