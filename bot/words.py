"""Pure: a slash command and its text -> Call.

Bare words fill the skill's `positional` fields in order, the last one takes the rest of the line;
`name=value` fills a field by name, "quoted values" keep their blanks, and whatever follows
`because` is the reason.
"""

import re
import shlex
from collections.abc import Sequence
from typing import Any

from bot.slots import Known, slots
from knowledge.durations import is_duration
from knowledge.errors import BadArgs, NotFound
from skills.contract import Call, Skill
from skills.help import usage

__all__ = ["ASK", "Known", "command_call", "slots", "usage"]

ASK = "ask"
"""The Call of words that are to be routed as if typed."""

ACTIONS = ("ack", "unack", "resolve", "reopen", "severity", "assign", "note")
_NEED_VALUE = {
    "severity": "Write for example: /incident severity INC-12 SEV2",
    "assign": "Write for example: /incident assign INC-12 @ada",
    "note": "Write for example: /incident note INC-12 restarted the pods",
}
_INTO = ("into", "with", "and", "to")
_LOOKS = {
    "show": "incident_show",
    "timeline": "incident_timeline",
    "export": "incident_export",
    "why": "alert_why",
    "more": "incident_more",
}
"""Words that take an incident and change nothing."""
_ON_ONE = ("update", "merge", "split", *_LOOKS, *ACTIONS)
_INCIDENT_WORDS = ("list", "summary", "open", *_ON_ONE)
_INCIDENT_ID = re.compile(r"(?:inc[-_ ]?|#)?(\d+)", re.IGNORECASE)
_BECAUSE = re.compile(r"\s+because\s+(.+)$", re.IGNORECASE | re.DOTALL)
_LENGTH = re.compile(
    r"(?:^|\s)(?:for\s+)?(\d+(?:\.\d+)?\s*[a-z]+(?:\s*\d+\s*[a-z]+)?)\s*$", re.IGNORECASE
)
_BEGIN = re.compile(
    r"(?:^|\s)(?:from|at|starting|in(?=\s+\d))\s+(\d{4}-\d\d-\d\d[ t]\d\d?:\d\d|\d\d?:\d\d|"
    r"\d+\s*[a-z]+)(?=\s|$)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:^|\s)(?:--)?(service|since|until|severity)=(\"[^\"]*\"|\S+)", re.IGNORECASE
)
_ONLY_RESOLVED = re.compile(
    r"(?:^|\s)(?:--resolved|resolved=(?:true|yes|1))(?=\s|$)", re.IGNORECASE
)
"""What limits a search for past incidents."""
_STATUSES = ("open", "mitigated", "monitoring", "resolved")
_OPS = {"stats": "stats"}
"""Skills by the first word of /ops."""
_SPACED = re.compile(r"(\d)\s+(h|d|w|hours?|days?|weeks?|months?)\b", re.IGNORECASE)
_FILL = ("the", "last", "past", "over", "for", "of")
_STATS_FIELDS = ("window", "of", "show", "rule")
_STATS_VIEWS = ("overview", "times", "noise", "rules", "pages")


def command_call(command: str, text: str, skills: Sequence[Skill[Any]]) -> Call:
    """The call a slash command makes; Call("ask", {"text": ...}) when its words must be routed.

    Raises NotFound for unknown commands and sub-words, BadArgs for arguments that do not fit.
    """
    command, text = "/" + command.strip().lstrip("/").lower(), text.strip()
    if command == "/tandem":
        return Call(ASK, {"text": text}) if text else Call("help")
    if command == "/incident":
        return _incident(text)
    if command == "/similar":
        return _similar(text)
    if command == "/ops":
        return _ops(text)
    if command == "/silence":
        return _silence(text)
    skill = next((s for s in skills if s.command == command), None)
    if skill is None:
        known = [
            "/incident",
            "/ops",
            "/similar",
            "/tandem",
            *(s.command for s in skills if s.command),
        ]
        raise NotFound.among("command", command, known)
    return Call(skill.name, _fill(skill, text))


def _order(skill: Skill[Any]) -> tuple[str, ...]:
    return skill.positional or tuple(skill.args.model_fields)


def split(text: str) -> list[str]:
    """Words, "quoted ones" kept whole; an apostrophe is no quote."""
    lexer = shlex.shlex(text.replace("“", '"').replace("”", '"'), posix=True)
    lexer.whitespace_split, lexer.quotes, lexer.commenters, lexer.escape = True, '"', "", ""
    try:
        return list(lexer)
    except ValueError:
        raise BadArgs("text", "a quotation mark is not closed", 'Close it with "') from None


def _fill(skill: Skill[Any], text: str) -> dict[str, str]:
    fields = skill.args.model_fields
    args: dict[str, str] = {}
    reason = _BECAUSE.search(" " + text) if "reason" in fields else None
    if reason:
        args["reason"] = reason[1].strip().strip('"')
        text = (" " + text)[: reason.start()]
    bare = []
    for word in split(text):
        name, equals, value = word.partition("=")
        if equals and name in fields:
            args[name] = value
        elif equals and re.fullmatch(r"[a-z_]+", name):
            raise NotFound.among(f"argument of {skill.command}", name, fields)
        else:
            bare.append(word)
    order = [n for n in _order(skill) if n not in args]
    if bare and not order:
        raise BadArgs(
            "arguments", f"nothing is left for {' '.join(bare)!r}", f"Usage: {usage(skill)}"
        )
    for i, name in enumerate(order[: len(bare)]):
        args[name] = " ".join(bare[i:]) if i == len(order) - 1 else bare[i]
    return args


def _incident_id(word: str) -> str:
    """ "INC-12" of "INC-12", "inc12", "#12" and "12"; else empty."""
    found = _INCIDENT_ID.fullmatch(word.strip(",.:;"))
    return f"INC-{int(found[1])}" if found else ""


def _incident(text: str) -> Call:
    words = split(text)
    if not words:
        return Call("incident_summary")
    first = words[0].lower()
    if first == "list":
        return Call("incident_list", _list_args(words[1:]))
    if first == "open":
        return Call("incident_open", _open_args(words[1:]))
    if first in _ON_ONE:
        return _on_one(first, words[1:])
    if first == "summary":
        words = words[1:]
    named = _incident_id(words[0]) if words else ""
    if named and len(words) > 1 and words[1].lower() in _ON_ONE:
        return _on_one(words[1].lower(), [named, *words[2:]])
    if named or not words:
        return Call("incident_summary", {"incident": named} if named else {})
    if len(words) > 1:
        return Call(ASK, {"text": text})
    raise NotFound.among("word of /incident", first, _INCIDENT_WORDS)


def _on_one(word: str, words: Sequence[str]) -> Call:
    """A word about one incident, which is named first or is the thread's."""
    if word in _LOOKS:
        return _look(word, words)
    if word == "merge":
        return Call("incident_merge", _merge_args(words))
    if word == "split":
        return Call("incident_split", _split_args(words))
    if word == "update":
        return _any_update(words)
    return _update(word, words)


def _look(word: str, words: Sequence[str]) -> Call:
    """The incident, and for `why` the alert, in either order."""
    named = next((found for w in words if (found := _incident_id(w))), "")
    rest = [w for w in words if not _incident_id(w) and w.lower() not in ("in", "is")]
    args = {"incident": named} if named else {}
    if word == "why" and rest:
        return Call("alert_why", {**args, "alert": rest[0]})
    if rest:
        raise BadArgs(
            "incident", f"{' '.join(rest)!r} is none", f"Write for example: /incident {word} INC-12"
        )
    return Call(_LOOKS[word], args)


def _open_args(words: Sequence[str]) -> dict[str, str]:
    """ "checkout: payments fail SEV1": the service is what stands before a colon."""
    args: dict[str, str] = {}
    rest: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in ("service", "severity", "title", "text"):
            args[name] = value
        elif re.fullmatch(r"sev-?[1-4]", word, re.IGNORECASE):
            args["severity"] = _severity(word)
        else:
            rest.append(word)
    if rest and len(rest) > 1 and rest[0].endswith(":"):
        args.setdefault("service", rest.pop(0).rstrip(":"))
    if rest:
        args.setdefault("title", " ".join(rest))
    return args


def _merge_args(words: Sequence[str]) -> dict[str, str]:
    """ "INC-4 into INC-2", or in an incident's thread "into INC-2" or "INC-2"."""
    told = [w for w in words if w.lower() not in _INTO]
    named = [found for w in told if (found := _incident_id(w))]
    wrong = [w for w in told if not _incident_id(w)]
    if wrong or len(named) > 2:
        raise BadArgs(
            "into",
            f"{' '.join(wrong or words)!r} does not say which incidents",
            "Write for example: /incident merge INC-4 INC-2",
        )
    if len(named) == 2:
        return {"incident": named[0], "into": named[1]}
    goes_on = bool(named) and words[0].lower() in _INTO
    return {"into" if goes_on else "incident": named[0]} if named else {}


def _split_args(words: Sequence[str]) -> dict[str, str]:
    """ "INC-4 kafka", "kafka off INC-4"."""
    named = next((found for w in words if (found := _incident_id(w))), "")
    rest = [w for w in words if not _incident_id(w)]
    rest = [w for w in rest if w.lower() not in ("off", "from", "out", "of")]
    given = {"incident": named, "what": " ".join(rest)}
    return {name: value for name, value in given.items() if value}


def _any_update(words: Sequence[str]) -> Call:
    """ "INC-4 severity SEV1", "INC-4 ack"; words that are no action are a note; none: what can
    be done."""
    named = _incident_id(words[0]) if words else ""
    rest = list(words[1:] if named else words)
    if not rest:
        return Call("incident_more", {"incident": named} if named else {})
    if rest[0].lower() in ACTIONS:
        return _update(rest[0].lower(), [named, *rest[1:]] if named else rest[1:])
    return _update("note", [named, *rest] if named else rest)


def _list_args(words: Sequence[str]) -> dict[str, str]:
    args: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        level = re.fullmatch(r"(?:sev|p)-?([1-4])", word, re.IGNORECASE)
        if equals and name in ("status", "service", "severity"):
            args[name] = value
        elif level:
            args["severity"] = f"SEV{level[1]}"
        elif word.lower() in (*_STATUSES, "closed"):
            args["status"] = "resolved" if word.lower() == "closed" else word.lower()
        elif "service" not in args:
            args["service"] = word
        else:
            raise BadArgs(
                "service",
                f"one only, and there are {args['service']!r} and {word!r}",
                "Usage: /incident list [open|resolved] [service]",
            )
    return args


def _update(action: str, words: Sequence[str]) -> Call:
    """Without an id the thread's incident is meant; the skill knows it."""
    named = _incident_id(words[0]) if words else ""
    value = " ".join(words[1:] if named else words).strip()
    if action in _NEED_VALUE and not value:
        raise BadArgs("value", f"{action} needs one", _NEED_VALUE[action])
    if action == "severity":
        value = _severity(value)
    if action == "assign":
        value = value.lstrip("@")
    given = {"incident": named, "action": action, "value": value}
    return Call("incident_update", {k: v for k, v in given.items() if v})


def _severity(text: str) -> str:
    found = re.fullmatch(r"(?:sev(?:erity)?|p)?[- ]?([1-4])", text, re.IGNORECASE)
    if found is None:
        raise BadArgs("value", f"{text!r} is not a severity", "Write SEV1, SEV2, SEV3 or SEV4")
    return f"SEV{found[1]}"


def _similar(text: str) -> Call:
    """ "INC-12 service=checkout since=2026-03-01 --resolved", or a symptom with the same limits."""
    limits: dict[str, Any] = {
        found[1].lower(): found[2].strip('"') for found in _LIMIT.finditer(text)
    }
    if _ONLY_RESOLVED.search(text):
        limits["resolved"] = True
    text = _ONLY_RESOLVED.sub(" ", _LIMIT.sub(" ", text)).strip().strip('"')
    if not text:
        return Call("similar_incidents", limits)
    named = _incident_id(text) if not text.isdigit() else ""
    return Call(
        "similar_incidents", {**({"incident": named} if named else {"text": text}), **limits}
    )


def _ops(text: str) -> Call:
    """ "stats 30d checkout", in any order; the word stats may be left out."""
    words = [w for w in split(_SPACED.sub(r"\1\2", text)) if w.lower() not in _FILL]
    word = words[0].lower() if words else ""
    if word in ("monitors", "monitor"):
        return _monitors(text.split(maxsplit=1)[1:])
    if word in _OPS:
        words = words[1:]
    return Call(_OPS.get(word, "stats"), _stats_args(words))


_MONITOR_WORDS = {
    "pause": "monitor_pause",
    "resume": "monitor_resume",
    "tune": "monitor_tune",
    "edit": "monitor_tune",
    "remove": "monitor_remove",
    "delete": "monitor_remove",
    "backtest": "monitor_backtest",
}
_UNTIL_RESUMED = "until resumed"
_TIMED = {"pause": "duration", "backtest": "window"}
"""Words of /ops monitors that take a length of time, and the argument it is."""


def _monitors(rest: Sequence[str]) -> Call:
    """ "checkout-p99", "new", "pause checkout-p99 1h", "backtest checkout-p99 14d"."""
    text = rest[0].strip() if rest else ""
    first, _, name = text.partition(" ")
    word = first.lower()
    if word in ("new", "create", "add"):
        return Call("monitor_create", {"name": name.strip()} if name.strip() else {})
    if word not in _MONITOR_WORDS:
        return Call("monitors", {"monitor": text.strip('"')} if text else {})
    timed, length = _TIMED.get(word), ""
    if timed and name.lower().endswith(_UNTIL_RESUMED):
        name, length = name[: -len(_UNTIL_RESUMED)], _UNTIL_RESUMED
    elif timed:
        name, length = _cut_out(_LENGTH, name)
    given = {"monitor": name.strip().strip('"'), **({timed: length} if timed and length else {})}
    return Call(_MONITOR_WORDS[word], {k: v for k, v in given.items() if v})


def _stats_args(words: Sequence[str]) -> dict[str, str]:
    args: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in _STATS_FIELDS:
            args[name] = value
        elif is_duration(word):
            args["window"] = word
        elif word.lower() in _STATS_VIEWS:
            args["show"] = word.lower()
        elif "of" not in args:
            args["of"] = word
        else:
            raise BadArgs(
                "of",
                f"one service or team only, and there are {args['of']!r} and {word!r}",
                "Usage: /ops stats [30d] [service or team] [times|noise|rules|pages]",
            )
    return args


def _silence(text: str) -> Call:
    """ "checkout 2h because deploy", "alertname=~'Disk.*' from 22:00 for 4h", "end SIL-3"."""
    first, _, rest = text.partition(" ")
    if first.lower() in ("end", "stop", "lift", "expire"):
        return Call("silence_end", {"silence": rest.strip()} if rest.strip() else {})
    if first.lower() == "list" and not rest:
        return Call("silences")
    args: dict[str, str] = {}
    text, args["reason"] = _cut_out(_BECAUSE, f" {text}")
    text, args["start"] = _cut_out(_BEGIN, text)
    text, args["duration"] = _cut_out(_LENGTH, text)
    what = text.strip()
    if _incident_id(what) and not what.isdigit():
        args["incident"] = _incident_id(what)
    elif re.search(r"=|!~", what) or what.lower() == "everything":
        args["match"] = what
    elif re.fullmatch(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*", what):
        args["alert"] = what
    else:
        args["service"] = what
    return Call("silence", {name: value for name, value in args.items() if value})


def _cut_out(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    """The text without what the pattern finds, and that; what is no length of time stays."""
    found = pattern.search(text)
    if found is None or (pattern is _LENGTH and not is_duration(found[1])):
        return text, ""
    left = f"{text[: found.start()]} {text[found.end() :]}"
    return left, found[1].strip().strip('"')
