"""Books what language models are used for, and stops before a limit is passed.

What a call may cost at most is set aside before it is sent, together with what other calls have set
aside that run at the same time; what it did cost is booked in the store when it ends. So a limit is
never passed, however many ask at once, at the price that the last bit of a limit may stay unused.
Replicas share what is booked and what is set aside. A call whose replica died gives back what it
had set aside when it cannot be running any more.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count
from threading import RLock
from time import perf_counter

from knowledge.durations import say_duration
from knowledge.errors import BadArgs, Unavailable
from knowledge.on_behalf import Behalf, behalf
from knowledge.ports import Reservations, Uses
from knowledge.ports.operations import By
from knowledge.records import Allowance, Limit, Limits, Prices, Reservation, Use

log = logging.getLogger("tandem.ledger")

SYSTEM = "the language model"
DAY = timedelta(days=1)
EVERYONE = "everyone"
HELD = timedelta(minutes=15)
"""Longer than any call runs; what one that died had set aside is held that long."""

_AMOUNT = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([km]?)\s*(tokens?)?", re.IGNORECASE)
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}


def read_limit(setting: str, text: str) -> Limit:
    """A limit as people write it: "5" (money), "200k tokens", or both, "5, 2m tokens". Empty is
    none. Raises BadArgs that names the setting."""
    cost: float | None = None
    tokens: int | None = None
    for part in filter(None, (p.strip() for p in text.split(","))):
        found = _AMOUNT.fullmatch(part)
        if found is None or (found[2] and not found[3]):
            raise BadArgs(setting, f"{part!r} is no limit", "Write for example: 5, 200k tokens")
        number = float(found[1]) * _SCALE[found[2].lower()]
        if found[3]:
            tokens = int(number)
        else:
            cost = number
    return Limit(cost, tokens)


@dataclass
class _Call:
    """One call that runs: what is set aside for it, then what it took."""

    behalf: Behalf
    cost: float
    tokens: int
    tokens_in: int = 0
    tokens_out: int = 0

    def took(self, tokens_in: int, tokens_out: int) -> None:
        self.tokens_in, self.tokens_out = tokens_in, tokens_out


class _OfThisProcess:
    """`ports.Reservations` of one process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._numbers = count(1)
        self._set_aside: dict[int, Reservation] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._lock:
            yield

    def add(self, reservation: Reservation) -> int:
        number = next(self._numbers)
        self._set_aside[number] = reservation
        return number

    def remove(self, number: int) -> None:
        del self._set_aside[number]

    def tidy(self, now: datetime) -> None:
        """Nobody else can have died."""

    def live(self, now: datetime) -> list[Reservation]:
        with self._lock:
            return [one for one in self._set_aside.values() if one.until > now]


class StoreLedger:
    """`ports.Ledger` over the store; safe on many threads at once."""

    def __init__(
        self,
        uses: Uses,
        now: Callable[[], datetime],
        prices: Prices,
        limits: Limits,
        reservations: Reservations | None = None,
    ) -> None:
        """`reservations` are of the store that `uses` is of; without them, this process counts its
        own calls alone."""
        self._uses = uses
        self._now = now
        self._prices = prices
        self._limits = limits
        self._reservations = reservations or _OfThisProcess()

    @property
    def prices(self) -> Prices:
        return self._prices

    @contextmanager
    def answer(self, model: str, prompt: str, most_in: int, most_out: int) -> Iterator[_Call]:
        number, call = self._set_aside(most_in, most_out)
        started = perf_counter()
        outcome = "failed"
        try:
            yield call
            outcome = "ok"
        finally:
            self._book(number, call, model, prompt, perf_counter() - started, outcome)

    def allowances(self, user: str = "", team: str = "") -> tuple[Allowance, ...]:
        return tuple(self._allowances(Behalf(user=user, team=team)))

    def _set_aside(self, most_in: int, most_out: int) -> tuple[int | None, _Call]:
        """The number of what was set aside; None where no limit asks for that."""
        asked = behalf()
        call = _Call(asked, self._prices.cost(most_in, most_out), most_in + most_out)
        if not self._limits.any:
            return None, call
        until = self._now() + HELD
        with self._reservations.alone():
            for allowance in self._allowances(asked):
                if _passed(allowance, call):
                    raise Unavailable(SYSTEM, self._closed(allowance), retry=False)
            number = self._reservations.add(
                Reservation(asked.user, asked.team, call.cost, call.tokens, until)
            )
        return number, call

    def _book(
        self, number: int | None, call: _Call, model: str, prompt: str, seconds: float, outcome: str
    ) -> None:
        use = Use(
            at=self._now(),
            model=model,
            purpose=call.behalf.purpose,
            prompt=prompt,
            user=call.behalf.user,
            team=call.behalf.team,
            tokens_in=call.tokens_in,
            tokens_out=call.tokens_out,
            cost=self._prices.cost(call.tokens_in, call.tokens_out),
            seconds=seconds,
            outcome=outcome,
            turn=call.behalf.turn,
        )
        call.behalf.bill.uses.append(use)
        try:
            if number is None:
                self._uses.add(use)
                return
            # One step: between the two nobody may see neither, or both.
            with self._reservations.alone():
                self._uses.add(use)
                self._reservations.remove(number)
        except Unavailable:
            # The answer is there: it must not be lost because it could not be booked. What was set
            # aside for it is held until its time is over.
            log.exception("not booked: %s", use)

    def _allowances(self, asked: Behalf) -> Iterator[Allowance]:
        kinds: tuple[tuple[str, str, Limit, By], ...] = (
            (EVERYONE, EVERYONE, self._limits.everyone, "day"),
            ("user", asked.user, self._limits.user, "user"),
            ("team", asked.team, self._limits.team, "team"),
        )
        for kind, whose, limit, by in kinds:
            if limit.is_set and whose:
                yield self._allowance(kind, whose, limit, by)

    def _allowance(self, kind: str, whose: str, limit: Limit, by: By) -> Allowance:
        today = start_of_day(self._now())
        booked = [
            total
            for total in self._uses.totals(today, today + DAY, by)
            if kind == EVERYONE or total.key == whose
        ]
        running = [one for one in self._reservations.live(self._now()) if _is_of(one, kind, whose)]
        return Allowance(
            whose,
            kind,
            limit,
            sum(t.cost for t in booked) + sum(c.cost for c in running),
            sum(t.tokens_in + t.tokens_out for t in booked) + sum(c.tokens for c in running),
        )

    def _closed(self, allowance: Allowance) -> str:
        now = self._now()
        opens = start_of_day(now) + DAY
        return (
            f"today's limit {_whose(allowance)} ({say_limit(allowance.limit, self._prices)}) "
            "leaves no room for this; it is open again at 00:00 UTC, "
            f"in {say_duration(opens - now)}"
        )


def start_of_day(at: datetime) -> datetime:
    """Limits begin anew at midnight UTC."""
    return datetime.combine(at.astimezone(UTC).date(), time(), UTC)


def say_limit(limit: Limit, prices: Prices) -> str:
    """ "5.00 USD and 200,000 tokens"."""
    cost = [] if limit.cost is None else [prices.say(limit.cost)]
    tokens = [] if limit.tokens is None else [f"{limit.tokens:,} tokens"]
    return " and ".join((*cost, *tokens))


def say_bill(uses: Iterable[Use], prices: Prices) -> str:
    """What an answer took: "wording@1 · small · 312 tokens · 0.0012 USD"; empty for nothing. Calls
    that failed cost and are counted, their prompts are not named."""
    paid = [use for use in uses if use.outcome == "ok" or use.tokens_in]
    if not paid:
        return ""
    prompts = dict.fromkeys(use.prompt for use in paid if use.prompt and use.outcome == "ok")
    models = dict.fromkeys(use.model for use in paid)
    tokens = sum(use.tokens_in + use.tokens_out for use in paid)
    cost = sum(use.cost for use in paid)
    parts = (", ".join(prompts), ", ".join(models), f"{tokens:,} tokens")
    return " · ".join(filter(None, (*parts, prices.say(cost) if cost else "")))


def estimate(texts: Iterable[str]) -> int:
    """At most so many tokens go in, near enough: half of the UTF-8 bytes, and the wrapping of each
    text. English takes about a quarter of its bytes, code and digits up to half."""
    return sum(len(text.encode()) // 2 + 16 for text in texts)


def _passed(allowance: Allowance, call: _Call) -> bool:
    limit = allowance.limit
    if limit.cost is not None and allowance.cost + call.cost > limit.cost:
        return True
    return limit.tokens is not None and allowance.tokens + call.tokens > limit.tokens


def _is_of(asked: Reservation, kind: str, whose: str) -> bool:
    return kind == EVERYONE or (asked.user if kind == "user" else asked.team) == whose


def _whose(allowance: Allowance) -> str:
    return {
        EVERYONE: "of everyone together",
        "user": "of each person",
        "team": f"of {allowance.whose}",
    }[allowance.kind]
