"""Modals and home tabs: each person's stack of up to three modals, and their home."""

from collections.abc import Callable
from secrets import token_hex
from typing import Any

from bot.playground.block_rules import view_violations
from bot.playground.elements import state, with_ids
from bot.playground.errors import Refused
from bot.playground.presents import play_view
from bot.playground.stream import Stream
from bot.playground.tickets import Tickets
from bot.playground.workspace import APP_ID, BOT_ID, TEAM_ID

Json = dict[str, Any]
MOST = 3
FROM_APP = (
    "type",
    "title",
    "blocks",
    "close",
    "submit",
    "private_metadata",
    "callback_id",
    "clear_on_close",
    "notify_on_close",
    "external_id",
)


class Views:
    """What the views.* methods change and the pages show."""

    def __init__(
        self, tickets: Tickets, stream: Stream, check_files: Callable[[Any], None]
    ) -> None:
        """`check_files` refuses blocks that name a file which does not exist."""
        self._tickets = tickets
        self._stream = stream
        self._check_files = check_files
        self._stacks: dict[str, list[Json]] = {}
        self._homes: dict[str, Json] = {}

    def stack(self, user: str) -> list[Json]:
        """The open modals of a person, the one in front last."""
        return self._stacks.get(user, [])

    def home(self, user: str) -> Json | None:
        """What was last published for them."""
        return self._homes.get(user)

    def find(self, user: str, view_id: str) -> Json | None:
        """An open modal or the home of this person."""
        home = self._homes.get(user)
        shown = [*self.stack(user), *([home] if home else [])]
        return next((v for v in shown if v["id"] == view_id), None)

    def _built(self, view: Any, kind: str, old: Json | None = None) -> Json:
        """A view object from what the app sent. Raises Refused("invalid_arguments")."""
        wrong = view_violations(view)
        if not wrong and view["type"] != kind:
            wrong = [f"[ERROR] must be a {kind} view [json-pointer:/view/type]"]
        if wrong:
            raise Refused("invalid_arguments", response_metadata={"messages": wrong})
        try:
            self._check_files(view["blocks"])
        except Refused as refused:
            # In a view whatever is wrong with a block is wrong with the argument.
            raise Refused("invalid_arguments", **refused.extra) from refused
        external = view.get("external_id")
        for other in (v for stack in self._stacks.values() for v in stack):
            same = external and other.get("external_id") == external
            if same and (old is None or other["id"] != old["id"]):
                raise Refused("duplicate_external_id")
        built = {
            "id": old["id"] if old else f"V{token_hex(5).upper()}",
            "team_id": TEAM_ID,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
            "hash": f"{int(self._tickets.clock())}.{token_hex(4)}",
            "title": None,
            "close": None,
            "submit": None,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "previous_view_id": old["previous_view_id"] if old else None,
            **{name: view[name] for name in FROM_APP if view.get(name) is not None},
            "blocks": with_ids(view["blocks"]),
        }
        built["root_view_id"] = old["root_view_id"] if old else built["id"]
        built["state"] = {"values": state(built["blocks"], {})}
        return built

    def open(self, trigger_id: str, view: Any) -> Json:
        """views.open: a new stack with one modal."""
        built = self._built(view, "modal")
        trigger = self._tickets.take_trigger(trigger_id)
        self._stacks[trigger.user] = [built]
        self._tell("view_opened", built, trigger.user)
        return built

    def push(self, trigger_id: str, view: Any) -> Json:
        """views.push: on top of the modal in which the trigger was given."""
        trigger = self._tickets.take_trigger(trigger_id)
        if not any(v["id"] == trigger.view_id for v in self.stack(trigger.user)):
            raise Refused("invalid_trigger_id")
        return self.push_for(trigger.user, view)

    def push_for(self, user: str, view: Any) -> Json:
        """Put a modal on a person's stack. Raises Refused("push_limit_reached")."""
        stack = self._stacks[user]
        if len(stack) >= MOST:
            raise Refused("push_limit_reached")
        built = self._built(view, "modal")
        built |= {"previous_view_id": stack[-1]["id"], "root_view_id": stack[0]["id"]}
        stack.append(built)
        self._tell("view_pushed", built, user)
        return built

    def update(self, view_id: str, external_id: str, expected_hash: str, view: Any) -> Json:
        """views.update: replace an open view wherever it is."""
        for user, stack in self._stacks.items():
            for old in stack:
                named = old["id"] == view_id if view_id else old["external_id"] == external_id
                if named and (view_id or external_id):
                    if expected_hash and expected_hash != old["hash"]:
                        raise Refused("hash_conflict")
                    return self.replace(user, old, view)
        for user, home in self._homes.items():
            if view_id and home["id"] == view_id:
                return self.publish(user, expected_hash, view)
        raise Refused("not_found")

    def replace(self, user: str, old: Json, view: Any) -> Json:
        """Put a new modal in the place of `old`, under the same id."""
        built = self._built(view, "modal", old)
        stack = self._stacks[user]
        stack[stack.index(old)] = built
        self._tell("view_updated", built, user)
        return built

    def publish(self, user: str, expected_hash: str, view: Any) -> Json:
        """views.publish: a person's home."""
        old = self._homes.get(user)
        if expected_hash and (old is None or old["hash"] != expected_hash):
            raise Refused("hash_conflict")
        built = self._built(view, "home", old)
        self._homes[user] = built
        self._stream.tell({"type": "home", "view": play_view(built)}, {user})
        return built

    def close(self, user: str, view: Json, *, everything: bool = False) -> list[Json]:
        """Take a modal (and what is on top of it) off the stack; gives those closed."""
        stack = self._stacks.get(user, [])
        start = 0 if everything or view["clear_on_close"] else stack.index(view)
        closed = stack[start:]
        self._stacks[user] = stack[:start]
        event: Json = {"type": "view_closed", "view_id": view["id"], "all": start == 0}
        self._stream.tell(event, {user})
        return closed

    def _tell(self, kind: str, view: Json, user: str) -> None:
        self._stream.tell({"type": kind, "view": play_view(view)}, {user})
