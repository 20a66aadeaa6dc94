"""The gates there are: Tandem's own, and those of other packages by entry point.

A gate that cannot be loaded stays in the list under its name and says so at every request: who
relies on it must not learn by its absence.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.budgets import latency, size
from knowledge.promotion.gates.calibration import calibration
from knowledge.promotion.gates.champion import champion, served
from knowledge.promotion.gates.contract import AnyGate, Finding, GateSpec, Held, Unread
from knowledge.promotion.gates.fairness import fairness
from knowledge.promotion.gates.metrics import data, limits, metrics, others, primary
from knowledge.promotion.gates.papers import card, lineage
from knowledge.promotion.gates.signature import signature
from knowledge.promotion.gates.significance import significance
from knowledge.promotion.gates.slices import slices
from knowledge.promotion.gates.surroundings import (
    age,
    drift,
    freeze,
    incidents,
    look,
    signoffs,
)
from knowledge.promotion.policy import Mode

GROUP = "tandem.gates"
OWN = "knowledge.promotion.gates."
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

BUILTIN: tuple[AnyGate, ...] = (
    champion,
    served,
    data,
    metrics,
    primary,
    significance,
    others,
    limits,
    slices,
    fairness,
    calibration,
    signature,
    latency,
    size,
    drift,
    look,
    incidents,
    age,
    card,
    lineage,
    freeze,
    signoffs,
)
"""In the order of the card. They are entry points too, but a checkout whose metadata is old must
not lose one, so they are listed here."""


@cache
def installed() -> tuple[AnyGate, ...]:
    """Tandem's own, then those of other packages by name; read once."""
    return with_others(BUILTIN, entry_points(group=GROUP))


def with_others(own: Sequence[AnyGate], offered: Iterable[EntryPoint]) -> tuple[AnyGate, ...]:
    """Gates by name, `own` first. Entry points that lead to `own` are those gates themselves."""
    gates = {gate.name: gate for gate in own}
    others = sorted((e for e in offered if not e.module.startswith(OWN)), key=lambda e: e.name)
    for entry in others:
        gate = _load(entry)
        if gate.name in gates:
            why = f"there is another gate named {gate.name!r}"
            gate = _broken(f"{gate.name} ({entry.module})", entry, why)
        gates[gate.name] = gate
    return tuple(gates.values())


def _load(entry: EntryPoint) -> AnyGate:
    try:
        found = entry.load()
    except Exception as error:  # noqa: BLE001  another package's import may raise anything
        return _broken(entry.name, entry, f"{type(error).__name__}: {error}")
    if not isinstance(found, GateSpec):
        return _broken(entry.name, entry, "it is no knowledge.promotion.gates.GateSpec")
    if not NAME.fullmatch(found.name):
        why = f"{found.name!r} is no name for a gate: lower case, words joined by dashes"
        return _broken(entry.name, entry, why)
    return found


def _broken(name: str, entry: EntryPoint, why: str) -> AnyGate:
    says = f"{entry.value} could not be loaded: {why}"[:300]
    check = partial(_say_broken, says)
    return GateSpec(name, "The gate can be loaded", check, Unread, Mode.WARN)


def _say_broken(says: str, evidence: Evidence, settings: Unread) -> Finding:
    return Finding(Held.UNKNOWN, says)
