"""The messenger over slack_sdk, against the playground with the app's own manifest."""

import json
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.ask import Place, Window
from bot.playground.client import PersonClient
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.workspace import Message
from bot.ports import Gone, RateLimited
from bot.slack import blocks, windows
from bot.slack.manifest import manifest
from bot.slack.messenger import SlackMessenger
from knowledge.errors import Unavailable
from skills.contract import (
    Attachment,
    Button,
    Call,
    Form,
    FormField,
    Picture,
    Preview,
    Reply,
)
from skills.registry import BUILTIN

CHANNEL = "#incidents"
HELLO = Reply("Hello", "from the bot")


def png() -> bytes:
    """One white pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    size = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(b"\x00\xff")
    parts = chunk(b"IHDR", size) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.fixture(scope="module")
def slack() -> Iterator[RunningPlayground]:
    with RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=None)) as running:
        yield running


@pytest.fixture
def messenger(slack: RunningPlayground) -> SlackMessenger:
    return SlackMessenger(WebClient(slack.bot_token, base_url=slack.api_url))


@pytest.fixture
def ada(slack: RunningPlayground) -> PersonClient:
    return slack.client("ada")


def channel_of(slack: RunningPlayground, name: str) -> str:
    channel = slack.playground.workspace.channel(name)
    assert channel is not None
    return channel.id


def test_a_message_to_a_person_is_found_again_by_its_key(
    slack: RunningPlayground, messenger: SlackMessenger
) -> None:
    person = slack.playground.workspace.person("ada")
    assert person is not None
    before = datetime.now(UTC) - timedelta(minutes=1)
    assert messenger.find(person.id, "page:INC-1#2@x", before) is None
    place = messenger.post(person.id, HELLO, key="page:INC-1#2@x")
    assert messenger.find(person.id, "page:INC-1#2@x", before) == place


# Showing -------------------------------------------------------------------------------------


def test_a_message_is_posted_edited_and_deleted(
    messenger: SlackMessenger, ada: PersonClient
) -> None:
    channel, ts = messenger.post(CHANNEL, Reply("First"))
    shown = next(m for m in ada.read(CHANNEL) if m.ts == ts)
    assert shown.channel == channel
    assert "First" in shown.text_shown
    messenger.edit(channel, ts, Reply("Second", buttons=(Button("Go", Call("help")),)))
    edited = ada.again(shown)
    assert edited is not None
    assert ("Second" in edited.text_shown, edited.buttons) == (True, ("Go",))
    messenger.delete(channel, ts)
    assert ada.again(shown) is None


def test_people_and_groups_are_called(messenger: SlackMessenger, ada: PersonClient) -> None:
    leads = next(g["id"] for g in ada.state()["groups"] if g["handle"] == "ml-leads")
    reply = Reply("APR-3", "fraud 9", calls=(ada.id, leads), footer="as of noon")
    _, ts = messenger.post(CHANNEL, reply)
    said = f"<@{ada.id}> <!subteam^{leads}>"
    shown = next(m for m in ada.read(CHANNEL) if m.ts == ts)
    assert shown.text == f"APR-3. fraud 9 {said}"
    assert [b["type"] for b in shown.blocks] == ["header", "section", "section", "context"]
    assert shown.blocks[2]["text"]["text"] == f"For {said}"


def test_a_reply_stands_in_its_thread(messenger: SlackMessenger, ada: PersonClient) -> None:
    channel, ts = messenger.post(CHANNEL, HELLO)
    messenger.post(channel, Reply("Below"), thread=ts)
    assert [m.text_shown for m in ada.thread(channel, ts)][1:] == ["Below"]


def test_a_whisper_is_for_one_person(
    slack: RunningPlayground, messenger: SlackMessenger, ada: PersonClient
) -> None:
    messenger.whisper(channel_of(slack, CHANNEL), ada.id, Reply("Only for Ada"))
    assert any(m.text_shown == "Only for Ada" and m.ephemeral for m in ada.read(CHANNEL))
    ben = slack.client("ben")
    assert not any("Only for Ada" in m.text_shown for m in ben.read(CHANNEL))


def test_a_user_id_is_their_direct_message(messenger: SlackMessenger, ada: PersonClient) -> None:
    channel, _ = messenger.post(ada.id, Reply("In private"))
    assert channel.startswith("D")
    assert ada.read(channel)[-1].text_shown == "In private"


@pytest.mark.parametrize("public", [True, False])
def test_a_response_address_answers_where_the_bot_is_asked(
    slack: RunningPlayground, messenger: SlackMessenger, ada: PersonClient, public: bool
) -> None:
    title = f"public {public}"
    messenger.respond(place_of(slack, ada), Reply(title), replace=False, public=public)
    (mine,) = [m for m in ada.read(CHANNEL) if m.text_shown == title]
    assert mine.ephemeral is not public
    others = [m.text_shown for m in slack.client("ben").read(CHANNEL)]
    assert (title in others) is public


def place_of(slack: RunningPlayground, person: PersonClient, ts: str = "") -> Place:
    """A place with a new response address, as a command or a press would bring it."""
    channel = channel_of(slack, CHANNEL)
    key = slack.playground.tickets.response_url(person.id, channel, ts)
    return Place(channel, message=ts, response_url=f"{slack.url}/response/{key}")


def test_an_ephemeral_message_is_replaced_through_its_response_address(
    slack: RunningPlayground, messenger: SlackMessenger, ada: PersonClient
) -> None:
    messenger.whisper(channel_of(slack, CHANNEL), ada.id, Reply("Draft"))
    draft = next(m for m in ada.read(CHANNEL) if m.text_shown == "Draft")
    messenger.respond(place_of(slack, ada, draft.ts), Reply("Final"), replace=True, public=False)
    assert [m.text_shown for m in ada.read(CHANNEL) if m.ts == draft.ts] == ["Final"]


def test_a_used_up_response_address_is_refused_for_good(
    slack: RunningPlayground, messenger: SlackMessenger, ada: PersonClient
) -> None:
    place = place_of(slack, ada)
    for _ in range(5):
        messenger.respond(place, HELLO, replace=False, public=False)
    with pytest.raises(Unavailable) as refused:
        messenger.respond(place, HELLO, replace=False, public=False)
    assert not refused.value.retry


def test_pictures_are_uploaded_and_shown(messenger: SlackMessenger, ada: PersonClient) -> None:
    pictures = (Picture("Drift", "one white pixel", png()), Picture("More", "another", png()))
    channel, ts = messenger.post(CHANNEL, Reply("With pictures", pictures=pictures))
    shown = next(m for m in ada.read(CHANNEL) if m.ts == ts)
    assert len(shown.images) == 2
    assert ada.download(shown.images[0]) == png()
    messenger.edit(channel, ts, Reply("Still with one", pictures=pictures[:1]))
    edited = ada.again(shown)
    assert edited is not None
    assert len(edited.images) == 1


def test_a_picture_is_uploaded_once_for_all_edits(
    messenger: SlackMessenger, slack: RunningPlayground
) -> None:
    shown = Reply("Card", pictures=(Picture("", "one pixel", png()),))
    where = messenger.post(CHANNEL, shown)
    before = len(slack.playground.workspace.files)
    messenger.edit(*where, replace(shown, text="changed"))
    assert len(slack.playground.workspace.files) == before
    messenger.edit(*where, Reply("Card", pictures=(Picture("", "another pixel", png()),)))
    assert len(slack.playground.workspace.files) == before + 1


@pytest.mark.parametrize("in_thread", [True, False])
def test_attachments_are_posted_as_files(
    messenger: SlackMessenger, slack: RunningPlayground, in_thread: bool
) -> None:
    channel, ts = messenger.post(CHANNEL, HELLO)
    thread = ts if in_thread else ""
    files = (Attachment("INC-1.md", b"# INC-1"), Attachment("INC-1.json", b"{}"))
    messenger.post(CHANNEL, Reply("Export", attachments=files), thread=thread)
    newest = list(slack.playground.workspace.channels[channel].messages.values())[-1]
    kept = [slack.playground.workspace.files[f] for f in newest.files]
    assert [(f.name, f.data) for f in kept] == [(a.name, a.content) for a in files]
    assert newest.thread_ts == thread


def test_a_home_is_published(messenger: SlackMessenger, ada: PersonClient) -> None:
    messenger.home(ada.id, blocks.home_view([Reply("Open incidents"), Reply("Models")]))
    assert "Open incidents" in ada.home("Models").text_shown


# Finding again -------------------------------------------------------------------------------


def test_a_message_is_found_by_its_key_however_much_was_said_since(
    slack: RunningPlayground, messenger: SlackMessenger, ada: PersonClient
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    posted = messenger.post(CHANNEL, HELLO, key="card:INC-1")
    workspace, sender = slack.playground.workspace, ada.id
    for number in range(410):
        ts = workspace.next_ts()
        talk = Message(ts, posted[0], sender, f"talk {number}")
        workspace.channels[posted[0]].messages[ts] = talk
    assert messenger.find(CHANNEL, "card:INC-1", since) == posted
    assert messenger.find(posted[0], "card:INC-1", since) == posted
    assert messenger.find(CHANNEL, "card:INC-2", since) is None
    assert messenger.find(CHANNEL, "card:INC-1", since + timedelta(hours=1)) is None


def test_an_edit_keeps_the_key(messenger: SlackMessenger) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    channel, ts = messenger.post(CHANNEL, HELLO, key="card:INC-5")
    messenger.edit(channel, ts, Reply("Changed"), key="card:INC-5")
    messenger.edit(channel, ts, Reply("Changed without"))
    assert messenger.find(CHANNEL, "card:INC-5", since) == (channel, ts)


def test_a_thread_gives_its_keys_and_what_people_said(
    messenger: SlackMessenger, ada: PersonClient
) -> None:
    channel, ts = messenger.post(CHANNEL, HELLO, key="card:INC-2")
    messenger.post(channel, Reply("told"), thread=ts, key="thread:INC-2#2")
    messenger.post(channel, Reply("no key"), thread=ts)
    ada.say(CHANNEL, "rolled back to <4.1> & waiting", thread=ts)
    assert messenger.keys_in_thread(channel, ts) == ("card:INC-2", "thread:INC-2#2")
    (said,) = messenger.thread(channel, ts)
    assert (said.user, said.text) == ("ada", "rolled back to <4.1> & waiting")
    assert said.url == messenger.link(channel, said.id)
    assert abs(said.at - datetime.now(UTC)) < timedelta(minutes=5)


def test_names_and_links(messenger: SlackMessenger, ada: PersonClient) -> None:
    channel, ts = messenger.post(CHANNEL, HELLO)
    assert messenger.person(ada.id) == "ada"
    assert messenger.person("U0NOBODY") == "U0NOBODY"
    assert channel in messenger.link(channel, ts)
    assert messenger.link(channel, "1.0") == ""
    assert messenger.channel_id(CHANNEL) == channel
    with pytest.raises(Gone, match="#nowhere"):
        messenger.channel_id("#nowhere")


# Slack's errors are ours ---------------------------------------------------------------------


def test_what_is_not_there_is_gone(slack: RunningPlayground, messenger: SlackMessenger) -> None:
    channel = channel_of(slack, CHANNEL)
    for act in (
        lambda: messenger.post("#nowhere", HELLO),
        lambda: messenger.edit(channel, "1.0", HELLO),
        lambda: messenger.delete(channel, "1.0"),
        lambda: messenger.post(channel, HELLO, thread="1.0"),
        lambda: messenger.keys_in_thread(channel, "1.0"),
    ):
        with pytest.raises(Gone):
            act()


def test_other_peoples_messages_cannot_be_edited(
    messenger: SlackMessenger, ada: PersonClient
) -> None:
    ts = ada.say(CHANNEL, "mine")
    with pytest.raises(Gone, match="cant_update_message"):
        messenger.edit(messenger.channel_id(CHANNEL), ts, HELLO)


def test_wrong_tokens_and_missing_scopes_cannot_be_mended_by_waiting(
    slack: RunningPlayground,
) -> None:
    stranger = SlackMessenger(WebClient("xoxb-wrong", base_url=slack.api_url))
    with pytest.raises(Unavailable, match="invalid_auth") as refused:
        stranger.post(CHANNEL, HELLO)
    assert not refused.value.retry

    poor = manifest(BUILTIN)
    poor["oauth_config"]["scopes"]["bot"] = ["chat:write"]
    with RunningPlayground(Playground(manifest=poor, rate_scale=None)) as running:
        limited = SlackMessenger(WebClient(running.bot_token, base_url=running.api_url))
        user = running.client("ada").id
        with pytest.raises(Unavailable, match=r"missing_scope \(needs the scope"):
            limited.find(channel_of(running, CHANNEL), "card:INC-1", datetime.now(UTC))
        assert limited.person(user) == user


def test_slacks_rate_limit_says_how_long_to_wait() -> None:
    with RunningPlayground(Playground(manifest=manifest(BUILTIN))) as running:
        hasty = SlackMessenger(WebClient(running.bot_token, base_url=running.api_url))
        with pytest.raises(RateLimited) as limited:
            post_often(hasty)
        assert limited.value.seconds >= 1


def post_often(messenger: SlackMessenger) -> None:
    for _ in range(30):
        messenger.post(CHANNEL, HELLO)


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """A server that gives the same answer to everything."""

    class Same(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Same)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "retry"),
    [
        (200, {"ok": False, "error": "internal_error"}, True),
        (200, {"ok": False, "error": "service_unavailable"}, True),
        (503, "<html>try later</html>", True),
        (200, {"ok": False, "error": "invalid_blocks"}, False),
        (200, {"ok": False, "error": "account_inactive"}, False),
    ],
)
def test_slacks_own_troubles_pass_and_refusals_do_not(status: int, body: Any, retry: bool) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    with answering(status, text) as url:
        messenger = SlackMessenger(WebClient("xoxb-x", base_url=url))
        with pytest.raises(Unavailable) as failed:
            messenger.post(CHANNEL, HELLO)
        assert failed.value.retry is retry


@pytest.mark.parametrize(("status", "retry"), [(500, True), (404, False)])
def test_a_response_address_that_fails_says_whether_to_try_again(status: int, retry: bool) -> None:
    with answering(status, "no") as url:
        messenger = SlackMessenger(WebClient("xoxb-x", base_url=url))
        with pytest.raises(Unavailable) as failed:
            messenger.respond(Place("C1", response_url=url), HELLO, replace=False, public=False)
    assert failed.value.retry is retry


def test_slack_out_of_reach_may_come_back() -> None:
    with answering(200, "{}") as url:
        pass
    messenger = SlackMessenger(WebClient("xoxb-x", base_url=url))
    for act in (
        lambda: messenger.post(CHANNEL, HELLO),
        lambda: messenger.respond(
            Place("C1", response_url=url), HELLO, replace=False, public=False
        ),
    ):
        with pytest.raises(Unavailable) as failed:
            act()
        assert failed.value.retry
    assert messenger.person("U1") == "U1"


# Windows -------------------------------------------------------------------------------------


CALL = Call("tune", {"monitor": "p99"})
FORM = Form("Tune p99", (FormField("limit", "Limit"),), preview=Preview("Show", Call("look")))


@pytest.fixture
def window(slack: RunningPlayground, ada: PersonClient) -> Window:
    """Opened as after a press, and waiting."""
    trigger = slack.playground.tickets.trigger(ada.id)
    client = WebClient(slack.bot_token, base_url=slack.api_url)
    answer = client.views_open(trigger_id=trigger, view=windows.waiting())
    return windows.opened(answer["view"])


def test_a_window_gets_its_form_and_then_a_picture(
    messenger: SlackMessenger, ada: PersonClient, window: Window
) -> None:
    opened = messenger.ask_in(window, FORM, CALL, Place("C1"))
    view = ada.wait_for_view("Limit")
    assert (view.title, view.buttons) == ("Tune p99", ("Show",))
    picture = Picture("Last week", "two alarms", png())
    messenger.show_in(opened, Reply("2 alarms", pictures=(picture,)))
    view = ada.wait_for_view("2 alarms")
    assert "Limit" in view.text_shown
    assert ada.download(view.images[0]) == png()


def test_of_two_answers_the_later_requests_stays(
    messenger: SlackMessenger, ada: PersonClient, window: Window
) -> None:
    later = messenger.ask_in(window, FORM, CALL, Place("C1"))
    with pytest.raises(Gone):
        messenger.show_in(window, Reply("of the first press"))
    messenger.show_in(later, Reply("of the second press"))
    assert "of the first" not in ada.wait_for_view("of the second").text_shown


def test_a_closed_window_is_gone(
    messenger: SlackMessenger, ada: PersonClient, window: Window
) -> None:
    ada.close()
    with pytest.raises(Gone):
        messenger.ask_in(window, FORM, CALL, Place("C1"))
    with pytest.raises(Gone):
        messenger.show_in(window, Reply("too late", pictures=(Picture("a", "b", png()),)))


def test_a_picture_that_slack_does_not_take_is_told_in_words(
    slack: RunningPlayground, messenger: SlackMessenger, ada: PersonClient, window: Window
) -> None:
    picture = Picture("Last week", "two alarms, the longest on Tuesday", png() + b"\x00")
    messenger.post(CHANNEL, Reply("first", pictures=(picture,)))
    files = slack.playground.workspace.files
    files[max(files)].data = None
    messenger.show_in(window, Reply("2 alarms", pictures=(picture,)))
    view = ada.wait_for_view("2 alarms")
    assert view.images == ()
    assert picture.alt in view.text_shown
