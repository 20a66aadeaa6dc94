"""What is known of a model and of what serves it, gathered through the ports for
`knowledge.model_or_infra`. What cannot be had is said and left out; it fails nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import numpy as np

from knowledge.catalogue import Catalogue
from knowledge.errors import NotFound, TandemError
from knowledge.findings import MODEL_KINDS, model_of
from knowledge.incidents import name_of, start_is_unknown
from knowledge.model_or_infra import Bad, Case, Happened, Kind, Reading, Watched, What
from knowledge.model_or_infra.kinds import kind_of, unit_of
from knowledge.model_or_infra.measure import LEFT
from knowledge.monitors import MetricMonitor
from knowledge.monitors import Watched as Monitored
from knowledge.monitors.endpoint import NAMES
from knowledge.ports import Changes, Frames, Metrics, Moves, Telemetry, Watching
from knowledge.promotion.figures import combine
from knowledge.promotion.versions import show_version
from knowledge.records import (
    Change,
    Incident,
    Look,
    ModelFacts,
    Series,
    Signal,
    SignalKind,
)
from knowledge.serving import MOVING

PAST = timedelta(days=4)
"""So much is read, for what is usual at this time of day."""
STEP_S = 300.0
FINE, FINE_STEP_S = timedelta(minutes=40), 20.0
"""Of trouble younger than YOUNG, the newest part is read in finer steps."""
YOUNG = timedelta(minutes=30)
LEAD = timedelta(hours=1)
"""What is wrong began before somebody noticed; so long before it is looked for."""
UNTOLD = timedelta(hours=6)
"""Where nobody says since when, trouble is looked for so far back."""
CHANGED = timedelta(hours=24)
"""Changes this long before are shown; what they may have caused is for the judge."""
TELLS = timedelta(days=30)
"""Where no change at all came in so long, nobody tells of changes, and silence means nothing."""
MOST_NEIGHBOURS = 8
FIRING = LEFT + 3.0
"""How unusual something is held to be that an alert fires on."""
_ENDPOINT = {"latency": Kind.LATENCY, "errors": Kind.ERRORS, "volume": Kind.VOLUME}
_CALENDAR = ("holiday", "campaign", "calendar", "sale", "event")
_FINDINGS = {SignalKind.DRIFT: Kind.INPUTS, SignalKind.QUALITY: Kind.QUALITY}
_FOUND = {
    SignalKind.DRIFT: "input drift",
    SignalKind.QUALITY: "data quality",
    SignalKind.PERFORMANCE: "performance",
}
"""What a finding is called among the other signals; its title is the long form."""

T = TypeVar("T")


class Ports(Protocol):
    """The ports of a `skills.contract.Context` that are read."""

    @property
    def frames(self) -> Frames: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def watching(self) -> Watching: ...

    @property
    def telemetry(self) -> Telemetry: ...

    @property
    def changes(self) -> Changes: ...

    @property
    def moves(self) -> Moves: ...

    @property
    def catalogue(self) -> Catalogue: ...


@dataclass(frozen=True)
class Subject:
    """A model, and the service that answers for it."""

    model: str
    service: str = ""
    owners: tuple[str, ...] = ()
    """Of the model."""
    team: str = ""
    """Of the service."""
    incident: Incident | None = None


def subject_of(
    ports: Ports, model: str = "", service: str = "", incident: Incident | None = None
) -> Subject | None:
    """The model that is meant: by its name, by the service that serves it, or by what an incident
    is about; None where none is. Raises NotFound for a model that is not known."""
    known: list[str] = _try([], "models", ports.frames.names, [])
    service = service or (incident.service if incident else "")
    name = _named(model, known) if model else _of_incident(incident, known)
    name = name or _serving(ports, service, known)
    if not name:
        return None
    facts = _facts(ports, name)
    serves = facts.service or service or name
    team = ports.catalogue.team(ports.catalogue.canonical(serves) or serves)
    return Subject(name, serves, facts.owners, team, incident)


def gather_side(ports: Ports, subject: Subject, now: datetime) -> Case:
    """All evidence there is about the subject now."""
    return _Gathering(ports, subject, now).case()


@dataclass
class _Gathering:
    ports: Ports
    subject: Subject
    now: datetime
    missing: list[str] = field(default_factory=list)
    seen: list[Watched] = field(default_factory=list)

    def case(self) -> Case:
        looks = self._looks()
        self._endpoint()
        self._telemetry()
        self._monitors()
        self.seen += from_looks(looks, {one.kind for one in self.seen})
        happened, asked = self._happened()
        incident = self.subject.incident
        signals = [s for s in incident.signals if s.firing] if incident else []
        return Case(
            now=self.now,
            noticed=self._noticed(signals),
            began=self._began(signals, looks),
            watched=tuple(self.seen),
            readings=tuple(self._firing(signals)),
            happened=happened,
            asked=asked,
            missing=tuple(dict.fromkeys(self.missing)),
            about=self.subject.model,
        )

    def _began(self, signals: Sequence[Signal], looks: Sequence[Look]) -> datetime:
        """Before the first sign of the incident; else before the looks that found something in a
        row; else some hours ago."""
        incident = self.subject.incident
        if incident is not None:
            noticed = self._noticed(signals) or incident.opened_at
            # Of a monitor younger than LEAD, half of its looks tell what is usual.
            watched = noticed - looks[0].at if looks else 2 * LEAD
            return noticed - min(LEAD, max(watched / 2, timedelta()))
        wrong = None
        for look in reversed(looks):
            if not look.findings:
                break
            wrong = look.start
        return min(self.now - UNTOLD, wrong - LEAD) if wrong else self.now - UNTOLD

    def _noticed(self, signals: Sequence[Signal]) -> datetime | None:
        """When the first sign of the incident came; None without an incident."""
        incident = self.subject.incident
        if incident is None:
            return None
        starts = [s.starts_at for s in signals if not start_is_unknown(s)]
        return min([incident.opened_at, *starts])

    def _is_young(self) -> bool:
        incident = self.subject.incident
        return incident is not None and self.now - incident.opened_at < YOUNG

    def _looks(self) -> list[Look]:
        model, since = self.subject.model, self.now - PAST
        looks: list[Look] = _try(
            self.missing, "looks of its monitor", _looks_of(self.ports, model, since), []
        )
        if not looks:
            self.missing.append(f"no monitor has looked at {model}: no drift, no performance")
        return looks

    def _endpoint(self) -> None:
        facts = _facts(self.ports, self.subject.model)
        for key, kind in _ENDPOINT.items():
            query = facts.endpoint.get(key, "")
            if not query:
                continue
            what = f"{NAMES.get(key, key)} of its endpoint"
            series = self._asked(what, query)
            if series is not None:
                one = combine(key, series)
                bad = Bad.EITHER if kind is Kind.VOLUME else Bad.UP
                self._add(kind, NAMES.get(key, key), one, bad)
        if not any(facts.endpoint.get(key) for key in _ENDPOINT):
            self.missing.append("no figures of its endpoint are set up (file of TANDEM_MODELS)")

    def _asked(self, what: str, query: str) -> list[Series] | None:
        found = _try(
            self.missing,
            what,
            lambda: self._range(query),
            None,
        )
        if found is not None and not any(len(one.times) for one in found):
            self.missing.append(f"{what} has no values")
            return None
        return found

    def _range(self, query: str) -> list[Series]:
        read = self.ports.metrics.range
        if not self._is_young():
            return read(query, self.now - PAST, self.now, STEP_S)
        seam = self.now - FINE
        fine = read(query, seam, self.now, FINE_STEP_S)
        coarse = read(query, self.now - PAST, seam, STEP_S)
        return joined(coarse, fine)

    def _signals(self, services: Sequence[str]) -> Mapping[str, Mapping[str, Series]]:
        read = self.ports.telemetry.for_search(self._note).signals
        if not self._is_young():
            return read(services, self.now - PAST, self.now, STEP_S)
        seam = self.now - FINE
        fine = read(services, seam, self.now, FINE_STEP_S)
        coarse = read(services, self.now - PAST, seam, STEP_S)
        return {
            service: {
                name: _joined(coarse.get(service, {}).get(name), fine.get(service, {}).get(name))
                for name in {**coarse.get(service, {}), **fine.get(service, {})}
            }
            for service in {**coarse, **fine}
        }

    def _note(self, words: str) -> None:
        """What a source leaves out, as `_try` tells what fails as a whole."""
        self.missing.append(f"telemetry: {words.rstrip('.')}")

    def _telemetry(self) -> None:
        if not self.ports.telemetry.sources:
            self.missing.append("no telemetry is connected: no CPU, memory, GPU, queue")
            return
        service = self._canonical(self.subject.service)
        callees = sorted(self.ports.catalogue.callees(service))[:MOST_NEIGHBOURS]
        signals: Mapping[str, Mapping[str, Series]] = _try(
            self.missing,
            "telemetry",
            lambda: self._signals([service, *callees]),
            {},
        )
        told = {one.kind for one in self.seen}
        for name, series in signals.get(service, {}).items():
            measured = kind_of(name)
            if measured is not None and measured[0] not in told:
                self._add(measured[0], name.replace("_", " "), series, measured[1])
        for callee in callees:
            for name, series in signals.get(callee, {}).items():
                measured = kind_of(name)
                if measured is not None and measured[0] in (Kind.LATENCY, Kind.ERRORS):
                    called = f"{name.replace('_', ' ')} of {callee}"
                    self._add(Kind.NEIGHBOURS, called, series, Bad.UP, callee)

    def _monitors(self) -> None:
        """The metrics that people watch for this model; what is no figure of its service is its
        business figure."""
        watched: list[Monitored] = _try(self.missing, "monitors", self.ports.watching.all, [])
        for one in watched:
            monitor = one.monitor
            if not isinstance(monitor, MetricMonitor) or not monitor.query:
                continue
            of_model = monitor.model.casefold() == self.subject.model.casefold()
            of_service = monitor.service and monitor.service == self.subject.service
            measured = kind_of(monitor.name) or ((Kind.BUSINESS, Bad.DOWN) if of_model else None)
            if measured is None or not (of_model or of_service):
                continue
            kind, bad = measured
            if monitor.above is not None or monitor.below is not None:
                bad = Bad.UP if monitor.above is not None else Bad.DOWN
            series = self._asked(f"the metric of {monitor.name}", monitor.query)
            if series is not None:
                for single in _apart(series):
                    self._add(kind, monitor.name, single, bad)

    def _add(self, kind: Kind, name: str, series: Series, bad: Bad, place: str = "") -> None:
        finite = series.values[np.isfinite(series.values)]
        if len(finite):
            unit = unit_of(kind, float(np.max(np.abs(finite))))
            times, values = series.times, series.values
            self.seen.append(Watched(kind, name, times, values, bad, unit, place=place))

    def _firing(self, signals: Iterable[Signal]) -> list[Reading]:
        own = {self.subject.model.casefold(), self.subject.service.casefold()}
        callees = self.ports.catalogue.callees(self._canonical(self.subject.service))
        found = []
        for signal in signals:
            kind = _kind_of_signal(signal, own, {c.casefold() for c in callees})
            if kind is not None:
                place = signal.service if kind is Kind.NEIGHBOURS else ""
                where = f" on {place}" if place else ""
                since = None if start_is_unknown(signal) else signal.starts_at
                name = _FOUND.get(signal.kind, f"{name_of(signal)}{where}")
                says = name_of(signal) if signal.kind in _FOUND else f"{name} fires"
                found.append(Reading(kind, name, None, None, FIRING, since, place=place, says=says))
        return found

    def _happened(self) -> tuple[tuple[Happened, ...], frozenset[What]]:
        since = self.now - CHANGED - UNTOLD
        incident = self.subject.incident
        if incident is not None:
            since = min(since, incident.opened_at - CHANGED)
        found: dict[str, Happened] = {}
        asked: set[What] = set()
        moves = _try(
            self.missing,
            "moves of its champion",
            lambda: self.ports.moves.find(model=self.subject.model, limit=20),
            None,
        )
        if moves is not None:
            asked.add(What.ALIAS)
            for move in moves:
                if move.at >= since and move.before:
                    says = f"{move.model} {show_version(move.version)} became champion"
                    found[move.id] = Happened(What.ALIAS, move.at, says, move.id)
        changes = _try(
            self.missing,
            "deploys and other changes",
            lambda: self.ports.changes.between(self.now - TELLS, self.now),
            None,
        )
        if changes:
            asked |= {What.DEPLOY, What.UPSTREAM}
        elif changes is not None:
            self.missing.append("no deploy was ever told to Tandem (docs/how-to/changes.md)")
        near = [change for change in changes or () if change.at >= since]
        for change in near:
            what = self._what(change)
            if what is not None:
                found[change.id] = Happened(what, change.at, _say_change(change), change.id)
        if any(_is_calendar(change) for change in changes or ()):
            asked.add(What.CALENDAR)
        return tuple(sorted(found.values(), key=lambda h: h.at)), frozenset(asked)

    def _what(self, change: Change) -> What | None:
        if _is_calendar(change):
            return What.CALENDAR
        service, own = change.service.casefold(), self._canonical(self.subject.service)
        of_model = service == self.subject.model.casefold()
        if change.kind.lower().startswith(MOVING) and (of_model or service == own.casefold()):
            return What.ALIAS
        if service in (own.casefold(), self.subject.service.casefold()) or of_model:
            return What.DEPLOY
        named = self._canonical(change.service)
        return What.UPSTREAM if named in self.ports.catalogue.callees(own) else None

    def _canonical(self, service: str) -> str:
        return self.ports.catalogue.canonical(service) or service


def joined(coarse: Sequence[Series], fine: Sequence[Series]) -> list[Series]:
    """Each series of both, by its labels; the coarse part up to where the fine one begins."""
    old, new = ({tuple(sorted(s.labels.items())): s for s in every} for every in (coarse, fine))
    return [_joined(old.get(labels), new.get(labels)) for labels in {**old, **new}]


def _joined(coarse: Series | None, fine: Series | None) -> Series:
    if coarse is None or fine is None or not len(fine.times):
        return coarse or fine or Series({}, np.array([]), np.array([]))
    kept = coarse.times < fine.times[0]
    times = np.concatenate([coarse.times[kept], fine.times])
    return Series(coarse.labels, times, np.concatenate([coarse.values[kept], fine.values]))


# Looks ------------------------------------------------------------------------------------------


def from_looks(looks: Sequence[Look], told: Iterable[Kind] = ()) -> list[Watched]:
    """The figures of a monitor's looks as series; those of the endpoint only where nothing tells
    of it directly."""
    known = set(told)
    names = dict.fromkeys(name for look in looks for name in look.figures)
    found = []
    for name in names:
        measured = _of_look(name)
        if measured is None or measured[0] in known:
            continue
        kind, bad = measured
        with_it = [look for look in looks if name in look.figures]
        times = np.array([look.at.timestamp() for look in with_it])
        values = np.array([look.figures[name] for look in with_it])
        unit = unit_of(kind, float(np.max(np.abs(values)))) if len(values) else ""
        found.append(Watched(kind, _LOOKED.get(name, name), times, values, bad, unit))
    return found


_LOOKED = {"drift": "input drift", "missing": "missing values"}


def _of_look(name: str) -> tuple[Kind, Bad] | None:
    plain = {
        "drift": (Kind.INPUTS, Bad.UP),
        "prediction drift": (Kind.PREDICTIONS, Bad.UP),
        "missing": (Kind.QUALITY, Bad.UP),
        "latency p99": (Kind.LATENCY, Bad.UP),
        "errors": (Kind.ERRORS, Bad.UP),
        "volume": (Kind.VOLUME, Bad.EITHER),
    }
    if name in plain:
        return plain[name]
    return kind_of(name) if name.startswith(("realised ", "estimated ")) else None


def _looks_of(ports: Ports, model: str, since: datetime) -> Callable[[], list[Look]]:
    return lambda: list(ports.watching.looks(model, since))


# Signals and changes -------------------------------------------------------------------------


def _kind_of_signal(signal: Signal, own: set[str], callees: set[str]) -> Kind | None:
    service = signal.service.casefold()
    about = model_of(signal).casefold()
    if signal.kind in _FINDINGS:
        return _FINDINGS[signal.kind]
    measured = kind_of(f"{signal.name} {signal.summary}")
    if signal.kind is SignalKind.PERFORMANCE:
        if "endpoint" in signal.labels.get("verdict", ""):
            return Kind.LATENCY
        return Kind.ESTIMATED if signal.labels.get("basis") == "estimated" else Kind.REALISED
    if service in callees:
        return Kind.NEIGHBOURS
    if service in own or about in own:
        return measured[0] if measured else None
    return None


def _is_calendar(change: Change) -> bool:
    return change.kind.lower() in _CALENDAR


def _say_change(change: Change) -> str:
    said = " ".join(filter(None, (change.kind, "of", change.service, change.version)))
    return f"{said} ({change.summary})" if change.summary else said


def _apart(series: Sequence[Series]) -> list[Series]:
    """Each series of a query on its own: one GPU of four may be bad."""
    return [one for one in series if len(one.times)][:MOST_NEIGHBOURS]


# Names ------------------------------------------------------------------------------------------


def _named(model: str, known: Sequence[str]) -> str:
    """ "fraud" will do for "fraud-scorer" where nothing else fits."""
    plain = {name.casefold().replace("_", "-").replace(" ", "-"): name for name in known}
    wanted = model.casefold().replace("_", "-").replace(" ", "-")
    if wanted in plain:
        return plain[wanted]
    likely = [name for key, name in plain.items() if key.startswith(wanted)]
    if len(likely) == 1:
        return likely[0]
    raise NotFound.among("model with known data", model, likely or list(known))


def _of_incident(incident: Incident | None, known: Sequence[str]) -> str:
    if incident is None:
        return ""
    named = [model_of(s) for s in incident.signals if s.kind in MODEL_KINDS or model_of(s)]
    return next((name for name in named if name in known), "")


def _serving(ports: Ports, service: str, known: Sequence[str]) -> str:
    """The model that this service serves, where it is one."""
    if not service:
        return ""
    canonical = (ports.catalogue.canonical(service) or service).casefold()
    fits = [
        name
        for name in known
        if canonical in (name.casefold(), (_facts(ports, name).service or "").casefold())
    ]
    return fits[0] if len(fits) == 1 else ""


def _facts(ports: Ports, model: str) -> ModelFacts:
    return _try([], "facts", lambda: ports.frames.about(model), ModelFacts())


def _try(missing: list[str], what: str, read: Callable[[], T], otherwise: T) -> T:
    """What can be read; else the other, and why is told."""
    try:
        return read()
    except TandemError as error:
        missing.append(f"{what}: {str(error).rstrip('.')}")
        return otherwise
