"""Argo CD's notifications: payload -> one change for each sync that ran.

The body is a template that its user writes; docs/how-to/changes.md has the one read here.
https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import clean, read_object
from bot.webhooks.parsed import ParsedChanges
from knowledge.errors import BadArgs
from knowledge.records import Change

_OUTCOMES = {"running": "", "succeeded": "", "failed": "failed", "error": "failed"}
_TEMPLATE = "the payload of docs/how-to/changes.md"


def parse(body: bytes | dict[str, Any], received_at: datetime) -> ParsedChanges:
    """Raises BadArgs naming the field."""
    payload = read_object(body, _TEMPLATE)
    app = payload.need("app", remedy='Add "app": "{{.app.metadata.name}}"')
    phase = payload.need("phase", remedy='Add "phase": "{{.app.status.operationState.phase}}"')
    if phase.lower() == "terminating":
        return ParsedChanges((), f"the sync of {app} is being ended")
    if phase.lower() not in _OUTCOMES:
        known = "Running, Succeeded, Failed, Error, Terminating"
        raise BadArgs("phase", f"{phase[:40]!r} is not known", f"Use one of {known}")
    started_at = payload.moment("started_at") or received_at
    revision = payload.word("revision")
    target = payload.word("namespace")
    words = ["sync of", app, f"to {target}" if target else "", _OUTCOMES[phase.lower()]]
    summary = " ".join(filter(None, words))
    told = payload.word("summary") or payload.word("message")
    change = Change(
        # The same sync is told when it starts and when it is over; it is one change.
        id=f"argocd:{app}:{revision[:12]}:{int(started_at.timestamp())}",
        at=started_at,
        kind="deploy",
        service=payload.word("service") or app,
        summary=clean(f"{summary}: {told}" if told else summary),
        version=revision[:12],
        author=payload.word("author"),
        url=payload.word("url"),
    )
    return ParsedChanges((change,))
