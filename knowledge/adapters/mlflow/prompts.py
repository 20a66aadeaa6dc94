"""The prompts of an MLflow server, as things that are promoted like models.

What a prompt version scored is looked for in two places:
- runs that used it: `mlflow.genai.load_prompt` inside a run notes name and version in the run's tag
  `mlflow.linkedPrompts`, and `mlflow.genai.evaluate` leaves its scores and data set there. Looked
  through are the experiments in which MLflow noted the prompt, finished runs that used one version
  of it only.
- tags of the version: `eval.<dataset>.<digest>.<metric>` with a number, for scores that were
  computed elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from knowledge.adapters.mlflow import reading
from knowledge.adapters.mlflow.artifacts import Folder
from knowledge.adapters.mlflow.predictions import read_predictions
from knowledge.adapters.mlflow.server import Missing, Server
from knowledge.adapters.mlflow.shelf import Registered, Shelf
from knowledge.promotion import CHAMPION
from knowledge.records import Details, Evaluation, Frame, Kind, ModelVersion

MOST_RUNS = 200
"""The newest so many runs are looked through."""
MOST_EVALUATIONS = 10
TEXT = "mlflow.prompt.text"
CONFIG = "_mlflow_prompt_model_config"
FORMAT = "_mlflow_prompt_response_format"
EXPERIMENTS = "_mlflow_experiment_ids"
LINKED = "mlflow.linkedPrompts"
EVAL = "eval."
_OWN = ("mlflow.", "_mlflow_", EVAL)


class MlflowPrompts:
    """Implements `Models` with Kind.PROMPT. `timeout`: see `server`."""

    def __init__(self, tracking_uri: str, timeout: int = 5) -> None:
        self._server = Server(tracking_uri, timeout)
        self._shelf = Shelf(self._server, Kind.PROMPT)

    def names(self) -> list[str]:
        return self._shelf.names()

    def versions(self, model: str) -> list[ModelVersion]:
        registered = self._shelf.registered(model)
        raw = self._shelf.worth_reading(registered)
        runs = self._runs(registered)
        return [self._read(each, registered, runs) for each in raw]

    def version(self, model: str, version: str) -> ModelVersion:
        registered = self._shelf.registered(model)
        raw = self._shelf.find(registered.name, version)
        return self._read(raw, registered, self._runs(registered))

    def champion(self, model: str) -> ModelVersion | None:
        registered = self._shelf.registered(model)
        number = registered.aliases.get(CHAMPION)
        if number is None:
            return None
        raw = self._shelf.find(registered.name, number)
        return self._read(raw, registered, self._runs(registered))

    def champions(self) -> dict[str, str]:
        return self._shelf.champions()

    def details(self, model: str, version: str) -> Details:
        """The text, and its digest together with what MLflow serves beside it: the model it is for
        and the format of the answer."""
        registered = self._shelf.registered(model)
        raw = self._shelf.find(registered.name, version)
        with self._server.translated():
            tags = dict(raw.tags)
            served = json.dumps([tags.get(TEXT, ""), tags.get(CONFIG, ""), tags.get(FORMAT, "")])
            text = shown(tags.get(TEXT, ""))
            return Details(
                artifact="sha256:" + hashlib.sha256(served.encode()).hexdigest(),
                size_bytes=len(text.encode()),
                source=reading.source(tags, {}, None, raw.user_id or ""),
                card=raw.description or registered.description,
                text=text,
                problems=() if TEXT in tags else ("text: the version holds none",),
            )

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        registered = self._shelf.registered(model)
        number = str(self._shelf.find(registered.name, version).version)
        with self._server.translated():
            folders = []
            for run in self._runs(registered).get(number, ())[:MOST_EVALUATIONS]:
                measured = reading.measured_on(reading.inputs_of(run))[1]
                folders.append((Folder(self._server, run.info.artifact_uri), measured))
            return read_predictions(folders, [digest for _, digest in folders])

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        """Raises Unavailable naming the state that was left: doing it again repairs it."""
        return self.version(*self._shelf.move_champion(model, version, expected))

    def _runs(self, registered: Registered) -> dict[str, list[Any]]:
        """By version, the finished runs that used it and no other version of the prompt, newest
        first."""
        experiments = [i for i in registered.tags.get(EXPERIMENTS, "").split(",") if i]
        if not experiments:
            return {}
        name = json.dumps(registered.name)
        where = f"tags.`{LINKED}` LIKE '%{name}%' AND attributes.status = 'FINISHED'"
        order = ["attributes.start_time DESC"]
        try:
            found = self._server.ask(
                lambda c: list(c.search_runs(experiments, where, 1, MOST_RUNS, order))
            )
        except Missing:  # the experiment was deleted
            return {}
        by_version: dict[str, list[Any]] = {}
        with self._server.translated():
            for run in found:
                used = linked(run.data.tags.get(LINKED, ""), registered.name)
                if len(used) == 1:
                    by_version.setdefault(used.pop(), []).append(run)
        return by_version

    def _read(
        self, raw: Any, registered: Registered, runs: Mapping[str, Sequence[Any]]
    ) -> ModelVersion:
        with self._server.translated():
            number = str(raw.version)
            measured = runs.get(number, ())
            of_runs = (e for run in measured for e in reading.run_evaluation(run))
            evaluations = _one_per_data([*of_runs, *tagged(raw.tags)])
            main = evaluations[0] if evaluations else Evaluation("", "", {})
            return ModelVersion(
                model=registered.name,
                version=number,
                created_at=datetime.fromtimestamp(raw.creation_timestamp / 1000, UTC),
                aliases=tuple(sorted(a for a, v in registered.aliases.items() if v == number)),
                metrics=main.metrics,
                dataset=main.dataset,
                dataset_digest=main.digest,
                params=_config(raw.tags.get(CONFIG, "")),
                tags={k: v for k, v in raw.tags.items() if not k.startswith(_OWN)},
                run_id=measured[0].info.run_id if measured else "",
                description=raw.description or "",
                url=f"{self._server.uri}/#/prompts/{quote(registered.name)}",
                evaluations=evaluations,
                kind=Kind.PROMPT,
            )


def shown(text: str) -> str:
    """A text as it is; the messages of a chat each under their role."""
    try:
        messages = json.loads(text)
    except ValueError:
        return text
    if not isinstance(messages, list) or not all(
        isinstance(m, dict) and "role" in m and "content" in m for m in messages
    ):
        return text
    return "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in messages)


def linked(tag: str, name: str) -> set[str]:
    """The versions of this prompt that a run used, by its tag."""
    try:
        told = json.loads(tag)
    except ValueError:
        return set()
    entries = [e for e in told if isinstance(e, dict)] if isinstance(told, list) else []
    return {str(e.get("version")) for e in entries if e.get("name") == name}


def tagged(tags: Mapping[str, str]) -> list[Evaluation]:
    """From tags "eval.<dataset>.<digest>.<metric>"; a metric may have dots, the others not."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for key, value in sorted(tags.items()):
        parts = key.removeprefix(EVAL).split(".", 2)
        if not key.startswith(EVAL) or len(parts) != 3 or not parts[2]:
            continue
        try:
            number = float(value)
        except ValueError:
            continue
        found.setdefault((parts[0], parts[1]), {})[parts[2]] = number
    return [Evaluation(dataset, digest, metrics) for (dataset, digest), metrics in found.items()]


def _one_per_data(evaluations: Iterable[Evaluation]) -> tuple[Evaluation, ...]:
    """The first of each data set; those without a digest last, as they compare with nothing."""
    first: dict[tuple[str, str], Evaluation] = {}
    for each in evaluations:
        first.setdefault((each.digest, "" if each.digest else each.dataset), each)
    return tuple(sorted(first.values(), key=lambda e: e.digest == "")[:MOST_EVALUATIONS])


def _config(tag: str) -> dict[str, str]:
    """The model a prompt is for and its settings, where they were registered with it."""
    try:
        told = json.loads(tag or "{}")
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}
