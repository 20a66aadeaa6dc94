import numpy as np
import pytest

from knowledge.errors import BadArgs
from knowledge.performance import Answers, Slice, learn, read_answers, worse_slices
from knowledge.performance.slices import Segment, plain, segments
from knowledge.records import ColumnRoles, Frame
from tests.knowledge.performance.conftest import ROLES, MakeLog

COLUMNS = ("merchant", "group", "x")


def found(window: Frame, reference: Frame, name: str = "auc") -> list[Slice]:
    known = read_answers(reference, ROLES)
    expect = learn(known, {}).expect
    answers = read_answers(window, ROLES, known)
    return worse_slices(answers, window, COLUMNS, name, reference=(known, reference), expect=expect)


def test_a_weak_segment_is_named_with_its_figures(make_log: MakeLog, reference: Frame) -> None:
    (weak,) = found(make_log(6000, 1, weak="5812"), reference)
    assert weak.name == "merchant 5812"
    assert weak.new
    assert weak.measured.value == pytest.approx(0.5, abs=0.04)
    assert weak.before is not None
    assert weak.before.value == pytest.approx(0.755, abs=0.03)
    assert weak.sentence == (
        f"merchant 5812: AUC {weak.measured.value:.3f} against {weak.whole.value:.3f} "
        f"({weak.before.value:.3f} on the reference), {weak.measured.rows:,} rows"
    )


def test_logs_without_a_weak_segment_name_none(make_log: MakeLog, reference: Frame) -> None:
    """30 windows of up to 40 segments and pairs each: chance must not find one."""
    told = [s for seed in range(30) for s in found(make_log(3000, seed + 10), reference)]
    assert told == []


def test_a_weak_pair_is_told_by_both_columns(make_log: MakeLog, reference: Frame) -> None:
    log = make_log(12_000, 3)
    rng = np.random.default_rng(0)
    pair = (log["merchant"] == "5411") & (log["group"] == "b")
    label = np.where(pair, rng.random(12_000) < 0.5, log["y"]).astype(int)
    told = found({**log, "y": label}, reference)
    assert told[0].name == "merchant 5411 and group b"
    assert {part.column for part in told[0].parts} == {"merchant", "group"}


def test_a_segment_that_was_always_weak_is_not_new(make_log: MakeLog) -> None:
    told = found(make_log(6000, 1, weak="5812"), make_log(20_000, 0, weak="5812"))
    assert [slice_.name for slice_ in told] == ["merchant 5812"]
    assert not told[0].new


def test_a_narrow_range_of_a_telling_input_is_no_weak_segment(
    make_log: MakeLog, reference: Frame
) -> None:
    """Within a range of x the scores are close together: the AUC is lower, the model no worse."""
    window = make_log(10_000, 1)
    answers = read_answers(window, ROLES, read_answers(reference, ROLES))
    plainly = worse_slices(answers, window, ("x",), "auc")
    assert plainly
    assert found(window, reference) == []


def regression(rows: int) -> tuple[Frame, Answers]:
    rng = np.random.default_rng(4)
    store = rng.integers(1, 9, rows)
    y = rng.normal(0, 1, rows)
    frame = {"store": store, "y": y, "a": y + rng.normal(0, 1, rows) * np.where(store == 7, 2, 1)}
    return frame, read_answers(frame, ColumnRoles(label="y", prediction="a"))


def test_segments_of_a_regression_by_their_error() -> None:
    frame, answers = regression(8000)
    (worst,) = worse_slices(answers, frame, ("store",), "mae")
    assert worst.name == "store 7"
    assert worst.sentence.startswith("store 7: MAE 1.")


def test_ten_thousand_categories_are_not_ten_thousand_segments() -> None:
    rng = np.random.default_rng(0)
    ids = np.array([str(n) for n in rng.integers(0, 10_000, 30_000)], dtype=object)
    assert segments("id", plain(ids)) == []
    often = np.where(rng.random(30_000) < 0.2, "much", ids)
    assert [s.name for s in segments("id", plain(often.astype(object)))] == ["id much"]


def test_numbers_that_are_codes_are_no_ranges() -> None:
    rng = np.random.default_rng(6)
    code = rng.integers(1000, 1080, 20_000).astype(float)
    y = rng.normal(0, 1, 20_000)
    frame = {"code": code, "y": y, "a": y + rng.normal(0, 1, 20_000) * np.where(code == 1001, 3, 1)}
    answers = read_answers(frame, ColumnRoles(label="y", prediction="a"))
    told = worse_slices(answers, frame, ("code",), "mae", codes=("code",))
    assert [slice_.name for slice_ in told] == ["code 1001"]
    assert [s.name for s in segments("code", plain(np.array([np.nan] * 9), True))] == []


def test_missing_and_infinite_values_are_in_no_segment() -> None:
    values = np.concatenate((np.linspace(0, 1, 1000), [np.nan, np.inf, -np.inf]))
    made = segments("x", plain(values))
    inside = np.sum([one.of(values) for one in made], axis=0)
    assert inside[:1000].tolist() == [1] * 1000
    assert inside[1000:].tolist() == [0, 0, 0]


def test_a_constant_column_has_one_segment_that_is_the_whole() -> None:
    frame, answers = regression(2000)
    assert segments("k", plain(np.ones(2000))) == [Segment("k", "k 1", low=1.0, high=1.0)]
    assert worse_slices(answers, {**frame, "k": np.ones(2000)}, ("k",), "mae") == []


def test_a_column_that_is_not_there_is_named() -> None:
    frame, answers = regression(500)
    with pytest.raises(
        BadArgs, match=r"slices: there is no column `shop`\. Columns are store, y, a"
    ):
        worse_slices(answers, frame, ("shop",), "mae")
