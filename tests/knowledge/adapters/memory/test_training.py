from datetime import UTC, datetime

import pytest

from knowledge.adapters.memory.training import MemoryTrainer
from knowledge.errors import NotFound
from knowledge.records import Run, RunState, Training
from knowledge.training import Recipe

TRAINING = Training(
    "t1", "eta-model", "7", "drift", {}, "U1", "ada", datetime(2026, 3, 5, 12, tzinfo=UTC)
)


def test_a_run_is_started_once_and_goes_on_as_it_is_told() -> None:
    trainer = MemoryTrainer()
    run = trainer.start(TRAINING)
    assert trainer.start(TRAINING) == run
    assert trainer.started == [TRAINING]
    trainer.tell("t1", RunState.DONE, version="8")
    assert (trainer.look(run).state, trainer.look(run).version) == (RunState.DONE, "8")


def test_what_it_does_not_know() -> None:
    trainer = MemoryTrainer({"eta-model": Recipe("eta-model")})
    assert trainer.recipe("eta-model") == Recipe("eta-model")
    with pytest.raises(NotFound, match="way to train 'churn'"):
        trainer.recipe("churn")
    gone = Run(TRAINING, RunState.RUNNING, "memory", "memory:t1")
    assert trainer.look(gone).state is RunState.LOST
