"""Run it where both are installed: pytest test_tandem_owner.py"""

from datetime import UTC, datetime

from tandem_owner import gate

from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.gates import judge
from knowledge.promotion.policy import GateRule, Policy
from knowledge.records import GateResult, ModelVersion, Purpose

NOW = datetime(2026, 3, 5, tzinfo=UTC)


def judged(policy: Policy | None = None, **tags: str) -> tuple[GateResult, str]:
    version = ModelVersion("eta-model", "5", NOW, tags=tags)
    evidence = Evidence(NOW, Purpose.PROMOTION, Side(version), None, policy=policy or Policy())
    (found,) = judge(evidence, [gate])
    return found.result, found.detail


def test_a_version_with_a_team_passes() -> None:
    assert judged(team="routing") == (GateResult.PASS, "owned by routing")


def test_a_version_without_one_is_prevented() -> None:
    assert judged() == (GateResult.FAIL, "no tag `team` says who owns it")


def test_the_policy_names_the_tag() -> None:
    policy = Policy(gates={"owner": GateRule(settings={"tag": "squad"})})
    assert judged(policy, squad="maps")[0] is GateResult.PASS
