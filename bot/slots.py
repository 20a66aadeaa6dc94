"""Pure: what a free text says about a skill's arguments. Values stay as typed wherever they can.

Names that the system knows are found by spelling; others by their shape (`no-show`, `KafkaLag`) and
by where they stand ("for X", "the X model", "X v9", "mute X").
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.lexicon import (
    AFTER,
    BROKEN,
    DURATION,
    INCIDENT,
    KIND,
    PERSON,
    STOP,
    VERBS,
    is_camel,
    is_shaped,
)
from knowledge.windows import find_version, find_window, is_rows, split_against
from skills.phrases import MARKED

Slots = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """Names the system knows; all may be empty."""

    services: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()


_NAMED_WINDOW = re.compile(
    r"\b(today|yesterday|tonight|hour|hourly|day|daily|week|weekly|month|monthly|quarter|"
    r"quarterly|year|yearly|woche|monats?|mes|semana|mois|semaine|heute|hoy)\b",
    re.IGNORECASE,
)
_VERSION = r"(?:v\.?\s?)?\d+(?:\.\d+)*(?:-[a-z0-9]+)?"
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def slots(text: str, skill: str, known: Known | None = None) -> Slots:
    """The slots of `skill` that the text gives; see the routing data's README for their forms."""
    reader = _READERS.get(skill)
    return {k: v for k, v in reader(text, known or Known()).items() if v} if reader else {}


# ---------------------------------------------------------------- small values


def incident(text: str, bare: bool = True) -> str:
    """ "INC-12", or empty. `bare` accepts "for 12" too."""
    found = INCIDENT.search(text)
    if found is None and bare:
        found = re.search(
            r"(?:#|\b(?:for|on|of|about|ack|resolve|close|reopen|to|ticket)\s+#?)(\d{1,6})\b"
            r"(?!\s*(?:m|h|d|w|mins?|min|hours?|days?|weeks?|months?|%|times|people|users)\b)",
            text,
            re.IGNORECASE,
        )
    return f"INC-{int(found[1])}" if found else ""


def duration(text: str) -> str:
    """The first length of time with a number: "45m", "24h", "1h30m", "7d"; or empty."""
    found = DURATION.search(text)
    if found is None:
        return ""
    count, unit, minutes = found[1].lower(), found[2].lower(), found[3]
    if count == "half an":
        return "30m"
    number = str(_COUNTS.get(count, count))
    short = _unit(unit)
    if short == "30d":
        return f"{round(float(number) * 30)}d"
    if short in ("90d", "365d"):
        return f"{round(float(number) * int(short[:-1]))}d"
    if short == "w":
        return f"{round(float(number) * 7)}d"
    return f"{number}{short}" + (f"{minutes}m" if minutes else "")


def _unit(word: str) -> str:
    if word.startswith(("mo", "mes")):
        return "30d"
    if word.startswith("q"):
        return "90d"
    if word.startswith("y"):
        return "365d"
    if word.startswith(("w", "sem")):
        return "w"
    if word.startswith(("h", "st")):
        return "h"
    return "d" if word.startswith(("d", "t", "j")) else "m"


_WINDOWS = {
    **dict.fromkeys(("today", "yesterday", "day", "daily", "heute", "hoy", "tonight"), "24h"),
    **dict.fromkeys(("hour", "hourly"), "1h"),
    **dict.fromkeys(("week", "weekly", "woche", "semana", "semaine"), "7d"),
    **dict.fromkeys(("month", "monthly", "monat", "monats", "mes", "mois"), "30d"),
    **dict.fromkeys(("quarter", "quarterly"), "90d"),
    **dict.fromkeys(("year", "yearly"), "365d"),
}


def window(text: str) -> str:
    """The span a question is about: "last 30 days" is 30d, "this quarter" 90d; or empty."""
    given = duration(text)
    if given and given != "1m":
        return given
    if re.search(r"\bhalf (?:a )?year\b", text, re.IGNORECASE):
        return "180d"
    found = _NAMED_WINDOW.search(text)
    return _WINDOWS[found[1].lower()] if found else ""


def severity(text: str) -> str:
    """ "SEV1" to "SEV4", or empty."""
    found = re.search(r"\b(?:sev(?:erity)?|p|prio(?:rity)?)[ -]?([1-4])s?\b", text, re.IGNORECASE)
    if found:
        return f"SEV{found[1]}"
    return "SEV1" if re.search(r"\bcriticals?\b", text, re.IGNORECASE) else ""


def person(text: str) -> str:
    found = PERSON.search(text)
    return found[1].rstrip(".") if found else ""


# ---------------------------------------------------------------- names


_BRACED = re.compile(r"\{[^}]*\}")
_WORD = re.compile(r"[A-Za-z0-9À-ÿ][\w./À-ÿ-]*")


def _ordinary() -> frozenset[str]:
    """Words that the training phrases use outside of names, and never as one."""
    phrases = [p for own in MARKED.values() for p in own]
    plain = _vocabulary(_BRACED.sub(" ", p) for p in phrases)
    return plain - _vocabulary(name for p in phrases for name in _BRACED.findall(p))


def _vocabulary(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(w.lower() for text in texts for w in _WORD.findall(text))


_ORDINARY = _ordinary()


@dataclass(frozen=True)
class _Word:
    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    sign: str
    """The character that follows it."""
    last: bool


def _words(text: str) -> list[_Word]:
    found = list(_WORD.finditer(text))
    plain = [m[0].rstrip("./-") for m in found]
    lower = [p.lower() for p in plain]
    return [
        _Word(
            text=plain[i],
            before=tuple(reversed(lower[max(0, i - 3) : i])),
            after=tuple(lower[i + 1 : i + 3]),
            sign=text[m.start() + len(plain[i]) :][:2],
            last=i == len(found) - 1,
        )
        for i, m in enumerate(found)
    ]


def _score(word: _Word) -> float:
    """How much a word looks and stands like the name of a model or service."""
    lower = word.text.lower()
    if re.fullmatch(r"v?\d[\d.]*[a-z]?", lower) or DURATION.fullmatch(lower):
        return -9
    if is_shaped(word.text):
        return 6
    if lower in STOP or lower in VERBS or INCIDENT.fullmatch(lower) or severity(lower):
        return -9
    before = [
        w for w in word.before if w not in ("the", "our", "my", "der", "die", "das", "le", "la")
    ]
    score = -1.0 if lower in _ORDINARY else 1.4
    score += 2.0 if before and before[0] in AFTER else 0.0
    score += 2.5 if before and before[0] in VERBS else 0.0
    score += 0.5 if before and before[0] in ("is", "are", "does", "did", "has") else 0.0
    score += 2.5 if word.after and word.after[0] in KIND else 0.0
    score += 1.5 if word.after and word.after[0] in BROKEN else 0.0
    score += 2.5 if word.after and re.fullmatch(r"v?\d[\d.]*", word.after[0]) else 0.0
    score += 1.5 if re.match(r":\d|'s|’s", word.sign) else 0.0
    score += 2.0 if not word.before and re.match(r"\s?[:,–-]", word.sign) else 0.0
    score -= 1.5 if lower.endswith("ing") and not before else 0.0
    return score + (0.7 if word.last else 0.0)


def entity(text: str, names: Sequence[str] = (), least: float = 2.0) -> str:
    """The name of a model or service in the text, as typed, or empty."""
    clean = PERSON.sub(" ", INCIDENT.sub(" ", text))
    known = _known(clean, names)
    if known:
        return known
    scored = [(_score(w), -i, w.text) for i, w in enumerate(_words(clean)) if not is_camel(w.text)]
    best = max(scored, default=(-9.0, 0, ""))
    return best[2].split("/")[0] if best[0] >= least else ""


def _known(text: str, names: Sequence[str]) -> str:
    """The longest known name in the text, however its parts are joined: "fraud scorer"."""
    for name in sorted(names, key=len, reverse=True):
        parts = [re.escape(p) for p in re.split(r"[-_ ]+", name) if p]
        found = re.search(rf"(?<![\w-]){'[-_ ]?'.join(parts)}(?![\w-])", text, re.IGNORECASE)
        if found:
            return name
    return ""


def alert(text: str) -> str:
    return next((w.text for w in _words(text) if is_camel(w.text)), "")


def version(text: str, model: str = "") -> str:
    """ "v9", "9" or "2.3.1" as typed: the one beside the model's name, else one called so."""
    near = rf"{re.escape(model)}(?:\s+model)?\s*(?:[:@/ ]|to|version|build)+\s*({_VERSION})\b"
    for pattern in (
        near if model else "",
        rf"\b(?:version|build|release|v\.)\s*#?({_VERSION})\b",
        r"\b(v\d+(?:\.\d+)*(?:-[a-z0-9]+)?)\b",
        r"\b(?:make|set|ship|take|put|to|is)\s+(\d+(?:\.\d+)*)\b(?!\s*%)",
        r"(?<![\w.%-])(\d+(?:\.\d+)*)(?![\w.%]|\s*(?:%|d\b|h\b|m\b|days|hours|min|points|pct))",
    ):
        found = re.search(pattern, INCIDENT.sub(" ", text), re.IGNORECASE) if pattern else None
        if found:
            return re.sub(r"\s|(?<=v)\.", "", found[1])
    return ""


# ---------------------------------------------------------------- one reader per skill


def _one_incident(text: str, known: Known) -> Slots:
    return {"incident": incident(text)}


def _incident_or_service(text: str, known: Known) -> Slots:
    named = incident(text, bare=False)
    return {"incident": named} if named else {"service": entity(text, known.services)}


_SIMILAR_CUES = re.compile(
    r"""\b(have|has|had|did)\s+(we|this|you|anyone|anybody|it|other\ teams)\s+(ever\s+)?(seen?
    |had?|hit|have
    |happen(ed)?|been|run\ out)?|\b(something|anything)\s+(like|similar)|\b(this|that
    |it)\s+(before|again)
    |\bseen\s+(this|that|it)(\s+one)?|\bsimilar\s+(incidents?|to)|\b(past|previous|old|earlier
    |prior|related)\s+
    (incidents?|outages?|cases?|tickets?)|\bincidents?\s+(like|similar\s+to|about)|\b(known
    |familiar)\s+
    (issue|problem)|\bthe\s+(archive|past|history)|\b(find|search|look\s+for|show|rings?\s+(a
    |any)\s+bells?|before
    |last\s+time|when\s+was|was\s+there\s+ever|is\s+(this|it)|new|recurring|looks?\s+like
    |that\s+look
    |like|this|again|ever|we|us|thing|same|do|does|did|how|fix|what|who|first|d[eé]j[aà]\s+vu
    |remember
    |anyone|anybody|seen|b4|already|the|a|an|one|or|just|keep|every|often|come|up|been|here)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def _similar(text: str, known: Known) -> Slots:
    named = incident(text, bare=False)
    if named:
        return {"incident": named}
    quoted = re.search(r"[\"“'`]([^\"”'`]{6,})[\"”'`]", text)
    if quoted and " " in quoted[1]:
        return {"text": text.split("?")[-1].strip() or text} if "?" in text else {"text": text}
    rest = [w for w in _WORD.findall(_SIMILAR_CUES.sub(" ", text)) if w.lower() not in STOP]
    if len(rest) < 2:
        return {}
    return {"text": _after_lead(text)}


def _after_lead(text: str) -> str:
    """What follows "known issue?" or "search past incidents for:", where enough follows."""
    found = re.match(r"^[^:?]{3,60}[:?]\s+(?=\S+\s+\S+)(.+)$", text, re.DOTALL)
    return (found[1] if found else text).strip().rstrip("?").strip()


def _list(text: str, known: Known) -> Slots:
    lower = text.lower()
    state = ""
    if re.search(r"\bmitigated\b", lower):
        state = "mitigated"
    elif re.search(r"\bmonitoring\b", lower) and "resolved" not in lower:
        state = "monitoring"
    elif re.search(
        r"\b(unresolved|not (?:yet )?(?:closed|resolved)|unacked|unacknowledged)\b", lower
    ) or re.search(
        r"\b(open|active|ongoing|current(?:ly)?|live|running|burning|on fire|in progress|offen\w*|"
        r"abiert\w+|ouverts?|en cours|outstanding|right now|atm|happening|going on|still)\b",
        lower,
    ):
        state = "open"
    elif re.search(r"\b(closed|resolved|fixed|gelöst\w*|resuelt\w+|cerrad\w+|résolus?)\b", lower):
        state = "resolved"
    return {
        "status": state,
        "severity": severity(text),
        "service": entity(text, known.services, least=2.5),
    }


_NOTE = re.compile(
    r"^\W*(?:please |pls |can you |could you )?(?:add |put |append |make |take |leave "
    r"|drop )?(?:a |this )?"
    r"(?:quick )?(?:note|notiz|nota|jot(?: this)? down|jot|log this|log entry|log|for the log"
    r"|for the record"
    r"|on the record|record|write down|write this down|put on record|timeline entry|timeline"
    r"|remember"
    r"(?: for later)?|add to (?:the )?(?:timeline|notes|log))\b"
    r"(?:\s+(?:on|for|to|in)\s+(?:inc[-_ ]?\d+|this(?: one| incident)?|the (?:timeline|incident"
    r"|log)))?"
    r"(?:\s+inc[-_ ]?\d+)?\s*(?:that\b|saying\b|[:,–-])?\s*(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_REOPEN = re.compile(
    r"\bre-?open\w*|\bunresolve|\bopen\b.*\b(again|back up)\b|\bnot fixed\b|\b(is|it'?s|came"
    r"|come|are) back\b"
    r"(?! to normal)|\bhappening again\b|\bwieder (?:auf|öffnen)",
    re.IGNORECASE,
)
_SEVERITY = re.compile(
    r"\bsev(?:erity)?\b|\bsev[ -]?\d|\bp[1-4]\b|\b(down|up)grade\b|\bescalate\b|\bde-?escalate\b"
    r"|\bbump\b"
    r"|\b(raise|lower|drop|make|set|call|treat)\b.*\b[1-4]\b|\bschwere\b|\bseveridad\b|\bprio",
    re.IGNORECASE,
)
_ASSIGN = re.compile(
    r"\b(re-?)?assign|\bgive\b.*\bto\b|\bhand\b|\bowner\b|\bowns\b|\btransfer|\bput\b.*@"
    r"|\bpass\b.*@|\bto @"
    r"|\bweise\b|\basigna|\bresponsible\b|\blead\b.*@|@\S+\b.*\b(takes|has|owns|leads)\b",
    re.IGNORECASE,
)
_RESOLVE = re.compile(
    r"\bresolv|\bresovl|\bclos|\bclsoe|\bwrap\b|\bfixed\b|\bdone\b|\bfinish|\bschlie|\bcierra"
    r"|\bferme|\bover\b"
    r"|\ball (green|clear|good)\b|\bback to normal\b|\bmark\b.*\b(done|over|solved)\b|\bsolved\b"
    r"|\brecovered\b",
    re.IGNORECASE,
)


def _update(text: str, known: Known) -> Slots:
    said = _action(text)
    named = incident(text, bare=said["action"] != "note")
    return {"incident": named, **said}


def is_note(text: str) -> bool:
    """Does it open like a note: "note: restarted the pods"?"""
    found = _NOTE.match(text)
    return found is not None and ":" in text[: found.start("text")]


def _action(text: str) -> Slots:
    """`action` and, where it has one, `value`."""
    note = _NOTE.match(text)
    if note:
        return {"action": "note", "value": INCIDENT.sub("", note["text"]).strip(" :")}
    if _REOPEN.search(text):
        return {"action": "reopen"}
    level = severity(text)
    if level or (_SEVERITY.search(text) and not PERSON.search(text)):
        loose = re.search(r"(?<![\d-])([1-4])(?![\d%])", INCIDENT.sub(" ", text))
        return {"action": "severity", "value": level or (f"SEV{loose[1]}" if loose else "")}
    whom = person(text)
    if _ASSIGN.search(text) and (whom or re.search(r"\bme\b", text)):
        return {"action": "assign", "value": whom or "me"}
    if _RESOLVE.search(text):
        return {"action": "resolve"}
    added = re.search(r"\bnotes?\b\W*(?:that\b|:)?\s*(.+)$", text, re.IGNORECASE | re.DOTALL)
    if added:
        return {"action": "note", "value": added[1].strip()}
    return {"action": "ack"}


def _open(text: str, known: Known) -> Slots:
    """ "open an incident for checkout: payments fail, SEV1"."""
    lead = _OPENS.search(text)
    rest = text[lead.end() :] if lead else text
    head, colon, tail = rest.partition(":")
    if colon and len(head) <= 60:
        service = entity(head, known.services) or entity(f"for {head.strip()}", known.services)
    else:
        service, tail = entity(rest, known.services, least=2.5), ""
    about = re.sub(r"^\s*(?:for|on|about|because|as|since|that|,|-|–)+\s*", "", rest).strip(" .!?,")
    if service and about.lower().startswith(f"{service.lower()},"):
        about = about[len(service) + 1 :].strip()
    plain = about and about.lower() not in (service.lower(), severity(about).lower())
    title = tail.strip() or (about if plain else "")
    return {"title": title, "service": service, "severity": severity(text)}


_OPENS = re.compile(
    r"\b(?:open(?:ing)?|declare|start|create|raise|file|need|new)\b[^:,]{0,20}?"
    r"\b(?:(?:sev-?[1-4]\s+)?(?:incident|vorfall)|sev-?[1-4])\b",
    re.IGNORECASE,
)


def _merge(text: str, known: Known) -> Slots:
    """The first goes over to the second; "into INC-2" alone leaves the first to the thread."""
    named = [f"INC-{int(found[1])}" for found in INCIDENT.finditer(text)]
    if len(named) > 1:
        return {"incident": named[0], "into": named[1]}
    goes_on = re.search(r"\b(?:into|with|to|of|as)\s+(?:inc)", text, re.IGNORECASE)
    return {"into" if goes_on else "incident": named[0]} if named else {}


def _why(text: str, known: Known) -> Slots:
    return {"alert": alert(text), "incident": incident(text, bare=False)}


_TWO_VERSIONS = re.compile(
    r"\b(?:from|between)\s+(?:version\s+|v\.?\s?)(\d+(?:\.\d+)*)\s+(?:to|and)\s+"
    r"(?:version\s+|v\.?\s?)(\d+(?:\.\d+)*)\b",
    re.IGNORECASE,
)
_PLAIN_DAYS = ("yesterday", "since yesterday")
"""Said of the last 24 hours more often than of a calendar day."""


def _drift(text: str, known: Known) -> Slots:
    """ "fraud v7 against v6", "fraud last Thursday 02:00-06:00 compared with a week earlier"."""
    head, other = split_against(text)
    between = _TWO_VERSIONS.search(head)
    if between:
        rows, against = f"v{between[2]}", f"v{between[1]}"
    else:
        against = _compared(other)
        rows = (against and find_version(head)) or _span(head)
    return {"model": entity(text, known.models), "window": rows, "against": against}


def _span(text: str) -> str:
    """Days and times that are named, else a length."""
    named = find_window(text)
    return window(text) if named.lower() in ("", *_PLAIN_DAYS) else named


def _compared(text: str) -> str:
    """A version, a span or "a week earlier"; empty where it is the reference."""
    phrase = text.strip(" .?!")
    if is_rows(phrase):
        return phrase
    return find_version(text) or find_window(text) or window(text)


def _model(text: str, known: Known) -> Slots:
    return {"model": entity(text, known.models)}


def _promotion(text: str, known: Known) -> Slots:
    model = entity(text, known.models)
    return {"model": model, "version": version(text, model)}


def _model_or_infra(text: str, known: Known) -> Slots:
    return {"model": entity(text, (*known.models, *known.services), least=3.0)}


def _silence(text: str, known: Known) -> Slots:
    noisy = alert(text)
    rest = text.replace(noisy, " ") if noisy else text
    service = entity(rest, known.services, least=3.5 if noisy else 2.0)
    return {"alert": noisy, "service": service, "duration": duration(text)}


def _silence_end(text: str, known: Known) -> Slots:
    named = re.search(r"\bsil[-_ ]?(\d+)\b", text, re.IGNORECASE)
    if named:
        return {"silence": f"SIL-{int(named[1])}"}
    return {"silence": alert(text) or entity(text, known.services)}


_MONITORS = r"\bmonitor(?:e|s|ing|ed)?\b"
_QUOTED = re.compile(r"[\"“`]([^\"”`]{1,80})[\"”`]")


def _monitor_name(text: str, known: Known) -> str:
    """A monitor's name: known, in quotes, or shaped like one ("checkout-p99")."""
    named, quoted = _known(text, known.monitors), _QUOTED.search(text)
    if named or quoted:
        return named or (quoted[1].strip() if quoted else "")
    shaped = (w.text for w in _words(text) if is_shaped(w.text) and not DURATION.fullmatch(w.text))
    return next(shaped, "")


def _monitor(text: str, known: Known) -> Slots:
    return {"monitor": _monitor_name(text, known)}


def _monitors(text: str, known: Known) -> Slots:
    """One, or those of a service that is known."""
    of = _known(re.sub(_MONITORS, " ", text, flags=re.IGNORECASE), known.services)
    return {"monitor": _monitor_name(text, known) or of}


def _monitor_pause(text: str, known: Known) -> Slots:
    until = re.search(r"\buntil\s+(?:i|we|you|somebody|someone)?\s*resum", text, re.IGNORECASE)
    return {
        "monitor": _monitor_name(text, known),
        "duration": "until resumed" if until else duration(text),
    }


def _monitor_backtest(text: str, known: Known) -> Slots:
    return {"monitor": _monitor_name(text, known), "window": window(text)}


def _monitor_create(text: str, known: Known) -> Slots:
    return {"service": _known(text, known.services)}


def _oncall(text: str, known: Known) -> Slots:
    return {"service": entity(text, known.services)}


_CHANNEL = re.compile(r"(?<!\w)#[a-z][\w-]+", re.IGNORECASE)
_BACKUP = re.compile(r"\b(backup|secondary)\b", re.IGNORECASE)
_SYSTEM = re.compile(r"\b(jira|servicenow|service now|github)\b", re.IGNORECASE)


def _page(text: str, known: Known) -> Slots:
    """ "page the payments on-call for INC-4: the queue grows"."""
    head, _, why = text.partition(": ")
    return {"incident": incident(text, bare=False), "whom": _whom(head, known), "why": why.strip()}


def _whom(text: str, known: Known) -> str:
    channel, named = _CHANNEL.search(text), person(text)
    if channel or named:
        return channel[0] if channel else named
    backup = _BACKUP.search(text)
    if backup:
        return backup[1].lower()
    service = entity(INCIDENT.sub(" ", text), known.services)
    # A word that is no name (page "somebody") means whoever is on call for the incident.
    return f"{service} on-call" if service and re.search(r"\bon[- ]?call\b|team", text) else ""


def _ticket(text: str, known: Known) -> Slots:
    system = _SYSTEM.search(text)
    named = system[1].lower().replace(" ", "") if system else ""
    return {"incident": incident(text, bare=False), "system": named}


def _stakeholder_update(text: str, known: Known) -> Slots:
    channel = _CHANNEL.search(text)
    return {"incident": incident(text, bare=False), "channel": channel[0] if channel else ""}


_RUNBOOK_CUES = re.compile(
    r"""\b(can|could|you|please|pls|show|open|run|execute|start|the|me|a|an|run-?book|play-?book
    |sop|steps?|procedure
    |process|checklist|instructions?|guide|for|how|do|we|i|is|there|what(?:'s|s)?|to|walk
    |through|take|help|this
    |one|which|applies|here|drill|when|if|by|hand|usually|did|does|say|says|step|next|was|were
    |somewhere|incident
    |with|of|it|written|down|are|my|on|get|give|any|tell|docs?|document|where|fits)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def _runbook(text: str, known: Known) -> Slots:
    named = re.search(r"\brb[-_ ]?\d+\b", text, re.IGNORECASE)
    if named:
        return {"name": named[0]}
    inc = incident(text, bare=False)
    if inc:
        return {"incident": inc}
    rest = _WORD.findall(_RUNBOOK_CUES.sub(" ", text))
    return {"name": " ".join(rest)} if rest else {}


def _window(text: str, known: Known) -> Slots:
    return {"window": window(text)}


_STATS_VIEWS = (
    ("rules", r"\brules?\b|\bdelet\w*|\bget rid of\b|\bretire\b"),
    ("pages", r"\bpage[sd]?\b|\bpaging\b|\bnights?\b|\bwoken\b|\bwoke\b"),
    ("noise", r"\bnois[ey]\w*|\buseless\b|\brubbish\b|\bfalse (?:alarms?|positives?)\b|\bflap\w*"),
    (
        "times",
        r"\bmtt[rad]\b|\btimes? to\b|\b(?:response|recovery|resolution) times?\b"
        r"|\bhow (?:fast|long|quickly)\b",
    ),
)
"""What the words ask to be shown; the first one that is there decides."""


def _stats(text: str, known: Known) -> Slots:
    views = (v for v, words in _STATS_VIEWS if re.search(words, text, re.IGNORECASE))
    # Only names that are known: "of last month" is no service.
    return {"window": window(text), "show": next(views, ""), "of": _known(text, known.services)}


def _audit(text: str, known: Known) -> Slots:
    actor = person(text)
    model = entity(text, known.models, least=3.0 if actor else 2.0)
    return {"actor": actor, "model": model}


def _investigate(text: str, known: Known) -> Slots:
    """The question goes along as it was asked."""
    return {**_incident_or_service(text, known), "question": text.strip()[:1000]}


_READERS: Mapping[str, Callable[[str, Known], Slots]] = {
    "incident_summary": _incident_or_service,
    "similar_incidents": _similar,
    "root_cause": _incident_or_service,
    "investigate": _investigate,
    "incident_list": _list,
    "incident_update": _update,
    "incident_open": _open,
    "incident_merge": _merge,
    "incident_timeline": _one_incident,
    "alert_why": _why,
    "postmortem": _one_incident,
    "model_drift": _drift,
    "model_status": _model,
    "promotion": _promotion,
    "rollback": _model,
    "retrain": _model,
    "model_or_infra": _model_or_infra,
    "silence": _silence,
    "silence_end": _silence_end,
    "monitors": _monitors,
    "monitor_create": _monitor_create,
    "monitor_tune": _monitor,
    "monitor_pause": _monitor_pause,
    "monitor_resume": _monitor,
    "monitor_remove": _monitor,
    "monitor_backtest": _monitor_backtest,
    "oncall": _oncall,
    "page": _page,
    "ticket": _ticket,
    "incident_channel": _one_incident,
    "stakeholder_update": _stakeholder_update,
    "runbook": _runbook,
    "stats": _stats,
    "usage": _window,
    "audit": _audit,
}
