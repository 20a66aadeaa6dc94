"""The model registry of an MLflow server, read and moved through its own client.

Facts this rests on (MLflow 3.17, tried):
- A version's metrics are those of its logged model (source "models:/m-..."), each with the data
  set it was measured on; older versions have them on the run that made them.
- The server keeps a NaN among a logged model's metrics as 0.0, which would read as a perfect
  error, so a zero is looked up in the run that logged it, where NaN survives.
- Aliases are last-write-wins and the registry knows no actor, so a move is read back.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote

from knowledge.errors import NotFound, Overtaken, Unavailable
from knowledge.promotion import (
    CHAMPION,
    PREVIOUS_CHAMPION,
    find_name,
    plain_version,
    show_version,
)
from knowledge.records import Details, Evaluation, Frame, ModelVersion

SYSTEM = "mlflow"
MOST_NAMES = 1000
MOST_VERSIONS = 20
"""`versions` returns the newest so many and older ones that bear an alias: each costs a request
for its metrics, about 20 ms."""

T = TypeVar("T")


class MlflowModels:
    """Implements `Models` on an MLflow server.

    `timeout` is in whole seconds and counts for each try; there is one second try, so a server
    that hangs is given up after about twice that. MLflow's client reads both from its process-wide
    environment variables, so the instance made last sets them for all. Credentials come from
    MLflow's own MLFLOW_TRACKING_USERNAME, _PASSWORD and _TOKEN.
    """

    def __init__(self, tracking_uri: str, timeout: int = 5) -> None:
        self._uri = tracking_uri.rstrip("/")
        self._timeout = timeout
        self._lock = Lock()
        self._client: Any = None

    def names(self) -> list[str]:
        found = self._ask(lambda c: c.search_registered_models(max_results=MOST_NAMES))
        return sorted(m.name for m in found)

    def versions(self, model: str) -> list[ModelVersion]:
        registered = self._registered(model)
        every = self._raw_versions(registered.name)
        aliased = {str(v) for v in registered.aliases.values()}
        older = [v for v in every[MOST_VERSIONS:] if str(v.version) in aliased]
        return [self._read(v, registered.aliases) for v in [*every[:MOST_VERSIONS], *older]]

    def version(self, model: str, version: str) -> ModelVersion:
        registered = self._registered(model)
        return self._read(self._find(registered.name, version), registered.aliases)

    def champion(self, model: str) -> ModelVersion | None:
        registered = self._registered(model)
        number = registered.aliases.get(CHAMPION)
        if number is None:
            return None
        return self._read(self._find(registered.name, number), registered.aliases)

    def champions(self) -> dict[str, str]:
        found = self._ask(lambda c: c.search_registered_models(max_results=MOST_NAMES))
        return {m.name: str(m.aliases[CHAMPION]) for m in found if CHAMPION in m.aliases}

    def details(self, model: str, version: str) -> Details:
        self._find(self._registered(model).name, version)
        return Details()

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        self._find(self._registered(model).name, version)
        return {}

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        """Raises Unavailable naming the state that was left: doing it again repairs it."""
        registered = self._registered(model)
        name = registered.name
        target = self._find(name, version).version
        before = registered.aliases.get(CHAMPION)
        if expected is not None and (before or "") not in (expected, target):
            now = show_version(before) if before else "none"
            raise Overtaken(f"The champion of {name} is {now} now.", before or "")
        if before is not None and before != target:
            self._set_alias(name, PREVIOUS_CHAMPION, before)
        self._set_alias(name, CHAMPION, target)
        after = self._registered(name).aliases
        if after.get(CHAMPION) != target:
            raise Unavailable(SYSTEM, _unexpected(name, target, before, after))
        return self.version(name, target)

    # Requests ---------------------------------------------------------------------------

    def _ask(self, request: Callable[[Any], T]) -> T:
        """Make one request; raises Unavailable, or _Missing where the thing is not there."""
        # The client takes two seconds to import, and only who has an MLflow needs it.
        from mlflow.exceptions import MlflowException

        try:
            return request(self._connect())
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise _Missing from error
            raise self._unavailable(str(error), str(error.error_code)) from error
        except OSError as error:  # requests' own errors derive from it
            raise self._unavailable(str(error), "") from error

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _client(self._uri, self._timeout)
        return self._client

    def _unavailable(self, text: str, code: str) -> Unavailable:
        if code in ("PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED") or (
            "error code 401" in text or "error code 403" in text
        ):
            return Unavailable(SYSTEM, "it refused Tandem's credentials", retry=False)
        if "timed out" in text:
            return Unavailable(SYSTEM, f"no answer within {self._timeout} s")
        answered = "error code" in text or "error responses" in text
        if "Connection" in text and not answered:
            return Unavailable(SYSTEM, f"cannot be reached at {self._uri}")
        return Unavailable(SYSTEM, "it answered with an error of its own")

    def _registered(self, model: str) -> Any:
        try:
            return self._ask(lambda c: c.get_registered_model(model))
        except _Missing:
            pass
        name = find_name(model, self.names())
        try:
            return self._ask(lambda c: c.get_registered_model(name))
        except _Missing:
            raise NotFound("model", model) from None

    def _raw_versions(self, name: str) -> list[Any]:
        """Newest first."""
        text = name.replace("'", "''")
        found = self._ask(lambda c: list(c.search_model_versions(f"name='{text}'")))
        return sorted(found, key=lambda v: int(v.version), reverse=True)

    def _find(self, name: str, version: str) -> Any:
        wanted = plain_version(version)
        if wanted.isdigit():
            try:
                return self._ask(lambda c: c.get_model_version(name, wanted))
            except _Missing:
                pass
        known = [show_version(v.version) for v in self._raw_versions(name)]
        raise NotFound.among(f"version of {name}", version, known)

    def _set_alias(self, name: str, alias: str, version: str) -> None:
        try:
            self._ask(lambda c: c.set_registered_model_alias(name, alias, version))
        except _Missing:
            raise NotFound(f"version of {name}", show_version(version)) from None

    # Reading ----------------------------------------------------------------------------

    def _read(self, raw: Any, aliases: Mapping[str, str]) -> ModelVersion:
        evaluations, params = self._evidence(raw)
        main = evaluations[0] if evaluations else Evaluation("", "", {})
        return ModelVersion(
            model=raw.name,
            version=str(raw.version),
            created_at=datetime.fromtimestamp(raw.creation_timestamp / 1000, UTC),
            aliases=tuple(sorted(a for a, v in aliases.items() if str(v) == str(raw.version))),
            metrics=main.metrics,
            dataset=main.dataset,
            dataset_digest=main.digest,
            params=params,
            tags=dict(raw.tags),
            run_id=raw.run_id or "",
            description=raw.description or "",
            url=f"{self._uri}/#/models/{quote(raw.name)}/versions/{raw.version}",
            evaluations=evaluations,
        )

    def _evidence(self, raw: Any) -> tuple[tuple[Evaluation, ...], Mapping[str, str]]:
        """Evaluations and parameters: from the logged model, else from the run."""
        source = raw.source or ""
        if source.startswith("models:/m-"):
            try:
                model = self._ask(lambda c: c.get_logged_model(source.removeprefix("models:/")))
            except _Missing:  # deleted, while the version that points to it was kept
                model = None
            if model is not None and model.metrics:
                return self._by_data(model.metrics), dict(model.params or {})
        run = self._run(raw.run_id) if raw.run_id else None
        if run is None:
            return (), {}
        dataset, digest = _data_of(run.inputs.dataset_inputs if run.inputs else ())
        evaluation = Evaluation(dataset, digest, dict(run.data.metrics))
        return ((evaluation,) if evaluation.metrics else ()), dict(run.data.params)

    def _run(self, run_id: str) -> Any:
        try:
            return self._ask(lambda c: c.get_run(run_id))
        except _Missing:
            return None

    def _by_data(self, metrics: Sequence[Any]) -> tuple[Evaluation, ...]:
        """One evaluation per data set, the latest measured first; the latest value of each."""
        by_digest: dict[str, list[Any]] = {}
        for metric in sorted(metrics, key=lambda m: (m.timestamp, m.step)):
            by_digest.setdefault(metric.dataset_digest or "", []).append(metric)
        latest_first = sorted(by_digest.items(), key=lambda kv: kv[1][-1].timestamp, reverse=True)
        # Metrics without a data set come last: they cannot be compared with anything.
        latest_first.sort(key=lambda kv: kv[0] == "")
        runs: dict[str, Mapping[str, float]] = {}
        return tuple(
            Evaluation(
                dataset=found[-1].dataset_name or "",
                digest=digest,
                metrics={m.key: self._value(m, runs) for m in found},
            )
            for digest, found in latest_first
        )

    def _value(self, metric: Any, runs: dict[str, Mapping[str, float]]) -> float:
        """The metric's value; a zero that is NaN in its run is NaN (see the module's text)."""
        value = float(metric.value)
        if value != 0.0 or not metric.run_id:
            return value
        if metric.run_id not in runs:
            run = self._run(metric.run_id)
            runs[metric.run_id] = run.data.metrics if run is not None else {}
        return math.nan if math.isnan(runs[metric.run_id].get(metric.key, value)) else value


class _Missing(Exception):
    """The server says that there is no such thing."""


def _client(uri: str, timeout: int) -> Any:
    from mlflow.environment_variables import (
        MLFLOW_HTTP_REQUEST_MAX_RETRIES,
        MLFLOW_HTTP_REQUEST_TIMEOUT,
    )
    from mlflow.tracking import MlflowClient

    # Its own defaults, two minutes and seven tries, would hold a person's click for long.
    MLFLOW_HTTP_REQUEST_TIMEOUT.set(timeout)
    MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(1)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _data_of(inputs: Iterable[Any]) -> tuple[str, str]:
    """Name and digest of the data a run was measured on: the one input that is not marked as
    training data, or the only input there is."""
    every = list(inputs)
    measured = [i for i in every if _purpose(i) not in ("train", "training")]
    for candidates in (measured, every):
        if len(candidates) == 1:
            return candidates[0].dataset.name, candidates[0].dataset.digest
    return "", ""


def _purpose(dataset_input: Any) -> str:
    return next((t.value for t in dataset_input.tags if t.key == "mlflow.data.context"), "")


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
