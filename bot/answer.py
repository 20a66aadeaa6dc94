"""Where a reply goes: one Answer per Ask. It knows the ways people ask, not how a chat draws."""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Lock, Timer
from time import monotonic, sleep

from bot.ask import Ask, Way
from bot.ports import Gone, Messenger, RateLimited
from knowledge.errors import Unavailable
from skills.contract import Audience, Reply

log = logging.getLogger("tandem.answer")

PATIENCE_S = 1.0
"""After so long without a reply a placeholder says that it is being worked on."""

COMMAND_PATIENCE_S = 2.5
"""Longer for a slash command: what its response address showed cannot be replaced later."""

TRIES = 3
LONGEST_WAIT_S = 30.0
"""A busy channel makes an answer late, not lost."""

EVERY_S = 1.2
"""Slack takes about one edit a second in a channel; what comes sooner is left out."""

WORKING = Reply("Looking into it…")


class Answer:
    """Shows a placeholder when the reply takes long, then the reply in its place.

    `start()` before the work, `show()` or `fail()` once after it.
    """

    def __init__(
        self,
        messenger: Messenger,
        ask: Ask,
        patience_s: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`patience_s`: instead of the usual one, and a `clock` in seconds, for tests."""
        self._clock = clock
        self._shown_at = -EVERY_S
        self._messenger = messenger
        self._ask = ask
        self._lock = Lock()
        self._over = False
        self._placeholder: tuple[str, str] | None = None
        usual = COMMAND_PATIENCE_S if ask.way is Way.COMMAND else PATIENCE_S
        self._timer = Timer(usual if patience_s is None else patience_s, self._wait)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def progress(self, reply: Reply, *, public: bool) -> None:
        """How far it is, in the place where the reply will be. Left out when it comes too soon
        after the one before, or cannot be shown: the reply itself will come. `public` as for
        `show`."""
        with self._lock:
            if self._over or self._clock() - self._shown_at < EVERY_S:
                return
            self._shown_at = self._clock()
            try:
                self._show_progress(reply, public)
            except Unavailable as error:
                log.info("no progress for %s: %s", self._ask.id, error)

    def _show_progress(self, reply: Reply, public: bool) -> None:
        if self._placeholder:
            self._messenger.edit(*self._placeholder, reply)
            return
        place = self._ask.place
        match self._ask.way:
            case Way.MENTION | Way.DM | Way.THREAD:
                self._placeholder = self._messenger.post(place.channel, reply, place.thread)
            case Way.COMMAND if public:
                self._placeholder = self._messenger.post(place.channel, reply)
            case Way.BUTTON | Way.FORM if place.channel:
                self._placeholder = self._messenger.post(
                    place.channel, reply, place.thread or self._thread_below()
                )
            case _:
                return
        self._timer.cancel()

    def show(self, reply: Reply, *, public: bool) -> None:
        """`public`: whether a slash command's reply may be seen by the channel."""
        with self._lock:
            self._finish()
            reply = self._without_files(reply)
            match self._ask.way:
                case Way.COMMAND:
                    shared = public and reply.audience is Audience.PLACE
                    _patiently(lambda: self._to_command(reply, shared))
                case Way.BUTTON | Way.FORM:
                    _patiently(lambda: self._to_press(reply))
                case Way.OPEN | Way.LOOK:
                    _patiently(lambda: self._to_window(reply))
                case _:
                    _patiently(lambda: self._to_message(reply))

    def fail(self, reply: Reply) -> None:
        """A reply that says what went wrong: to the asker alone, but where a message was asked in
        the open it is answered there."""
        with self._lock:
            self._finish()
            match self._ask.way:
                case Way.COMMAND:
                    _patiently(lambda: self._to_command(reply, public=False))
                case Way.BUTTON | Way.FORM:
                    _patiently(lambda: self._to_presser(reply))
                case Way.OPEN | Way.LOOK:
                    _patiently(lambda: self._to_window(reply))
                case _:
                    _patiently(lambda: self._to_message(reply))

    def drop(self) -> None:
        """Say nothing."""
        with self._lock:
            self._finish()

    def _finish(self) -> None:
        self._over = True
        self._timer.cancel()

    def _wait(self) -> None:
        with self._lock:
            if self._over:
                return
            try:
                self._show_placeholder()
            except Unavailable as error:
                log.info("no placeholder for %s: %s", self._ask.id, error)

    def _show_placeholder(self) -> None:
        place = self._ask.place
        if self._ask.way is Way.COMMAND:
            self._messenger.respond(place, WORKING, replace=False, public=False)
        elif self._ask.way in (Way.MENTION, Way.DM):
            self._placeholder = self._messenger.post(place.channel, WORKING, place.thread)

    def _to_command(self, reply: Reply, public: bool) -> None:
        place = self._ask.place
        if self._takes_placeholder(reply, public):
            return
        if not public:
            self._messenger.respond(place, reply, replace=False, public=False)
            return
        try:
            self._messenger.post(place.channel, reply)
        except Gone:  # The bot is not a member: the response address works anywhere.
            self._messenger.respond(place, reply, replace=False, public=True)

    def _to_message(self, reply: Reply) -> None:
        place = self._ask.place
        quiet = reply.audience is Audience.ASKER and self._ask.way is not Way.DM
        if self._placeholder and not quiet and not reply.attachments:
            self._messenger.edit(*self._placeholder, reply)
            return
        if self._placeholder:
            self._messenger.delete(*self._placeholder)
        if quiet:
            self._messenger.whisper(place.channel, self._ask.user, reply, place.thread)
        else:
            self._messenger.post(place.channel, reply, place.thread)

    def _takes_placeholder(self, reply: Reply, public: bool) -> bool:
        """Put a reply for all where its progress was shown; others leave no trace there."""
        if self._placeholder is None:
            return False
        if public and not reply.attachments:
            self._messenger.edit(*self._placeholder, reply)
            return True
        self._messenger.delete(*self._placeholder)
        self._placeholder = None
        return False

    def _to_press(self, reply: Reply) -> None:
        place = self._ask.place
        if self._takes_placeholder(reply, reply.audience is Audience.PLACE and not reply.replace):
            return
        if reply.replace and place.message:
            if place.message_is_ephemeral:
                self._messenger.respond(place, reply, replace=True, public=False)
            else:
                self._to_original(reply)
        elif reply.audience is Audience.ASKER:
            self._to_presser(reply)
        elif not place.channel:
            self._messenger.post(self._ask.user, reply)
        elif place.message_is_ephemeral:
            # The message with the button is no message to others: start afresh beside it.
            self._messenger.post(place.channel, reply, place.thread)
        else:
            self._messenger.post(place.channel, reply, place.thread or self._thread_below())

    def _to_window(self, reply: Reply) -> None:
        if self._ask.window is None:
            raise ValueError(f"{self._ask.id} names no window")
        try:
            self._messenger.show_in(self._ask.window, reply)
        except Gone as error:  # Closed, or somebody pressed again: nobody waits for this.
            log.info("no window for %s: %s", self._ask.id, error)

    def _to_original(self, reply: Reply) -> None:
        place = self._ask.place
        try:
            self._messenger.edit(place.channel, place.message, reply)
        except Gone:  # Somebody took it away; what was done must still be said.
            self._to_presser(reply)

    def _to_presser(self, reply: Reply) -> None:
        place = self._ask.place
        self._takes_placeholder(reply, public=False)
        if not place.channel or self._is_dm():
            self._messenger.post(place.channel or self._ask.user, reply, place.thread)
        else:
            # Whispers into a thread are seen only by those who have it open: one who pressed a
            # button in the channel is answered in the channel.
            thread = "" if place.thread == place.message else place.thread
            self._messenger.whisper(place.channel, self._ask.user, reply, thread)

    def _without_files(self, reply: Reply) -> Reply:
        """Files can be posted and not whispered: those for one person go to their direct messages,
        and the answer says so."""
        private = self._ask.way is Way.COMMAND or reply.audience is Audience.ASKER
        if not reply.attachments or not private or self._is_dm():
            return reply
        _patiently(lambda: self._post_to_asker(reply))
        names = " and ".join(file.name for file in reply.attachments)
        return replace(
            reply, text=f"{reply.text}\nI sent you {names} as a direct message.", attachments=()
        )

    def _post_to_asker(self, reply: Reply) -> None:
        self._messenger.post(self._ask.user, reply)

    def _thread_below(self) -> str:
        """Answers to a card's buttons belong in its thread; a direct message stays flat."""
        return "" if self._is_dm() else self._ask.place.message

    def _is_dm(self) -> bool:
        return self._ask.place.channel.startswith("D")


def _patiently(send: Callable[[], None]) -> None:
    """Send, waiting as long as the chat asks. Nothing was shown when it asks to wait."""
    for _ in range(TRIES - 1):
        try:
            return send()
        except RateLimited as limited:
            sleep(min(limited.seconds, LONGEST_WAIT_S))
    return send()
