"""Votes that are killed: run as a process of its own by test_promotion_kills.

For each line of stdin, a JSON object with `step`, `database`, `mlflow`, `approval` and `saw`, a
child casts the deciding vote and is killed with SIGKILL at that step of it. A line of stdout says
how it ended: the signal's number, or 0 where the step was never reached.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any

from knowledge.adapters.absent import AbsentFrames, AbsentGroups, AbsentWatching
from knowledge.adapters.mlflow import MlflowModels
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.ports import Models
from knowledge.promoting.gather import Gatherer
from knowledge.promoting.mover import Probe, no_probe
from knowledge.promoting.service import Promotions
from knowledge.promotion.gates import judge
from knowledge.promotion.policy import Policy
from knowledge.records import Ballot

POLICY = Policy()


def now() -> datetime:
    return datetime.now(UTC)


def promotions(store: SqlStore, models: Models, probe: Probe = no_probe) -> Promotions:
    """The service as the bot wires it, without what is not asked here."""
    gatherer = Gatherer(
        models=models,
        frames=AbsentFrames(),
        incidents=store.incidents,
        watching=AbsentWatching(),
        policies=lambda model: POLICY,
        served=lambda model, version: False,
        now=now,
    )
    return Promotions(
        records=store,
        models=models,
        groups=AbsentGroups(),
        gatherer=gatherer,
        judge=judge,
        policies=lambda model: POLICY,
        may_approve=lambda user: user != "U0NOBODY",
        now=now,
        probe=probe,
    )


def vote(task: Any) -> None:
    """Cast the vote in this process; it ends at the step."""

    def probe(step: str) -> None:
        if step == task["step"]:
            os.kill(os.getpid(), signal.SIGKILL)

    store = open_store(task["database"])
    service = promotions(store, MlflowModels(task["mlflow"], timeout=30), probe)
    service.vote(
        task["approval"], Ballot.APPROVE, by="U0GRACE", by_name="grace", reason="", saw=task["saw"]
    )


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            vote(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)


if __name__ == "__main__":
    main()
