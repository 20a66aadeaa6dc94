"""Kubeflow Pipelines, API v2beta1:
https://www.kubeflow.org/docs/components/pipelines/reference/api/kubeflow-pipeline-api-spec/

It would start a second run of the same name, so the name (which holds our id) is looked for first.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from knowledge.adapters.rest import TIMEOUT_S, Rest
from knowledge.adapters.trainers.system import (
    Order,
    handle_of,
    listed,
    lost,
    parts_of,
    run_name,
    seen,
    text_of,
    unknown_answer,
    unless_missing,
)
from knowledge.errors import Unavailable
from knowledge.records import Run, RunState

_API = "/apis/v2beta1"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_STATES = {
    "RUNTIME_STATE_UNSPECIFIED": RunState.ASKED,
    "PENDING": RunState.ASKED,
    "RUNNING": RunState.RUNNING,
    "PAUSED": RunState.RUNNING,
    "CANCELING": RunState.RUNNING,
    "SUCCEEDED": RunState.DONE,
    "SKIPPED": RunState.DONE,
    "FAILED": RunState.FAILED,
    "CANCELED": RunState.CANCELLED,
}
_SHOWN_TASKS = 3


class Kubeflow:
    """`System`; a job is a pipeline's name or its id, and its newest version is run."""

    kind = "kubeflow"

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        namespace: str = "",
        experiment: str = "",
        timeout: float = TIMEOUT_S,
    ) -> None:
        self._url = url.rstrip("/")
        self._namespace, self._experiment = namespace, experiment
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        self._rest = Rest("Kubeflow Pipelines", self._url, signed, timeout=timeout)

    def start(self, order: Order) -> Run:
        run = Run(order.training, RunState.ASKED, self.kind)
        there = self._find(run_name(order.training))
        if there is not None:
            return self._read(run, there)
        training = order.training
        body: dict[str, Any] = {
            "display_name": run_name(training),
            "description": f"{training.model}: {training.reason} ({training.by_name})"[:1000],
            "pipeline_version_reference": {"pipeline_id": self._pipeline(order.job)},
            "runtime_config": {"parameters": dict(order.parameters)},
        }
        if self._experiment:
            body["experiment_id"] = self._experiment
        return self._read(run, self._rest.ask("POST", f"{_API}/runs", body))

    def look(self, run: Run) -> Run:
        (found,) = parts_of(run.handle, 1)
        path = f"{_API}/runs/{quote(found, safe='')}"
        answer = unless_missing(lambda: self._rest.ask("GET", path))
        return lost(run, "Kubeflow Pipelines") if answer is None else self._read(run, answer)

    def _pipeline(self, job: str) -> str:
        if _UUID.fullmatch(job):
            return job
        params = {"namespace": self._namespace} if self._namespace else None
        path = f"{_API}/pipelines/names/{quote(job, safe='')}"
        found = text_of(self._rest.ask("GET", path, params=params), "pipeline_id")
        if not found:
            why = f"there is no pipeline {job!r}"
            raise Unavailable("Kubeflow Pipelines", why, retry=False)
        return found

    def _find(self, name: str) -> Mapping[str, Any] | None:
        predicate = {"key": "display_name", "operation": "EQUALS", "string_value": name}
        params = {"filter": json.dumps({"predicates": [predicate]}), "page_size": "1"}
        if self._experiment:
            params["experiment_id"] = self._experiment
        elif self._namespace:
            params["namespace"] = self._namespace
        runs = listed(self._rest.ask("GET", f"{_API}/runs", params=params), "runs")
        # A server that does not know the filter would give any run.
        return next((run for run in runs if text_of(run, "display_name") == name), None)

    def _read(self, run: Run, answer: Any) -> Run:
        found = text_of(answer, "run_id")
        state = _STATES.get(text_of(answer, "state") or "PENDING")
        if not found or state is None:
            raise unknown_answer("Kubeflow Pipelines")
        page = f"{self._url}/#/runs/details/{quote(found, safe='')}"
        detail = self._detail(answer, state)
        return seen(run, state, detail=detail, url=page, handle=handle_of(found))

    def _detail(self, answer: Any, state: RunState) -> str:
        if state is RunState.FAILED:
            tasks = listed(answer, "run_details", "task_details")
            failed = [text_of(t, "display_name") for t in tasks if t.get("state") == "FAILED"]
            said = text_of(answer, "error", "message")
            named = f"failed in {', '.join(failed[:_SHOWN_TASKS])}" if failed else ""
            return ": ".join(filter(None, (named, said)))
        word = text_of(answer, "state")
        return word.lower() if word in ("PAUSED", "CANCELING", "SKIPPED") else ""
