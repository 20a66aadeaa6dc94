"""Pure: POST /changes, a deploy or another change of the world as plain JSON -> Change."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.webhooks.fields import read_object
from bot.webhooks.parsed import ParsedChanges
from knowledge.errors import BadArgs
from knowledge.records import Change


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", str_max_length=2000)

    service: str = Field(min_length=1)
    summary: str = Field(min_length=1)
    kind: str = "deploy"
    version: str = ""
    author: str = ""
    url: str = ""
    id: str = ""
    at: datetime | None = None


def parse(payload: Mapping[str, Any], received_at: datetime) -> Change:
    """Raises BadArgs naming the field. Without `at` it happened now; without `id` the same words at
    the same moment are one change."""
    try:
        body = _Body.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadArgs(field, str(first["msg"]), "See docs/how-to/changes.md") from None
    at = body.at or received_at
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise BadArgs("at", f"{at.isoformat()} is out of range", "Use a time of this era") from None
    named = f"{body.kind} {body.service} {body.version} {body.summary} {at.isoformat()}"
    return Change(
        id=body.id or sha256(named.encode()).hexdigest()[:12],
        at=at,
        kind=body.kind,
        service=body.service,
        summary=body.summary,
        version=body.version,
        author=body.author,
        url=body.url,
    )


def read(body: bytes | dict[str, Any], received_at: datetime) -> ParsedChanges:
    """POST /changes: one change. Raises BadArgs naming the field."""
    payload = read_object(body, "the change as docs/how-to/changes.md shows it")
    return ParsedChanges((parse(payload.values, received_at),))
