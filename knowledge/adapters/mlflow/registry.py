"""The models of an MLflow server, read and moved through its own client.

Facts this rests on (MLflow 3.17, tried):
- A version's metrics are those of its logged model (source "models:/m-..."), each with the data
  set it was measured on; older versions have them on the run that made them.
- The server keeps a NaN among a logged model's metrics as 0.0, which would read as a perfect
  error, so a zero is looked up in the run that logged it, where NaN survives.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from knowledge.adapters.mlflow import reading
from knowledge.adapters.mlflow.artifacts import Folder
from knowledge.adapters.mlflow.details import Sources, read_details
from knowledge.adapters.mlflow.predictions import read_predictions
from knowledge.adapters.mlflow.server import Missing, Server
from knowledge.adapters.mlflow.shelf import Shelf
from knowledge.promotion import CHAMPION
from knowledge.records import Details, Evaluation, Frame, Kind, ModelVersion

MOST_RUNS = 4
"""Of those that measured a version, the newest so many are looked through for artefacts."""
_LOGGED = "models:/"
_OF_RUN = "runs:/"


class MlflowModels:
    """Implements `Models`. `timeout`: see `server`."""

    def __init__(self, tracking_uri: str, timeout: int = 5) -> None:
        self._server = Server(tracking_uri, timeout)
        self._shelf = Shelf(self._server, Kind.MODEL)

    def names(self) -> list[str]:
        return self._shelf.names()

    def versions(self, model: str) -> list[ModelVersion]:
        registered = self._shelf.registered(model)
        return [
            self._read(raw, registered.aliases) for raw in self._shelf.worth_reading(registered)
        ]

    def version(self, model: str, version: str) -> ModelVersion:
        registered = self._shelf.registered(model)
        return self._read(self._shelf.find(registered.name, version), registered.aliases)

    def champion(self, model: str) -> ModelVersion | None:
        registered = self._shelf.registered(model)
        number = registered.aliases.get(CHAMPION)
        if number is None:
            return None
        return self._read(self._shelf.find(registered.name, number), registered.aliases)

    def champions(self) -> dict[str, str]:
        return self._shelf.champions()

    def details(self, model: str, version: str) -> Details:
        registered = self._shelf.registered(model)
        raw = self._shelf.find(registered.name, version)
        logged = self._logged(raw)
        with self._server.translated():
            runs = self._runs(raw, logged)
            return read_details(
                Sources(
                    version=raw,
                    model=logged,
                    run=runs.get(raw.run_id),
                    files=self._files(raw, logged),
                    run_files=[
                        Folder(self._server, run.info.artifact_uri) for run in runs.values()
                    ],
                    registered_description=registered.description,
                    metrics=_metrics(logged, runs.get(raw.run_id)),
                )
            )

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        registered = self._shelf.registered(model)
        raw = self._shelf.find(registered.name, version)
        logged = self._logged(raw)
        with self._server.translated():
            files = self._files(raw, logged)
            folders = [] if files is None else [(files, "")]
            for run in self._runs(raw, logged).values():
                measured = reading.measured_on(reading.inputs_of(run))[1]
                folders.append((Folder(self._server, run.info.artifact_uri), measured))
            return read_predictions(folders, [m.dataset_digest for m in _newest_first(logged)])

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        """Raises Unavailable naming the state that was left: doing it again repairs it."""
        return self.version(*self._shelf.move_champion(model, version, expected))

    # Requests ---------------------------------------------------------------------------

    def _logged(self, raw: Any) -> Any:
        """The logged model that a version points to, or None."""
        source = raw.source or ""
        if not source.startswith(f"{_LOGGED}m-"):
            return None
        try:
            return self._server.ask(lambda c: c.get_logged_model(source.removeprefix(_LOGGED)))
        except Missing:  # deleted, while the version that points to it was kept
            return None

    def _run(self, run_id: str) -> Any:
        try:
            return self._server.ask(lambda c: c.get_run(run_id))
        except Missing:
            return None

    def _runs(self, raw: Any, logged: Any) -> dict[str, Any]:
        """By id: the run that made the version, then those that measured it, newest first."""
        ids = dict.fromkeys([raw.run_id, *(m.run_id for m in _newest_first(logged))])
        found = {i: self._run(i) for i in [i for i in ids if i][:MOST_RUNS]}
        return {run_id: run for run_id, run in found.items() if run is not None}

    def _files(self, raw: Any, logged: Any) -> Folder | None:
        """What would be served: where the logged model is, else where the version says."""
        address = logged.artifact_location if logged else None
        if not address:
            try:
                address = self._server.ask(
                    lambda c: c.get_model_version_download_uri(raw.name, raw.version)
                )
            except Missing:
                return None
        if address and address.startswith(_OF_RUN):
            run_id, _, path = address.removeprefix(_OF_RUN).partition("/")
            run = self._run(run_id)
            address = f"{run.info.artifact_uri.rstrip('/')}/{path}" if run is not None else None
        return Folder(self._server, address) if address else None

    # Reading ----------------------------------------------------------------------------

    def _read(self, raw: Any, aliases: Mapping[str, str]) -> ModelVersion:
        with self._server.translated():
            evaluations, params = self._evidence(raw)
            main = evaluations[0] if evaluations else Evaluation("", "", {})
            number = str(raw.version)
            return ModelVersion(
                model=raw.name,
                version=number,
                created_at=datetime.fromtimestamp(raw.creation_timestamp / 1000, UTC),
                aliases=tuple(sorted(a for a, v in aliases.items() if v == number)),
                metrics=main.metrics,
                dataset=main.dataset,
                dataset_digest=main.digest,
                params=params,
                tags=dict(raw.tags),
                run_id=raw.run_id or "",
                description=raw.description or "",
                url=f"{self._server.uri}/#/models/{quote(raw.name)}/versions/{number}",
                evaluations=evaluations,
            )

    def _evidence(self, raw: Any) -> tuple[tuple[Evaluation, ...], Mapping[str, str]]:
        """Evaluations and parameters: from the logged model, else from the run."""
        logged = self._logged(raw)
        if logged is not None and logged.metrics:
            return self._by_data(logged.metrics), dict(logged.params or {})
        run = self._run(raw.run_id) if raw.run_id else None
        if run is None:
            return (), {}
        return reading.run_evaluation(run), dict(run.data.params)

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


def _newest_first(logged: Any) -> list[Any]:
    """The metrics of a logged model; none of None."""
    metrics = (logged.metrics if logged else None) or ()
    return sorted(metrics, key=lambda m: m.timestamp, reverse=True)


def _metrics(logged: Any, run: Any) -> dict[str, float]:
    """By name, those of the logged model before those of the run."""
    of_run = dict(run.data.metrics) if run is not None else {}
    return {**of_run, **{m.key: float(m.value) for m in reversed(_newest_first(logged))}}
