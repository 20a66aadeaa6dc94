"""What comes with the version: its model card, and where it comes from."""

import re
from collections.abc import Iterator, Mapping

from pydantic import Field

from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.policy import Mode
from knowledge.promotion.versions import name_words
from knowledge.promotion.words import say_origin
from knowledge.records import Kind

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$|^(\S.*)\n(?:={3,}|-{3,})\s*$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?(^\1|\Z)", re.MULTILINE | re.DOTALL)


def unread(side: Side, evidence: Evidence) -> str:
    """Why something is not known of a version; empty where it is not there."""
    key = f"details of v{side.version.version}"
    why = evidence.problems.get(key, "") or evidence.problems.get("details", "")
    return why or "; ".join(side.details.problems)


# The model card ------------------------------------------------------------------------------


class CardSettings(Settings):
    sections: tuple[str, ...] = Field(
        ("intended use | uses | use", "limitations | caveats | limits"),
        description="needed sections; what may stand in place of another is set apart by `|`",
    )
    least: int = Field(0, ge=0, description="fewest characters of text")


def _card(evidence: Evidence, settings: CardSettings) -> Finding:
    """Sections as of Mitchell et al. 2019, "Model Cards for Model Reporting"."""
    side = evidence.challenger
    text = side.details.card.strip()
    if not text:
        why = unread(side, evidence)
        if why or evidence.kind is Kind.PROMPT:
            return Finding(
                Held.UNKNOWN if why else Held.MOOT, why or "a prompt needs no model card"
            )
        return Finding(Held.NO, "there is no model card")
    there = _headings(text)
    missing = [s for s in settings.sections if not _has(there, s)]
    more = ("sections: " + ", ".join(there),) if there else ("it has no headings",)
    if missing:
        named = ", ".join(s.partition("|")[0].strip() for s in missing)
        return Finding(Held.NO, f"the model card has no section on {named}", more=more)
    if len(text) < settings.least:
        says = f"the model card has {len(text):,} characters, {settings.least:,} are asked"
        return Finding(Held.NO, says, more=more)
    return Finding(Held.YES, f"there, {len(text):,} characters in {len(there)} sections", more=more)


def _headings(text: str) -> list[str]:
    plain = _FENCE.sub("", text)
    return [" ".join((m[1] or m[2]).split())[:80] for m in _HEADING.finditer(plain)]


def _has(headings: list[str], section: str) -> bool:
    wanted = [set(name_words(choice)) for choice in section.split("|")]
    return any(words and words <= set(name_words(h)) for h in headings for words in wanted)


card = GateSpec(
    "card",
    "There is a model card, with the sections that are needed",
    _card,
    CardSettings,
    Mode.WARN,
)


# Lineage -------------------------------------------------------------------------------------

GIT, DATA, RUN = "git commit", "data version", "training run"


class LineageSettings(Settings):
    need: tuple[str, ...] = Field(
        (GIT, DATA, RUN),
        description="what must be known; also any other name that a registry tells",
    )


def _lineage(evidence: Evidence, settings: LineageSettings) -> Finding:
    side = evidence.challenger
    if evidence.kind is Kind.PROMPT and not side.details.source:
        return Finding(Held.MOOT, "the registry tells nothing of where a prompt comes from")
    known = dict(_origins(side))
    missing = [name for name in settings.need if not known.get(name)]
    more = tuple(f"{name}: {value}" for name, value in known.items() if value)
    if missing:
        why = unread(side, evidence)
        says = why or f"not recorded: {', '.join(missing)}"
        return Finding(Held.UNKNOWN if why else Held.NO, says, more=more)
    shown = ", ".join(f"{name} {say_origin(known[name])}" for name in settings.need)
    return Finding(Held.YES, shown or "nothing is asked", more=more)


def _origins(side: Side) -> Iterator[tuple[str, str]]:
    source: Mapping[str, str] = side.details.source
    yield GIT, source.get(GIT, "")
    yield DATA, source.get(DATA, "") or side.details.trained_on
    yield RUN, source.get(RUN, "") or side.version.run_id
    yield from ((name, value) for name, value in source.items() if name not in (GIT, DATA, RUN))


lineage = GateSpec(
    "lineage",
    "It is recorded which code, data and training run the version comes from",
    _lineage,
    LineageSettings,
    Mode.WARN,
)
