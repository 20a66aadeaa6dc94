"""A person in the playground, for tests: says, clicks, submits and reads, over /play.

    ada = playground.client("ada")
    ada.command("/promote fraud 3", channel="#ml-models")
    card = ada.wait_for("fraud", channel="#ml-models")
    playground.client("dev").click(card, "Approve")

Every act returns once the app has acknowledged it; what the app does afterwards is waited for with
`wait_for`. Where no channel is named, the one of the last act is meant.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from bot.playground.shown import Message, View, label_of, pressable

Json = dict[str, Any]
T = TypeVar("T")
Wanted = str | Callable[[Message], bool]
START_CHANNEL = "#incidents"
# One request that waits for changes holds for at most this long.
ONE_WAIT = 5.0
PATIENCE_S = 30.0
"""How long to wait for what should come at once: on a busy machine it may take a while."""


@cache
def _trusted() -> SSLContext:
    """Made once: reading the certificates takes longer than anything a person does here."""
    return httpx.create_ssl_context()


class ActError(AssertionError):
    """The playground refused an act; `code` is its name for it, such as "dispatch_failed"."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class PersonClient:
    """Acts as one user."""

    def __init__(self, url: str, user: str) -> None:
        self.user = user
        self.channel = START_CHANNEL
        self._http = httpx.Client(base_url=url, timeout=40, trust_env=False, verify=_trusted())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._http.close()

    # Plain requests

    def get(self, path: str, **query: Any) -> Json:
        """GET one of the /play paths. Raises ActError."""
        given = {k: v for k, v in query.items() if v is not None}
        return _answer(self._http.get(path, params={"as": self.user, **given}))

    def post(self, path: str, **body: Any) -> Json:
        """POST to one of the /play paths. Raises ActError."""
        return _answer(self._http.post(path, json={"as": self.user, **body}))

    def state(self) -> Json:
        """/play/state: users, channels, the app, the panel."""
        return self.get("/play/state")

    @property
    def id(self) -> str:
        """This person's user id."""
        return str(next(u["id"] for u in self.state()["users"] if u["name"] == self.user))

    # Acts

    def _there(self, channel: str | None) -> str:
        self.channel = channel or self.channel
        return self.channel

    def say(self, channel: str, text: str, thread: str | Message | None = None) -> str:
        """Say something; "@tandem" is a mention. Returns the message's ts."""
        thread_ts = _thread_of(thread) if thread else None
        said = self.post("/play/say", channel=self._there(channel), text=text, thread_ts=thread_ts)
        return str(said["ts"])

    def dm(self, user: str = "tandem", text: str | None = None) -> str:
        """Open the direct message with `user`, and say `text` in it. Returns the channel's id."""
        opened = str(self.post("/play/dm", user=user)["channel"]["id"])
        self.channel = opened
        if text is not None:
            self.say(opened, text)
        return opened

    def command(self, line: str, channel: str | None = None) -> None:
        """A slash command, such as "/incident list". Raises ActError("dispatch_failed")."""
        name, _, text = line.partition(" ")
        self.post("/play/command", channel=self._there(channel), command=name, text=text)

    def click(
        self,
        where: Message | View,
        what: str,
        *,
        confirm: bool = True,
        values: Mapping[str, Any] | None = None,
    ) -> bool:
        """Press a button by its label or its action_id; whether the app acknowledged that.
        Slack shows the person a warning sign where it did not.

        If it asks for confirmation, `confirm` says what is answered there: False presses nothing.
        `values` is what was typed in a window before, as for `submit`.
        """
        block_id, element = pressable(where.blocks, what)
        if element.get("confirm") and not confirm:
            return False
        value = element.get("value")
        if element["type"] == "feedback_buttons":
            value = _feedback(element, what)
        form = self._form(where, values or {})
        return self._press(where, block_id, element["action_id"], value, form)

    def choose(self, where: Message | View, what: str, choice: str | list[str]) -> None:
        """Choose in a menu, radio buttons, checkboxes or a date picker; or type into an input.

        `what` is the element's placeholder, label or action_id, `choice` an option's label or
        value.
        """
        block_id, element = pressable(where.blocks, what)
        self._press(where, block_id, element["action_id"], self._chosen(element, choice))

    def _chosen(self, element: Json, choice: Any) -> Any:
        if isinstance(choice, list):
            return [self._chosen(element, each) for each in choice]
        grouped = [o for g in element.get("option_groups") or () for o in g["options"]]
        for option in [*(element.get("options") or ()), *grouped]:
            if choice in (option["value"], option["text"]["text"]):
                return option["value"]
        if element["type"].endswith("users_select"):
            users = {u["name"]: u["id"] for u in self.state()["users"]}
            return users.get(str(choice).lstrip("@"), choice)
        if element["type"].endswith(("channels_select", "conversations_select")):
            channels = {c.get("name"): c["id"] for c in self.state()["channels"]}
            return channels.get(str(choice).lstrip("#"), choice)
        return choice

    def _press(
        self,
        where: Message | View,
        block_id: str,
        action_id: str,
        value: Any,
        form: Mapping[str, Any] | None = None,
    ) -> bool:
        answer = self.post(
            "/play/click",
            container=where.container,
            block_id=block_id,
            action_id=action_id,
            value=value,
            **({"values": form} if form else {}),
        )
        return bool(answer["acknowledged"])

    def _form(self, where: Message | View, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Plain values by label, block_id or action_id, as the page sends them."""
        form: dict[str, dict[str, Any]] = {}
        for key, value in values.items():
            block_id, element = pressable(where.blocks, key)
            chosen = self._chosen(element, value)
            form.setdefault(block_id, {})[element["action_id"]] = chosen
        return form

    def submit(
        self, view: View | None = None, values: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        """Fill in the modal in front and send it. Returns the errors shown, by block_id.

        Each key of `values` is an input's label, block_id or action_id.
        """
        view = view or self.view()
        if view is None:
            raise ActError("view_not_found", "no modal is open")
        form = self._form(view, values or {})
        answer = self.post("/play/submit", view_id=view.id, values=form)
        return dict(answer.get("errors", {}))

    def close(self, view: View | None = None) -> None:
        """Close the modal in front."""
        view = view or self.view()
        if view is not None:
            self.post("/play/close", view_id=view.id)

    def group(
        self,
        handle: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        enabled: bool | None = None,
    ) -> list[str]:
        """Put people into a group or take them out, by name; enable or disable it. Returns the ids
        of its members now."""
        body = {"group": handle, "add": list(add), "remove": list(remove), "enabled": enabled}
        return list(self.post("/play/group", **body)["group"]["members"])

    def react(self, message: Message, name: str, *, remove: bool = False) -> None:
        """Add a reaction, such as "eyes"."""
        place = {"channel": message.channel, "ts": message.ts}
        self.post("/play/react", **place, name=name, remove=remove)

    def edit(self, message: Message, text: str) -> None:
        """Change an own message."""
        self.post("/play/edit", channel=message.channel, ts=message.ts, text=text)

    def delete(self, message: Message) -> None:
        """Take an own message away."""
        self.post("/play/delete", channel=message.channel, ts=message.ts)

    def shortcut(self, callback_id: str, message: Message | None = None) -> None:
        """Use a global shortcut, or one of a message's menu."""
        place = {"channel": message.channel, "ts": message.ts} if message else {}
        self.post("/play/shortcut", callback_id=callback_id, **place)

    # Reading

    def read(self, channel: str | None = None) -> list[Message]:
        """A channel's messages, oldest first, without replies in threads."""
        return self._messages(channel, threads=None)

    def thread(self, channel: str, ts: str | Message) -> list[Message]:
        """A thread: its parent, then the replies."""
        found = self.get("/play/thread", channel=channel, thread_ts=_thread_of(ts))
        return [Message.read(m) for m in found["messages"]]

    def _messages(self, channel: str | None, threads: int | None) -> list[Message]:
        there = channel or self.channel
        found = self.get("/play/messages", channel=there, threads=threads, limit=1000)
        return [Message.read(m) for m in found["messages"]]

    def again(self, message: Message) -> Message | None:
        """The message as it is now; None if it is gone."""
        found = self._messages(message.channel, threads=1)
        return next((m for m in found if m.ts == message.ts), None)

    def wait_for(
        self,
        wanted: Wanted,
        channel: str | None = None,
        timeout: float = PATIENCE_S,
        *,
        after: str = "",
    ) -> Message:
        """The newest message in the channel or its threads that holds the text or passes the test.

        `after`: only messages later than this ts. Raises ActError with what is there instead.
        """
        fits = _test(wanted)

        def look() -> Message | None:
            found = [m for m in self._messages(channel, threads=1) if m.ts > after and fits(m)]
            return found[-1] if found else None

        def instead() -> str:
            seen = "\n".join(f"  {m}" for m in self._messages(channel, threads=1)[-10:])
            return f"{wanted!r} in {channel or self.channel}; there is:\n{seen or '  nothing'}"

        return self._wait(look, instead, timeout)

    def wait_until(self, message: Message, wanted: Wanted, timeout: float = PATIENCE_S) -> Message:
        """The same message once it has changed so that it fits."""
        fits = _test(wanted)

        def look() -> Message | None:
            now = self.again(message)
            return now if now and fits(now) else None

        return self._wait(look, lambda: f"{wanted!r} in {self.again(message)}", timeout)

    def view(self) -> View | None:
        """The modal in front."""
        stack = self.get("/play/views")["views"]
        return View.read(stack[-1]) if stack else None

    def wait_for_view(self, wanted: str = "", timeout: float = PATIENCE_S) -> View:
        """The modal in front once it shows this text (in its title or its blocks)."""

        def look() -> View | None:
            view = self.view()
            return view if view and wanted in view.text_shown else None

        return self._wait(look, lambda: f"a view with {wanted!r}; there is: {self.view()}", timeout)

    def home(self, wanted: str = "", timeout: float = PATIENCE_S) -> View:
        """Open the app's home and wait until it shows this text."""
        self.get("/play/home")

        def look() -> View | None:
            found = self.get("/play/home", quiet=1)["view"]
            view = View.read(found) if found else None
            return view if view and wanted in view.text_shown else None

        return self._wait(look, lambda: f"a home with {wanted!r}", timeout)

    def download(self, url: str) -> bytes:
        """The bytes of a file or a picture shown in a message."""
        answer = self._http.get(url)
        answer.raise_for_status()
        return answer.content

    def _wait(self, look: Callable[[], T | None], instead: Callable[[], str], timeout: float) -> T:
        end = time.monotonic() + timeout
        changes = int(self.get("/play/wait", seen=-1)["changes"])
        while (found := look()) is None:
            left = end - time.monotonic()
            if left <= 0:
                raise ActError("timeout", f"after {timeout} s there is no {instead()}")
            waited = self.get("/play/wait", seen=changes, timeout=min(left, ONE_WAIT))
            changes = int(waited["changes"])
        return found


def _answer(response: httpx.Response) -> Json:
    answer: Json = response.json()
    if not answer.get("ok"):
        raise ActError(answer.get("error", str(response.status_code)), answer.get("detail", ""))
    return answer


def _thread_of(thread: str | Message) -> str:
    return thread if isinstance(thread, str) else thread.thread_ts or thread.ts


def _test(wanted: Wanted) -> Callable[[Message], bool]:
    if callable(wanted):
        return wanted
    return lambda message: wanted in message.text_shown


def _feedback(element: Json, what: str) -> str:
    for name in ("positive_button", "negative_button"):
        if what in (label_of(element[name]), element[name].get("value")):
            return str(element[name]["value"])
    return str(element["positive_button"]["value"])
