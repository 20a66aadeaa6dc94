"""The playground put together: one object that holds every part, and nothing that serves it."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Protocol
from urllib.parse import urlsplit

from bot.playground.acts import Acts
from bot.playground.content import Content
from bot.playground.delivery import Delivery
from bot.playground.errors import PlayRefused
from bot.playground.guard import host_is_ours
from bot.playground.http_events import HttpEvents
from bot.playground.limits import Limits
from bot.playground.manifest import read_manifest
from bot.playground.responses import Responses
from bot.playground.socket_mode import SocketMode
from bot.playground.stream import Stream
from bot.playground.talk import Talk
from bot.playground.tickets import Tickets
from bot.playground.troubles import Troubles
from bot.playground.views import Views
from bot.playground.workspace import (
    APP_ID,
    BOT_USER_ID,
    GROUPS,
    PEOPLE,
    ROOMS,
    Group,
    Person,
    Room,
    Workspace,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Timing:
    """Slack's own times, in seconds; tests shorten them."""

    ack: float = 3.0
    trigger: float = 3.0
    retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    """Before the first, second and third repeat of an event that was not acknowledged."""
    panel: float = 2.0
    """How often the panel is looked at for changes."""


class Panel(Protocol):
    """What the demo shows beside the channels; both methods may also be coroutines."""

    def state(self) -> Json | Awaitable[Json]:
        """As `Panel` in PROTOCOL.md."""

    def press(self, action_id: str, user: str) -> str | Awaitable[str]:
        """Do what the button says; gives the words to show. KeyError for an unknown button."""


@dataclass(frozen=True)
class Secrets:
    """The app's credentials."""

    bot_token: str
    app_token: str
    signing_secret: str


def random_secrets() -> Secrets:
    """New credentials that look like Slack's."""
    return Secrets(
        bot_token=f"xoxb-{token_hex(6)}-{token_hex(12)}",
        app_token=f"xapp-1-{APP_ID}-{token_hex(16)}",
        signing_secret=token_hex(16),
    )


class Playground:
    """A small Slack with one workspace and one app."""

    def __init__(
        self,
        *,
        people: Sequence[Person] = PEOPLE,
        rooms: Sequence[Room] = ROOMS,
        groups: Sequence[Group] = GROUPS,
        manifest: Mapping[str, Any] | None = None,
        panel: Panel | None = None,
        notices: Sequence[Mapping[str, str]] = (),
        secrets: Secrets | None = None,
        timing: Timing | None = None,
        rate_scale: float | None = 1.0,
        bot_name: str = "tandem",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`rate_scale` multiplies Slack's rate limits, None lifts them; `notices` are shown on the
        page as {level, text}. Without a manifest the app may do and hear everything.
        """
        self.clock = clock
        self.panel = panel
        self.notices = tuple(notices)
        self.secrets = secrets or random_secrets()
        self.timing = timing or Timing()
        self.manifest = read_manifest(manifest)
        self.workspace = Workspace(people, rooms, self.manifest.name or bot_name, clock, groups)
        self.stream = Stream()
        self.limits = Limits(rate_scale)
        self.tickets = Tickets(clock, self.timing.trigger)
        self.troubles = Troubles()
        self.delivery = Delivery(self.timing.retries, self.troubles)
        self.sockets = SocketMode(clock, self.timing.ack, self._app_moved, self.troubles)
        self.delivery.road = self.sockets
        self.http: HttpEvents | None = None
        self.content = Content(self.workspace)
        self.talk = Talk(self.workspace, self.stream, self.delivery, self.manifest)
        self.views = Views(self.tickets, self.stream, self.content.check_files)
        self.responses = Responses(self.workspace, self.talk, self.content)
        self.acts = Acts(
            self.workspace,
            self.talk,
            self.views,
            self.tickets,
            self.responses,
            self.delivery,
            self.manifest,
            lambda: f"{self.base_url}/response/",
        )
        self._last_seen = 0.0
        self._shown_app: Json = {}

    @property
    def base_url(self) -> str:
        """Where the playground is served, without a slash at the end; empty before it is."""
        return self.workspace.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self.workspace.base_url = url

    async def use_http(self, url: str) -> None:
        """Send everything to `url` from now on, once it has answered url_verification.

        Raises PlayRefused if it does not, or is not on this machine.
        """
        if not host_is_ours(urlsplit(url).netloc):
            raise PlayRefused("url_not_verified", f"{url!r} is not on this machine")
        http = HttpEvents(
            url, self.secrets.signing_secret, self.timing.ack, self.clock, self._app_moved
        )
        try:
            await http.verify()
        except BaseException:
            await http.close()
            raise
        if self.http:
            await self.http.close()
        self.http = http
        self.delivery.road = http
        self._app_moved()

    def app(self) -> Json:
        """`App` in PROTOCOL.md. In HTTP mode it is connected once it has answered."""
        connected = self.http is not None or self.sockets.connected > 0
        bot = self.workspace.users[BOT_USER_ID]
        return {
            "id": APP_ID,
            "name": bot.real_name,
            "bot_user_id": BOT_USER_ID,
            "color": bot.color,
            "mode": "http" if self.http else "socket" if connected else "none",
            "connected": connected,
            "last_seen": self._last_seen,
        }

    def _app_moved(self) -> None:
        """The app came, went or answered: tell the pages, but not for each ack."""
        self._last_seen = self.clock()
        shown = self.app()
        state = {k: v for k, v in shown.items() if k != "last_seen"}
        if state != self._shown_app:
            self._shown_app = state
            self.stream.tell({"type": "app", "app": shown})

    async def close(self) -> None:
        """End what is under way."""
        self.stream.close()
        await self.delivery.close()
        await self.sockets.disconnect("link_disabled")
        if self.http:
            await self.http.close()
