import numpy as np
import pytest

from knowledge.performance import read_answers
from knowledge.promotion.gates import judge
from knowledge.promotion.gates.calibration import calibration, reliability
from knowledge.promotion.policy import Mode
from knowledge.records import ColumnRoles, Frame, GateResult
from tests.knowledge.promotion.gates.conftest import evidence, on_rows, rule, under

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


def stretched(rows: int, by: float, seed: int = 0) -> Frame:
    """Probabilities whose log-odds are `by` times what they should be: 1 is calibrated."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, rows)
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    return {"label": label, "probability": 1 / (1 + np.exp(-by * odds))}


def judged(old: float, new: float, rows: int = 5000, **settings: object) -> tuple[GateResult, str]:
    given = on_rows((stretched(rows, old), stretched(rows, new)))
    rules = rule(mode=Mode.PREVENT, **settings)
    (gate,) = judge(under(given, calibration=rules), [calibration])
    return gate.result, gate.detail


def test_probabilities_that_mean_what_they_say() -> None:
    result, says = judged(1.0, 1.0)
    assert result is PASS
    assert says.startswith("calibration error 0.0")
    assert "Brier score 0.1" in says


def test_worse_calibration_than_the_champions_prevents() -> None:
    result, says = judged(1.0, 3.0)
    assert result is FAIL
    assert says.endswith("; at most 0.020 more is allowed")


def test_as_bad_as_the_champion_passes_unless_a_limit_is_set() -> None:
    assert judged(3.0, 3.0)[0] is PASS
    result, says = judged(3.0, 3.0, most=0.05)
    assert result is FAIL
    assert says.endswith("; at most 0.050 is allowed")


def test_the_error_of_a_perfect_model_is_chance() -> None:
    """The formula for what chance shows against 60 perfect models."""
    found = [reliability(read_answers(stretched(1000, 1.0, seed), ROLES)) for seed in range(60)]
    shown = float(np.mean([one.error for one in found]))
    assert found[0].chance == pytest.approx(shown, rel=0.15)


ROLES = ColumnRoles(label="label", probability="probability")


def test_bins_of_equal_size_show_where_it_is_off() -> None:
    (gate,) = judge(on_rows((stretched(1000, 1), stretched(1000, 1))), [calibration])
    assert len(gate.more) == 11
    assert all(line.endswith("(100 rows)") for line in gate.more[1:])


def test_few_rows_tell_nothing() -> None:
    result, says = judged(1.0, 3.0, rows=300)
    assert (result, says) == (WARN, "300 rows; at least 500 are needed")


def test_what_has_no_probabilities_is_not_spoken_of() -> None:
    plain = {k: v for k, v in stretched(1000, 1).items() if k == "label"}
    plain["prediction"] = plain["label"]
    assert judge(on_rows((plain, plain)), [calibration]) == ()
    assert judge(evidence(), [calibration]) == ()
