"""The registered things of one kind on an MLflow server, their versions and their aliases.

MLflow keeps a prompt as a registered model with a tag. Its client hides prompts from the calls for
models, and the other way round, so the two kinds are asked for in different ways; aliases work
alike. They are last-write-wins and the registry knows no actor, so a move is checked directly
before and read back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from knowledge.adapters.mlflow.server import SYSTEM, Missing, Server
from knowledge.errors import NotFound, Overtaken, Unavailable
from knowledge.promotion import (
    CHAMPION,
    PREVIOUS_CHAMPION,
    find_name,
    plain_version,
    show_version,
)
from knowledge.records import Kind

PAGE = 1000
MOST_PAGES = 20
MOST_VERSIONS = 20
"""The newest so many are read, and older ones that bear an alias: each costs a request for its
metrics."""
_PROMPTS = "tag.`mlflow.prompt.is_prompt` = 'true'"


@dataclass(frozen=True)
class Registered:
    name: str
    aliases: Mapping[str, str]
    """Alias to version."""
    description: str
    tags: Mapping[str, str]


class Shelf:
    def __init__(self, server: Server, kind: Kind) -> None:
        self._server = server
        self._prompts = kind is Kind.PROMPT

    def names(self) -> list[str]:
        return sorted(found.name for found in self._search())

    def champions(self) -> dict[str, str]:
        """One request, as long as there are at most PAGE names."""
        found = self._search()
        return {r.name: r.aliases[CHAMPION] for r in found if CHAMPION in r.aliases}

    def registered(self, name: str) -> Registered:
        """By its name, or what a person may type for it. Raises NotFound."""
        found = self._registered(name)
        if found is None:
            found = self._registered(find_name(name, self.names()))
        if found is None:
            raise NotFound("model", name)
        return found

    def versions(self, name: str) -> list[Any]:
        """Newest first."""
        where = f"name='{_quoted(name)}'" + (f" AND {_PROMPTS}" if self._prompts else "")
        found = self._server.ask(lambda c: list(c.search_model_versions(where)))
        with self._server.translated():
            return sorted(found, key=lambda v: int(v.version), reverse=True)

    def worth_reading(self, registered: Registered) -> list[Any]:
        every = self.versions(registered.name)
        aliased = set(registered.aliases.values())
        older = [v for v in every[MOST_VERSIONS:] if str(v.version) in aliased]
        return [*every[:MOST_VERSIONS], *older]

    def find(self, name: str, version: str) -> Any:
        """Raises NotFound with the nearest versions."""
        wanted = plain_version(version)
        if wanted.isdecimal() and not self._prompts:
            try:
                return self._server.ask(lambda c: c.get_model_version(name, wanted))
            except Missing:
                pass
        every = self.versions(name)
        for found in every if self._prompts else ():
            if str(found.version) == wanted:
                return found
        known = [show_version(str(v.version)) for v in every]
        raise NotFound.among(f"version of {name}", version, known)

    def move_champion(self, model: str, version: str, expected: str | None) -> tuple[str, str]:
        """As `Models.set_champion`; takes the exact name only. Returns name and version."""
        if self.registered(model).name != model:
            # A model that was renamed or deleted must not be taken for the one most like it.
            raise NotFound.among("model", model, self.names())
        name = model
        target = str(self.find(name, version).version)
        registered = self.registered(name)
        before = registered.aliases.get(CHAMPION)
        if before == target:
            return name, target
        if expected is not None and (before or "") != expected:
            now = show_version(before) if before else "none"
            raise Overtaken(f"The champion of {name} is {now} now.", before or "")
        if before is not None:
            self._set_alias(name, PREVIOUS_CHAMPION, before)
        self._set_alias(name, CHAMPION, target)
        after = self.registered(name).aliases
        if after.get(CHAMPION) != target:
            raise Unavailable(SYSTEM, _unexpected(name, target, before, after))
        return name, target

    def _search(self) -> list[Registered]:
        where = _PROMPTS if self._prompts else None
        found: list[Registered] = []
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = self._server.ask(partial(_page, where, token))
            with self._server.translated():
                found += [_read(raw) for raw in page]
                token = page.token
            if not token:
                break
        return found

    def _registered(self, name: str) -> Registered | None:
        if self._prompts:
            where = f"name = '{_quoted(name)}' AND {_PROMPTS}"
            page = self._server.ask(lambda c: c.search_registered_models(where, 1))
            with self._server.translated():
                return next((_read(raw) for raw in page), None)
        try:
            raw = self._server.ask(lambda c: c.get_registered_model(name))
        except Missing:
            return None
        with self._server.translated():
            return _read(raw)

    def _set_alias(self, name: str, alias: str, version: str) -> None:
        try:
            if self._prompts:
                self._server.ask(lambda c: c.set_prompt_alias(name, alias, int(version)))
            else:
                self._server.ask(lambda c: c.set_registered_model_alias(name, alias, version))
        except Missing:
            raise NotFound(f"version of {name}", show_version(version)) from None


def _page(where: str | None, token: str | None, client: Any) -> Any:
    return client.search_registered_models(where, PAGE, page_token=token)


def _read(raw: Any) -> Registered:
    aliases = {str(alias): str(version) for alias, version in raw.aliases.items()}
    return Registered(str(raw.name), aliases, raw.description or "", dict(raw.tags or {}))


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _unexpected(name: str, target: str, before: str | None, after: Mapping[str, str]) -> str:
    found = after.get(CHAMPION)
    now = show_version(found) if found else "none"
    previous = after.get(PREVIOUS_CHAMPION)
    kept = f", {PREVIOUS_CHAMPION} is {show_version(previous)}" if previous else ""
    was = f" (it was {show_version(before)})" if before else ""
    return (
        f"the champion of {name} reads back as {now} and not as {show_version(target)}{was}{kept}; "
        "somebody else may be moving it"
    )
