"""Does what fixed a past incident fit a live one? Pure.

A fix fits when what it rests on is there now: the change that it takes back, the condition that it
removes, the component that it works on. Each is looked for in the live incident's alerts, in the
recent changes and in the catalogue. Nothing is concluded from silence alone: where nothing speaks
for or against it, the fix may fit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from knowledge.catalogue import Catalogue
from knowledge.records import Change, Document, Incident

LOOK_BACK = timedelta(hours=24)
"""Changes before an incident that a fix may take back."""


class Verdict(StrEnum):
    FITS = "fits"
    MAY_FIT = "may fit"
    DOES_NOT_FIT = "does not fit"


@dataclass(frozen=True)
class Fit:
    verdict: Verdict
    reason: str
    """One sentence, without a full stop."""


@dataclass(frozen=True)
class Situation:
    """What is known of the live incident."""

    service: str
    words: str
    """Its title, alerts and notes."""
    began: datetime
    changes: tuple[Change, ...] = ()
    """Of any service, in the time before it began."""


def situation(incident: Incident, changes: Sequence[Change]) -> Situation:
    alerts = (f"{s.name} {s.summary} {s.description}" for s in incident.signals)
    notes = (event.text for event in incident.timeline if event.kind == "note")
    began = min((s.starts_at for s in incident.signals), default=incident.opened_at)
    before = {c.id: c for c in (*changes, *incident.changes) if began - LOOK_BACK <= c.at <= began}
    recent = sorted(before.values(), key=lambda c: c.at, reverse=True)
    words = "\n".join((incident.title, *alerts, *notes))
    return Situation(incident.service, words, began, tuple(recent))


def fit(document: Document, now: Situation, catalogue: Catalogue) -> Fit | None:
    """None where nobody wrote down what helped."""
    if not document.resolution.strip():
        return None
    checks = (_undoing(document, now, catalogue), _component(document, now, catalogue))
    for check in checks:
        if check is not None and check.verdict is Verdict.DOES_NOT_FIT:
            return check
    found = [*(check for check in checks if check is not None), _condition(document, now)]
    ranked = sorted((one for one in found if one is not None), key=_certainty)
    if ranked:
        return ranked[0]
    if _same(document.service, now.service):
        return Fit(Verdict.MAY_FIT, f"it is the same service, {now.service}")
    return Fit(Verdict.MAY_FIT, "nothing that it rests on is seen now, and nothing speaks against")


def _certainty(found: Fit) -> int:
    return tuple(Verdict).index(found.verdict)


# Fixes that take back a change

_UNDO = re.compile(
    r"\b(roll(ed|ing)?[ -]?back|revert(ed|ing)?|undo(ne)?|backed out|"
    r"(previous|last|older) (\w+ )?(version|release|build|model))\b",
    re.IGNORECASE,
)
_FLAG = re.compile(r"\b(feature[ -])?flags?\b|\btoggles?\b", re.IGNORECASE)
_SWITCHED = re.compile(r"\b(disabled?|(turn|switch)(ed|ing)?\b.{0,30}\boff)\b", re.IGNORECASE)
_KINDS = (
    ("flag", _FLAG),
    ("config", re.compile(r"\b(config(uration)?|settings?|parameters?)\b", re.IGNORECASE)),
    ("model", re.compile(r"\b(models?|champion|alias)\b", re.IGNORECASE)),
)


def _undoing(document: Document, now: Situation, catalogue: Catalogue) -> Fit | None:
    """A fix that takes back a change needs one: of the same service or of one that it calls."""
    fix = document.resolution
    if not (_UNDO.search(fix) or (_FLAG.search(fix) and _SWITCHED.search(fix))):
        return None
    near = _around(now.service, catalogue)
    changes = [c for c in now.changes if not near or c.service.casefold() in near]
    kind = next((name for name, rule in _KINDS if rule.search(fix)), "")
    same_kind = [c for c in changes if not kind or kind in c.kind.casefold()]
    if same_kind:
        return Fit(
            Verdict.FITS, f"{_said(same_kind[0], now)}; what helped then was to take one back"
        )
    if changes:
        return Fit(
            Verdict.MAY_FIT,
            f"it took back a {kind} change, and none is known; {_said(changes[0], now)}",
        )
    if now.changes:
        return Fit(
            Verdict.MAY_FIT,
            f"it took back a change; {_said(now.changes[0], now)}, and nothing of {now.service}",
        )
    hours = int(LOOK_BACK.total_seconds() // 3600)
    return Fit(
        Verdict.DOES_NOT_FIT,
        f"it took back a change, and none is known in the {hours} hours before this began",
    )


def _said(change: Change, now: Situation) -> str:
    minutes = int((now.began - change.at).total_seconds() // 60)
    ago = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    what = " ".join(part for part in (change.service, change.version) if part)
    return f"{change.kind or 'a change'} of {what or 'a service'} came {ago} before"


# Fixes that name a component

_NAMED = re.compile(r"\b[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)+\b")


def _component(document: Document, now: Situation, catalogue: Catalogue) -> Fit | None:
    """Services of ours that the fix names: is one of them in this incident, or called by it?"""
    known = {service.casefold(): service for service in catalogue.services}
    words = set(re.findall(r"[\w-]+", document.resolution.casefold()))
    named = [known[word] for word in sorted(words & known.keys())]
    named += [n for n in _NAMED.findall(document.resolution) if _mentions(now.words, n)]
    if not named:
        return None
    near = _around(now.service, catalogue)
    here = next((n for n in named if n.casefold() in near or _mentions(now.words, n)), "")
    if here:
        return Fit(Verdict.FITS, f"it works on {here}, which has a part in this incident")
    return Fit(
        Verdict.DOES_NOT_FIT, f"it works on {named[0]}, which has no part in this incident so far"
    )


def _around(service: str, catalogue: Catalogue) -> set[str]:
    """The service and those that it calls."""
    if not service:
        return set()
    own = service.casefold()
    called = {callee.casefold() for caller, callee in catalogue.edges if caller.casefold() == own}
    return {own, *called}


def _mentions(words: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words, re.IGNORECASE) is not None


def _same(service: str, other: str) -> bool:
    parts = {part.strip().casefold() for part in service.split(",")}
    return bool(other) and other.casefold() in parts


# Conditions

_CONDITIONS = {
    "a full disk": r"disk (is )?(almost )?full|no space left|disk ?(space|usage|pressure)|inodes?|"
    r"filesystem|volume (is )?(full|fill)|retention",
    "memory running out": r"out of memory|oom(kill(ed)?)?|memory (leak|limit|pressure|usage)|heap",
    "a certificate": r"certificates?|x509|tls handshake|cert[- ]manager",
    "connections running out": r"connection pool|too many (clients|connections)|max_connections|"
    r"pool (is )?(exhausted|ran dry)",
    "a quota or rate limit": r"quotas?|rate[- ]limit\w*|throttl\w+|429s?",
    "name resolution": r"dns|nxdomain|name resolution|coredns",
    "a queue that grows": r"consumer lag|queue (depth|length|backlog)|backlog|kafka ?lag",
    "busy processors": r"cpu (throttl\w+|saturat\w+|usage)|high (cpu|load)",
    "a failed node": r"node (not ready|failure|down)|kubelet ?down|notready|power (loss|supply)",
    "late or missing data": r"stale (data|features?)|freshness|late (data|partition)|missing rows",
    "failed sign-in": r"expired (token|credential|secret)s?|unauthori[sz]ed|401s?",
}
_CONDITION_RULES = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _CONDITIONS.items()
}


def _condition(document: Document, now: Situation) -> Fit | None:
    """What was removed then: is it there now?"""
    then = f"{document.resolution}\n{document.root_cause}"
    past = [name for name, rule in _CONDITION_RULES.items() if rule.search(then)]
    if not past:
        return None
    # "DiskFull" and "disk_full" say what "disk full" says.
    spoken = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", now.words)
    here = [name for name, rule in _CONDITION_RULES.items() if rule.search(spoken)]
    both = next((name for name in past if name in here), "")
    if both:
        return Fit(Verdict.FITS, f"it was about {both}, and so are the alerts now")
    if here:
        return Fit(Verdict.MAY_FIT, f"it was about {past[0]}; the alerts now speak of {here[0]}")
    return Fit(Verdict.MAY_FIT, f"it was about {past[0]}, which no alert shows now")
