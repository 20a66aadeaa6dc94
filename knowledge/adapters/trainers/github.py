"""GitHub Actions: https://docs.github.com/en/rest/actions/workflows

A dispatch knows no id of ours, so it goes into an input of the workflow, whose `run-name` shows it:
by that a run is found again, and asking twice starts one. github.com also says which run it started
(`return_run_details`, since February 2026); an older GitHub Enterprise Server does not.
"""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

from knowledge.adapters.rest import TIMEOUT_S, Refused, Rest
from knowledge.adapters.trainers.system import (
    Order,
    handle_of,
    listed,
    lost,
    parts_of,
    seen,
    text_of,
    unknown_answer,
    unless_missing,
)
from knowledge.errors import Unavailable
from knowledge.records import Run, RunState, Training

_NAME = "GitHub Actions"
_WAITING = ("queued", "requested", "waiting", "pending")
_CONCLUSIONS = {"success": RunState.DONE, "cancelled": RunState.CANCELLED}
_CLOCKS_DIFFER = timedelta(minutes=5)
_REFUSED_FIELD = (400, 422)


class GitHubActions:
    """`System`; a job is a workflow's file name. `repository` is owner/name."""

    kind = "github"

    def __init__(
        self,
        repository: str,
        token: str,
        ref: str = "main",
        url: str = "https://api.github.com",
        *,
        timeout: float = TIMEOUT_S,
    ) -> None:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        base = f"{url.rstrip('/')}/repos/{repository}/actions"
        self._rest = Rest(_NAME, base, headers, timeout=timeout)
        self._ref = ref

    def start(self, order: Order) -> Run:
        run = Run(order.training, RunState.ASKED, self.kind, handle_of(order.job, "?"))
        if order.training.id in order.texts.values():
            there = self._find(order.job, order.training)
            if there is not None:
                return self._read(run, there)
        answer = self._dispatch(order)
        number = text_of(answer, "workflow_run_id")
        if not number:
            return run
        page = text_of(answer, "html_url")
        return seen(run, RunState.ASKED, url=page, handle=handle_of(order.job, number))

    def look(self, run: Run) -> Run:
        job, number = parts_of(run.handle, 2)
        if number == "?":
            there = self._find(job, run.training)
            return run if there is None else self._read(run, there)
        answer = unless_missing(lambda: self._rest.ask("GET", f"/runs/{quote(number, safe='')}"))
        return lost(run, _NAME) if answer is None else self._read(run, answer)

    def _dispatch(self, order: Order) -> Any:
        path = f"/workflows/{quote(order.job, safe='')}/dispatches"
        body: dict[str, Any] = {"ref": self._ref, "inputs": order.texts}
        try:
            return self._rest.ask("POST", path, {**body, "return_run_details": True})
        except Refused as error:
            unknown = "return_run_details" in error.why
            if error.status not in _REFUSED_FIELD or not unknown:
                raise
        return self._rest.ask("POST", path, body)

    def _find(self, job: str, training: Training) -> Mapping[str, Any] | None:
        """The run whose name shows our id."""
        since = (training.at - _CLOCKS_DIFFER).astimezone(UTC)
        params = {
            "event": "workflow_dispatch",
            "created": f">={since:%Y-%m-%dT%H:%M:%SZ}",
            "per_page": "100",
        }
        path = f"/workflows/{quote(job, safe='')}/runs"
        found = listed(self._rest.ask("GET", path, params=params), "workflow_runs")
        return next((r for r in found if training.id in text_of(r, "display_title")), None)

    def _read(self, run: Run, answer: Any) -> Run:
        number, status = text_of(answer, "id"), text_of(answer, "status")
        if not number or not status:
            raise unknown_answer(_NAME)
        state = _state(status, text_of(answer, "conclusion"))
        job = parts_of(run.handle, 2)[0]
        return seen(
            run,
            state,
            detail=self._detail(number, state, text_of(answer, "conclusion")),
            url=text_of(answer, "html_url"),
            handle=handle_of(job, number),
        )

    def _detail(self, number: str, state: RunState, conclusion: str) -> str:
        """The step that it is in, or that failed. Jobs that cannot be read are not worth losing the
        state for."""
        if state not in (RunState.RUNNING, RunState.FAILED):
            return ""
        try:
            jobs = listed(self._rest.ask("GET", f"/runs/{quote(number, safe='')}/jobs"), "jobs")
        except Unavailable:
            jobs = []
        steps = [(text_of(job, "name"), step) for job in jobs for step in listed(job, "steps")]
        key, wanted = ("conclusion", "failure") if state is RunState.FAILED else _IN_PROGRESS
        named = next(
            (f"{job}: {text_of(s, 'name')}" for job, s in steps if s.get(key) == wanted), ""
        )
        if state is RunState.RUNNING:
            return f"in {named}" if named else ""
        word = conclusion.replace("_", " ")
        return f"{word} in {named}" if named else word


_IN_PROGRESS = ("status", "in_progress")


def _state(status: str, conclusion: str) -> RunState:
    if status in _WAITING:
        return RunState.ASKED
    if status != "completed":
        return RunState.RUNNING
    return _CONCLUSIONS.get(conclusion, RunState.FAILED)
