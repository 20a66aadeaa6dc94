"""Airflow, REST API v2 (Airflow 3) and v1 (Airflow 2).

https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html. The id of a DAG run
is ours, and Airflow takes each once: asking twice starts one.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from knowledge.adapters.rest import TIMEOUT_S, Refused, Rest
from knowledge.adapters.trainers.system import (
    CONFLICT,
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

_STATES = {
    "queued": RunState.ASKED,
    "running": RunState.RUNNING,
    "success": RunState.DONE,
    "failed": RunState.FAILED,
}
_UNAUTHORIZED = 401
_SHOWN_TASKS = 3


class Airflow:
    """`System`; a job is a DAG's id. `token` is sent as it is; with `user` and `password` v2 is
    asked for a token (/auth/token), and v1 is sent both."""

    kind = "airflow"

    def __init__(
        self,
        url: str,
        *,
        api: str = "v2",
        token: str = "",
        user: str = "",
        password: str = "",
        timeout: float = TIMEOUT_S,
    ) -> None:
        self._url = url.rstrip("/")
        self._v2 = api == "v2"
        self._token = token
        self._login = (user, password) if user else None
        basic = self._login if not self._v2 else None
        self._rest = Rest("Airflow", self._url, auth=basic, timeout=timeout)
        self._api = f"/api/{api}"

    def start(self, order: Order) -> Run:
        dag, name = order.job, run_name(order.training)
        if self._ask("GET", f"/dags/{quote(dag, safe='')}").get("is_paused") is True:
            why = f"the DAG {dag} is paused; switch it on in Airflow"
            raise Unavailable("Airflow", why, retry=False)
        body: dict[str, Any] = {"dag_run_id": name, "conf": dict(order.parameters)}
        if self._v2:
            # Required, and null for a run that stands for no interval of data.
            body["logical_date"] = None
            body["note"] = f"{order.training.by_name}: {order.training.reason}"[:1000]
        run = Run(order.training, RunState.ASKED, self.kind, handle_of(dag, name))
        try:
            answer = self._ask("POST", f"/dags/{quote(dag, safe='')}/dagRuns", body)
        except Refused as error:
            if error.status != CONFLICT:
                raise
            return self.look(run)
        return self._read(run, answer)

    def look(self, run: Run) -> Run:
        dag, name = parts_of(run.handle, 2)
        path = _path(dag, name)
        answer = unless_missing(lambda: self._ask("GET", path))
        if answer is None:
            return lost(run, "Airflow")
        return self._read(run, answer)

    def _read(self, run: Run, answer: Mapping[str, Any]) -> Run:
        dag, name = parts_of(run.handle, 2)
        state = _STATES.get(text_of(answer, "state"))
        if state is None:
            raise unknown_answer("Airflow")
        detail = ""
        if state in (RunState.RUNNING, RunState.FAILED):
            detail = self._tasks(dag, name, text_of(answer, "state"))
        page = f"{self._url}/dags/{quote(dag, safe='')}"
        if self._v2:
            page += f"/runs/{quote(name, safe='')}"
        else:
            page += f"/grid?dag_run_id={quote(name, safe='')}"
        return seen(run, state, detail=detail, url=page)

    def _tasks(self, dag: str, name: str, state: str) -> str:
        """Which tasks are running, or failed. Empty where that cannot be read: it is not worth
        losing the state for."""
        try:
            params = {"state": state, "limit": "20"}
            answer = self._ask("GET", f"{_path(dag, name)}/taskInstances", params=params)
        except Unavailable:
            return ""
        names = [text_of(task, "task_id") for task in listed(answer, "task_instances")]
        word = "failed in" if state == "failed" else "in"
        return f"{word} {', '.join(names[:_SHOWN_TASKS])}" if names else ""

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        def once() -> Any:
            signed = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            return self._rest.ask(method, f"{self._api}{path}", body, params, headers=signed)

        answer = self._signed_in(once)
        if not isinstance(answer, Mapping):
            raise unknown_answer("Airflow")
        return answer

    def _signed_in(self, once: Callable[[], Any]) -> Any:
        """Tokens that Airflow gave for a password end after a day: then it gives another one."""
        if not self._v2 or self._login is None:
            return once()
        if self._token:
            try:
                return once()
            except Refused as error:
                if error.status != _UNAUTHORIZED:
                    raise
        user, password = self._login
        answer = self._rest.ask("POST", "/auth/token", {"username": user, "password": password})
        self._token = text_of(answer, "access_token")
        if not self._token:
            raise unknown_answer("Airflow")
        return once()


def _path(dag: str, name: str) -> str:
    return f"/dags/{quote(dag, safe='')}/dagRuns/{quote(name, safe='')}"
