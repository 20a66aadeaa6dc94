"""Is there something to move, and may it be called what it is asked as?"""

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.versions import show_version
from knowledge.records import Purpose

EVERY_PURPOSE = frozenset(Purpose)


def _champion(evidence: Evidence, settings: Settings) -> Finding:
    if evidence.champion is None:
        return Finding(Held.NOTE, "no champion yet: there is nothing to compare with")
    shown = show_version(evidence.champion.version.version)
    if evidence.champion.version.version == evidence.challenger.version.version:
        return Finding(Held.NO, f"{shown} is the champion already")
    return Finding(Held.YES, f"compared with {shown}")


champion = GateSpec(
    "champion",
    "There is a champion, and it is another version",
    _champion,
    Settings,
    purposes=EVERY_PURPOSE,
    fixed=True,
)


def _served(evidence: Evidence, settings: Settings) -> Finding | None:
    if evidence.purpose is Purpose.PROMOTION:
        return None
    shown = show_version(evidence.challenger.version.version)
    if evidence.served_before:
        return Finding(Held.YES, f"{shown} was the champion before")
    return Finding(
        Held.NO,
        f"{shown} was never the champion as far as Tandem knows: going back to it would be a "
        "promotion without its gates",
    )


served = GateSpec(
    "served",
    "A rollback goes back to a version that was the champion before",
    _served,
    Settings,
    purposes=EVERY_PURPOSE - {Purpose.PROMOTION},
)
