"""Reading a thread: its clauses and the dialogue acts they perform.

The words below are about how engineers talk in an incident, never about one incident. They are
cues, not proof: `compose` weighs them together with who speaks, what was said later and what the
recorded changes say.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from knowledge.records import Message
from knowledge.summary.people import speakers, todo_start
from knowledge.summary.plain import (
    BOT,
    Figure,
    clean,
    content_words,
    figures,
    is_hostile,
    strip_markup,
)

_SPLIT = re.compile(
    r"(?<=[!?;])\s+|\.{2,}\s*|\n+"
    r"|(?<=\.)(?<!\bvs\.)(?<!\best\.)(?<!approx\.)(?<!incl\.)(?<!e\.g\.)"
    r"(?<!i\.e\.)(?<!\bca\.)(?<!\bmax\.)\s+"
)
_FILLER = re.compile(
    r"^(?:(?:ok(?:ay)?|hm+|oh|ah|aha|lol|so|yes|yep|yeah|no wait|wait|hi|hey|well|and|but|nice|"
    r"good point|guys|right|sure|wow|oops|ouch|ugh|damn|great|thanks|done|gotcha"
    r"|hah?a)\b[\s,.:;!-]*)+",
    re.IGNORECASE,
)
_CUES = {
    "hedge": r"\blike \d|\blet'?s see\b|\bhmm+\b|\bquick look\b|\bfirst (?:look|guess|number)\b|"
    r"\bjudging by\b|\bheard\b|"
    r"\b(?:approx\w*|about|around|roughly|circa|ca\.|maybe|perhaps|probably"
    r"|guess\w*"
    r"|i think|i'd|"
    r"could be(?! \w+ed\b)|\w+ says? ['\"]|might|seems?|looks like|"
    r"feels like|rumou?r|last time|at least|say|likely|"
    r"expect(?=\s+some)|first count|preliminary|estimat\w+)\b|~",
    "correct": r"\b(?:looked|checked|counted) again\b|\bbetter (?:number|figure|count)\b|"
    r"\bcorrect (?:me|my)|\bcorrecting\b|\bkorrig\w+|\bkorrektur|\bcorr[ie]j\w+|\bcorrecci\w+|"
    r"\bthe (?:rest|others?) (?:is|was|are|were)\b|\bof (?:these|those|them)\b|"
    r"\bmistake\b|\breplaces\b|"
    r"\bcareful\b|\bi (?:said|wrote|told|quoted)\b|\b(?:official|exact|actual|real|final|corrected|"
    r"correction|revised|recount\w*|minus|subtract\w*|counted(?! (?:about|around|roughly|approx"
    r"|some))|distinct|unique|dedup\w*|actually"
    r"|typo|"
    r"(?:was|were) wrong|mis(?:read|counted|typed)|double.count\w*|incl(?:uding|udes)?|"
    r"excluding|without (?:the )?(?:retries|bots|duplicates|tests?)|not \d\S*|instead of \d|"
    r"scratch that|sorry|my bad|system says|the db says|"
    r"ledger|from (?:the )?(?:db|logs|api|warehouse))\b|^(?:hm+,? )?no\b",
    "denial": r"\bnot (?:that|the|it|a|an|our|us|my|from|related|because|caus\w+|due|v?\d"
    r"|capacity|drift|"
    r"enough|him|her|them)\b|\bso (?:it's |it is |that's )?not\b|\b(?:that|it|this)(?:'s| is"
    r"| was) not\b|"
    r"\b(?:isn't|wasn't|weren't|aren't|ain't)\b|\bcan(?:'t|not) be\b|\bunrelated\b|\bruled? out\b|"
    r"\bred herring\b|\bnot (?:\w+ )?(?:blocked|affected|involved|guilty|to blame)\b"
    r"|\bunchanged\b|"
    r"\bno (?:change|effect|difference|improvement|alarm|errors?|rollback)\b|\binnocent\b|"
    r"\bsame (?:on|for|with|error|result|in)\b|\beither\b|\bnothing (?:wrong|unusual|odd)\b|"
    r"\b(?:is|are|looks?|was|were|api|all) (?:fine|ok|okay|healthy|clean|normal|flat|right"
    r"|correct)\b|"
    r"\bflat\b|\bbounded\b|\bdid(?:n't| not) (?:help|change|fix)\b|\bhad (?:it )?before\b|"
    r"\bexonerat\w+|\bcleared\b|\bcoincidence\b|\bstill (?:waits?|fail\w*|slow|broken|the same"
    r"|high|happen\w*)\b|"
    r"\bno,? (?:that|it)\b|\bdoesn't explain\b|\bnot in\b",
    "cause": r"\b(?:because|root cause|caus(?:e|ed|es|ing)|due to|that's why|culprit|turns out|"
    r"turned out|explains?|it's (?:a|an|my|our|the|me)|is my|my (?:new|change|bad|deploy|regex"
    r"|config)|by me|"
    r"by mistake|forgot\w*|missing|without|instead of|never|silently|leak\w*|leaks|lost|"
    r"dropp(?:ed|ing)|typo|wrong|mis(?:s(?:es|ed)|config\w*|match\w*|typed)|expired?|expires|"
    r"exhaust\w*|deadlock\w*|blocked|blocks|stuck|full|overflow\w*|backtrack\w*|fail(?:s"
    r"|ed)? open|fall(?:s|en)? (?:back|off)|"
    r"fell (?:back|off)|timeouts?|hangs?|retry storm|thundering|throttl\w*|saturat\w*|oom|race|"
    r"regress\w*|schema|breaking change|incompatib\w*|hard.?coded|default(?:s|ed)? to|"
    r"stale|cached?|evict\w*|n\+1|full scan|seq(?:uential)? scan|unbounded|infinite|loops?|"
    r"doubled|truncat\w*|overwr\w+|rotat\w+|revoked|certificate|dns|says? 100|really changed|"
    r"true drift|never saw|waits? (?:for|on))\b",
    "evidence": r"\b(?:flame ?graph|heap (?:profile|dump)|pprof|profil\w+|dmesg|kernel|strace"
    r"|tcpdump|"
    r"explain|query plan|git (?:blame|log|bisect)|diff|history|logs?|traces?|stack ?trace"
    r"|histogram|"
    r"metrics?|measured|checked|compared|counted|computed|query|curl\w*|reproduced|"
    r"found|look|confirmed|verified)\b|:\s",
    "action": r"\b(?:terminated|killed|stopped|restarted|rolled|reverted|deployed|redeployed"
    r"|released|held|"
    r"paused|resumed|drained|rescheduled|enabled|disabled|switched|moved|shifted|scaled|resized|"
    r"increased|raised|lowered|applied|merged|published|rerun|reran|replayed|cleared|flushed"
    r"|renewed|"
    r"rotated|unblocked|failed over|removed|restored|cordoned|pinned|patched|fixed|rebuilt|"
    r"reindexed|republished|backfilled|throttled|skipp(?:ed|ing)|go(?:es)? via|rolling (?:out"
    r"|back|to)|promoted|quarantined|evicted|"
    r"rate.limited|whitelisted|dropped the|bumped|closed the|turned (?:on|off)|tripled|doubled)\b|"
    r"\bsince \d?\d:\d\d|\b(?:is|now|are|went)?\s*(?:live|everywhere|out|in place)"
    r"(?: at \d?\d:\d\d)?[\s:.!]*$|"
    r"(?<!\w)[a-z][\w-]* (?:on|off|now)[\s.!]*$",
    "plan": r"\b(?:will|should|shall|let's|lets|want|wants|can we|could we|needs?|going to"
    r"|gonna|plan\w*|"
    r"tomorrow|would|propose|suggest|try|if we|building|writing|eta|retry|"
    r"expected by|fix expected)\b",
    "decision": r"\b(?:decision|decided|we (?:refund|hold|keep|go|stop|roll|accept)"
    r"|so no \w+ possible|"
    r"not possible|no \w+ possible|forget the|can't roll|cannot roll|ok but)\b",
    "recovery": r"\b(?:again|back to|recovered|normal|drain(?:ing|ed)|queue empty"
    r"|backlog (?:gone|clear)|"
    r"p9\d|rate|latency|error|mae|psi|recall|accuracy|much better|green|works|confirmed)\b.*",
    "impact": r"\b(?:fail(?:s|ed|ing)?|refus\w+|declin\w+|unserved|unreachable|cancel+ed|doubled|"
    r"dropped|"
    r"not (?:serve|renew|create|deliver|process|send)\w*|"
    r"lost|affected|impacted|wrong|delay\w*|missed|missing|unmoderated|"
    r"violat\w+|duplicat\w+|refund\w*|customers?|users?|orders?|requests?|payments?|stores?|"
    r"images?|pages?|deliver\w+|tickets?|contacts?|complaints?|bookings?|sessions|transactions|"
    r"invoices?|merchants?|riders?|drivers?|messages?|emails?|mails?|calls?|checkouts?|sales|"
    r"revenue|eur|usd|gbp|chf|peak\w*|late|blocked|declined|rejected|extra|double.charged|charged|"
    r"rows|records|events|accounts|patients|claims|quotes|predictions?|scores?|recommendations?|"
    r"labels?|downtime|outage|expected difference|parcels?|shipments?|tenants?|devices?|"
    r"searches|clicks|loans?|applications?|passengers?|trips?|subscribers?|uploads?|"
    r"videos?|jobs?|reports?|dashboards?)\b|[€$£]|\d of (?:the )?\d",
    "contributing": r"\b(?:accelerant|accelerat\w*|faster|amplif\w*|made it worse|aggravat\w*"
    r"|contribut\w*|"
    r"brought forward|on top)\b",
    "unknown": r"\b(?:can't say|not known|unknown|no idea yet|tbd|not yet known)\b",
    "chat": r"\b(?:wrong channel|lunch|coffee|vpn|thank(?:s| you)|sorry|lol|haha|wtf|good job"
    r"|party|much better|beer|cake|"
    r"parking|birthday|weekend plans)\b",
}
_COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _CUES.items()}


@dataclass(frozen=True)
class Clause:
    """One short piece of a message, and what it does in the talk."""

    message: int
    order: int
    """Its place in its message."""
    at: datetime
    user: str
    source: str
    text: str
    question: bool
    lead: str = ""
    """The filler words it began with, which were cut: "hm no", "ah"."""
    extra: frozenset[str] = frozenset()
    """Acts it has from the clauses before it in its message: a correction goes on."""
    context: str = ""
    """What else its message says, where that matters."""
    joined: frozenset[tuple[int, int]] = frozenset()
    """Places of the clauses whose words were put before its own."""

    @cached_property
    def acts(self) -> frozenset[str]:
        text = f"{self.lead} {self.text}"
        return frozenset(name for name, cue in _COMPILED.items() if cue.search(text)) | self.extra

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(figures(self.text))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(content_words(self.text))

    @property
    def length(self) -> int:
        return len(self.text.split())

    @property
    def places(self) -> frozenset[tuple[int, int]]:
        """(message, order) of all that it quotes."""
        return self.joined | {(self.message, self.order)}


def clauses_of(thread: Sequence[Message]) -> tuple[Clause, ...]:
    """The thread's clauses, oldest first, without hostile messages and what repeats them."""
    hostile = hostile_messages(thread)
    poison = set().union(*(_shingles(m.text) for m in hostile)) if hostile else set()
    people = speakers(thread)
    found: list[Clause] = []
    for number, message in enumerate(thread):
        if message in hostile or message.user.lower() == BOT:
            continue
        correcting = False
        for clause in _split(number, message, people):
            if _shingles(clause.text) & poison:
                continue
            found.append(replace(clause, extra=frozenset({"correct"})) if correcting else clause)
            correcting = correcting or "correct" in clause.acts
    return tuple(found)


def hostile_messages(thread: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(m for m in thread if is_hostile(m.text))


_PROPOSAL = re.compile(
    r"\b(?:retrain\w*|roll ?back|revert|restart|resize|fail ?over|scale|upgrade|downgrade|reboot|"
    r"disable|turn (?:it )?off|switch|block|purge|flush|rebuild)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"(?:^|[.?!,]\s*)(?:no|nope|nah|don't|won't help)(?=\s*(?:[.,!]|$|\bnot?\b))", re.I
)


def refusals(
    clauses: Sequence[Clause], thread: Sequence[Message]
) -> Iterator[tuple[Clause, Message]]:
    """What was proposed and turned down: the proposing clause and the message that says no."""
    for clause in clauses:
        if not clause.question or clause.length > 8 or not _PROPOSAL.search(clause.text):
            continue
        for message in thread[clause.message + 1 : clause.message + 3]:
            if message.user != clause.user and _REFUSAL.search(clean(message.text)):
                yield clause, message
                break


def _split(number: int, message: Message, people: frozenset[str]) -> Iterator[Clause]:
    plain = strip_markup(message.text)
    plain = plain[: todo_start(plain, people)]  # what is to be done is read by `todos`
    for order, part in enumerate(p for p in _SPLIT.split(plain) if p and p.strip()):
        text = " ".join(part.split()).strip()
        lead = _FILLER.match(text)
        cut = text[lead.end() :] if lead else text
        cut = cut.strip(" .!,;-")
        if cut:
            lead_text = lead.group() if lead else ""
            asks = "?" in part or re.match(
                r"(?:what|how|why|who|where|can|could|should)\b", cut, re.I
            )
            yield Clause(
                number, order, message.at, message.user, message.id, cut, bool(asks), lead_text
            )


def _shingles(text: str, size: int = 3) -> set[tuple[str, ...]]:
    words = content_words(text)
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
