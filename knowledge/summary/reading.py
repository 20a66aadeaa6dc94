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

_EMOJI = re.compile(r"(?<!\w):[a-z][a-z0-9_+-]*:(?!\w)|[\U0001F300-\U0001FAFF\u2600-\u27BF]")
_MARKUP = re.compile(r"```|[*`]|(?<![\w/])_|_(?![\w/])")
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
_HOSTILE = re.compile(
    r"(?:forget|ignore|disregard|override|bypass|ignorier\w*|vergiss|ignora|ignorez|oubli\w+"
    r"|olvida)\b"
    r".{0,30}?\b(?:your|all|any|previous|prior|above|earlier|these|deine|alle|vorherigen|tus"
    r"|todas|"
    r"toutes|vos|tes|les|las)\b.{0,25}?\b(?:rules|instructions|prompts?|guidelines|polic(?:y|ies)|"
    r"anweisungen|regeln|instrucciones|reglas|consignes|règles)\b"
    r"|\b(?:to|for|dear|hey|hello|attention|note to)\b[\s,:]{1,3}(?:the |any |all )?"
    r"(?:(?:ai|llm|assistant|chatbot|language model|summari[sz]er|copilot)s?\b|(?:bot"
    r"|agent)s?[:,])"
    r"|\b(?:ai|llm|assistant|bot|agent|language model|summari[sz]er)s?\b.{0,25}\b"
    r"(?:reading|summari[sz]ing|processing|must|shall|should now)\b"
    r"|\b(?:system prompt|you are now|developer mode|jailbreak|new instructions?|act as)\b"
    r"|<\s*/?\s*(?:system|assistant|instructions?)\s*>|\[(?:system|inst)\]"
    r"|\bwhen (?:you )?summari[sz]\w+\b|\bin (?:your|the|any) summary\b.{0,30}\b(?:say|write"
    r"|state)",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(
    r"(?<![\w.:/#-])(?P<cur>[$€£]\s?)?(?P<value>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
    r"\s?(?P<unit>%|k\b|m\b|bn\b|gi?b?\b|mb\b|ms\b|s\b|h\b|min\w*|eur\b|usd\b|gbp\b|chf\b)?"
    r"(?![\w:]|\.\d)",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d(?!\d)")
_HOUR = re.compile(
    r"\b(?:since|until|till|before|after) \d{1,2}(?=[\s,.!?]*(?:$|[,.!?]))", re.IGNORECASE
)
_WORD = re.compile(r"[a-z0-9][\w.-]*[\w]|[a-z]", re.IGNORECASE)

BOT = "tandem"
"""The bot's own name: what it says in a thread is known from the record already."""

STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "it",
        "its",
        "it's",
        "this",
        "that",
        "these",
        "those",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "with",
        "from",
        "and",
        "or",
        "but",
        "so",
        "as",
        "if",
        "then",
        "than",
        "not",
        "no",
        "yes",
        "ok",
        "we",
        "i",
        "you",
        "he",
        "she",
        "they",
        "me",
        "my",
        "our",
        "your",
        "us",
        "them",
        "there",
        "here",
        "what",
        "which",
        "who",
        "how",
        "when",
        "why",
        "do",
        "does",
        "did",
        "done",
        "has",
        "have",
        "had",
        "can",
        "could",
        "will",
        "would",
        "should",
        "may",
        "might",
        "just",
        "only",
        "also",
        "very",
        "more",
        "most",
        "less",
        "all",
        "any",
        "some",
        "now",
        "still",
        "already",
        "again",
        "yet",
        "one",
        "two",
        "up",
        "out",
        "off",
        "over",
        "into",
        "about",
        "after",
        "before",
        "since",
        "until",
        "per",
        "via",
        "am",
        "pm",
        "utc",
        "isn",
        "wasn",
        "weren",
        "aren",
        "don",
        "doesn",
        "didn",
        "couldn",
        "won",
        "shouldn",
        "ll",
        "ve",
    ]
)
_CUES = {
    "hedge": r"\blike \d|\b(?:approx\w*|about|around|roughly|circa|ca\.|maybe|perhaps|probably"
    r"|guess\w*"
    r"|i think|i'd|"
    r"could be|might|seems?|looks like|feels like|rumou?r|last time|at least|say|likely|"
    r"expect(?=\s+some)|first count|preliminary|estimat\w+)\b|~",
    "correct": r"\bi (?:said|wrote|told|quoted)\b|\b(?:official|exact|actual|real|final|corrected|"
    r"correction|revised|recount\w*|minus|subtract\w*|counted(?! (?:about|around|roughly|approx"
    r"|some))|distinct|unique|dedup\w*|actually"
    r"|typo|"
    r"(?:was|were) wrong|mis(?:read|counted|typed)|double.count\w*|incl(?:uding|udes)?|"
    r"excluding|without (?:the )?(?:retries|bots|duplicates|tests?)|not \d|instead of \d|"
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
    r"\bsince \d?\d:\d\d|\b(?:is|now|are|went)?\s*(?:live|everywhere|out|in place)[\s:.!]*$|"
    r"(?<!\w)[a-z][\w-]* (?:on|off|now)[\s.!]*$",
    "plan": r"\b(?:will|should|shall|let's|lets|want|wants|can we|could we|needs?|going to"
    r"|gonna|plan\w*|"
    r"tomorrow|later|would|propose|suggest|try|if we|building|writing|eta|retry|"
    r"expected by|fix expected)\b",
    "decision": r"\b(?:decision|decided|we (?:refund|hold|keep|go|stop|roll|accept)"
    r"|so no \w+ possible|"
    r"not possible|no \w+ possible|forget the|can't roll|cannot roll|ok but)\b",
    "recovery": r"\b(?:again|back to|recovered|normal|drain(?:ing|ed)|queue empty"
    r"|backlog (?:gone|clear)|"
    r"p9\d|rate|latency|error|mae|psi|recall|accuracy|much better|green|works|confirmed)\b.*",
    "impact": r"\b(?:failed|lost|affected|impacted|wrong|delay\w*|missed|missing|unmoderated|"
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

_TODO = re.compile(
    r"\b(?:ais?|to-?dos?|action items?|actions|follow-?ups?|next steps?|ars?"
    r"|open points)\s*[:.]\s*",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"\bi(?:'m| am|'ll be)?\s*(?:the\s+)?(?:take |taking |have |got |do )?(?:ic|the ic)\b"
    r"|\b(?:ic)\s*(?:is|=|:|-)?\s*(?:me|myself|mine)\b|\b(?:taking|take|i take|i have|got)\s+"
    r"(?:ic|command|the lead|incident command\w*)\b|\bic here\b|\bi(?:'m| am) (?:running"
    r"|leading|commanding|coordinating) (?:this|the incident)\b"
    r"|\bincident commander (?:is )?(?:me|here)\b|^ic[.!]?$|\bi(?:'ll| will) (?:lead|run"
    r"|command|coordinate)\b"
    r"|\bme (?:as |is )?ic\b|\bi lead\b|\bic me\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\bi (?:own|will own)\b|\bi'll own\b|\bmine to fix\b|\b(?:postmortem|pm|rca) by me\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Figure:
    """A number as it was said. `kind` tells counts from shares, money and lengths of time."""

    value: float
    text: str
    kind: str
    start: int


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


def clean(text: str) -> str:
    """Without emoji and markup, on one line."""
    plain = _MARKUP.sub("", _EMOJI.sub(" ", text))
    return " ".join(plain.replace("!!", "!").split())


def is_hostile(text: str) -> bool:
    """Does it speak to the machine that reads it instead of to the people?"""
    return _HOSTILE.search(text) is not None


def clauses_of(thread: Sequence[Message]) -> tuple[Clause, ...]:
    """The thread's clauses, oldest first, without hostile messages and what repeats them."""
    hostile = hostile_messages(thread)
    poison = set().union(*(_shingles(m.text) for m in hostile)) if hostile else set()
    found: list[Clause] = []
    for number, message in enumerate(thread):
        if message in hostile or message.user.lower() == BOT:
            continue
        correcting = False
        for clause in _split(number, message):
            if _shingles(clause.text) & poison:
                continue
            found.append(replace(clause, extra=frozenset({"correct"})) if correcting else clause)
            correcting = correcting or "correct" in clause.acts
    return tuple(found)


def hostile_messages(thread: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(m for m in thread if is_hostile(m.text))


def commander(thread: Sequence[Message]) -> tuple[str, str]:
    """Who took command last, and the id of the message that says so; empty when nobody did."""
    for m in reversed(thread):
        if _COMMAND.search(clean(m.text)) and not is_hostile(m.text) and "?" not in m.text[:12]:
            return m.user, m.id
    return "", ""


def owner(thread: Sequence[Message]) -> tuple[str, str]:
    """Who took the work as theirs last, and the message's id."""
    for m in reversed(thread):
        if _OWN.search(clean(m.text)) and not is_hostile(m.text):
            return m.user, m.id
    return "", ""


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


def todos(message: Message) -> tuple[str, ...]:
    """The items of a message that lists what is to be done: "AIs: ann: fix the alert, 3 May."""
    text = clean(message.text)
    start = _TODO.search(text)
    if not start or is_hostile(message.text):
        return ()
    items = [i.strip(" .;") for i in re.split(r"(?<=[.;])\s+", text[start.end() :])]
    closing = re.compile(r"^(?:resolved|closing|closed|thanks|good job|done|that's it)\b", re.I)
    return tuple(i for i in items if len(i.split()) > 1 and not closing.match(i))


def figures(text: str) -> Iterator[Figure]:
    """The numbers of a text, without clock times and the numbers inside names."""
    blank = _CLOCK.sub(lambda m: " " * len(m.group()), text)
    blank = _HOUR.sub(lambda m: " " * len(m.group()), blank)
    for m in _NUMBER.finditer(blank):
        unit = (m["unit"] or "").lower()
        value = float(m["value"].replace(",", "")) * {"k": 1e3, "m": 1e6, "bn": 1e9}.get(unit, 1)
        yield Figure(value, m.group().strip(), _kind(unit, m["cur"], blank[m.end() :]), m.start())


def clocks(text: str) -> tuple[str, ...]:
    """The clock times of a text, as HH:MM."""
    return tuple(t.rjust(5, "0") for t in _CLOCK.findall(text))


def content_words(text: str) -> list[str]:
    """Lower-case words that carry meaning, plural s cut."""
    words = (w.lower().strip(".-_") for w in _WORD.findall(text))
    return [_stem(w) for w in words if w and w not in STOP and not w.isdigit()]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _kind(unit: str, currency: str | None, after: str) -> str:
    following = after.split()[:1]
    if currency or unit in ("eur", "usd", "gbp", "chf"):
        return "money"
    if following and following[0].lower().strip(".,") in ("eur", "usd", "gbp", "euro", "euros"):
        return "money"
    if unit == "%":
        return "share"
    if unit in ("ms", "s", "h") or unit.startswith("min"):
        return "time"
    return "bytes" if unit in ("g", "gb", "gi", "gib", "mb") else "count"


def _split(number: int, message: Message) -> Iterator[Clause]:
    plain = _MARKUP.sub("", _EMOJI.sub(" ", message.text))
    listed = _TODO.search(plain)  # what is to be done is read by `todos`
    plain = plain[: listed.start()] if listed else plain
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
