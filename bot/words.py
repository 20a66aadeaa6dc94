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

ACTIONS = ("ack", "resolve", "reopen", "severity", "assign", "note")
_NEED_VALUE = {
    "severity": "Write for example: /incident severity INC-12 SEV2",
    "assign": "Write for example: /incident assign INC-12 @ada",
    "note": "Write for example: /incident note INC-12 restarted the pods",
}
_INCIDENT_WORDS = ("list", "summary", *ACTIONS)
_INCIDENT_ID = re.compile(r"(?:inc[-_ ]?|#)?(\d+)", re.IGNORECASE)
_BECAUSE = re.compile(r"\s+because\s+(.+)$", re.IGNORECASE | re.DOTALL)
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
    if first in ACTIONS:
        return _update(first, words[1:])
    if first == "summary":
        words = words[1:]
    named = _incident_id(words[0]) if words else ""
    if named and len(words) > 1 and words[1].lower() in ACTIONS:
        return _update(words[1].lower(), [named, *words[2:]])
    if named or not words:
        return Call("incident_summary", {"incident": named} if named else {})
    if len(words) > 1:
        return Call(ASK, {"text": text})
    raise NotFound.among("word of /incident", first, _INCIDENT_WORDS)


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
    text = text.strip().strip('"')
    if not text:
        return Call("similar_incidents")
    named = _incident_id(text) if not text.isdigit() else ""
    return Call("similar_incidents", {"incident": named} if named else {"text": text})


def _ops(text: str) -> Call:
    """ "stats 30d checkout", in any order; the word stats may be left out."""
    words = [w for w in split(_SPACED.sub(r"\1\2", text)) if w.lower() not in _FILL]
    word = words[0].lower() if words else ""
    if word in _OPS:
        words = words[1:]
    return Call(_OPS.get(word, "stats"), _stats_args(words))


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
