"""The deciding vote, killed with SIGKILL at each of its steps, on a real MLflow and SQLite on disk;
and MLflow itself, killed in the middle of a decision."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from kill_votes import now, promotions
from servers import register_model

from knowledge.adapters.mlflow import MlflowModels
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.errors import Unavailable
from knowledge.promoting.mover import Mover
from knowledge.promotion.deciding import UNDER_WAY
from knowledge.promotion.policy import Policy
from knowledge.promotion.ruling import Came
from knowledge.records import Approval, ApprovalStatus, Ballot
from tests.conftest import MlflowServer

pytestmark = pytest.mark.mlflow

PENDING, MOVING = ApprovalStatus.PENDING, ApprovalStatus.MOVING
APPROVED, FAILED = ApprovalStatus.APPROVED, ApprovalStatus.FAILED
STEPS = {
    # What is stored after the kill, the champion then, and what reconciling makes of it.
    "before gathering": (PENDING, "1", PENDING),
    "checked": (PENDING, "1", PENDING),
    "before the vote": (PENDING, "1", PENDING),
    "intent stored": (MOVING, "1", FAILED),
    "alias moved": (MOVING, "2", APPROVED),
    "before the record is committed": (MOVING, "2", APPROVED),
    "recorded": (APPROVED, "2", APPROVED),
}


@dataclass
class Case:
    """One request of one model, asked and waiting for its deciding vote."""

    folder: Path
    uri: str

    def __post_init__(self) -> None:
        self.database = f"sqlite:///{self.folder / 'tandem.db'}"
        self.store: SqlStore = open_store(self.database)
        self.models = MlflowModels(self.uri, timeout=30)
        self.service = promotions(self.store, self.models)

    def ask(self) -> Approval:
        model = register_model(self.uri, 2.0, 1.0)
        asked = self.service.ask(model, "2", by="U0ADA", by_name="ada", reason="better")
        assert asked.approval is not None
        return asked.approval

    def approve(self, approval: Approval) -> Came:
        vote = self.service.vote(
            approval.id,
            Ballot.APPROVE,
            by="U0GRACE",
            by_name="grace",
            reason="",
            saw=approval.evidence_hash,
        )
        return vote.came

    def champion(self, approval: Approval) -> str:
        found = self.models.champion(approval.model)
        return found.version if found else ""

    def started_again(self) -> None:
        """As at the bot's start, when every mover of before is certainly gone."""
        mover = Mover(self.store, self.models, lambda model: Policy(), lambda: now() + UNDER_WAY)
        mover.reconcile()


@pytest.fixture
def case(tmp_path: Path, mlflow_uri: str, mlflow_settings: None) -> Case:
    return Case(tmp_path, mlflow_uri)


def test_a_kill_at_any_step_leaves_a_state_that_is_repaired(case: Case) -> None:
    approvals = {step: case.ask() for step in STEPS}
    tasks = [
        {
            "step": step,
            "database": case.database,
            "mlflow": case.uri,
            "approval": approval.id,
            "saw": approval.evidence_hash,
        }
        for step, approval in approvals.items()
    ]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("kill_votes.py"))],
        input="\n".join(json.dumps(task) for task in tasks),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert done.stdout.split() == [str(int(signal.SIGKILL))] * len(STEPS), done.stderr
    left = {
        s: (case.store.approvals.get(a.id).status, case.champion(a)) for s, a in approvals.items()
    }
    assert left == {step: expected[:2] for step, expected in STEPS.items()}

    case.started_again()
    settled = {s: case.store.approvals.get(a.id).status for s, a in approvals.items()}
    assert settled == {step: expected[2] for step, expected in STEPS.items()}
    for step, approval in approvals.items():
        if settled[step] is not APPROVED:
            assert case.approve(approval) is Came.MOVED
        assert case.champion(approval) == "2"
        moves = case.store.moves.find(model=approval.model)
        assert [(m.version, m.before, m.approval) for m in moves] == [("2", "1", approval.id)]
    case.store.close()


def test_mlflow_killed_in_the_middle_of_a_decision(case: Case, mlflow_server: MlflowServer) -> None:
    before, during = case.ask(), case.ask()

    def kill_at(step: str) -> None:
        if step == "intent stored":
            mlflow_server.kill()

    impatient = MlflowModels(case.uri, timeout=2)
    try:
        case.service = promotions(case.store, impatient, kill_at)
        assert case.approve(during) is Came.FAILED
        stored = case.store.approvals.get(during.id)
        assert stored.status is FAILED
        assert "did not confirm the move" in stored.outcome
        case.service = promotions(case.store, impatient)
        with pytest.raises(Unavailable, match="mlflow"):
            case.approve(before)
        assert case.store.approvals.get(before.id).votes == ()
    finally:
        mlflow_server.start()
    # Its client would go on with the impatient one's limits, which are those of the process.
    case.models = MlflowModels(case.uri, timeout=30)
    case.service = promotions(case.store, case.models)
    case.started_again()
    assert case.store.approvals.get(during.id).status is FAILED
    assert (case.champion(before), case.champion(during)) == ("1", "1")
    assert case.approve(during) is Came.MOVED
    assert case.approve(before) is Came.MOVED
    assert (case.champion(before), case.champion(during)) == ("2", "2")
    case.store.close()
