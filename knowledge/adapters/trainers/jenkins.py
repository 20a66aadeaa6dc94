"""Jenkins: https://www.jenkins.io/doc/book/using/remote-access-api/

A build is asked for by its parameters, waits in the queue as an item, and becomes a build with a
number; the item is forgotten some minutes later. Our id is one of the parameters, so that item and
build are found again by it, and asking twice starts one.
"""

from collections.abc import Mapping
from http.cookies import SimpleCookie
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
from knowledge.records import Run, RunState

_FORBIDDEN = 403
_RESULTS = {
    "SUCCESS": RunState.DONE,
    "UNSTABLE": RunState.DONE,
    "FAILURE": RunState.FAILED,
    "NOT_BUILT": RunState.FAILED,
    "ABORTED": RunState.CANCELLED,
}
_ACTIONS = "actions[parameters[name,value]]"
_NEWEST = 100
"""Builds that are searched for ours."""


class Jenkins:
    """`System`; a job is a job's name with its folders, "ml/train-fraud". `token` is an API token
    of `user` (or a password; then Jenkins wants a crumb, which is fetched)."""

    kind = "jenkins"

    def __init__(self, url: str, user: str, token: str, *, timeout: float = TIMEOUT_S) -> None:
        self._rest = Rest("Jenkins", url, auth=(user, token), timeout=timeout)

    def start(self, order: Order) -> Run:
        run = Run(order.training, RunState.ASKED, self.kind, handle_of(order.job, "?"))
        there = self._found(run)
        return self._ask_for(run, order) if there is None else there

    def look(self, run: Run) -> Run:
        job, number = parts_of(run.handle, 2)
        if number == "?":
            return self._found(run) or run
        if number.startswith("item "):
            return self._item(run, job, number.removeprefix("item "))
        path = f"{_path(job)}/{quote(number, safe='')}/api/json"
        answer = unless_missing(lambda: self._rest.ask("GET", path))
        return lost(run, "Jenkins") if answer is None else self._build(run, job, answer)

    def _ask_for(self, run: Run, order: Order) -> Run:
        path = f"{_path(order.job)}/buildWithParameters"
        try:
            answer = self._rest.send("POST", path, form=order.texts)
        except Refused as error:
            if error.status != _FORBIDDEN:
                raise
            crumb = self._crumb()
            if not crumb:
                raise
            answer = self._rest.send("POST", path, form=order.texts, headers=crumb)
        item = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not item.isdecimal():
            return run
        return seen(run, RunState.ASKED, handle=handle_of(order.job, f"item {item}"))

    def _crumb(self) -> dict[str, str]:
        """Against forged requests; it counts together with the session's cookie. Empty where
        Jenkins hands out none."""
        try:
            answer = self._rest.send("GET", "/crumbIssuer/api/json")
        except Refused:
            return {}
        told = answer.json()
        field, value = text_of(told, "crumbRequestField"), text_of(told, "crumb")
        cookies = SimpleCookie(answer.headers.get("set-cookie", ""))
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        return {field: value, "Cookie": cookie} if field and value else {}

    def _item(self, run: Run, job: str, item: str) -> Run:
        path = f"/queue/item/{quote(item, safe='')}/api/json"
        answer = unless_missing(lambda: self._rest.ask("GET", path))
        if answer is None:
            return self._found(run) or lost(run, "Jenkins")
        if not isinstance(answer, Mapping):
            raise unknown_answer("Jenkins")
        if answer.get("cancelled") is True:
            return seen(run, RunState.CANCELLED, detail="it was taken out of the queue")
        number = text_of(answer, "executable", "number")
        if not number:
            return seen(run, RunState.ASKED, detail=text_of(answer, "why"))
        return self.look(seen(run, RunState.ASKED, handle=handle_of(job, number)))

    def _found(self, run: Run) -> Run | None:
        """By our id: in the queue, else among the newest builds. None where it is in neither."""
        job = parts_of(run.handle, 2)[0]
        tree = {"tree": f"items[id,{_ACTIONS}]"}
        items = listed(self._rest.ask("GET", "/queue/api/json", params=tree), "items")
        waiting = next((i for i in items if _carries(i, run.training.id)), None)
        if waiting is not None:
            handle = handle_of(job, f"item {text_of(waiting, 'id')}")
            return seen(run, RunState.ASKED, handle=handle)
        fields = "number,url,building,result,description"
        tree = {"tree": f"builds[{fields},{_ACTIONS}]{{0,{_NEWEST}}}"}
        builds = listed(self._rest.ask("GET", f"{_path(job)}/api/json", params=tree), "builds")
        build = next((b for b in builds if _carries(b, run.training.id)), None)
        return None if build is None else self._build(run, job, build)

    def _build(self, run: Run, job: str, answer: Any) -> Run:
        number = text_of(answer, "number")
        if not number or not isinstance(answer, Mapping):
            raise unknown_answer("Jenkins")
        result = text_of(answer, "result")
        over = answer.get("building") is False and result
        state = _RESULTS.get(result, RunState.FAILED) if over else RunState.RUNNING
        words = {"UNSTABLE": "the build is unstable", "NOT_BUILT": "it was not built"}
        detail = words.get(result, "") if over else ""
        said = text_of(answer, "description")
        return seen(
            run,
            state,
            detail=": ".join(filter(None, (detail, said))),
            url=text_of(answer, "url"),
            handle=handle_of(job, number),
        )


def _carries(thing: Mapping[str, Any], training_id: str) -> bool:
    parameters = (p for action in listed(thing, "actions") for p in listed(action, "parameters"))
    return any(p.get("value") == training_id for p in parameters)


def _path(job: str) -> str:
    """ "ml/train-fraud" is "/job/ml/job/train-fraud"."""
    return "".join(f"/job/{quote(part, safe='')}" for part in job.strip("/").split("/"))
