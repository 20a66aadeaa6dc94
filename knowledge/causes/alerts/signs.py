"""Alerts as the ranking sees them: who, what, when; and live alerts brought into that form."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from knowledge.catalogue import Catalogue
from knowledge.causes.alerts.landscape import Landscape, Level
from knowledge.correlation.subject import Subject, is_noise, subject_of
from knowledge.findings import MODEL_KINDS
from knowledge.records import Signal

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_MAX_TEXT = 2_000
"""No more of one text is searched for names."""


class Source(StrEnum):
    """What noticed it."""

    METRIC = "metric"
    """A metric of the component's own left its usual range; or any alert that people set up."""
    CALL = "call"
    """A call into it was slow or failed."""
    LOG = "log"
    """A line of log that is not usual."""


class Key(NamedTuple):
    """What makes two alerts the same kind of news about the same component. Of plain strings:
    many are counted, and hashing an Enum is slow."""

    source: str
    component: str
    name: str
    direction: str = ""


class Pool(NamedTuple):
    """A kind of news on a level, whichever component it is about."""

    source: str
    level: str
    name: str
    direction: str = ""


@dataclass(frozen=True)
class Sign:
    """One alert, about one component."""

    component: str
    name: str
    """The rule, metric, operation or log template."""
    source: Source = Source.METRIC
    at: datetime | None = None
    """None where it is not known when; it is then neither early nor late."""
    direction: str = ""
    """"up", "down", or how a call was bad; empty for alerts."""
    caller: str = ""
    """Of a call: the component that made it."""
    texts: tuple[str, ...] = ()
    """Lines in which other components may be named."""
    blames: tuple[str, ...] = ()
    """Components that it names as the ones it waits for or fails at."""
    id: str = ""

    @property
    def key(self) -> Key:
        name = f"{self.caller} > {self.name}" if self.source is Source.CALL else self.name
        return Key(self.source.value, self.component, name, self.direction)


def pool_of(key: Key, landscape: Landscape) -> Pool:
    level = landscape.levels.get(key.component)
    return Pool(key.source, level.value if level else "", key.name, key.direction)


def blamed_by(sign: Sign, landscape: Landscape) -> tuple[str, ...]:
    """Other services than its own that the sign names, in its texts or outright: who complains
    of a service is seldom the one at fault."""
    home = landscape.home(sign.component)
    known = landscape.by_lower
    words = (word for text in sign.texts for word in _words(text[:_MAX_TEXT].lower()))
    named = (*sign.blames, *(known[word] for word in words if word in known))
    return tuple(dict.fromkeys(s for s in map(landscape.home, named) if s != home))


def _words(text: str) -> Iterator[str]:
    """Whole ones, and the parts of dotted ones: "cart.shop.svc", "hipstershop.adservice"."""
    for found in _NAME.findall(text):
        word = found.rstrip("._-")
        yield word
        if "." in word:
            yield from word.split(".")


def read_signals(
    signals: Iterable[Signal], catalogue: Catalogue
) -> tuple[tuple[Sign, ...], tuple[Subject, ...]]:
    """Live alerts as signs, each about the narrowest place it names (pod, then service, then
    node), and what each is about. Heartbeats are left out; what is found about a model is put on
    the model."""
    signs: list[Sign] = []
    subjects: list[Subject] = []
    for signal in signals:
        if is_noise(signal):
            continue
        subject = subject_of(signal, catalogue)
        component = subject.model or subject.pod or subject.service or subject.node
        if not component:
            continue
        subjects.append(subject)
        signs.append(_sign(signal, component, subject))
    return tuple(signs), tuple(subjects)


def landscape_of(catalogue: Catalogue, subjects: Sequence[Subject]) -> Landscape:
    """The catalogue's landscape, and what these alerts name beside it. A model needs the service
    that answers for it, as a caller needs a callee."""
    seen = ((s.model or s.service, s.pod, s.node) for s in subjects)
    landscape = Landscape.from_catalogue(catalogue, seen)
    served = {s.model: frozenset({s.server}) for s in subjects if s.model and s.server}
    servers = {s.server for s in subjects if s.model and s.server}
    return Landscape(
        {**dict.fromkeys(servers, Level.SERVICE), **landscape.levels},
        landscape.service_of,
        landscape.node_of,
        {**served, **landscape.callees},
    )


def _sign(signal: Signal, component: str, subject: Subject) -> Sign:
    about_model = signal.kind in MODEL_KINDS
    return Sign(
        component=component,
        name=signal.name,
        at=signal.starts_at,
        texts=() if about_model else (signal.summary, signal.description),
        blames=(subject.peer,) if subject.peer else (),
        id=signal.id or signal.fingerprint,
    )
