"""What happened, told without blame: deeds without doers, roles instead of names.

A sentence is changed as little as that takes: "I removed the record" becomes "Removed the record",
"lars: ..." and "lars's change" lose the name. Where a sentence cannot be told without judging
somebody, it is left out; what it rests on stays linked elsewhere.
"""

import re
from collections.abc import Iterable

BLAMING = re.compile(
    r"\b(?:broke|blam\w+|(?:my|your|his|her|their|whose) fault|at fault|forgot\w*|careless\w*"
    r"|stupid\w*|idiot\w*|incompeten\w*|negligen\w*|screwed|messed|sloppy|should(?:n't| not)? have"
    r"|(?:human|operator|user) error|mistake\w*|oversight|guilty|culprit|sorry|apolog\w+)\b",
    re.IGNORECASE,
)
"""Words that judge people; "to blame" of a thing falls under it too, since it is never needed."""
_FIRST = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|we|we're|we've|we'd|we'll|me|my|mine|us|our|ours|myself|ich|yo|je)\b",
    re.IGNORECASE,
)
_DEED = re.compile(
    r"(?P<lead>^|[,;:.]\s*|\band\s+|\bthat\s+)(?:i|we)(?:'ve|'d| have| had)?"
    r"(?: (?:also|just|then|accidentally|already))? (?P<verb>\w+ed|set|put|cut|shut|ran|sent|left"
    r"|lost|made|wrote|took|built|got|began|went|lowered)\b",
    re.IGNORECASE,
)
_ADMISSION = re.compile(
    r"(?:^|[,;]\s*)(?:and\s+)?(?:so\s+)?(?:(?:that|this|it)(?:'s| is| was) (?:me|mine)|mine|me"
    r"|by me)(?=\s*(?:$|[,.;]))|\s+by me\b",
    re.IGNORECASE,
)
_MINE = re.compile(r"\b(?:that|this|it)(?:'s| is| was) (?:my|our)\b", re.IGNORECASE)
_OWN = re.compile(r"\b(?:my|our)\b", re.IGNORECASE)
_JUDGED = re.compile(
    r"\s*(?:,|;|\band\b|\bbut\b|\bwhich\b|\bsince\b|\bbecause\b)\s+", re.IGNORECASE
)


def is_blameless(text: str, people: Iterable[str]) -> bool:
    """Does it name nobody, speak for nobody, and judge nobody?"""
    named = {p.lower() for p in people if p} & set(re.findall(r"[\w.-]+", text.lower()))
    return not named and not BLAMING.search(text) and not _FIRST.search(text)


def blameless(text: str, people: Iterable[str]) -> str:
    """The sentence without blame; empty where it cannot be told so."""
    known = [p for p in people if p]
    told = _without_names(_up_to_judgement(text), known)
    told = _ADMISSION.sub(" ", _MINE.sub("it is the", told))
    told = _DEED.sub(lambda m: f"{m['lead']}{m['verb']}", told)
    told = _OWN.sub("the", told)
    told = re.sub(r"\s+([,.;])", r"\1", " ".join(told.split())).strip(" ,;:-")
    if len(told.split()) < 3 or not is_blameless(told, known):
        return ""
    return f"{told[:1].upper()}{told[1:].rstrip('.')}."


def _without_names(text: str, people: list[str]) -> str:
    """Names go where a sentence stands without them, and become roles where it does not."""
    for person in sorted(people, key=len, reverse=True):
        name = rf"@?\b{re.escape(person)}\b"
        text = re.sub(rf"(^|[\d:]{{5}} ){name}:\s*", r"\1", text, flags=re.IGNORECASE)
        text = re.sub(rf"\s+(?:by|of|from) {name}(?!['’\w])", "", text, flags=re.IGNORECASE)
        text = re.sub(rf"{name}['’]s\b", "the", text, flags=re.IGNORECASE)
        text = re.sub(name, "an engineer", text, flags=re.IGNORECASE)
    return text


def _up_to_judgement(text: str) -> str:
    """The parts of a sentence before the first that judges."""
    if not BLAMING.search(text):
        return text
    kept: list[str] = []
    start = 0
    for cut in [*_JUDGED.finditer(text), None]:
        part = text[start : cut.start()] if cut else text[start:]
        if BLAMING.search(part):
            break
        kept.append(text[start : cut.end()] if cut else part)
        start = cut.end() if cut else len(text)
    joined = "".join(kept)
    return re.sub(r"\s*(?:,|;|\band|\bbut|\bwhich|\bsince|\bbecause)\s*$", "", joined, flags=re.I)
