"""A model registry in memory: for tests and for trying skills without an MLflow."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Lock

from knowledge.errors import NotFound, Overtaken
from knowledge.promotion import (
    CHAMPION,
    PREVIOUS_CHAMPION,
    find_name,
    plain_version,
    show_version,
)
from knowledge.records import Details, Frame, ModelVersion


class MemoryModels:
    """Implements `Models`. Aliases given with the versions are taken over; the last one wins.

    `known` and `answers` may be filled with details and predictions, by (model, version).
    """

    def __init__(self, versions: Iterable[ModelVersion] = (), names: Iterable[str] = ()) -> None:
        self.known: dict[tuple[str, str], Details] = {}
        self.answers: dict[tuple[str, str], dict[str, Frame]] = {}
        self._lock = Lock()
        self._versions: dict[str, list[ModelVersion]] = {name: [] for name in names}
        self._aliases: dict[str, dict[str, str]] = {}
        for version in versions:
            self.add(version)

    def add(self, version: ModelVersion) -> None:
        """Register a version; the newest is the one added last."""
        with self._lock:
            self._versions.setdefault(version.model, []).append(replace(version, aliases=()))
            aliases = self._aliases.setdefault(version.model, {})
            aliases.update(dict.fromkeys(version.aliases, version.version))

    def remove(self, model: str, version: str) -> None:
        """Delete a version and, as MLflow does, its aliases without a word."""
        with self._lock:
            self._versions[model] = [v for v in self._versions[model] if v.version != version]
            aliases = self._aliases[model]
            self._aliases[model] = {a: v for a, v in aliases.items() if v != version}

    def rename(self, model: str, to: str) -> None:
        """As MLflow does: versions and aliases go along, and nobody is told."""
        with self._lock:
            versions = self._versions.pop(model)
            self._versions[to] = [replace(v, model=to) for v in versions]
            self._aliases[to] = self._aliases.pop(model, {})

    def names(self) -> list[str]:
        return sorted(self._versions)

    def versions(self, model: str) -> list[ModelVersion]:
        name = find_name(model, self._versions)
        aliases = self._aliases.get(name, {})
        return [_with_aliases(v, aliases) for v in reversed(self._versions[name])]

    def version(self, model: str, version: str) -> ModelVersion:
        versions = self.versions(model)
        wanted = plain_version(version)
        for found in versions:
            if found.version == wanted:
                return found
        name = find_name(model, self._versions)
        known = (show_version(v.version) for v in versions)
        raise NotFound.among(f"version of {name}", version, known)

    def champion(self, model: str) -> ModelVersion | None:
        return next((v for v in self.versions(model) if CHAMPION in v.aliases), None)

    def champions(self) -> dict[str, str]:
        with self._lock:
            return {m: a[CHAMPION] for m, a in self._aliases.items() if CHAMPION in a}

    def details(self, model: str, version: str) -> Details:
        found = self.version(model, version)
        return self.known.get((found.model, found.version), Details())

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        found = self.version(model, version)
        return dict(self.answers.get((found.model, found.version), {}))

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        if model not in self._versions:
            # A model that was renamed or deleted must not be taken for the one most like it.
            raise NotFound.among("model", model, self._versions)
        target = self.version(model, version)
        with self._lock:
            aliases = self._aliases.setdefault(target.model, {})
            current = aliases.get(CHAMPION)
            if expected is not None and (current or "") not in (expected, target.version):
                now = show_version(current) if current else "none"
                raise Overtaken(f"The champion of {target.model} is {now} now.", current or "")
            if current is not None and current != target.version:
                aliases[PREVIOUS_CHAMPION] = current
            aliases[CHAMPION] = target.version
        return self.version(target.model, target.version)


def _with_aliases(version: ModelVersion, aliases: Mapping[str, str]) -> ModelVersion:
    held = tuple(sorted(a for a, v in aliases.items() if v == version.version))
    return replace(version, aliases=held)
