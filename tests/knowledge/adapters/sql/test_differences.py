from hypothesis import given
from hypothesis import strategies as st

from knowledge.adapters.sql.differences import Differences, differences

Element = tuple[int, str]
elements = st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab")), max_size=8)


def apply(plan: Differences[Element], before: list[Element]) -> list[Element]:
    changed = dict(plan.changed)
    stay = [changed.get(i, e) for i, e in enumerate(before) if i not in set(plan.removed)]
    return [*stay, *plan.added]


def key(element: Element) -> int:
    return element[0]


@given(elements, elements)
def test_leads_from_any_sequence_to_any_other(before: list[Element], after: list[Element]) -> None:
    assert apply(differences(before, after, key), before) == after


@given(elements)
def test_nothing_differs_from_itself(same: list[Element]) -> None:
    assert not differences(same, list(same), key)


def test_growth_a_change_and_thinning_out_touch_only_what_differs() -> None:
    before = [(n, "a") for n in range(6)]
    after = [(0, "a"), (2, "b"), (3, "a"), (5, "a"), (7, "a")]
    plan = differences(before, after, key)
    assert plan == Differences([(2, (2, "b"))], [1, 4], [(7, "a")])
