"""Several registries as one: MLflow's models, its prompts, SageMaker's model packages.

The models of the first keep their names. Those of every further registry bear its name in front,
"prompts.greeting", whether or not another registry has that name too: a name that were long or
short depending on what else is registered, or reachable, would change under requests, policies and
the watch for moves past Tandem. "greeting" finds it as long as no other name has that word.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TypeVar

from knowledge.errors import NotFound, Unavailable
from knowledge.ports import Models
from knowledge.promotion import find_name
from knowledge.records import Details, Frame, ModelVersion

T = TypeVar("T")

log = logging.getLogger(__name__)


class ManyRegistries:
    """Implements `Models` over registries by name, in the order of their right to short names.

    Where one is out of reach, `names` and `champions` are those of the others; only a question
    about a thing that is, or may be, its own raises Unavailable.
    """

    def __init__(self, registries: Mapping[str, Models]) -> None:
        self._registries = dict(registries)
        self._first = next(iter(self._registries))
        self._places: dict[str, tuple[str, str]] = {}
        """By the long name, of what was seen so far: saves asking all for what one has. A name that
        is gone since is its registry's to miss."""

    def names(self) -> list[str]:
        found = self._everywhere(lambda registry: registry.names())
        return sorted(self._long(key, name) for key, names in found.items() for name in names)

    def versions(self, model: str) -> list[ModelVersion]:
        key, name = self._find(model)
        return [self._named(key, v) for v in self._registries[key].versions(name)]

    def version(self, model: str, version: str) -> ModelVersion:
        key, name = self._find(model)
        return self._named(key, self._registries[key].version(name, version))

    def champion(self, model: str) -> ModelVersion | None:
        key, name = self._find(model)
        found = self._registries[key].champion(name)
        return None if found is None else self._named(key, found)

    def champions(self) -> dict[str, str]:
        found = self._everywhere(lambda registry: registry.champions())
        return {self._long(k, name): v for k, of in found.items() for name, v in of.items()}

    def details(self, model: str, version: str) -> Details:
        key, name = self._find(model)
        return self._registries[key].details(name, version)

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        key, name = self._find(model)
        return self._registries[key].predictions(name, version)

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        key, name = self._find(model)
        if self._long(key, name) != model:
            raise NotFound.among("model", model, self._places)
        moved = self._registries[key].set_champion(name, version, expected=expected)
        return self._named(key, moved)

    # Names ------------------------------------------------------------------------------

    def _long(self, key: str, name: str) -> str:
        return name if key == self._first else f"{key}.{name}"

    def _named(self, key: str, version: ModelVersion) -> ModelVersion:
        return replace(version, model=self._long(key, version.model))

    def _find(self, model: str) -> tuple[str, str]:
        """Which registry, and the name there. Raises NotFound, or Unavailable where one that does
        not answer may have it: the nearest name of another registry is not what was meant."""
        if model in self._places:
            return self._places[model]
        silent: dict[str, Unavailable] = {}
        found = self._everywhere(lambda registry: registry.names(), silent)
        places = {self._long(k, name): (k, name) for k, names in found.items() for name in names}
        self._places = {**self._places, **places}
        if model not in places and silent:
            raise next(iter(silent.values()))
        return places[find_name(model, places)]

    # Requests ---------------------------------------------------------------------------

    def _everywhere(
        self, ask: Callable[[Models], T], silent: dict[str, Unavailable] | None = None
    ) -> dict[str, T]:
        """Ask all at the same time; those that are out of reach are logged and noted in `silent`.
        Raises Unavailable where none answers."""
        failed = {} if silent is None else silent
        found: dict[str, T] = {}
        with ThreadPoolExecutor(len(self._registries), thread_name_prefix="registries") as pool:
            asked = {
                key: pool.submit(copy_context().run, ask, each)
                for key, each in self._registries.items()
            }
            for key, future in asked.items():
                try:
                    found[key] = future.result()
                except Unavailable as error:
                    log.warning("the registry %s is left out: %s", key, error)
                    failed[key] = error
        if not found:
            raise next(iter(failed.values()))
        return found
