"""What was known at a request, frozen: as canonical JSON, by its hash, and compared with now.

The hash is what a voter saw. It covers everything the gates looked at and the card shows except
the predictions row by row (gates freeze what they found in them) and what incidents hold beyond
their heads.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from knowledge.errors import Unavailable
from knowledge.promotion.canonical import from_json, to_json
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.versions import show_version
from knowledge.records import Gate, GateResult, Incident

SHORTEST = 12
"""So many characters of a hash are enough to say which evidence was seen."""


@dataclass(frozen=True)
class Frozen:
    """Evidence and what the gates said of it, as text and by hash."""

    text: str
    hash: str


@dataclass(frozen=True)
class _Content:
    evidence: Evidence
    gates: tuple[Gate, ...]


def freeze(evidence: Evidence, gates: tuple[Gate, ...] = ()) -> Frozen:
    """The same facts give the same hash, on every machine and in every process."""
    text = to_json(_Content(_bare(evidence), gates))
    return Frozen(text, hashlib.sha256(text.encode()).hexdigest())


def thaw(text: str) -> Evidence | None:
    """None where nothing was frozen (requests of before there was evidence) or where it cannot be
    read any more; whoever wants the text itself has it."""
    if not text:
        return None
    try:
        return from_json(_Content, text).evidence
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def is_genuine(text: str, expected: str) -> bool:
    """Whether this text is the one that was hashed."""
    return hashlib.sha256(text.encode()).hexdigest() == expected


def is_same(saw: str, current: str) -> bool:
    """Whether the hash (or the beginning of it) that stood on a card is this one."""
    return len(saw) >= SHORTEST and current.startswith(saw)


def _bare(evidence: Evidence) -> Evidence:
    champion = evidence.champion
    return replace(
        evidence,
        challenger=replace(evidence.challenger, predictions={}),
        champion=None if champion is None else replace(champion, predictions={}),
        incidents=tuple(_head(incident) for incident in evidence.incidents),
    )


def _head(incident: Incident) -> Incident:
    return replace(incident, signals=(), changes=(), timeline=(), thread=(), tickets=())


# Then and now --------------------------------------------------------------------------------


def differences(
    frozen: Evidence, now: Evidence, gates_then: Iterable[Gate], gates_now: Iterable[Gate]
) -> tuple[str, ...]:
    """What is not as the card said, a sentence each, and only what matters to the decision:
    another champion, other files, a gate that fails now. Ages, rows and warnings come and go.

    Raises Unavailable where the files cannot be compared now although they could be then.
    """
    return (
        *_champion_changed(frozen, now),
        *_files_changed(frozen.challenger, now.challenger),
        *(
            _files_changed(frozen.champion, now.champion)
            if frozen.champion and now.champion and _same(frozen.champion, now.champion)
            else ()
        ),
        *_fail_now(gates_then, gates_now),
    )


def _champion_changed(frozen: Evidence, now: Evidence) -> tuple[str, ...]:
    then_is, now_is = champion_of(frozen), champion_of(now)
    if then_is == now_is:
        return ()
    return (f"The champion was {_named(then_is)}, and is {_named(now_is)} now.",)


def champion_of(evidence: Evidence) -> str:
    """The champion's version, or empty."""
    return evidence.champion.version.version if evidence.champion is not None else ""


def _named(version: str) -> str:
    return show_version(version) if version else "none"


def _same(one: Side, other: Side) -> bool:
    return one.version.version == other.version.version


def _files_changed(then: Side, now: Side) -> tuple[str, ...]:
    before, after = then.details.artifact, now.details.artifact
    version = show_version(then.version.version)
    if before and not after:
        raise Unavailable(
            "The model registry",
            f"the files of {version} cannot be read now, so they cannot be compared with those "
            "on the card; nothing was counted",
        )
    if before == after:
        return ()
    if not before:
        return (f"The files of {version} could not be read then, and can be now.",)
    return (f"The files of {version} are not the ones on the card: {_short(before, after)}.",)


def _short(before: str, after: str) -> str:
    return f"{before.removeprefix('sha256:')[:12]} then, {after.removeprefix('sha256:')[:12]} now"


def _fail_now(then: Iterable[Gate], now: Iterable[Gate]) -> tuple[str, ...]:
    failed = {gate.name for gate in then if gate.result is GateResult.FAIL}
    return tuple(
        f"{gate.name} fails now: {gate.detail}."
        for gate in now
        if gate.result is GateResult.FAIL and gate.name not in failed
    )


def mended(gates_then: Iterable[Gate], gates_now: Iterable[Gate]) -> tuple[str, ...]:
    """Gates that failed on the card and do not any more: they need no override now."""
    fails = {gate.name for gate in gates_now if gate.result is GateResult.FAIL}
    return tuple(
        f"{gate.name} does not fail any more."
        for gate in gates_then
        if gate.result is GateResult.FAIL and gate.name not in fails
    )
