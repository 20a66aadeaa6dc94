"""Buttons: with altered values, from other messages, by people without the right to press them.

Each press comes as Slack tells it and goes through the real reader, rights, skills and stores; only
the answers go to a chat in memory. A few hundred go the whole way, signed, over HTTP.
"""

import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode

from benchmarks.attacks.asgi import ask
from benchmarks.attacks.forged import post
from benchmarks.attacks.nasty import altered, json_value, mutated, text
from benchmarks.attacks.signing import SENDERS, Sender, slack
from benchmarks.attacks.tally import Class, Row, seeded
from benchmarks.attacks.world import World
from bot.slack import inbound
from bot.testing import MemoryMessenger
from knowledge.errors import BadArgs
from skills.contract import Role
from skills.registry import BUILTIN

_VOTES = ("approve", "reject", "ask_changes", "override", "review", "move_restore", "move_accept")
_CHANGING = tuple(s.name for s in BUILTIN if s.needs > Role.READ) + _VOTES
_FIELDS = {s.name: tuple(s.args.model_fields) for s in BUILTIN}
_numbers = count(1)
ALERTS: Sender = next(s for s in SENDERS if s.path == "/signals/generic")

Payload = dict[str, Any]


def press(user: str, value: str, **elsewhere: Any) -> Payload:
    """As Slack tells it; `elsewhere` says where the button stood."""
    number = next(_numbers)
    place = {"channel_id": "C01INCIDENT", "message_ts": f"17.{number:06d}", **elsewhere}
    return {
        "type": "block_actions",
        "user": {"id": user},
        "team": {"id": "T1"},
        "channel": {"id": place["channel_id"]},
        "container": {"type": "message", **place},
        "message": {"ts": place["message_ts"], "blocks": [{"type": "divider"}]},
        "trigger_id": f"13.{number}",
        "response_url": "",
        "actions": [
            {
                "type": "button",
                "action_id": "call-b0-0",
                "block_id": "b0",
                "action_ts": f"18.{number:06d}",
                "value": value,
            }
        ],
    }


def handle(world: World, body: Payload) -> MemoryMessenger:
    """Raises BadArgs for a value that no button of ours carries."""
    asked, _ = inbound.from_press(body)
    messenger = MemoryMessenger()
    # The desk would wait for a lull before each of them: thousands of presses are not that patient.
    world.bot.desk._turn.handle(asked, messenger)
    return messenger


async def incident(world: World) -> str:
    """The id of an incident that an honest alert opened."""
    now = datetime.now(UTC).isoformat()
    told = {**ALERTS.body, "severity": "critical", "starts_at": now}
    names = ("PressMe", "HighErrorRate", "HighLatency", "ServiceDown")
    await post(
        world,
        ALERTS.signed(json.dumps({"signals": [{**told, "name": n} for n in names]}).encode()),
    )
    for _ in range(200):
        if found := world.bot.parts.store.incidents.find(limit=1):
            return found[0].id
        time.sleep(0.05)
    raise RuntimeError("the alert opened no incident")


def _targets(world: World, incident_id: str, approval: str) -> dict[str, Any]:
    """Arguments by name that would do something."""
    people = world.people
    return {
        **dict.fromkeys(("incident", "subject"), incident_id),
        **dict.fromkeys(("action",), "resolve"),
        **dict.fromkeys(("value", "reason", "note", "text", "cause", "title", "why"), "because"),
        **dict.fromkeys(("service",), "checkout"),
        **dict.fromkeys(("duration", "length", "window", "every"), "1h"),
        **dict.fromkeys(("model",), "eta-model"),
        "match": "service=checkout",
        "approval": approval,
        "version": "5",
        "whom": people["ada"],
        "to": people["ada"],
        "user": people["eva"],
        "at": "2026-03-05T12:00:00Z",
        "alert": "PressMe",
        "monitor": "errors",
        "parameters": {},
        "query": "up",
        "name": "errors",
    }


def _unlawful(
    world: World, rng: random.Random, incident_id: str, approval: str, saw: str
) -> Iterator[tuple[str, str]]:
    """Who presses, and the value: each would change something if it were allowed."""
    known = {**_targets(world, incident_id, approval), "saw": saw}
    while True:
        for name in _CHANGING:
            args = {field: known[field] for field in _FIELDS[name] if field in known}
            yield "eva", json.dumps({"s": name, "a": args})
            claims = {
                "role": "APPROVE",
                "user": world.people["ada"],
                "needs": 0,
                "via_button": True,
            }
            yield "eva", json.dumps({"s": name, "a": {**args, **claims}, **claims})
        for vote in _VOTES[:4]:
            args = {"approval": approval, "saw": saw, "reason": "because"}
            yield rng.choice(("ada", "eva")), json.dumps({"s": vote, "a": args})
            # The first characters of a hash are as good as all of it; others are not.
            stale = altered(rng, rng.choice("ghijkl") + saw[1:])
            if stale and not saw.startswith(stale):
                value = json.dumps({"s": vote, "a": {**args, "saw": stale}})
                yield rng.choice(("chloe", "dev")), value
            if vote in ("approve", "override"):
                yield "chloe", json.dumps({"s": vote, "a": {**args, "saw": ""}})


def request(world: World) -> tuple[str, str]:
    """A promotion that waits for votes: its id and the hash of its evidence."""
    promoting = world.bot.parts.promoting
    open_now = promoting.undecided("eta-model")
    if not open_now:
        asked = promoting.ask(
            "eta-model",
            "5",
            by=world.people["ben"],
            by_name="ben",
            reason="it is better",
        )
        assert asked.approval is not None
        open_now = [asked.approval]
    approval = open_now[0]
    return approval.id, approval.evidence_hash


async def _without_the_right(world: World, row: Row, inputs: int) -> None:
    incident_id = await incident(world)
    approval, saw = request(world)
    _settle(world)
    before = world.state()
    rng = seeded("presses")
    elsewhere: tuple[dict[str, Any], ...] = (
        {},
        {"channel_id": "C03GENERAL0"},
        {"is_ephemeral": True},
        {"thread_ts": "1.0"},
    )
    cases = _unlawful(world, rng, incident_id, approval, saw)
    for number, (who, value) in zip(range(inputs), cases, strict=False):
        case = f"{who} presses {value}"
        body = press(world.people[who], value, **rng.choice(elsewhere))
        messenger = row.attempt(lambda body=body: handle(world, body), case, (BadArgs,))  # type: ignore[misc]
        row.look(repr(messenger.shown if messenger else ""), case)
        if number % 500 == 499 and (told := world.changed(before)):
            row.enters(f"{told} changed by one of the presses up to {case}")
            before = world.state()
    if told := world.changed(before):
        row.enters(f"{told} changed by a press")


async def _removed(world: World, row: Row, inputs: int) -> None:
    """In the group when the card was drawn, out of it when the button is pressed."""
    approval, saw = request(world)
    _settle(world)
    before = world.state()
    with world.playground.client("ada") as ada:
        for number in range(inputs):
            ada.group("ml-leads", add=["dev"])
            may = world.bot.parts.promoting.open_to(world.people["dev"])
            ada.group("ml-leads", remove=["dev"])
            if not may:
                row.crash("dev had no right to lose")
            vote = ("approve", "reject", "override", "ask_changes")[number % 4]
            args = {"approval": approval, "saw": saw, "reason": "because"}
            body = press(world.people["dev"], json.dumps({"s": vote, "a": args}))
            shown = handle(world, body).shown
            row.check(bool(shown) and "Not allowed" in shown[-1].reply.title, f"{vote}: {shown}")
        ada.group("ml-leads", add=["dev"])
    if told := world.changed(before):
        row.enters(f"{told} changed by a vote of somebody who was taken out of the group")


async def _nonsense(world: World, row: Row, inputs: int) -> None:
    """By people who may: the value is another one than any button of ours carries."""
    incident_id = await incident(world)
    approval, saw = request(world)
    rng = seeded("nonsense")
    known = {**_targets(world, incident_id, approval), "saw": saw}
    # What takes seconds by itself, or talks to people, is pressed less.
    names = [name for name in _FIELDS if name not in ("stats", "investigate")]
    for _ in range(inputs):
        name = rng.choice(names)
        args = {field: known.get(field, "x") for field in _FIELDS[name]}
        for field in rng.sample(sorted(args), min(len(args), rng.randint(1, 2))):
            args[field] = text(rng) if rng.random() < 0.6 else json_value(rng, 2)
        value = json.dumps({"s": name if rng.random() < 0.95 else text(rng), "a": args})
        if rng.random() < 0.3:
            value = altered(rng, value)
        body = press(world.people["ada"], value)
        messenger = row.attempt(lambda body=body: handle(world, body), value, (BadArgs,))  # type: ignore[misc]
        row.look(repr(messenger.shown if messenger else ""), value)


async def _over_http(world: World, row: Row, inputs: int) -> None:
    """Signed as Slack signs, of a shape that Slack never sends."""
    rng = seeded("malformed")
    secret = world.playground.signing_secret
    honest = press(world.people["eva"], '{"s":"help"}')
    kinds = ("block_actions", "view_submission", "message_action", "view_closed", "shortcut")
    for number in range(inputs):
        body = mutated(rng, honest | {"type": rng.choice(kinds)})
        if number % 3:
            content = urlencode({"payload": json.dumps(body)}).encode()
            signed = slack(secret, content)
        else:
            event = {"type": rng.choice(("message", "app_mention", "reaction_added", "x"))}
            whole = {
                "type": "event_callback",
                "event_id": f"Ev{number}",
                "event": event | (body if isinstance(body, dict) else {}),
            }
            content = json.dumps(mutated(rng, whole)).encode()
            signed = slack(secret, content, content=("Content-Type", "application/json"))
        answer = await ask(world.app, "POST", signed.path, signed.headers, content)
        row.saw(answer, content[:200].decode())


def _settle(world: World) -> None:
    """Wait until the intake and the courier have nothing to do."""
    quiet = 0
    for _ in range(200):
        health = world.bot.health()
        quiet = quiet + 1 if health.get("inbox_waiting") == 0 else 0
        if quiet > 5:
            return
        time.sleep(0.05)


CLASSES = (
    Class(
        "buttons pressed without the right, from other messages, on stale evidence",
        "*Not allowed*, or the card as it is now; nothing stored",
        2000,
        _without_the_right,
        changes=True,
    ),
    Class(
        "votes of people who left the group a moment ago",
        "*Not allowed*: Slack is asked at the click",
        200,
        _removed,
        changes=True,
    ),
    Class(
        "buttons with altered values",
        "an answer in words, or a line in the log",
        2500,
        _nonsense,
        changes=True,
    ),
    Class(
        "signed requests of a shape that Slack never sends",
        "400, or 200 and a line in the log",
        3000,
        _over_http,
        changes=True,
    ),
)
