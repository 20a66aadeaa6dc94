from typing import Any

import pytest

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import judge
from knowledge.promotion.gates.papers import card, lineage
from knowledge.promotion.policy import Mode
from knowledge.records import GateResult, Kind
from tests.knowledge.promotion.gates.conftest import evidence, rule, side, under, version

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL

GOOD = """# ETA of trips

## Uses
Arrival times of cars.

Bias, risks and limitations
---------------------------
Not for boats.

```
# Secrets
```
"""


def of(given: dict[str, Any] | None = None, **more: Any) -> Evidence:
    return evidence(challenger=side(version("5"), **(given or {})), **more)


def test_a_card_with_its_sections() -> None:
    (gate,) = judge(of({"card": GOOD}), [card])
    assert gate.result is PASS
    assert gate.more == ("sections: ETA of trips, Uses, Bias, risks and limitations",)


@pytest.mark.parametrize(
    ("text", "asked", "says"),
    [
        ("", {}, "there is no model card"),
        ("   \n", {}, "there is no model card"),
        ("Good model.", {}, "the model card has no section on intended use, limitations"),
        ("# Uses\nx", {}, "the model card has no section on limitations"),
        (GOOD, {"sections": ["ethics"]}, "the model card has no section on ethics"),
        (GOOD, {"sections": ["secrets"]}, "the model card has no section on secrets"),
        ("x" * 80, {"sections": [], "least": 200}, "has 80 characters, 200 are asked"),
    ],
)
def test_a_card_that_lacks_something(text: str, asked: dict[str, Any], says: str) -> None:
    (gate,) = judge(under(of({"card": text}), card=rule(mode=Mode.PREVENT, **asked)), [card])
    assert gate.result is FAIL
    assert says in gate.detail


def test_a_missing_card_warns_unless_the_policy_asks() -> None:
    (gate,) = judge(of(), [card])
    assert gate.result is WARN


@pytest.mark.parametrize("use", ["Use", "Uses", "Intended use"])
@pytest.mark.parametrize("limits", ["Limits", "Caveats", "Limitations", "Known limitations"])
def test_sections_go_by_many_names(use: str, limits: str) -> None:
    (gate,) = judge(of({"card": f"## {use}\nCars.\n\n## {limits}\nNo boats."}), [card])
    assert gate.result is PASS


def test_a_prompt_needs_no_card_and_no_lineage() -> None:
    assert judge(of(kind=Kind.PROMPT), [card, lineage]) == ()
    (gate,) = judge(of({"card": "# Uses"}, kind=Kind.PROMPT), [card])
    assert "limitations" in gate.detail


def test_what_could_not_be_read_is_not_said_to_be_missing() -> None:
    for given in (
        of(problems={"details of v5": "mlflow: took too long"}),
        of({"problems": ("mlflow: took too long",)}),
    ):
        assert {g.detail for g in judge(given, [card, lineage])} == {"mlflow: took too long"}


FROM = {"git commit": "1a2b3c4d", "data version": "dvc 9f8e", "training run": "77"}


def test_lineage_is_recorded() -> None:
    (gate,) = judge(of({"source": FROM}), [lineage])
    assert gate.result is PASS
    assert gate.detail == "git commit 1a2b3c4d, data version dvc 9f8e, training run 77"


def test_lineage_names_what_is_missing() -> None:
    (gate,) = judge(of({"source": {"git commit": "1a2b"}}), [lineage])
    assert (gate.result, gate.detail) == (WARN, "not recorded: data version, training run")


def test_a_logged_data_set_is_a_data_version() -> None:
    (gate,) = judge(
        of({"source": FROM | {"data version": ""}, "trained_on": "trips (1a2b)"}), [lineage]
    )
    assert gate.result is PASS


def test_a_team_may_need_more() -> None:
    given = under(of({"source": FROM}), lineage=rule(need=["git commit", "made by"]))
    (gate,) = judge(given, [lineage])
    assert gate.detail == "not recorded: made by"
