"""What a person does to the app: commands, clicks, forms, shortcuts; and what comes of its ack."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.playground.delivery import Ack, Delivery
from bot.playground.elements import STATELESS, WrongValue, answer, find, state, wrong_inputs
from bot.playground.errors import PlayRefused, Refused
from bot.playground.manifest import Manifest
from bot.playground.mentions import escape, typed
from bot.playground.payloads import action, channel_stub, interaction, slash_command
from bot.playground.presents import api_message
from bot.playground.responses import Responses
from bot.playground.talk import Talk
from bot.playground.tickets import ResponseUrl, Tickets
from bot.playground.views import Views
from bot.playground.workspace import APP_ID, BOT_USER_ID, Channel, Message, Person, Workspace

Json = dict[str, Any]
Values = dict[str, dict[str, Any]]
LATE = "The app did not answer in time"


@dataclass
class Acts:
    """Each method sends the app one payload and waits for its ack."""

    workspace: Workspace
    talk: Talk
    views: Views
    tickets: Tickets
    responses: Responses
    delivery: Delivery
    manifest: Manifest
    response_base: Callable[[], str]
    """Where response_urls start; known once the server listens."""
    _states: dict[tuple[str, str], Values] = field(default_factory=dict)

    def _response_url(self, user: str, channel: str, message: Message | None = None) -> str:
        ts, thread = (message.ts, "") if message else ("", "")
        return self.response_base() + self.tickets.response_url(user, channel, ts, thread)

    async def command(self, user: Person, channel: Channel, command: str, text: str) -> float:
        """A slash command; gives the seconds until its ack. Raises PlayRefused 404 or 504."""
        known = self.manifest.command(command)
        if known is None:
            raise PlayRefused("unknown_command", f"{command} is not a valid command", 404)
        said = escape(text)
        if known.escape:
            said = typed(text, self.workspace, with_names=True)
        url = self._response_url(user.id, channel.id)
        trigger = self.tickets.trigger(user.id)
        payload = slash_command(user, channel, command, said, url, trigger)
        ack = await self.delivery.send("slash_commands", payload)
        if not ack.ok:
            detail = f'{command} failed with the error "dispatch_failed" ({ack.reason})'
            raise PlayRefused("dispatch_failed", detail, 504)
        body = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        if body:
            self._say_back(user, ResponseUrl(user.id, channel.id, 0.0), body)
        return ack.seconds

    def _say_back(self, user: Person, about: ResponseUrl, body: Json) -> None:
        try:
            self.responses.say(about, body)
        except Refused as refused:
            self.talk.trouble(
                user.id, f"The app's reply was refused: {refused.code}", _why(refused)
            )

    async def click_message(
        self, user: Person, message: Message, block_id: str, action_id: str, value: Any
    ) -> bool:
        """A press on an element of a message; whether the app acknowledged it."""
        held = [a["blocks"] for a in message.attachments if a.get("blocks")]
        blocks = [*message.blocks, *(b for each in held for b in each)]
        element, chosen, values = self._press(
            user, message.channel + message.ts, blocks, (block_id, action_id, value), {}
        )
        channel = self.workspace.channels[message.channel]
        thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
        payload = interaction(
            "block_actions",
            user,
            container={
                "type": "message",
                "message_ts": message.ts,
                "channel_id": channel.id,
                "is_ephemeral": bool(message.ephemeral_for),
                **thread,
            },
            trigger_id=self.tickets.trigger(user.id),
            channel=channel_stub(channel),
            message=api_message(self.workspace, message),
            state={"values": values},
            response_url=self._response_url(user.id, channel.id, message),
            actions=[action(element, block_id, chosen, self.workspace.clock())],
        )
        if message.ephemeral_for:
            # Slack does not show the app an ephemeral message again.
            payload["message"] = {
                k: v
                for k, v in payload["message"].items()
                if k in ("ts", "type", "user", "text", "thread_ts", "bot_id", "app_id")
            }
        return (await self._interact(user, payload)).ok

    async def click_view(
        self,
        user: Person,
        view: Json,
        block_id: str,
        action_id: str,
        value: Any,
        form: Values,
    ) -> bool:
        """A press on an element of a modal or a home; `form` holds what is filled in besides.
        Whether the app acknowledged it."""
        element, chosen, values = self._press(
            user, view["id"], view["blocks"], (block_id, action_id, value), form
        )
        view["state"] = {"values": values}
        payload = interaction(
            "block_actions",
            user,
            container={"type": "view", "view_id": view["id"]},
            trigger_id=self.tickets.trigger(user.id, view["id"]),
            view=view,
            actions=[action(element, block_id, chosen, self.workspace.clock())],
        )
        return (await self._interact(user, payload)).ok

    def _press(
        self,
        user: Person,
        where: str,
        blocks: list[Json],
        pressed: tuple[str, str, Any],
        form: Values,
    ) -> tuple[Json, Json, Json]:
        """The element, what it says once pressed, and the state of all of them."""
        block_id, action_id, value = pressed
        element = find(blocks, block_id, action_id)
        if element is None:
            raise PlayRefused("no_such_element", f"{block_id}/{action_id}", 404)
        try:
            said = answer(element, value)
        except WrongValue as error:
            raise PlayRefused("wrong_value", str(error)) from error
        if element["type"] not in STATELESS:
            form = {**form, block_id: {**form.get(block_id, {}), action_id: value}}
        return element, said, state(blocks, self._filled_in(user, where, blocks, form))

    def _filled_in(self, user: Person, where: str, blocks: list[Json], form: Values) -> Values:
        """What this person has chosen so far, with `form` on top; it stays when a form is refused.

        Raises PlayRefused for an element that is not there or an option that it does not have.
        """
        for block_id, chosen in form.items():
            for action_id, value in chosen.items():
                element = find(blocks, block_id, action_id)
                if element is None:
                    raise PlayRefused("no_such_element", f"{block_id}/{action_id}", 404)
                try:
                    answer(element, value)
                except WrongValue as error:
                    raise PlayRefused("wrong_value", str(error)) from error
        values = self._states.setdefault((user.id, where), {})
        for block_id, chosen in form.items():
            values.setdefault(block_id, {}).update(chosen)
        return values

    async def _interact(self, user: Person, payload: Json) -> Ack:
        ack = await self.delivery.send("interactive", payload)
        if not ack.ok:
            self.talk.trouble(user.id, LATE, ack.reason)
        return ack

    async def submit(self, user: Person, view: Json, form: Values) -> tuple[bool, dict[str, str]]:
        """Send a modal's form: (closed, errors by block). Raises PlayRefused 504 without an ack."""
        if view is not self.views.stack(user.id)[-1]:
            raise PlayRefused("not_on_top", "another window is open over this one")
        values = self._filled_in(user, view["id"], view["blocks"], form)
        wrong = wrong_inputs(view["blocks"], values)
        if wrong:
            return False, wrong
        view["state"] = {"values": state(view["blocks"], values)}
        payload = interaction(
            "view_submission",
            user,
            trigger_id=self.tickets.trigger(user.id, view["id"]),
            view=view,
            response_urls=[],
        )
        ack = await self._interact(user, payload)
        if not ack.ok:
            raise PlayRefused("dispatch_failed", LATE, 504)
        return self._after_submit(user, view, ack.body if isinstance(ack.body, dict) else {})

    def _after_submit(self, user: Person, view: Json, body: Json) -> tuple[bool, dict[str, str]]:
        current = self.views.find(user.id, view["id"])
        if current is None:
            return True, {}
        match body.get("response_action"):
            case "errors":
                return False, self._errors(user, current, body.get("errors"))
            case "update" | "push" as what:
                return self._next_view(user, current, what, body.get("view")), {}
            case "clear":
                self.views.close(user.id, current, everything=True)
            case _:
                self.views.close(user.id, current)
        return True, {}

    def _errors(self, user: Person, view: Json, errors: Any) -> dict[str, str]:
        inputs = {b["block_id"] for b in view["blocks"] if b["type"] == "input"}
        if not isinstance(errors, dict) or not errors or set(errors) - inputs:
            detail = f"errors must name input blocks of the view: {errors}"
            self.talk.trouble(user.id, "We had some trouble connecting. Try again?", detail)
            return {}
        return {str(k): str(v) for k, v in errors.items()}

    def _next_view(self, user: Person, current: Json, what: str, view: Any) -> bool:
        """Always False: the window stays, or shows the next view."""
        try:
            if what == "update":
                self.views.replace(user.id, current, view)
            else:
                self.views.push_for(user.id, view)
        except Refused as refused:
            detail = f"{refused.code}: {_why(refused)}"
            self.talk.trouble(user.id, "We had some trouble connecting. Try again?", detail)
        return False

    async def close(self, user: Person, view: Json) -> None:
        """Close a modal without sending it; tells the app where it asked for that."""
        for closed in self.views.close(user.id, view):
            if closed["notify_on_close"]:
                cleared = closed is not view
                payload = interaction("view_closed", user, view=closed, is_cleared=cleared)
                await self.delivery.send("interactive", payload)

    async def shortcut(self, user: Person, callback_id: str, message: Message | None) -> None:
        """A global shortcut, or with `message` one of its menu."""
        kind = "message_action" if message else "shortcut"
        rest: Json = {
            "callback_id": callback_id,
            "trigger_id": self.tickets.trigger(user.id),
            "action_ts": f"{self.workspace.clock():.6f}",
        }
        if message:
            rest |= {
                "message_ts": message.ts,
                "message": api_message(self.workspace, message),
                "channel": channel_stub(self.workspace.channels[message.channel]),
                "response_url": self._response_url(user.id, message.channel, message),
            }
        await self._interact(user, interaction(kind, user, **rest))

    def open_home(self, user: Person) -> None:
        """Tell the app that someone looks at its home."""
        event: Json = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": self.workspace.direct(user.id, BOT_USER_ID).id,
            "tab": "home",
            "event_ts": self.workspace.next_ts(),
            "app_id": APP_ID,
        }
        view = self.views.home(user.id)
        self.talk.event({**event, "view": view} if view else event)


def _why(refused: Refused) -> str:
    messages = refused.extra.get("response_metadata", {}).get("messages", [])
    return "; ".join(messages)
