"""GitLab's webhooks about what was deployed, pushed, released and switched: payload -> changes.

https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, clean, read_object
from bot.webhooks.parsed import ParsedChanges
from knowledge.records import Change

_REMEDY = "Send GitLab's own payload"
_FAILED = ("failed", "canceled")


def parse(body: bytes | dict[str, Any], received_at: datetime) -> ParsedChanges:
    """Raises BadArgs naming the field. What changes nothing that runs is ignored with a reason."""
    payload = read_object(body, "GitLab's webhook body")
    kind = payload.need("object_kind", remedy=_REMEDY)
    read = READERS.get(kind)
    if read is None:
        return ParsedChanges((), f"{kind} tells of no deploy, push, release or flag")
    found = read(payload, received_at)
    return ParsedChanges((), found) if isinstance(found, str) else ParsedChanges((found,))


def _deployment(payload: Fields, received_at: datetime) -> Change | str:
    """It changes the world when it runs; an end is told only where it is a bad one."""
    status = payload.need("status", remedy=_REMEDY)
    if status not in ("running", *_FAILED):
        return f"a deployment that is {status}"
    number = payload.need("deployment_id", remedy=_REMEDY)
    outcome = f" {status}" if status in _FAILED else ""
    what = payload.word("ref") or payload.word("short_sha") or "a commit"
    title = payload.word("commit_title")
    return Change(
        id=f"gitlab:{_project(payload)}:deployment:{number}{outcome.replace(' ', ':')}",
        at=payload.moment("status_changed_at") or received_at,
        kind="deploy",
        service=_service(payload),
        summary=clean(
            f"deploy of {what} to {payload.word('environment') or 'an environment'}{outcome}"
            + (f": {title}" if title else "")
        ),
        version=payload.word("short_sha") or what,
        author=payload.child("user").word("username", "name"),
        url=payload.word("deployable_url", "commit_url"),
    )


def _pipeline(payload: Fields, received_at: datetime) -> Change | str:
    pipeline = payload.need_child("object_attributes", _REMEDY)
    status = pipeline.need("status", remedy=_REMEDY)
    if status not in ("success", *_FAILED):
        return f"a pipeline that is {status}"
    branch, ref = payload.child("project").word("default_branch"), pipeline.word("ref")
    if ref != branch and pipeline.values.get("tag") is not True:
        return f"a pipeline of {ref}, which is not the default branch"
    places = _places(payload)
    if not places:
        return "a pipeline without a job that deploys"
    number = pipeline.need("id", remedy=_REMEDY)
    outcome = f" {status}" if status in _FAILED else ""
    return Change(
        id=f"gitlab:{_project(payload)}:pipeline:{number}",
        at=pipeline.moment("created_at") or received_at,
        kind="deploy",
        service=_service(payload),
        summary=f"pipeline of {ref} to {', '.join(places)}{outcome}",
        version=ref if pipeline.values.get("tag") is True else pipeline.word("sha")[:12],
        author=payload.child("user").word("username", "name"),
        url=pipeline.word("url") or payload.child("project").word("web_url"),
    )


def _places(payload: Fields) -> list[str]:
    """Environments, or stages of that name, that a pipeline's jobs deployed to."""
    jobs = [Fields(job) for job in payload.items("builds") if isinstance(job, dict)]
    jobs = [job for job in jobs if job.word("status") in ("success", *_FAILED)]
    named = [job.child("environment").word("name") for job in jobs]
    staged = [job.word("name") for job in jobs if job.word("stage").lower() == "deploy"]
    return [*dict.fromkeys([name for name in named if name] or staged)][:5]


def _release(payload: Fields, received_at: datetime) -> Change | str:
    action = payload.word("action")
    if action != "create":
        return f"a release with the action {action or 'that is missing'}"
    tag = payload.need("tag", remedy=_REMEDY)
    return Change(
        id=f"gitlab:{_project(payload)}:release:{tag}",
        at=payload.moment("released_at", "created_at") or received_at,
        kind="release",
        service=_service(payload),
        summary=f"release {payload.word('name') or tag}",
        version=tag,
        author=payload.child("commit").child("author").word("name"),
        url=payload.word("url"),
    )


def _push(payload: Fields, received_at: datetime) -> Change | str:
    ref = payload.need("ref", remedy=_REMEDY)
    branch = payload.child("project").word("default_branch")
    if ref != f"refs/heads/{branch}":
        return f"a push to {ref}, which is not the default branch"
    sha = payload.word("checkout_sha", "after")
    if not sha.strip("0"):
        return f"{ref} was deleted"
    commits = [Fields(c) for c in payload.items("commits") if isinstance(c, dict)]
    last = next((c for c in commits if c.word("id") == sha), Fields({}))
    more = f" (and {len(commits) - 1} more commits)" if len(commits) > 1 else ""
    title = last.word("title", "message").partition("\n")[0].strip()
    return Change(
        id=f"gitlab:{_project(payload)}:push:{sha}",
        at=last.moment("timestamp") or received_at,
        kind="push",
        service=_service(payload),
        summary=(title or f"push to {branch}") + more,
        version=sha[:12],
        author=payload.word("user_username", "user_name"),
        url=last.word("url") or payload.child("project").word("web_url"),
    )


def _flag(payload: Fields, received_at: datetime) -> Change:
    flag = payload.need_child("object_attributes", _REMEDY)
    name = flag.need("name", remedy=_REMEDY)
    state = "on" if flag.values.get("active") is True else "off"
    return Change(
        # GitLab says no time, so each turn is told by when it came in.
        id=f"gitlab:{_project(payload)}:flag:{name}:{state}:{int(received_at.timestamp())}",
        at=received_at,
        kind="flag",
        service=_service(payload),
        summary=f"flag {name} turned {state}",
        version=state,
        author=payload.child("user").word("username", "name"),
        url=payload.child("project").word("web_url"),
    )


READERS: Mapping[str, Callable[[Fields, datetime], Change | str]] = {
    "deployment": _deployment,
    "pipeline": _pipeline,
    "release": _release,
    "push": _push,
    "feature_flag": _flag,
}


def _project(payload: Fields) -> str:
    return payload.child("project").need("path_with_namespace", "name", "id", remedy=_REMEDY)


def _service(payload: Fields) -> str:
    return payload.child("project").need("name", "path_with_namespace", remedy=_REMEDY)
