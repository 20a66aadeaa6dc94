"""Pure: channels exported from Slack: users.json, and <channel>/<day>.json with messages.

A channel of one incident ("inc-2051-payments") is one document; elsewhere each thread with enough
messages is one, since that is where incidents are talked through.
https://slack.com/help/articles/220556107
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from knowledge.ingest.markup import slack_text
from knowledge.ingest.rows import Ticket, word

ENOUGH = 4
"""Messages from which a thread is worth finding again."""
_INCIDENT = re.compile(r"^(?:inc|incident|sev\d|outage|postmortem|pm)[-_]?", re.IGNORECASE)
_NOISE = frozenset(
    (
        *("channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name"),
        *("channel_archive", "bot_add", "bot_remove", "pinned_item", "reminder_add"),
    )
)
_FIXED = re.compile(
    r"\b(?:fixed|resolved|mitigated|rolled back|root cause|it was|turned out|the fix|recovered)\b",
    re.IGNORECASE,
)
_TITLE = 100


def people(data: Any) -> dict[str, str]:
    """Id -> shown name, from users.json."""
    rows = data if isinstance(data, list) else []
    return {
        word(row.get("id")): word(_profile(row).get("display_name"))
        or word(row.get("real_name"))
        or word(row.get("name"))
        for row in rows
        if isinstance(row, Mapping)
    }


def tickets(
    channel: str, messages: Iterable[Mapping[str, Any]], names: Mapping[str, str]
) -> list[Ticket]:
    """The documents of one channel, oldest first."""
    said = sorted(
        (m for m in messages if _counts(m)),
        key=lambda message: float(message["ts"]),
    )
    if _INCIDENT.match(channel):
        return [_ticket(f"slack-{channel}", channel, said, names)] if said else []
    threads: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for message in said:
        threads[str(message.get("thread_ts") or message["ts"])].append(message)
    return [
        _ticket(f"slack-{channel}-{ts.replace('.', '')}", "", thread, names)
        for ts, thread in threads.items()
        if len(thread) >= ENOUGH
    ]


def _at(message: Mapping[str, Any]) -> datetime:
    """When it was said; the beginning of time for one that no calendar has."""
    try:
        return datetime.fromtimestamp(float(message["ts"]), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC)


def _ticket(
    ticket_id: str, title: str, said: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> Ticket:
    lines = [f"{_who(m, names)}: {slack_text(str(m['text']), names)}" for m in said]
    opening = slack_text(str(said[0]["text"]), names).partition("\n")[0]
    fixes = [line for line in lines if _FIXED.search(line)]
    at = _at(said[0])
    heading = " ".join(part for part in (title and f"#{title}:", opening) if part)
    return Ticket(
        id=ticket_id,
        title=heading if len(heading) <= _TITLE else heading[: _TITLE - 1].rstrip() + "…",
        body="\n".join(lines),
        opened=at.date().isoformat(),
        # What somebody called the fix last; a person wrote it, nobody checked it.
        resolution=fixes[-1] if fixes else "",
    )


def _counts(message: Mapping[str, Any]) -> bool:
    if not isinstance(message, Mapping) or message.get("subtype") in _NOISE:
        return False
    try:
        float(message.get("ts", ""))
    except (TypeError, ValueError):
        return False
    return bool(word(message.get("text")))


def _who(message: Mapping[str, Any], names: Mapping[str, str]) -> str:
    user = word(message.get("user"))
    return names.get(user) or word(message.get("username")) or user or "someone"


def _profile(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found = row.get("profile")
    return found if isinstance(found, Mapping) else {}
