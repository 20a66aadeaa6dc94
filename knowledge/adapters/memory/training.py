"""A system that trains, in memory: for tests and for trying skills without one."""

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

from knowledge.errors import NotFound
from knowledge.records import Run, RunState, Training
from knowledge.training import Recipe


class MemoryTrainer:
    """`ports.Trainer`. A run goes on when `tell` says so. Without recipes it trains every model,
    with any parameters."""

    name = "memory"

    def __init__(self, recipes: Mapping[str, Recipe] | None = None, secret: str = "") -> None:
        self._recipes = recipes
        self._secret = secret
        self._lock = Lock()
        self._runs: dict[str, Run] = {}

    @property
    def started(self) -> list[Training]:
        with self._lock:
            return [run.training for run in self._runs.values()]

    def recipe(self, model: str) -> Recipe:
        if self._recipes is None:
            return Recipe(model, self.name, self.name, free=True)
        if model not in self._recipes:
            raise NotFound.among("way to train", model, self._recipes)
        return self._recipes[model]

    def start(self, training: Training) -> Run:
        with self._lock:
            run = Run(training, RunState.ASKED, self.name, f"{self.name}:{training.id}")
            return self._runs.setdefault(training.id, run)

    def tell(
        self, training_id: str, state: RunState, *, detail: str = "", version: str = ""
    ) -> None:
        """From now on the run is seen so. Raises KeyError for one that was not started."""
        with self._lock:
            run = self._runs[training_id]
            self._runs[training_id] = replace(run, state=state, detail=detail, version=version)

    def look(self, run: Run) -> Run:
        with self._lock:
            known = self._runs.get(run.training.id)
        return known or replace(run, state=RunState.LOST)

    def secret(self, run: Run) -> str:
        return self._secret
