"""Argo Workflows, the server's REST API: https://argo-workflows.readthedocs.io/en/latest/swagger/

The workflow's name is ours, and Kubernetes takes each once: asking twice starts one.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from knowledge.adapters.rest import TIMEOUT_S, Refused, Rest
from knowledge.adapters.trainers.system import (
    CONFLICT,
    Order,
    handle_of,
    listed,
    lost,
    run_name,
    seen,
    text_of,
    unknown_answer,
    unless_missing,
)
from knowledge.adapters.trainers.system import parts_of as _parts
from knowledge.records import Run, RunState

VERSION = "model_version"
"""The workflow's output parameter that says which version it registered."""
_STATES = {
    "": RunState.ASKED,
    "Pending": RunState.ASKED,
    "Running": RunState.RUNNING,
    "Succeeded": RunState.DONE,
    "Failed": RunState.FAILED,
    "Error": RunState.FAILED,
}


class Argo:
    """`System`; a job is a WorkflowTemplate's name in the namespace."""

    kind = "argo"

    def __init__(self, url: str, token: str, namespace: str, *, timeout: float = TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._namespace = namespace
        signed = {"Authorization": f"Bearer {token.removeprefix('Bearer ')}"}
        self._rest = Rest("Argo Workflows", self._url, signed, timeout=timeout)

    def start(self, order: Order) -> Run:
        name = run_name(order.training)
        run = Run(order.training, RunState.ASKED, self.kind, handle_of(self._namespace, name))
        body = {
            "resourceKind": "WorkflowTemplate",
            "resourceName": order.job,
            "submitOptions": {
                "name": name,
                "parameters": [f"{key}={value}" for key, value in order.texts.items()],
                "labels": f"tandem/training={order.training.id}",
            },
        }
        path = f"/api/v1/workflows/{quote(self._namespace, safe='')}/submit"
        try:
            answer = self._rest.ask("POST", path, body)
        except Refused as error:
            if error.status != CONFLICT:
                raise
            return self.look(run)
        return self._read(run, answer)

    def look(self, run: Run) -> Run:
        namespace, name = _parts(run.handle, 2)
        path = f"/api/v1/workflows/{quote(namespace, safe='')}/{quote(name, safe='')}"
        answer = unless_missing(lambda: self._rest.ask("GET", path))
        return lost(run, "Argo Workflows") if answer is None else self._read(run, answer)

    def _read(self, run: Run, answer: Any) -> Run:
        if not isinstance(answer, Mapping) or not text_of(answer, "metadata", "name"):
            raise unknown_answer("Argo Workflows")
        phase = text_of(answer, "status", "phase")
        if phase not in _STATES:
            raise unknown_answer("Argo Workflows")
        state = _STATES[phase]
        if state is RunState.FAILED and text_of(answer, "spec", "shutdown"):
            # "Stop" and "Terminate": somebody ended it.
            state = RunState.CANCELLED
        detail = text_of(answer, "status", "message")
        progress = text_of(answer, "status", "progress")
        if state is RunState.RUNNING and not detail and progress:
            detail = f"{progress.replace('/', ' of ')} steps are through"
        page = f"{self._url}/workflows/{'/'.join(_parts(run.handle, 2))}"
        outputs = listed(answer, "status", "outputs", "parameters")
        versions = [text_of(out, "value") for out in outputs if text_of(out, "name") == VERSION]
        version = versions[0] if versions else ""
        return seen(run, state, detail=detail, url=page, version=version)
