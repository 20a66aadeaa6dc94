"""Nobody takes an incident: whoever is on call is paged, in Slack and beyond; then the rest of what
people do around it. The whole bot, with doubles of PagerDuty and GitHub on loopback."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any

import pytest
from running_world import World, running_world

from bot.clock import utc_now
from bot.escalation import Escalation, Pages
from bot.playground.client import PersonClient
from bot.playground.shown import Message
from bot.playground.workspace import Workspace
from knowledge.records import Incident

CHANNEL = "#incidents"
IDS = {user.name: user.id for user in Workspace().users.values()}
ONCALL = f"""
default = {{ rotation = "platform", policy = "now" }}
[people]
ben = "{IDS["ben"]}"
chloe = "{IDS["chloe"]}"
[[rotations.platform.layers]]
people = ["ben"]
start = 2026-01-05T09:00:00
[policies.now]
levels = [{{ after = 0, tell = ["on-call"] }}]
"""


@dataclass
class Outside:
    """PagerDuty's events and GitHub's issues, as they came."""

    pages: list[tuple[str, str]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/v2/enqueue":
            self.pages.append((body["event_action"], body["dedup_key"]))
            return 202, {"status": "success"}
        if method == "GET":
            return 200, self.issues[0] if path[-1].isdigit() else []
        if path.endswith("/comments"):
            self.comments.append(body["body"])
        elif method == "PATCH":
            self.issues[0] |= body
        else:
            made = {"number": 7, "html_url": "https://github.example.com/7", "state": "open"}
            self.issues.append({**body, **made, "labels": []})
        return 201, self.issues[0]


def serving(outside: Outside) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            status, answer = outside.answer(self.command, self.path.partition("?")[0], body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = _any

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@dataclass
class OnCallWorld:
    world: World
    outside: Outside

    def person(self, name: str) -> PersonClient:
        return self.world.person(name)

    def open(self, service: str) -> tuple[Message, str]:
        """Two signs of one trouble; the card, and the incident's id."""
        self.world.webhook({"version": "4", "alerts": [*_signs(service)]})
        card = self.person("ada").wait_for(
            lambda m: " INC-" in m.text_shown.partition("\n")[0] and service in m.text_shown,
            channel=CHANNEL,
            timeout=60,
        )
        words = card.text_shown.partition("\n")[0].split()
        return card, next(word for word in words if word.startswith("INC-"))

    def escalate(self) -> None:
        """What the schedule does every 15 s, now; twice, as two replicas would."""
        parts = self.world.bot.parts
        job = Escalation(parts.store.incidents, parts.oncall, utc_now)
        job.work()
        job.work()

    def paged(self, name: str, incident: str) -> list[Message]:
        """The pages that somebody got by direct message."""
        person = self.person(name)
        return [
            m for m in person.read(person.dm()) if f"You are paged: {incident} " in m.text_shown
        ]

    def until(self, incident: str, text: str) -> Incident:
        """The incident once its time line says so."""
        end = monotonic() + 20
        while monotonic() < end:
            found = self.world.bot.parts.store.incidents.get(incident)
            if any(text in f"{event.kind}: {event.text}" for event in found.timeline):
                return found
            sleep(0.1)
        raise AssertionError(f"{text!r} is not in {found.timeline}")


def _signs(service: str) -> Iterator[dict[str, Any]]:
    for name in ("HighErrorRate", "SlowRequests"):
        yield {
            "status": "firing",
            "labels": {"alertname": name, "service": service, "severity": "critical"},
            "annotations": {"summary": f"Many requests to {service} fail"},
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"{service}-{name}",
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnCallWorld]:
    folder = tmp_path_factory.mktemp("oncall")
    (folder / "oncall.toml").write_text(ONCALL, "utf-8")
    outside = Outside()
    with serving(outside) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        settings = {
            "tandem_oncall": folder / "oncall.toml",
            "pagerduty_routing_key": "r" * 32,
            "pagerduty_url": url,
            "github_repository": "acme/ops",
            "github_token": "t",
            "github_api_url": url,
        }
        with running_world("socket", folder, settings=settings) as running:
            yield OnCallWorld(running, outside)
        server.shutdown()


def test_whoever_is_on_call_is_paged_once_and_takes_it_from_the_message(
    world: OnCallWorld,
) -> None:
    card, incident = world.open("basket")
    world.escalate()
    world.until(incident, "(step 1 of 1)")
    ben = world.person("ben")
    page = ben.wait_for(f"You are paged: {incident} ", channel=ben.dm(), timeout=60)
    assert ("trigger", f"tandem/{incident}") in world.outside.pages
    ben.click(page, "Acknowledge")
    world.until(incident, "acknowledged: ")
    world.person("ada").wait_for(
        lambda m: "paged ben (step 1 of 1)" in m.text_shown and m.ts != card.ts,
        channel=CHANNEL,
        timeout=60,
    )
    _settle(world)
    assert ("acknowledge", f"tandem/{incident}") in world.outside.pages
    assert len(world.paged("ben", incident)) == 1
    assert world.outside.pages.count(("trigger", f"tandem/{incident}")) == 1


def _settle(world: OnCallWorld) -> None:
    """The schedule's other job."""
    bot = world.world.bot
    store, parts = bot.parts.store, bot.parts
    Pages(store.incidents, store.outbox, bot.messenger, utc_now, utc_now(), parts.pager).settle()


def test_who_is_on_call_is_said_by_command(world: OnCallWorld) -> None:
    ada = world.person("ada")
    ada.command("/oncall somewhere", CHANNEL)
    shown = ada.wait_for("ben is on call for somewhere", channel=CHANNEL, timeout=60)
    assert "default rotation" in shown.text_shown


def test_a_person_pages_another_in_words_and_a_press(world: OnCallWorld) -> None:
    _, incident = world.open("depot")
    ada = world.person("ada")
    ada.say(CHANNEL, f"@tandem page @chloe for {incident}: the model is yours")
    # The first words: the router may still be learning.
    asked = ada.wait_for(f"Page for {incident}?", channel=CHANNEL, timeout=60)
    ada.click(asked, "Page chloe")
    chloe = world.person("chloe")
    page = chloe.wait_for(f"You are paged: {incident} ", channel=chloe.dm(), timeout=60)
    assert "ada asks for you: the model is yours" in page.text_shown


def test_a_ticket_a_channel_and_an_update(world: OnCallWorld) -> None:
    _, incident = world.open("labels")
    ada = world.person("ada")
    ada.say(CHANNEL, f"@tandem open a ticket for {incident}")
    ada.click(ada.wait_for(f"Open a ticket for {incident}", channel=CHANNEL, timeout=60), "Open it")
    found = world.until(incident, "ticket 7 is open in GitHub")
    assert found.tickets[0].url == "https://github.example.com/7"

    ada.say(CHANNEL, f"@tandem open a channel for {incident}")
    asked = ada.wait_for(f"Open #{incident.lower()}-", channel=CHANNEL, timeout=60)
    ada.click(asked, "Open it")
    found = world.until(incident, "opened the channel")
    room = world.world.playground.playground.workspace.channels[found.channel]
    assert room.name.startswith(f"{incident.lower()}-labels")
    assert IDS["ada"] in room.members
    ada.wait_for("Ask `@tandem catch me up", channel=found.channel, timeout=60)

    ada.say(CHANNEL, f"@tandem draft a stakeholder update for {incident}")
    draft = ada.wait_for(f"Draft of an update on {incident}", channel=CHANNEL, timeout=60)
    ada.click(draft, "Edit and send")
    view = ada.wait_for_view(f"Update on {incident}", timeout=60)
    text = "Labels print slowly. We are on it."
    ada.submit(view, {"channel": "#general", "text": text, "next_in": "30m"})
    sent = world.person("eva").wait_for("Update on labels", channel="#general", timeout=60)
    assert "Labels print slowly. We are on it." in sent.text_shown
    assert "Sent by ada." in sent.text_shown
    world.until(incident, "sent an update to #general; next update by ")
