"""A real MLflow that is killed while a version is being promoted."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.faults.promise import Found
from benchmarks.faults.scenarios import Row
from knowledge.adapters.mlflow import MlflowModels
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.errors import Unavailable
from knowledge.promoting.mover import Mover, Probe, no_probe
from knowledge.promoting.service import Promotions
from knowledge.promotion.deciding import UNDER_WAY
from knowledge.promotion.policy import Policy
from knowledge.promotion.ruling import Came
from knowledge.records import Approval, ApprovalStatus, Ballot
from tests.conftest import MlflowServer
from tests.scenarios.kill_votes import now, promotions
from tests.scenarios.servers import register_model

STEPS = ("before the vote", "intent stored", "alias moved", "before the record is committed")
"""Of a deciding vote: where the registry goes away."""
PATIENCE_S = 3
APPROVED = ApprovalStatus.APPROVED
NEW = "2"


@dataclass
class Registry:
    """An MLflow, and the service that decides about it."""

    server: MlflowServer
    store: SqlStore
    kills: int = 0
    stood: set[str] = field(default_factory=set)
    """Approvals whose vote was answered "moved": they must stay."""

    def ask(self) -> Approval:
        """For a fresh model's second version. It waits for one vote."""
        model = register_model(self.server.uri, 2.0, 1.0)
        asked = self._service().ask(model, NEW, by="U0ADA", by_name="ada", reason="better")
        assert asked.approval is not None, "it is asked for the first time"
        return asked.approval

    def vote_and_kill(self, approval: Approval, at: str) -> None:
        """The deciding vote, in the middle of which the registry is killed."""

        def probe(step: str) -> None:
            if step == at:
                self.server.kill()
                self.kills += 1

        self._vote(approval, probe)

    def settle(self, approval: Approval) -> None:
        """What the bot does after a start, and what people do where a card says that it failed."""
        far = lambda: now() + UNDER_WAY + timedelta(seconds=1)  # noqa: E731
        Mover(self.store, self._models(), lambda model: Policy(), far).reconcile()
        if self.store.approvals.get(approval.id).status is not APPROVED:
            self._vote(approval, no_probe)

    def champion(self, approval: Approval) -> str:
        found = self._models().champion(approval.model)
        return found.version if found else ""

    def _vote(self, approval: Approval, probe: Probe) -> None:
        try:
            vote = self._service(probe).vote(
                approval.id,
                Ballot.APPROVE,
                by="U0GRACE",
                by_name="grace",
                reason="",
                saw=approval.evidence_hash,
            )
        except Unavailable:
            return
        if vote.came is Came.MOVED:
            self.stood.add(approval.id)

    def _service(self, probe: Probe = no_probe) -> Promotions:
        return promotions(self.store, self._models(), probe)

    def _models(self) -> MlflowModels:
        return MlflowModels(self.server.uri, timeout=PATIENCE_S)


def mlflow_killed(times: int = 10, seed: int = 7) -> Row:
    """SIGKILL at a random step of the vote that decides."""
    chance = random.Random(seed)
    with _registry() as registry:
        asked = [registry.ask() for _ in range(times)]
        slowest = 0.0
        for approval in asked:
            registry.vote_and_kill(approval, chance.choice(STEPS))
            registry.server.start()
            began = time.monotonic()
            registry.settle(approval)
            slowest = max(slowest, time.monotonic() - began)
        found = _found(registry, asked)
        words = f"killed {registry.kills} times; {found.expected} models asked for, each moved once"
        return Row("MLflow killed (-9) in mid-decision", times, found, slowest, "", words)


def _found(registry: Registry, asked: list[Approval]) -> Found:
    moved = {a.id: registry.store.moves.find(model=a.model) for a in asked}
    lost = [a for a in asked if registry.champion(a) != NEW or not moved[a.id]]
    twice = [a for a in asked if len(moved[a.id]) > 1]
    open_ = [a for a in asked if registry.store.approvals.get(a.id).status is not APPROVED]
    problems = [f"the decision on {a.model} is lost" for a in lost]
    problems += [f"{a.model} was moved {len(moved[a.id])} times" for a in twice]
    problems += [f"{a.id} is not settled" for a in open_]
    return Found(
        expected=len(asked),
        incidents=len(asked),
        decisions=len(asked) - len(lost),
        decisions_lost=len(lost),
        decisions_doubled=len(twice),
        problems=tuple(problems),
    )


@contextmanager
def _registry() -> Iterator[Registry]:
    # Its client reads these from the environment; a second try of what a busy server was only slow
    # to answer would create things twice.
    os.environ |= {"MLFLOW_HTTP_REQUEST_TIMEOUT": "60", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    with TemporaryDirectory(prefix="faults-mlflow-") as folder:
        server = MlflowServer(Path(folder))
        store = open_store(f"sqlite:///{folder}/tandem.db")
        try:
            server.start()
            yield Registry(server, store)
        finally:
            server.kill()
            store.close()
