"""Every injection: what it says, how it is hidden, and where it stands."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

from benchmarks.attacks.injections.disguises import DISGUISES

PAYLOADS = Path(__file__).with_name("payloads.toml")
PLACES = (
    *("alert", "thread", "runbook", "past incident", "model card"),
    *("log line", "change", "metric label", "message"),
)
"""A message is what a person sends to the bot with the text pasted into it."""


@dataclass(frozen=True)
class Attack:
    """One injection. `do` is the tool that it wants called, or empty; `say` what it wants read."""

    id: str
    kind: str
    language: str
    disguise: str
    place: str
    text: str
    do: str
    say: str


@cache
def attacks() -> tuple[Attack, ...]:
    """Each payload as it is, and hidden in two more ways, each in the next place in turn."""
    payloads = tomllib.loads(PAYLOADS.read_text("utf-8"))["attack"]
    return tuple(_all(payloads))


def _all(payloads: list[dict[str, str]]) -> Iterator[Attack]:
    hidden = cycle([name for name in DISGUISES if name != "plain"])
    places = cycle(PLACES)
    for number, payload in enumerate(payloads, 1):
        for disguise in ("plain", next(hidden), next(hidden)):
            place = next(places)
            yield Attack(
                id=f"{number:02d}-{disguise.replace(' ', '-')}-{place.replace(' ', '-')}",
                kind=payload["kind"],
                language=payload["lang"],
                disguise=disguise,
                place=place,
                text=DISGUISES[disguise](payload["text"]),
                do=payload.get("do", ""),
                say=payload.get("say", ""),
            )
