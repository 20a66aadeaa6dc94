"""The playground's outside: who may come in, the stream, the panel, the page."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from bot.playground.client import ActError
from bot.playground.serve import RunningPlayground


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Host": "evil.example"}),
        ("/api/auth.test", {"Host": "evil.example"}),
        ("/play/state?as=ada", {"Origin": "http://evil.example"}),
        ("/play/state?as=ada", {"Origin": "http://127.0.0.1:1"}),
        ("/play/state?as=ada", {"Origin": "null"}),
        ("/play/home?as=ada", {"Sec-Fetch-Site": "cross-site"}),
        ("/play/home?as=ada", {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_strangers_are_refused(
    alone: RunningPlayground, path: str, headers: dict[str, str]
) -> None:
    assert httpx.get(alone.url + path, headers=headers, trust_env=False).status_code == 403


def test_the_own_page_comes_in(alone: RunningPlayground) -> None:
    headers = {"Origin": alone.url, "Sec-Fetch-Site": "same-origin"}
    answer = httpx.get(f"{alone.url}/play/state?as=ada", headers=headers, trust_env=False)
    assert answer.json()["team"]["name"] == "Northwind Parcel"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_strange_pages_get_no_stream(alone: RunningPlayground) -> None:
    url = alone.url.replace("http", "ws") + "/play/stream?as=ada"
    with pytest.raises(InvalidStatus), connect(url, origin=Origin("http://evil.example")):
        pass


def test_forms_of_other_sites_are_refused(alone: RunningPlayground) -> None:
    answer = httpx.post(f"{alone.url}/play/say", data={"as": "ada"}, trust_env=False)
    assert answer.status_code == 415


def test_the_stream_tells_what_happens(alone: RunningPlayground, listen: Any) -> None:
    ada, ben = alone.client("ada"), alone.client("ben")
    with listen(alone, "ben") as page:
        ts = ada.say("#general", "hello all")
        assert page.next("message")["message"]["ts"] == ts
        said = ben.wait_for(lambda m: m.ts == ts, "#general")
        ada.react(said, "wave")
        assert page.next("reaction")["reactions"] == [{"name": "wave", "users": [ada.id]}]
        ada.edit(said, "hello everyone")
        assert page.next("message_changed")["message"]["text"] == "hello everyone"
        ada.delete(said)
        assert page.next("message_deleted")["ts"] == ts


def test_an_ephemeral_is_streamed_to_one_person(alone: RunningPlayground, listen: Any) -> None:
    web = WebClient(alone.bot_token, base_url=alone.api_url)
    with listen(alone, "ada") as ada, listen(alone, "ben") as ben:
        web.chat_postEphemeral(channel="#general", user="U01ADA00000", text="psst")
        web.chat_postMessage(channel="#general", text="aloud")
        assert ada.next("message")["message"]["ephemeral"] is True
        assert ben.next("message")["message"]["text"] == "aloud"


def test_unread_messages_are_counted_until_they_are_looked_at(alone: RunningPlayground) -> None:
    ada, ben = alone.client("ada"), alone.client("ben")

    def unread() -> int:
        channels = ben.state()["channels"]
        return int(next(c["unread"] for c in channels if c.get("name") == "general"))

    ben.read("#general")
    ada.say("#general", "news")
    assert unread() == 1
    ben.read("#general")
    assert unread() == 0


class Breaker:
    """A panel with one button."""

    def __init__(self) -> None:
        self.pressed = 0

    def state(self) -> dict[str, Any]:
        return {"title": "Break something", "text": f"{self.pressed} times", "actions": []}

    async def press(self, action_id: str, user: str) -> str:
        self.pressed += {"break": 1}[action_id]
        return f"broken by {user}"


@pytest.fixture
def with_panel(quick: Any) -> Iterator[RunningPlayground]:
    with RunningPlayground(panel=Breaker(), timing=quick) as playground:
        yield playground


def test_the_panel_is_pressed_and_streamed(with_panel: RunningPlayground, listen: Any) -> None:
    ada = with_panel.client("ada")
    with listen(with_panel, "ben") as page:
        assert ada.post("/play/panel/break")["text"] == f"broken by {ada.id}"
        while page.next("panel")["panel"]["text"] != "1 times":
            pass
    with pytest.raises(ActError, match="unknown_action"):
        ada.post("/play/panel/nothing")
    assert ada.state()["panel"]["text"] == "1 times"


def test_errors_name_what_is_wrong(alone: RunningPlayground) -> None:
    with pytest.raises(ActError, match="there are: ada, ben, chloe, dev, eva"):
        alone.client("zoe").state()
    with pytest.raises(ActError, match="channel_not_found: #nowhere"):
        alone.client("ada").say("#nowhere", "x")
    with pytest.raises(ActError, match=r"there is no .never said. in #general"):
        alone.client("ada").wait_for("never said", "#general", timeout=0.1)
