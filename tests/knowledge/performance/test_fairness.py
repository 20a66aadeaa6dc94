import numpy as np
import pytest

from knowledge.errors import BadArgs
from knowledge.performance import Rate, compare_groups, read_answers
from knowledge.records import ColumnRoles, Frame

ROLES = ColumnRoles(label="y", probability="p", groups=("sex",))


def log(rows: int = 6000, *, bias: float = 0.0, seed: int = 0) -> Frame:
    """`bias`: how much lower group f is scored than it should be."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], rows).astype(object)
    truth = rng.random(rows)
    score = np.clip(truth - bias * (sex == "f"), 0, 1)
    return {"sex": sex, "p": score, "y": (rng.random(rows) < truth).astype(int)}


def test_a_group_that_is_scored_too_low_differs_in_every_rate() -> None:
    frame = log(bias=0.2)
    found = compare_groups(read_answers(frame, ROLES), frame, ["sex"])
    gaps = {gap.figure: gap for gap in found.gaps if gap.group == "f"}
    assert gaps["selection rate"].difference == pytest.approx(-0.2, abs=0.03)
    assert gaps["selection rate"].low < -0.2 < gaps["selection rate"].high
    assert gaps["true positive rate"].matters
    assert gaps["false positive rate"].difference < 0
    assert gaps["calibration"].difference == pytest.approx(-0.18, abs=0.03)
    ((column, ratio),) = found.ratios
    assert (column, round(ratio, 1)) == ("sex", 0.6)
    assert found.findings[-1] == (
        f"sex: the lowest selection rate is {ratio:.2f} of the highest, below four fifths "
        "(a rule of thumb, not a proof)"
    )


def test_groups_that_are_treated_alike_give_no_finding() -> None:
    for seed in range(20):
        frame = log(1500, seed=seed)
        assert compare_groups(read_answers(frame, ROLES), frame, ["sex"]).findings == ()


def test_a_sentence_says_both_values_the_interval_and_the_rows() -> None:
    frame = log(bias=0.2)
    found = compare_groups(read_answers(frame, ROLES), frame, ["sex"])
    gap = next(g for g in found.gaps if g.group == "f" and g.figure == "selection rate")
    assert gap.sentence == (
        f"sex f: selection rate {gap.value:.2f} against {gap.others:.2f} (difference "
        f"{gap.difference:+.2f}, 95 %: {gap.low:+.2f} to {gap.high:+.2f}), {gap.rows:,} rows"
    )


def test_only_what_grew_since_the_reference_is_new() -> None:
    before, same, grown = (
        compare_groups(read_answers(frame, ROLES), frame, ["sex"])
        for frame in (log(bias=0.15), log(bias=0.15, seed=1), log(bias=0.35, seed=2))
    )
    assert same.findings
    assert same.grown(before) == ()
    assert {gap.figure for gap in grown.grown(before)} >= {"selection rate", "true positive rate"}


def test_small_groups_and_missing_groups_are_left_out() -> None:
    frame = log(1000)
    sex = frame["sex"].copy()
    sex[:50], sex[50:80] = "x", None
    groups = {gap.group for gap in compare_groups(
        read_answers(frame, ROLES), {**frame, "sex": sex}, ["sex"]
    ).gaps}  # fmt: skip
    assert groups == {"f", "m"}


def test_rows_without_labels_still_have_a_selection_rate() -> None:
    frame = log(bias=0.2)
    known = read_answers(frame, ROLES)
    later = {name: values for name, values in frame.items() if name != "y"}
    found = compare_groups(read_answers(later, ROLES, known), later, ["sex"])
    assert {gap.figure for gap in found.gaps} == {"selection rate"}


def test_wilson_interval() -> None:
    """The worked example of Newcombe 1998 (Statistics in Medicine 17:857): 81 of 263."""
    assert Rate(81, 263).interval == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert Rate(0, 20).interval == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("gender", "groups: there is no column `gender`. Columns are sex, p, y, age"),
        ("age", "groups: `age` has 200 values; at most 20 groups are compared"),
    ],
)
def test_what_is_no_group_is_named(column: str, said: str) -> None:
    frame = {**log(2000), "age": np.arange(2000) % 200}
    with pytest.raises(BadArgs) as raised:
        compare_groups(read_answers(frame, ROLES), frame, [column])
    assert said in str(raised.value)
