"""LaunchDarkly's webhooks, which are entries of its audit log: payload -> one change of a flag.

https://launchdarkly.com/docs/api/webhooks
"""

from datetime import datetime
from typing import Any

from bot.webhooks.fields import Fields, clean, read_object
from bot.webhooks.parsed import ParsedChanges
from knowledge.records import Change

_SITE = "https://app.launchdarkly.com"
_KINDS = ("flag", "segment", "experiment", "ai-config")
"""What changes how services behave; members, tokens and webhooks of LaunchDarkly's own do not."""
_REMEDY = "Send LaunchDarkly's own payload"


def parse(body: bytes | dict[str, Any], received_at: datetime) -> ParsedChanges:
    """Raises BadArgs naming the field."""
    entry = read_object(body, "LaunchDarkly's webhook body")
    kind = entry.need("kind", remedy=_REMEDY)
    if kind not in _KINDS:
        return ParsedChanges((), f"a change of a {kind}, which no service sees")
    name = entry.need("name", remedy=_REMEDY)
    place = _place(entry)
    where = f" in {place['env']}" if place.get("env", "*") != "*" else ""
    verb = entry.word("titleVerb") or "changed"
    change = Change(
        id=f"launchdarkly:{entry.need('_id', remedy=_REMEDY)}",
        at=entry.moment("date") or received_at,
        kind="flag",
        service=place.get("proj") or name,
        summary=clean(f"{kind} {name}{where}: {verb}"),
        author=_author(entry),
        url=_url(entry),
    )
    return ParsedChanges((change,))


def _place(entry: Fields) -> dict[str, str]:
    """{"proj": "shop", "env": "production", "flag": "new-checkout"} of the first resource."""
    resources = [r for r in entry.child("target").items("resources") if isinstance(r, str)]
    if not resources:
        accesses = [Fields(a) for a in entry.items("accesses") if isinstance(a, dict)]
        resources = [access.word("resource") for access in accesses]
    # A resource may carry tags: "proj/shop:env/production:flag/new-checkout;checkout".
    parts = resources[0].partition(";")[0].split(":") if resources else []
    pairs = [part.partition("/") for part in parts]
    return {clean(name): clean(value) for name, slash, value in pairs if slash}


def _author(entry: Fields) -> str:
    member = entry.child("member")
    name = f"{member.word('firstName')} {member.word('lastName')}".strip()
    return name or member.word("email") or entry.child("token").word("name")


def _url(entry: Fields) -> str:
    href = entry.child("_links").child("site").word("href")
    return f"{_SITE}{href}" if href.startswith("/") else href
