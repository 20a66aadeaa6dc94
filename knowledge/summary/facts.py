"""What the clauses of a thread add up to: which numbers still stand, which suspects fell,
which changes and clauses explain the trouble.

The later word of the person who measured wins: a number falls when a later clause corrects it, or
when it was a guess and somebody then counted the same thing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import log

from knowledge.records import Change, Incident
from knowledge.summary.plain import Figure, clocks, content_words, is_hostile
from knowledge.summary.reading import Clause, clauses_of
from knowledge.summary.suspects import Cleared, cleared_suspects, clears

_NEAR = 12
"""Messages within which a correction without a shared word can still mean a number."""
_UNDONE = re.compile(r"\b(?:back to|back on|revert\w*|roll(?:ed|ing) back)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """The reading of one incident."""

    incident: Incident
    clauses: tuple[Clause, ...]
    """Those worth quoting: nothing hostile, no superseded numbers."""
    fallen: tuple[Clause, ...]
    """Clauses whose number was corrected later; their other words may still be of use."""
    changes_before: tuple[Change, ...]
    responses: tuple[Change, ...]
    """Changes made after the trouble was noticed: what was tried."""
    suspicion: Mapping[str, float]
    """By change id: how much the explaining clauses speak of it."""
    cleared: Mapping[str, Clause]
    """By change id: the clause that clears it."""
    causes: tuple[tuple[float, Clause], ...]
    """Explaining clauses, best first."""
    innocent: tuple[Cleared, ...]
    """Suspects that were raised and cleared, oldest first."""
    noticed: datetime


def read(incident: Incident) -> Facts:
    """Everything `compose` needs, worked out once."""
    clauses = clauses_of(incident.thread)
    versions = frozenset(c.version for c in incident.changes if c.version)
    gone = superseded(clauses, versions)
    standing = tuple(c for c in clauses if (c.message, c.order) not in gone)
    fallen = tuple(c for c in clauses if (c.message, c.order) in gone)
    alerts = [s.starts_at for s in incident.signals]
    noticed = min([incident.opened_at, *alerts])
    changes = [c for c in incident.changes if not is_hostile(f"{c.summary} {c.version}")]
    before = tuple(c for c in changes if c.at < incident.opened_at)
    after = tuple(c for c in changes if c.at >= incident.opened_at)
    weights = rarity(standing, incident)
    causes = explain(standing, before, weights)
    actions = [e.text for e in incident.timeline if e.kind == "action"]
    back = frozenset(c.id for c in before if undone(c, after, actions))
    suspicion = blame(before, back, causes, weights)
    cleared = clear(standing, before, back, suspicion, weights)
    guilty = [c for c in before if c.id not in cleared]
    acquitted = [c for c in before if c.id in cleared]
    innocent = tuple(cleared_suspects(standing, weights))
    answers = {(f.by.message, f.by.order) for f in innocent}
    causes = tuple(
        (score, clause) for score, clause in causes
        if (clause.message, clause.order) not in answers
        and (
            any(speaks_of(clause, c) for c in guilty)
            or not any(speaks_of(clause, c) for c in acquitted)
        )
    )  # fmt: skip
    return Facts(
        incident, standing, fallen, before, after, suspicion, cleared, causes,
        innocent, noticed,
    )  # fmt: skip


def superseded(
    clauses: Sequence[Clause], versions: frozenset[str] = frozenset()
) -> frozenset[tuple[int, int]]:
    """The clauses whose figure a later one replaces, as (message, order); and those that only
    repeat such a figure in order to correct it. Numbers that are `versions` count nothing."""
    gone: set[tuple[int, int]] = set()
    for position, early in enumerate(clauses):
        if "hedge" in early.acts:  # a guess is about what its whole message is about
            mates = (c.text for c in clauses if c.message == early.message)
            early = replace(early, context=" ".join(mates))
        for late in clauses[position + 1 :]:
            counted = [f for f in early.figures if f.text not in versions]
            repeated = [f for f in counted if _takes_back(late, early, f)]
            if repeated or any(_replaces(late, early, f) for f in counted):
                gone.add((early.message, early.order))
            if repeated and len(late.figures) == len(repeated):
                gone.add((late.message, late.order))
    return frozenset(gone)


_TAKES_BACK = re.compile(
    r"\bi (?:said|wrote|told)\b|\bincl|\bnot [$€£]?\d|"
    r"\b(?:was|is|number|figure|count) wrong\b|\b(?:was|were) (?:a|an|the|from"
    r"|my)\b"
    r"|\binstead of\b|\bforget the\b|\bscratch\b|\bdouble.?count|\bcounted (?:twice|double)"
    r"|\b(?:the|that|those|my) [$€£]?\d\S*(?: \w+)? (?:was|were|is|are|came|comes)\b"
    r"|\d\S* (?:is|was|were|are) (?:all|only|just|the total|everything)\b",
    re.IGNORECASE,
)


def _takes_back(late: Clause, early: Clause, figure: Figure) -> bool:
    """Does a later clause name the very number in order to withdraw it?"""
    same = any(
        f.value == figure.value and (f.kind == figure.kind or "count" in (f.kind, figure.kind))
        for f in late.figures
    )  # "not 40k" takes back "40k EUR"
    return (
        same
        and figure.value > 10
        and late.message != early.message
        and not late.question
        and _TAKES_BACK.search(late.text) is not None
    )


def _replaces(late: Clause, early: Clause, figure: Figure) -> bool:
    """Does a later clause correct what an earlier one said, or count what it guessed?"""
    repeated = _TAKES_BACK.search(late.text) is not None and not re.match(r"i\b", late.text, re.I)
    others = [f for f in late.figures if f.kind == figure.kind and f.value != figure.value]
    if not others or late.question or repeated:
        return False
    shared = _about(early, figure) & late.words
    near = late.message - early.message <= _NEAR
    if "correct" in late.acts and near and "hedge" not in late.acts:
        if late.message != early.message:
            return bool(shared)
        return late.order == early.order + 1 and not late.extra and not early.extra
    guessed = early.question or "hedge" in early.acts
    return guessed and bool(shared) and "hedge" not in late.acts and late.message != early.message


def _about(clause: Clause, figure: Figure) -> frozenset[str]:
    """The words around a figure that say what it counts."""
    end = figure.start + len(figure.text)
    window = clause.text[max(0, figure.start - 40) : figure.start] + clause.text[end : end + 45]
    common = {"min", "hour", "now", "far", "today"}
    return frozenset(
        w for w in content_words(f"{window} {clause.context}") if w.isalpha() and w not in common
    )


def rarity(clauses: Sequence[Clause], incident: Incident) -> Mapping[str, float]:
    """How telling each word is here: inverse frequency over clauses, 0 for the service's name."""
    counts = Counter(w for c in clauses for w in c.words)
    total = len(clauses) + 1
    common = set(content_words(incident.service)) | {m.user.lower() for m in incident.thread}
    return {w: 0.0 if w in common else log(total / n) for w, n in counts.items()}


def topic(change: Change) -> frozenset[str]:
    """The words by which people mean a change."""
    words = content_words(f"{change.kind} {change.service} {change.version} {change.summary}")
    parts = [p for w in words for p in re.split(r"[-_.]", w) if len(p) > 3]
    kinds = {"deploy", "config", "infra", "planned", "published", "release", "saved", "value",
             "approved", "job", "limit", "action", "hardware", "vendor"}  # fmt: skip
    return frozenset(w for w in (*words, *parts) if w not in kinds and len(w) > 1)


def explain(
    clauses: Sequence[Clause], changes: Sequence[Change], weights: Mapping[str, float]
) -> tuple[tuple[float, Clause], ...]:
    """Clauses that say why, best first, each with its score."""
    last = max((c.message for c in clauses), default=1) or 1
    scored = {c: _explains(c, changes, weights, clauses, last) for c in clauses}
    for clause, score in list(scored.items()):
        # An explanation goes on in the sentences beside it; a denial does not.
        whole = [c for c in clauses if c.message == clause.message]
        if any(clears(c) for c in whole):
            continue
        mates = [
            c for c in whole
            if abs(c.order - clause.order) == 1 and not c.question and len(c.words) >= 4
        ]  # fmt: skip
        for mate in mates:
            scored[mate] = max(scored[mate], 0.75 * score)
    for clause in clauses:
        if _CONFIRMS.search(clause.text) and not clears(clause):
            for said in scored:
                near = 0 < clause.message - said.message <= 2 and clause.user != said.user
                scored[said] += 1.5 * (near and scored[said] > 0 and not said.question)
    enough = max(2.0, min(3.0, 0.5 * max(scored.values(), default=0.0)))
    good = ((score, clause) for clause, score in scored.items() if score >= enough)
    return tuple(sorted(good, key=lambda s: -s[0]))


_CONFIRMS = re.compile(
    r"^(?:that's|that is|this is|that was) (?:it|mine|me|my|us|ours?)\b|"
    r"\b(?:bingo|found it|there it is|that explains|makes sense|"
    r"matches|that would do it|smoking gun)\b",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\bbecause\b|\bdue to\b|\bcaus(?:ed|es|ing)\b|\bcause (?:is|was)\b|\b(?:the|root) cause\b"
    r"|\breason (?:is|was|for|of)\b|\bthe reason\b|\bto blame\b|\bblame(?:s|d)?\b|\bculprit\b"
    r"|\bturn(?:ed|s) out\b|\b(?:that|this|which)(?:'s| is| was) (?:why|how)\b|\bexplains?\b"
    r"|\bleads? to\b|\bled to\b|\bresponsible for\b|\bbehind (?:this|it|all)\b|\bmeans that\b"
    r"|\bwhole story\b|\btrigger(?:ed|s)\b|\b(?:as|so) a result\b|\bresult of\b"
    r"|\bm(?:akes?|ade) (?:the |all |every |it )?(?:\w+ )?"
    r"(?:fail|crash|hang|restart|slow|time out)\w*"
    r"|\bursache\b|\bgrund\b|\bwegen\b|\bweil\b|\bliegt a[nm]\b|\bdeshalb\b"
    r"|\bcausa\b|\bporque\b|\bdebido\b|\bculpa\b|\bparce que\b|\bà cause\b",
    re.IGNORECASE,
)
"""Words that join a cause to what it did, in the languages that are read."""
_MECHANISM = re.compile(
    r"\b(?:(?:it|that)(?:'s| is| was) (?:my|me|mine|us|our|the)|by me"
    r"|only (?:speaks|accepts|supports|allows|reads)|"
    r"refus\w+|reject\w+|all (?:\w+ )?(?:failures|errors|timeouts)|my (?:regex|new|change)"
    r"|falls? back|fell back|"
    r"fail(?:s|ed)? open|silently|without|missing|leak\w*|instead of|backtrack\w*|never saw|"
    r"forever|true drift|really changed|is made from|was made from|schema change|does \w+|"
    r"lost|expired|exhaust\w*|deadlock\w*|fallen off|forgot\w*|"
    r"already in|blocked|unbounded|mis\w*config\w*|waits? for|needs|full|typo|closed"
    r"|r[au]n out|overflow\w*|mismatch\w*|skew|stale|starv\w*|behind the|by hand|nobody had"
    r"|points? (?:at|to) nothing|all together|all at once|recompute\w*|for (?:each|every) \w+"
    r"|crash\w*|throws|dies|died|panic\w*|exception|segfault\w*|poison\w*|corrupt\w*|invalid"
    r"|collid\w+|conflict\w*|redeliver\w*|endless\w*|exceed\w*|stampede"
    r"|split\w*|global|too (?:low|small|big|high|many)|pick\w* up the wrong)\b",
    re.IGNORECASE,
)
"""How things go wrong."""
_DID = re.compile(
    r"\b(?:i|we)(?: have|'ve| had)? (?:accidentally |also |just )?(?:removed|deleted|changed|turned"
    r"|switched|pushed|set|merged|cleaned|raised|lowered|forgot|reduced|increased|enabled|disabled"
    r"|upgraded|moved|rotated|migrated|wrote|wanted|lost|missed|broke|copied|renamed|dropped|added"
    r"|replaced|bumped|shipped|left|started|ran|opened|closed|published|enforced|tightened)\b"
    r"|\b(?:that|this|it)(?:'s| is| was) (?:me|mine|my|us|our)\b|\bmy (?:change|clean-?up|config"
    r"|script|mistake|fault|job|bad|deploy)\b|^me,",
    re.IGNORECASE,
)
"""Somebody tells what they did: the best witness, where it was done before the trouble."""


def _explains(
    clause: Clause,
    changes: Sequence[Change],
    weights: Mapping[str, float],
    clauses: Sequence[Clause],
    last: int,
) -> float:
    acts = clause.acts
    if clause.question or "chat" in acts or clause.length < 3 or "contributing" in acts:
        return 0.0
    joined = _RELATION.search(clause.text) is not None
    linked = any(speaks_of(clause, c) for c in changes)
    witness = _DID.search(clause.text) is not None and (
        linked or any(clause.user == c.author for c in changes)
    )
    if clause.length < 4 and not joined:
        return 0.0
    score = 1.2 * min(3, len({m.lower() for m in _MECHANISM.findall(clause.text)}))
    score += 2.0 * joined + 1.2 * linked + 1.5 * witness
    score += 1.0 * ("cause" in acts) + 0.7 * ("evidence" in acts)
    score += min(0.8, 0.4 * len(clause.figures))
    score += 0.8 * any(clause.words & topic(c) for c in changes)
    score += 0.5 * (
        re.match(r"\s*(?:ah|oh|aha|\.\.\.|turns out|found)", clause.lead, re.I) is not None
    )
    score += 0.5 * (
        re.search(r"\b(?:found|look|flame|heap|dmesg|says|history)\b", clause.text, re.I)
        is not None
    )
    counts = "impact" in acts and bool(clause.figures) and not joined
    told = "impact" in acts and bool(clause.figures)
    if told and ("correct" in acts or len(clocks(clause.text)) > 1):  # it tells how much
        return 0.0
    score -= 1.5 * ("hedge" in acts) + 1.0 * ("plan" in acts) + 1.8 * clears(clause)
    score -= 1.6 * (clause.message < 0.12 * last and not linked) + 1.2 * (
        clause.message > 0.75 * last
    )
    score -= 2.0 * (_UNDONE.search(clause.text) is not None)
    score -= 1.0 * ("correct" in acts and "impact" in acts)  # it counts; it does not explain
    score -= 1.5 * (counts and clause.message > 0.55 * last)
    score -= 1.5 * (_DONE.search(clause.text) is not None and not joined and not witness)
    score -= 1.5 * _refuted(clause, clauses, weights)
    score -= 0.8 * (clause.length > 32)
    return score


_DONE = re.compile(
    r"\b(?:rolled out|is out|are out|back (?:in|on|at|to)|works again|go(?:es)? through|resolved"
    r"|fixed|restored|reverted|runs again|green)\b",
    re.IGNORECASE,
)
"""The telling of a repair, which is no explanation."""
_JUST = timedelta(minutes=2)


def speaks_of(clause: Clause, change: Change) -> bool:
    """Does it name a change by its version, its id or the minute of it?"""
    said = clause.text.lower()
    names = [n.lower() for n in (change.version, change.id) if len(n) > 1]
    if any(re.search(rf"(?<![\w.]){re.escape(n)}(?![\w]|\.\d)", said) for n in names):
        return True
    for clock in clocks(clause.text):
        at = change.at.replace(hour=int(clock[:2]) % 24, minute=int(clock[3:]))
        if abs(at - change.at) <= _JUST and abs(clause.at - change.at) < timedelta(days=1):
            return True
    return False


def _refuted(clause: Clause, clauses: Sequence[Clause], weights: Mapping[str, float]) -> bool:
    """Does a later clause deny what this one is about?"""
    telling = {w for w in clause.words if weights.get(w, 0) > 1.5}
    return any(
        c.message > clause.message and clears(c) and len(telling & c.words) >= 1
        and c.length < 18
        for c in clauses
    )  # fmt: skip


def undone(change: Change, responses: Sequence[Change], actions: Sequence[str] = ()) -> bool:
    """Was it put back, as the last thing that was done to its service, or as an action says that
    speaks of it?"""
    later = [r for r in responses if r.service == change.service and r.kind == change.kind]
    if later:
        return _PUT_BACK.search(f"{later[-1].version} {later[-1].summary}") is not None
    mine = topic(change) | _numbers(f"{change.version} {change.summary}")
    return any(
        _PUT_BACK.search(text) and len(mine & (set(content_words(text)) | _numbers(text))) >= 2
        for text in actions
    )


def _numbers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?<![\w.])\d+(?:\.\d+)*(?![\w])", text))


_PUT_BACK = re.compile(
    r"\b(?:back|rollback|rolled back|revert\w*|off|previous|restored?|disabled|removed|killed"
    r"|0%)(?!\w)",
    re.IGNORECASE,
)


def blame(
    changes: Sequence[Change],
    undone: frozenset[str],
    causes: Sequence[tuple[float, Clause]],
    weights: Mapping[str, float],
) -> Mapping[str, float]:
    """How much the explaining clauses speak of each change, by change id."""
    return {
        change.id: sum(
            score * min(3.0, sum(weights.get(w, 0) for w in clause.words & topic(change)))
            + score * 0.5 * (clause.user == change.author)
            for score, clause in causes[:8]
        )
        + 5.0 * (change.id in undone)
        for change in changes
    }


def clear(
    clauses: Sequence[Clause],
    changes: Sequence[Change],
    undone: frozenset[str],
    suspicion: Mapping[str, float],
    weights: Mapping[str, float],
) -> Mapping[str, Clause]:
    """For each change that somebody cleared, the clause that clears it."""
    found: dict[str, Clause] = {}
    for change in changes:
        clearing = next(_clearing(change, clauses, weights, change.id in undone), None)
        if clearing is not None:
            found[change.id] = clearing
    blamed = max(suspicion.values(), default=0.0)
    by_id = {change.id: change for change in changes}
    return {
        key: clause for key, clause in found.items()
        if suspicion[key] < max(blamed * 0.8, 0.01) or _surely(clause, by_id[key])
    }  # fmt: skip


def _surely(clause: Clause, change: Change) -> bool:
    """Is a change cleared by its version, or by its author of their own?"""
    version = set(content_words(change.version)) & clause.words
    return bool(version and _names(clause)) or _acquits_own(clause, change)


_OWN_DOING = re.compile(r"\b(?:my|mine|me|us|our|ours)\b|\bnot (?:it|that)\b", re.IGNORECASE)


def _acquits_own(clause: Clause, change: Change) -> bool:
    """ "My release has nothing to do with it", said by who made the change."""
    own = clause.user == change.author and bool(change.author)
    return own and clears(clause) and _OWN_DOING.search(clause.text) is not None


_BRIEF = 5
"""A denial of so few words is about the one thing that it names: "zip is innocent"."""
_OBJECT = re.compile(r"\bnot (?:the |a |an |our )?([\w.-]+)", re.IGNORECASE)


def _clearing(
    change: Change, clauses: Sequence[Clause], weights: Mapping[str, float], put_back: bool
) -> Iterator[Clause]:
    """Clauses that clear a change, the surest first."""
    words = {w for w in topic(change) if weights.get(w, 0) > 0.8}
    version = {w for w in content_words(change.version) if weights.get(w, 0) > 0}
    start = next((c.message for c in clauses if c.words & (words | version)), None)
    if start is None:
        return
    later = [c for c in reversed(clauses) if c.message >= start]
    denying = [c for c in later if clears(c)]
    whole = {c.message: frozenset[str]() for c in later}
    for c in later:  # "1.88 sends the same payloads. Not the gateway": one message, one subject
        whole[c.message] |= c.words
    yield from (c for c in denying if whole[c.message] & version or _acquits_own(c, change))
    number = re.escape(change.version) if change.version.isdigit() else ""
    if number:
        named = re.compile(rf"\bnot (?:the |our |version |build |v)*{number}\b", re.IGNORECASE)
        yield from (c for c in denying if named.search(c.text))
    for clause in denying:
        denied = {w for m in _OBJECT.finditer(clause.text) for w in content_words(m[1])}
        common = len(clause.words & words)
        if denied & words or common > 1 or (common and clause.length <= _BRIEF):
            yield clause
    close = [c for c in reversed(later) if c.message <= start + 6]
    yield from (c for c in close if clears(c) and re.search(r"\bnot that\b", c.text, re.I))
    if put_back:
        return
    # A plain answer about the suspect, from someone else who looked, clears it as well.
    yield from (
        c
        for c in close
        if c.words & words
        and c.message > start
        and c.figures
        and c.user != change.author
        and not c.question
        and not c.acts & {"hedge", "denial"}
    )


_NAMED = re.compile(
    r"\bnot (?:the )?(?:v?\d[\w.]*|\w+[-_]\w+)\b|\b(?:same|either|unrelated|innocent)\b", re.I
)


def _names(clause: Clause) -> bool:
    """Is it said of the version itself that it is not to blame?"""
    return clears(clause) and _NAMED.search(clause.text) is not None


def denials(facts: Facts) -> Iterable[Clause]:
    """Clauses that clear somebody or something, oldest first."""
    return (
        c
        for c in facts.clauses
        if clears(c)
        and not c.question
        and c.length >= 2
        and "chat" not in c.acts
        and not c.text.lower().startswith("no,")
        and any(w.isalpha() and len(w) > 2 for w in c.words)
    )


def suspect_change(facts: Facts) -> Change | None:
    """The change before the trouble that the explanations speak of most, unless it was cleared."""
    able = [c for c in facts.changes_before if c.id not in facts.cleared]
    best = max(able, key=lambda c: facts.suspicion[c.id], default=None)
    return best if best is not None and facts.suspicion[best.id] > 0 else None
