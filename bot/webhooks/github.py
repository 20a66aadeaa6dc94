"""GitHub's webhooks about what was deployed, pushed and released: payload -> changes.

The event's name is in a header that parsers do not see, so it is told by what the body holds.
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, clean, read_object, word_of
from bot.webhooks.parsed import ParsedChanges
from knowledge.errors import BadArgs
from knowledge.records import Change

_DEPLOYS = re.compile(r"deploy|release|rollout|roll-out|promote|publish", re.IGNORECASE)
"""Workflows that change what runs, by their name or their file's."""
_OVER = {"success": "", "failure": "failed", "error": "failed", "in_progress": ""}
_REMEDY = "Send GitHub's own payload"


def parse(body: bytes | dict[str, Any], received_at: datetime) -> ParsedChanges:
    """Raises BadArgs naming the field. What changes nothing that runs is ignored with a reason."""
    payload = read_object(body, "GitHub's webhook body, with the content type application/json")
    read = next((READERS[name] for name in READERS if name in payload.values), None)
    if read is None:
        if "hook_id" in payload.values or "repository" in payload.values:
            return ParsedChanges((), "an event that tells of no deploy, push or release")
        raise BadArgs("body", "it is no event of GitHub's", _REMEDY)
    found = read(payload, received_at)
    return ParsedChanges((), found) if isinstance(found, str) else ParsedChanges((found,))


def _deployment(payload: Fields, received_at: datetime) -> Change | str:
    return _deploy(payload, received_at, "")


def _deployment_status(payload: Fields, received_at: datetime) -> Change | str:
    state = payload.child("deployment_status").need("state", remedy=_REMEDY)
    if state not in _OVER:
        return f"a deployment that is {state}"
    return _deploy(payload, received_at, _OVER[state])


def _deploy(payload: Fields, received_at: datetime, outcome: str) -> Change:
    """One change for each deployment: its statuses are told under the same id and time."""
    deployment = payload.need_child("deployment", _REMEDY)
    status = payload.child("deployment_status")
    name, number = _repository(payload), deployment.need("id", remedy=_REMEDY)
    what = deployment.word("ref") or deployment.word("sha")[:12] or "a commit"
    where = deployment.word("environment")
    own = deployment.values.get("payload")
    service = word_of(own.get("service")) if isinstance(own, dict) else ""
    summary = f"deploy of {what}" + (f" to {where}" if where else "")
    return Change(
        id=f"github:{name}:deployment:{number}",
        at=deployment.moment("created_at") or received_at,
        kind="deploy",
        service=service or _service(payload),
        summary=" ".join(filter(None, (summary, outcome))),
        version=what,
        author=deployment.child("creator").word("login") or _sender(payload),
        url=status.word("log_url", "target_url") or payload.child("repository").word("html_url"),
    )


def _push(payload: Fields, received_at: datetime) -> Change | str:
    ref = payload.need("ref", remedy=_REMEDY)
    branch = payload.child("repository").word("default_branch")
    if ref != f"refs/heads/{branch}":
        return f"a push to {ref}, which is not the default branch"
    if payload.values.get("deleted") is True:
        return f"{ref} was deleted"
    head = payload.child("head_commit")
    sha = payload.need("after", remedy=_REMEDY)
    told = len(payload.items("commits"))
    more = f" (and {told - 1} more commits)" if told > 1 else ""
    return Change(
        id=f"github:{_repository(payload)}:push:{sha}",
        at=head.moment("timestamp") or received_at,
        kind="push",
        service=_service(payload),
        summary=(_first_line(head.word("message")) or f"push to {branch}") + more,
        version=sha[:12],
        author=payload.child("pusher").word("name") or _sender(payload),
        url=payload.word("compare"),
    )


def _release(payload: Fields, received_at: datetime) -> Change | str:
    action = payload.word("action")
    if action != "published":
        return f"a release that was {action or 'touched'}, not published"
    release = payload.need_child("release", _REMEDY)
    tag = release.need("tag_name", remedy=_REMEDY)
    return Change(
        id=f"github:{_repository(payload)}:release:{release.word('id') or tag}",
        at=release.moment("published_at", "created_at") or received_at,
        kind="release",
        service=_service(payload),
        summary=f"release {release.word('name') or tag}",
        version=tag,
        author=release.child("author").word("login") or _sender(payload),
        url=release.word("html_url"),
    )


def _workflow_run(payload: Fields, received_at: datetime) -> Change | str:
    run = payload.need_child("workflow_run", _REMEDY)
    name = run.word("name") or payload.child("workflow").word("name") or "a workflow"
    if not _DEPLOYS.search(f"{name} {run.word('path')}"):
        return f"{name} deploys nothing, by its name"
    conclusion = run.word("conclusion")
    if conclusion not in _OVER:
        return f"{name} is {conclusion or run.word('status') or 'not over'}"
    title, outcome = run.word("display_title"), _OVER[conclusion]
    return Change(
        id=f"github:{_repository(payload)}:run:{run.need('id', remedy=_REMEDY)}",
        at=run.moment("run_started_at", "created_at") or received_at,
        kind="deploy",
        service=_service(payload),
        summary=clean(" ".join(filter(None, (name, outcome))) + (f": {title}" if title else "")),
        version=run.word("head_sha")[:12],
        author=run.child("actor").word("login") or _sender(payload),
        url=run.word("html_url"),
    )


READERS: Mapping[str, Callable[[Fields, datetime], Change | str]] = {
    "deployment_status": _deployment_status,
    "deployment": _deployment,
    "release": _release,
    "workflow_run": _workflow_run,
    "pusher": _push,
}
"""By a field that no event further down has; those about deployments hold workflows too."""


def _repository(payload: Fields) -> str:
    return payload.child("repository").need("full_name", "name", remedy=_REMEDY)


def _service(payload: Fields) -> str:
    return payload.child("repository").need("name", "full_name", remedy=_REMEDY)


def _sender(payload: Fields) -> str:
    return payload.child("sender").word("login")


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()
