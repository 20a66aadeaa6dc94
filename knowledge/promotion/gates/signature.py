"""Would those who call the champion get along with the new version?

A call that the champion takes must be taken, and what it answers must be there in a type that its
readers can take. Conversions of inputs are those that MLflow makes by itself when it enforces a
signature (`mlflow.models.utils._enforce_mlflow_datatype`): integers to wider integers and to
double, float to double; nothing narrower.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field as Setting

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.gates.papers import unread
from knowledge.promotion.versions import show_version
from knowledge.records import Field, Kind, Signature

_WIDER: Mapping[str, frozenset[str]] = {
    "integer": frozenset(("long", "double")),
    "float": frozenset(("double",)),
}
_PARAMS: Mapping[str, frozenset[str]] = {
    "integer": frozenset(("long", "float", "double")),
    "long": frozenset(("float", "double")),
    "float": frozenset(("double",)),
}
"""Parameters are converted more freely (`_ALLOWED_CONVERSIONS_FOR_PARAMS` there)."""
_TENSOR = re.compile(r"\s*(\w+)\s*\(([-\d,\s]*)\)\s*")


class SignatureSettings(Settings):
    unused: bool = Setting(
        True, description="an input that is no longer used is noted; false: it is said nowhere"
    )


@dataclass(frozen=True)
class Changes:
    """Between two signatures: what breaks a caller, and what is only worth knowing."""

    breaks: tuple[str, ...]
    notes: tuple[str, ...]


def _signature(evidence: Evidence, settings: SignatureSettings) -> Finding | None:
    if evidence.champion is None:
        return None
    sides = evidence.champion, evidence.challenger
    old, new = (side.details.signature for side in sides)
    if old is None or new is None:
        return _unknown(evidence)
    found = changes(old, new)
    notes = found.notes if settings.unused else ()
    more = (*found.breaks, *notes)
    if found.breaks:
        rest = f" and {len(found.breaks) - 2} more" if len(found.breaks) > 2 else ""
        return Finding(Held.NO, f"{'; '.join(found.breaks[:2])}{rest}", more=more)
    if notes:
        rest = f" and {len(notes) - 2} more" if len(notes) > 2 else ""
        return Finding(Held.NOTE, f"compatible; {'; '.join(notes[:2])}{rest}", more=more)
    count = f"{_count(new.inputs, 'input')}, {_count(new.outputs, 'output')}"
    return Finding(Held.YES, f"takes what the champion takes: {count}")


def _count(fields: Sequence[Field], what: str) -> str:
    return f"1 {what}" if len(fields) == 1 else f"{len(fields)} {what}s"


def _unknown(evidence: Evidence) -> Finding | None:
    if evidence.kind is Kind.PROMPT:
        return None
    sides = [s for s in (evidence.champion, evidence.challenger) if s is not None]
    without = [s for s in sides if s.details.signature is None]
    why = next((text for text in (unread(s, evidence) for s in without) if text), "")
    which = " and ".join(show_version(s.version.version) for s in without)
    return Finding(Held.UNKNOWN, why or f"no signature is recorded with {which}")


def changes(old: Signature, new: Signature) -> Changes:
    """What a caller and a reader of the old one meet at the new one, field by field."""
    found = [
        *_inputs(old.inputs, new.inputs, "input", _WIDER),
        *_inputs(old.params, new.params, "parameter", _PARAMS),
        *_outputs(old.outputs, new.outputs),
    ]
    breaks = tuple(says for broken, says in found if broken)
    return Changes(breaks, tuple(says for broken, says in found if not broken))


def _inputs(
    old: Sequence[Field], new: Sequence[Field], what: str, wider: Mapping[str, frozenset[str]]
) -> Iterator[tuple[bool, str]]:
    before, after = _by_name(old), _by_name(new)
    for name, wanted in after.items():
        given = before.get(name)
        if given is None:
            if wanted.required:
                yield True, f"{what} `{name}` ({wanted.type}) is now required"
        elif wanted.required and not given.required:
            yield True, f"{what} `{name}` was optional and is now required"
        elif not _takes(wanted.type, given.type, wider):
            yield True, f"{what} `{name}` was {given.type} and is now {wanted.type}"
    for name in before:
        if name not in after:
            yield False, f"{what} `{name}` is no longer used"


def _outputs(old: Sequence[Field], new: Sequence[Field]) -> Iterator[tuple[bool, str]]:
    before, after = _by_name(old), _by_name(new)
    for name, read in before.items():
        told = after.get(name)
        if told is None:
            yield True, f"output `{name}` ({read.type}) is gone"
        elif read.required and not told.required:
            yield True, f"output `{name}` was always there and may now be missing"
        elif not _takes(read.type, told.type, _WIDER):
            yield True, f"output `{name}` was {read.type} and is now {told.type}"
    for name in after:
        if name not in before and before:
            yield False, f"output `{name}` is new"


def _by_name(fields: Sequence[Field]) -> dict[str, Field]:
    """By name; those without one, or with a name that came before, by their place."""
    found: dict[str, Field] = {}
    for place, field in enumerate(fields, 1):
        name = field.name if field.name and field.name not in found else f"number {place}"
        found[name] = field
    return found


def _takes(wanted: str, given: str, wider: Mapping[str, frozenset[str]]) -> bool:
    """Can who expects the type `wanted` take the type `given`?"""
    if wanted == given or wanted in wider.get(given, frozenset()):
        return True
    one, other = _TENSOR.fullmatch(wanted), _TENSOR.fullmatch(given)
    if one is None or other is None or one[1] != other[1]:
        return False
    shapes = [[size.strip() for size in m[2].split(",") if size.strip()] for m in (one, other)]
    return len(shapes[0]) == len(shapes[1]) and all(
        mine in ("-1", theirs) for mine, theirs in zip(*shapes, strict=True)
    )


signature = GateSpec(
    "signature",
    "Calls that the champion takes are taken, and its readers find what they read",
    _signature,
    SignatureSettings,
)
