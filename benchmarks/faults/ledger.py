"""What was accepted: a storm of alerts, sent as a pager sends them, and a person who decides.

A sender tries until it is told 202, and then forgets; what it was told is in the ledger. So nothing
in the ledger may be missing later, and nothing that is there may come of anything else.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.playground.client import ActError, PersonClient
from bot.playground.shown import Message

TOKEN = "let-me-in"
SIGNS = ("errors", "latency")
"""Two signs of one trouble."""
MORE = "restarts"
"""A third, where it grows."""
AGAIN_S = 0.2
"""Between two tries of a sender."""
PATIENCE_S = 30.0
"""How long a sender waits for its answer."""
CHANNEL = "#incidents"


def fingerprint(service: str, name: str) -> str:
    """As the senders number their alerts."""
    return f"{service}-{name}"


@dataclass
class Ledger:
    """From any thread."""

    firing: dict[str, set[str]] = field(default_factory=dict)
    """Fingerprints accepted by service: one trouble each."""
    ended: set[str] = field(default_factory=set)
    """Fingerprints whose end was accepted."""
    accepted: int = 0
    """Webhooks of one alert each that were answered 202, repeats too."""
    refused: Counter[str] = field(default_factory=Counter)
    """Tries that were not accepted, by what came instead: the sender tried again."""
    pressed: Counter[str] = field(default_factory=Counter)
    """Presses of "Acknowledge" by service."""
    stood: set[str] = field(default_factory=set)
    """Services on whose card the decision was seen: it came into force, and must stay."""
    unanswered: int = 0
    """Presses that Slack told the person were not taken."""
    quiet: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set while no new trouble is to begin."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def took(self, service: str, name: str, *, ended: bool) -> None:
        """A webhook was answered 202."""
        mark = fingerprint(service, name)
        with self.lock:
            self.accepted += 1
            if ended:
                self.ended.add(mark)
            else:
                self.firing.setdefault(service, set()).add(mark)


@dataclass
class Sender:
    """Sends to whichever bot takes it, until one does."""

    urls: Callable[[], Sequence[str]]
    ledger: Ledger
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    stopped: threading.Event = field(default_factory=threading.Event)

    def trouble(self, service: str, names: Sequence[str] = SIGNS, *, ended: bool = False) -> bool:
        """Tell of a service's alerts; False when it was stopped before anybody took it."""
        return all(self._tell(service, name, ended=ended) for name in names)

    def _tell(self, service: str, name: str, *, ended: bool) -> bool:
        body = self._action(service, name, ended=ended)
        while not self.stopped.is_set():
            for url in self.urls():
                if self._sent(url, body):
                    self.ledger.took(service, name, ended=ended)
                    return True
            time.sleep(AGAIN_S)
        return False

    def _action(self, service: str, name: str, *, ended: bool) -> dict[str, Any]:
        """As Opsgenie sends it: what a pager tells was judged before, so that each trouble is an
        incident for certain, and how many there must be is known beforehand."""
        return {
            "action": "Close" if ended else "Create",
            "alert": {
                "alertId": fingerprint(service, name),
                "message": f"{name} of {service}",
                "createdAt": int(self.began.timestamp() * 1000),
                "updatedAt": int(datetime.now(UTC).timestamp() * 1000),
                "priority": "P2",
                "details": {"service": service},
            },
        }

    def _sent(self, url: str, body: dict[str, Any]) -> bool:
        try:
            answer = httpx.post(
                f"{url}/signals/opsgenie",
                json=body,
                headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=PATIENCE_S,
            )
        except httpx.HTTPError as error:
            with self.ledger.lock:
                self.ledger.refused[type(error).__name__] += 1
            return False
        if answer.status_code != 202:
            with self.ledger.lock:
                self.ledger.refused[str(answer.status_code)] += 1
        return answer.status_code == 202


class Storm:
    """Troubles of one service after the other, each told of again, growing, and ending."""

    def __init__(
        self,
        sender: Sender,
        services: Sequence[str],
        every_s: float,
        new: float = 0.15,
        seed: int = 7,
    ) -> None:
        """Each thread sends every `every_s`; `new` of what it sends begins a trouble, for Slack
        takes one card a second and a storm of cards alone would show nothing but that."""
        self._sender = sender
        self._waiting = list(services)
        self._every_s = every_s
        self._share = new
        self._random = random.Random(seed)
        self._begun: list[str] = []
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()

    @contextmanager
    def blowing(self, threads: int = 2) -> Iterator[None]:
        """Inside the block; what was being sent at its end is sent until it is taken."""
        self._over.clear()
        self._threads = [
            threading.Thread(target=self._blow, name=f"storm {n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(PATIENCE_S * 4)

    def begin(self, count: int) -> None:
        """That many troubles now."""
        for _ in range(count):
            self._new()

    def end(self) -> None:
        """Every trouble that began is over."""
        for service in self._begun:
            names = [f.removeprefix(f"{service}-") for f in self._sender.ledger.firing[service]]
            self._sender.trouble(service, sorted(names), ended=True)

    @property
    def left(self) -> int:
        """Services that had no trouble yet."""
        return len(self._waiting)

    def _blow(self) -> None:
        while not self._over.is_set():
            chance = self._random.random()
            quiet = self._sender.ledger.quiet.is_set()
            if self._waiting and not quiet and (chance < self._share or not self._begun):
                self._new()
            elif self._begun and chance < 0.8:
                self._sender.trouble(self._random.choice(self._begun))
            elif self._begun:
                self._sender.trouble(self._random.choice(self._begun), (MORE,))
            self._over.wait(self._every_s)

    def _new(self) -> None:
        service = self._waiting.pop(0)
        if self._sender.trouble(service):
            self._begun.append(service)


@dataclass
class Decider:
    """A person who acknowledges every card, once; and again where nothing came of it."""

    person: PersonClient
    ledger: Ledger
    services: Sequence[str]
    again_s: float = 15.0
    """A person who sees nothing happen presses once more."""
    hesitates_s: float = 4.0
    """At most, from seeing a card to pressing: so that a fault comes before, between and after."""
    _due: dict[str, float] = field(default_factory=dict)
    """When each service's button is pressed next, on the clock of `monotonic`."""
    _random: random.Random = field(default_factory=lambda: random.Random(7))
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Inside the block."""
        self._over.clear()
        thread = threading.Thread(target=self._decide, name="decider", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(PATIENCE_S)

    def _decide(self) -> None:
        while not self._over.is_set():
            for message in self.person.read(CHANNEL):
                if "acknowledged by" in message.text_shown:
                    self.ledger.stood.add(self._service(message))
                if "Acknowledge" in message.buttons and not self._over.is_set():
                    self._press(message)
            self._over.wait(0.3)

    def undecided(self) -> list[str]:
        """Services whose card still asks for a decision."""
        cards = self.person.read(CHANNEL)
        return [s for m in cards if "Acknowledge" in m.buttons and (s := self._service(m))]

    def _service(self, card: Message) -> str:
        return next((s for s in self.services if f"{s}:" in card.text_shown), "")

    def _press(self, card: Message) -> None:
        now = time.monotonic()
        service = self._service(card)
        if not service or now < self._due.setdefault(service, now + self._hesitation()):
            return
        if not self._clicked(card):
            # Slack shows a warning sign at the button: the person knows that nothing happened.
            with self.ledger.lock:
                self.ledger.unanswered += 1
            self._due[service] = now + 1
            return
        self._due[service] = now + self.again_s
        with self.ledger.lock:
            self.ledger.pressed[service] += 1

    def _hesitation(self) -> float:
        return self._random.uniform(0, self.hesitates_s)

    def _clicked(self, card: Message) -> bool:
        """Whether Tandem acknowledged it."""
        try:
            return self.person.click(card, "Acknowledge")
        except ActError:
            return False
