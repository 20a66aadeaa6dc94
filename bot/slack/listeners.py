"""Bolt registrations: acknowledge, then hand over. No decisions beyond what an ack must say."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ask import Ask, Mark, Place, Way
from bot.slack import blocks, inbound, windows
from bot.slack.manifest import ADD_TO_TIMELINE
from bot.turn import first_look
from knowledge.errors import BadArgs, UserError
from skills.contract import Call, Form

log = logging.getLogger("tandem.slack")

Payload = dict[str, Any]
T = TypeVar("T")
ANY = re.compile(".*")


class Desk(Protocol):
    """What takes the requests: everything here returns at once."""

    def take(self, ask: Ask) -> None:
        """Handle it on a worker thread; a reply in a thread only where that is an incident's."""
        ...

    def take_read(self, read: Callable[[], Ask | None]) -> None:
        """The same with what is read on that thread; None is nothing to handle. In a burst, others
        wait for the event loop to acknowledge them."""
        ...

    def opened_home(self, user: str) -> None: ...

    def check(self, call: Call) -> None:
        """Raises BadArgs when the call's arguments are wrong."""
        ...


class Marks(Protocol):
    """What puts messages on time lines; its methods take their time and run on other threads."""

    def wants(self, emoji: str) -> bool: ...

    def reacted(self, mark: Mark) -> None: ...

    def picked(self, mark: Mark) -> tuple[Call, Form, Place] | None:
        """What to ask first, or None when that is not needed."""
        ...


def register(app: AsyncApp, desk: Desk, bot_user: Callable[[], str], marks: Marks) -> None:
    """Connect every way in to the desk. `bot_user` is the bot's own user id."""

    @app.command(ANY)
    async def command(ack: AsyncAck, body: Payload) -> None:
        await ack()
        desk.take_read(lambda: _read(inbound.from_command, body))

    @app.event("app_mention")
    @app.event("message")
    async def message(ack: AsyncAck, body: Payload) -> None:
        await ack()
        desk.take_read(lambda: _read(inbound.from_event, body, bot_user()))

    @app.event("app_home_opened")
    async def home(ack: AsyncAck, body: Payload) -> None:
        await ack()
        user = _read(inbound.from_home, body)
        if user is not None:
            desk.opened_home(user)

    @app.action(re.compile("^call-"))
    async def press(ack: AsyncAck, body: Payload, client: AsyncWebClient) -> None:
        await ack()
        pressed = _read(inbound.from_press, body)
        if pressed is None:
            return
        ask, form = pressed
        if inbound.asks_form(body):
            await _wait_in_window(client, desk, ask)
        elif form is not None and ask.call is not None:
            await _open(client, desk, form, ask)
        else:
            desk.take(ask)

    @app.action(re.compile(f"^{blocks.PREVIEW}-"))
    async def preview(ack: AsyncAck, body: Payload, client: AsyncWebClient) -> None:
        await ack()
        ask = _read(inbound.from_preview, body)
        if ask is None:
            return
        view = body["view"]
        drawn = await _redrawn(client, view, windows.drawing(view))
        if drawn is not None:
            desk.take(replace(ask, window=windows.opened(drawn)))

    @app.action(re.compile("^link-"))
    async def link(ack: AsyncAck) -> None:
        await ack()

    @app.view(blocks.FORM_CALLBACK)
    async def submit(ack: AsyncAck, body: Payload) -> None:
        ask = _read(inbound.from_form, body)
        if ask is None:
            await ack()
            return
        try:
            if ask.call is not None:
                desk.check(ask.call)
        except UserError as error:
            await ack(response_action="errors", errors=_errors(error, body))
            return
        await ack()
        desk.take(ask)

    @app.event("reaction_added")
    async def reaction(ack: AsyncAck, body: Payload) -> None:
        await ack()
        mark = _read(inbound.from_reaction, body, bot_user())
        if mark is not None and marks.wants(mark.emoji):
            await asyncio.to_thread(marks.reacted, mark)

    @app.message_shortcut(ADD_TO_TIMELINE)
    async def pick(ack: AsyncAck, body: Payload, client: AsyncWebClient) -> None:
        await ack()
        mark = _read(inbound.from_message_action, body)
        asked = await asyncio.to_thread(marks.picked, mark) if mark is not None else None
        if asked is not None:
            call, form, place = asked
            user = body["user"]["id"]
            ask = Ask(f"pick:{place.trigger}", user, Way.BUTTON, place=place, call=call)
            await _open(client, desk, form, ask)

    @app.event(ANY)
    async def other(ack: AsyncAck) -> None:
        await ack()


def _read(read: Callable[..., T], *given: Any) -> T | None:
    """None, and a line in the log, for what is no request that Slack or a button of ours makes."""
    try:
        return read(*given)
    except BadArgs as error:
        log.warning("a request that is not ours: %s", error)
        return None


async def _open(client: AsyncWebClient, desk: Desk, form: Form, ask: Ask) -> None:
    """Show the form; what its preview shows at once is drawn by a worker."""
    view = blocks.form_view(form, inbound.metadata(ask.call or Call(""), ask.place))
    at_once = form.preview is not None and form.preview.at_once
    shown = await _opened(client, ask, windows.drawing(view) if at_once else view)
    look = first_look(form, ask, windows.opened(shown)) if shown else None
    if look is not None:
        desk.take(look)


async def _wait_in_window(client: AsyncWebClient, desk: Desk, ask: Ask) -> None:
    """The form takes a look at the world first, and the trigger does not wait for that."""
    shown = await _opened(client, ask, windows.waiting())
    if shown:
        desk.take(inbound.in_window(ask, windows.opened(shown)))


async def _opened(client: AsyncWebClient, ask: Ask, view: Payload) -> Payload | None:
    try:
        answer = await client.views_open(trigger_id=ask.place.trigger, view=view)
    except SlackApiError as error:
        log.warning("a form did not open: %s", error.response.get("error"))
        return None
    opened: Payload = answer["view"]
    return opened


async def _redrawn(client: AsyncWebClient, view: Payload, new: Payload) -> Payload | None:
    """None when the window was closed or has been changed since: a newer press is at work."""
    try:
        answer = await client.views_update(view_id=view["id"], hash=view["hash"], view=new)
    except SlackApiError as error:
        log.info("a window was not redrawn: %s", error.response.get("error"))
        return None
    redrawn: Payload = answer["view"]
    return redrawn


def _errors(error: UserError, body: Payload) -> dict[str, str]:
    """Slack shows an error only below an input that the window has."""
    inputs = list(body["view"]["state"]["values"])
    if isinstance(error, BadArgs) and error.field in inputs:
        # It stands below the field: its name and an example of a request would only be noise.
        return {error.field: f"{error.problem[:1].upper()}{error.problem[1:]}"}
    return {name: str(error) for name in inputs[:1]}
