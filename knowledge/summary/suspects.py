"""Who was suspected, and what cleared them.

A suspect is raised by a question or a guess ("the bank again?", "could be the cache"); it is
cleared by a later clause that speaks of it and denies, or that answers the question at once. What
is said outright ("it isn't the cdn") needs no question before it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from knowledge.summary.reading import Clause

_CLEARS = re.compile(
    # a denial of a thing
    r"^no,|"
    r"\bnot (?:that|the|a|from|v?\d[\w.]*|related|capacity|drift|enough|us|ours?|mine|my|it"
    r"|guilty|involved|to blame)\b|\bso (?:that's |it's |it is )?not\b"
    r"|\b(?:isn't|wasn't|weren't|aren't)\b|\b(?:was|is) not (?:it|the|a|that|us|our|my)\b"
    r"|\bcan't be\b|\bcannot be\b|\bnot (?:\w+ )?(?:blocked|affected|involved)\b"
    r"|\bnot the\b|\bno \w+ possible\b|\bnothing to do with\b"
    # a verdict
    r"|\bruled? out\b|\bunrelated\b|\bred herring\b|\binnocent\b|\bexonerat\w+|\bcoincidence\b"
    r"|\boff the hook\b|\bcleared\b|\bis right\b|\bdoes(?:n't| not) explain\b"
    # nothing changed when it was taken away, or nothing is odd about it
    r"|\beither$|\bunchanged\b|\bsame \w+, same\b|\bsame (?:errors?|result|picture|behaviou?r)\b"
    r"|\berrors? the same\b|\bkeeps? (?:growing|failing|rising)\b"
    r"|\bstill (?:waits?|fails?|slow|high|broken|happen\w*)\b"
    r"|\bdid(?:n't| not) (?:help|change|fix)\b"
    r"|\bno (?:effect|alarm|change|improvement|difference)\b"
    r"|\b(?:is|are|looks?|was|were) (?:all )?"
    r"(?:fine|ok|okay|healthy|clean|normal|green|identical)\b"
    r"|\bnothing (?:on|wrong|odd|unusual|strange)\b"
    r"|\btwo (?:different|separate)\b|\bseparate (?:issue|problem|thing)"
    # German, Spanish, French
    r"|\b(?:nicht|kein\w*) (?:schuld|die ursache|der grund|an)\b|\bliegt nicht\b"
    r"|\bno (?:es|fue|era) \b|\bnada que ver\b|\bce n'est pas\b",
    re.IGNORECASE,
)
_ANSWERS = re.compile(
    r"^(?:no|nope|nah|nein)\b|\b(?:as (?:always|usual|before|every \w+)|like (?:yesterday|always"
    r"|before)|has been like this|for weeks|as designed|normal|fine|healthy|0 (?:errors|drops)"
    r"|checked|ruled out|only)\b",
    re.IGNORECASE,
)
_ASKS_ELSE = re.compile(
    r"^(?:how|who|what|where|when|which|can|could (?:we|you|i)|should|shall|do|does|did|is this the"
    r"|is (?:it|that) ok|are we|has anyone|have we|any(?:one|body)|someone|also)\b"
    r"|^(?:and|so) (?:how|what|who)"
    r"|\b(?:roll ?back|revert|restart|resize|fail ?over|retrain\w*|reboot|eta)\b",
    re.IGNORECASE,
)
_POST = (
    r"(?:out|innocent|fine|ok|okay|healthy|green|normal|clean|cleared|exonerated|excluded|identical"
    r"|unchanged|not|no|nein|isn't|wasn't|aren't|weren't)"
)
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        "or bad day time thing maybe new good same today tonight morning month week hour minute "
        "error issue problem incident alert again number look first last thought guess",
    )
)
_REACH = 20
"""Messages after which an answer is no longer looked for."""
_AT_ONCE = 2
"""Messages within which an answer need not name what it answers."""


@dataclass(frozen=True)
class Cleared:
    """A suspect and the clause that clears it; `named` when that clause says of what it speaks."""

    suspect: Clause
    by: Clause
    named: bool


def clears(clause: Clause) -> bool:
    """Does it clear somebody or something, in so many words?"""
    return _CLEARS.search(f"{clause.lead} {clause.text}".strip()) is not None


def denies(clause: Clause, words: frozenset[str]) -> bool:
    """Does it deny one of these words: "no ddos", "batches are out", "so bots no"?"""
    text = f"{clause.lead} {clause.text}".lower()
    for word in words:
        stem = re.escape(word) + r"\w{0,2}"
        before = rf"\b(?:no|not|isn't|wasn't|never|without|kein\w*)\W+(?:\w+\W+){{0,1}}{stem}\b"
        after = rf"\b{stem}(?:\W+(?:is|are|was|were|looks?))?\W+{_POST}(?:\W|$)"
        if re.search(before, text) or re.search(after, text):
            return True
    return False


def cleared_suspects(clauses: Sequence[Clause], weights: Mapping[str, float]) -> Iterator[Cleared]:
    """Each suspect that was raised and cleared, with the clause that clears it, oldest first."""
    asked = {c.message for c in clauses if c.question}
    for raised in clauses:
        if raised.message in asked and raised.text.lower().startswith("or "):
            raised = replace(raised, question=True)  # "the vacuum? Or my batches."
        words = _suspected(raised, weights)
        if not words:
            continue
        found = _answer(raised, words, clauses)
        if found is not None:
            yield found


def _suspected(clause: Clause, weights: Mapping[str, float]) -> frozenset[str]:
    """The words for what is suspected; empty where nothing is."""
    guesses = clause.question or "hedge" in clause.acts
    if not guesses or clause.length > 14 or _ASKS_ELSE.search(clause.text):
        return frozenset()
    if "impact" in clause.acts and clause.figures:  # a guessed number is no suspect
        return frozenset()
    return frozenset(
        w for w in clause.words
        if weights.get(w, 0) > 0.8 and w not in _GENERIC and (len(w) > 2 or w[:1].isdigit())
    )  # fmt: skip


def _answer(raised: Clause, words: frozenset[str], clauses: Sequence[Clause]) -> Cleared | None:
    later = [
        c for c in clauses
        if 0 < c.message - raised.message <= _REACH and not c.question and c.length >= 2
    ]  # fmt: skip
    for clause in later:
        if clause.words & words and (clears(clause) or denies(clause, words)):
            return Cleared(raised, clause, named=True)
    for clause in later:
        soon = clause.message - raised.message <= _AT_ONCE
        if soon and clause.length >= 3 and (clears(clause) or _ANSWERS.search(clause.text)):
            return Cleared(raised, clause, named=False)
    return None
