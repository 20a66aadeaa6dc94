"""Pure: what "and the other one?" means after what was said before.

Three forms are understood, each only where the talk before gives it a meaning:

- "what about churn?", "and over the last 30 days?": the last call with another name or window.
- "the second one", "summarise the other one": one of the names that the last answer showed.
- "is it drifting?": a name that the call wants and the text leaves out.

Whatever comes of it is a Call like any other: what changes something is still a button first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.lexicon import word_set
from bot.slots import Known, slots
from skills.contract import Call, Reply, Skill

SUBJECTS = ("incident", "model", "service", "name", "text", "alert")
"""Fields that say what a call is about; of one call usually one is filled."""
LISTED = ("incident", "model", "service", "monitor", "approval")
"""Fields by which an answer's own buttons tell what it lists."""
SHOWN_BY = {"incident": "incident_summary", "model": "model_status", "service": "incident_list"}
"""What answers for one thing of a list, when the list itself cannot be asked about one."""
MOST_CHOICES = 5

_LEAD = re.compile(
    r"^[^\w#]*(?:(?:ok|okay|so|hm+)\b\W*)?"
    r"(?:(?:and|but|then|now|also|y|et|und|o)\b\s*)?"
    r"(?:(?:what|how)\s+about|same\s+(?:thing\s+)?(?:for|with|on|again\s+for)|was\s+ist\s+mit"
    r"|wie\s+(?:ist|steht)\s+es\s+mit|qu[eé]\s+(?:tal|hay\s+de)|et\s+pour|e\s+per)?\s*",
    re.IGNORECASE,
)
_FILLER = word_set(
    """
    a an the for on with in over of about to at during since and or one ones model models service
    services incident incidents thing please pls then too as well again last past next now
    für der die das den dem el la los las para por de le les
    """
)
_SPAN_WORDS = word_set(
    """
    m h d w min mins minutes hour hours day days week weeks month months quarter quarters year
    today yesterday tonight this whole half
    """
) | {str(n) for n in range(1, 366)}
_ORDINALS: Mapping[str, int] = {
    **dict.fromkeys(("first", "1st", "erste", "ersten", "primero", "primera"), 0),
    **dict.fromkeys(("second", "2nd", "zweite", "zweiten", "segundo", "segunda"), 1),
    **dict.fromkeys(("third", "3rd", "dritte", "dritten", "tercero", "tercera"), 2),
    **dict.fromkeys(("fourth", "4th", "vierte", "vierten", "cuarto", "cuarta"), 3),
    **dict.fromkeys(("fifth", "5th", "fünfte", "fünften", "quinto", "quinta"), 4),
    **dict.fromkeys(("last", "letzte", "letzten", "último", "última"), -1),
}
_OTHER = ("other", "andere", "anderen", "otro", "otra", "autre")
_KIND = r"(?:one|incident|model|service|monitor|request|alert)"
_REFERENCE = re.compile(
    rf"\b(?:the|that|this|das|die|den|der|el|la|l')\s*(?P<word>{'|'.join([*_ORDINALS, *_OTHER])})\b"
    rf"(?:\s+{_KIND}\b|(?=\W*$))|(?:\b(?:number|no\.?|nr\.?)|#)\s*(?P<number>[1-9])\b(?!\s*\d)",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|it's|this|that|them|there|the same|es|davon|ello)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Said:
    """What was asked last, and the names that the answer showed, in order: (field, name)."""

    call: Call
    listed: tuple[tuple[str, str], ...] = ()

    @property
    def about(self) -> Mapping[str, str]:
        """What the talk is about, by field: what was asked, or the one thing that was shown."""
        asked = {k: str(v) for k, v in self.call.args.items() if k in SUBJECTS and v}
        shown: dict[str, set[str]] = {}
        for field, name in self.listed:
            shown.setdefault(field, set()).add(name)
        alone = {field: next(iter(names)) for field, names in shown.items() if len(names) == 1}
        return {**alone, **asked}


@dataclass(frozen=True)
class Several:
    """More than one thing may be meant; each is a call to choose."""

    calls: tuple[Call, ...]


Meant = Call | Several | str | None
"""A call; several to choose from; another text to route; or None: it stands for itself."""


def said(call: Call, reply: Reply) -> Said:
    """What to remember of a turn."""
    buttons = [*reply.buttons, *(b for section in reply.sections for b in section.buttons)]
    found = {
        (field, str(button.call.args[field])): None
        for button in buttons
        if button.call is not None
        for field in LISTED
        if button.call.args.get(field)
    }
    if reply.about.startswith("INC-"):
        found.setdefault(("incident", reply.about))
    return Said(call, tuple(found))


def meant(text: str, before: Said, skills: Sequence[Skill[Any]], known: Known) -> Meant:
    """What the text asks for after what was said before."""
    fields = _fields(before.call.skill, skills)
    lead = _LEAD.match(text)
    rest = text[lead.end() :].strip(" ?!.,") if lead else text.strip(" ?!.,")
    reference = _REFERENCE.search(rest)
    if reference is not None:
        return _referred(text, rest, reference, before, skills)
    if lead is None or not lead[0].strip():
        return None
    return _with_another(rest, before, fields, known)


def filled(call: Call, text: str, before: Said, skills: Sequence[Skill[Any]]) -> Call:
    """The call with the name that "it" stands for, where it wants one and the text gives none."""
    wants = [name for name in _fields(call.skill, skills) if name in SUBJECTS]
    if any(call.args.get(name) for name in wants) or not _PRONOUN.search(text):
        return call
    given = {name: before.about[name] for name in wants if name in before.about}
    return Call(call.skill, {**call.args, **dict(list(given.items())[:1])})


def _referred(
    text: str,
    rest: str,
    reference: re.Match[str],
    before: Said,
    skills: Sequence[Skill[Any]],
) -> Meant:
    found = _picked(reference, before)
    if not found:
        return None
    before_it, after_it = rest[: reference.start()], rest[reference.end() :]
    if set(_words(before_it + after_it)) - _FILLER:
        # "summarise the second one": the rest says what is wanted.
        if len(found) > 1:
            return None
        return f"{before_it}{found[0][1]}{after_it}"
    calls = tuple(_one(field, name, before, skills) for field, name in found)
    return calls[0] if len(calls) == 1 else Several(calls[:MOST_CHOICES])


def _picked(reference: re.Match[str], before: Said) -> tuple[tuple[str, str], ...]:
    """The names that the reference may stand for, of the kind that was listed first."""
    kind = before.listed[0][0] if before.listed else ""
    names = [(field, name) for field, name in before.listed if field == kind]
    if reference["number"]:
        place = int(reference["number"]) - 1
    else:
        word = reference["word"].lower()
        if word in _OTHER:
            current = str(before.call.args.get(kind, ""))
            return tuple(pair for pair in names if pair[1] != current)
        place = _ORDINALS[word]
    return (names[place],) if -len(names) <= place < len(names) else ()


def _one(field: str, name: str, before: Said, skills: Sequence[Skill[Any]]) -> Call:
    """The last question asked of this one; of a list, what it is."""
    if field in before.call.args and field in _fields(before.call.skill, skills):
        return Call(before.call.skill, {**before.call.args, field: name})
    shows = SHOWN_BY.get(field, "")
    if field in _fields(shows, skills):
        return Call(shows, {field: name})
    return Call(before.call.skill, {field: name})


def _with_another(rest: str, before: Said, fields: Sequence[str], known: Known) -> Call | None:
    given = {k: v for k, v in slots(rest, before.call.skill, known).items() if k in fields}
    left = rest.lower()
    for value in given.values():
        left = left.replace(str(value).lower(), " ")
    bare = _words(left)
    if not given:
        # A name alone that nobody knows: it takes the place of the one before.
        named = [name for name in before.call.args if name in SUBJECTS and name in fields]
        words = [word for word in rest.split() if word.lower() not in _FILLER]
        if len(named) != 1 or len(words) != 1 or not _names_something(words[0], known):
            return None
        return Call(before.call.skill, {**before.call.args, named[0]: words[0]})
    spans = {"window", "duration"} & given.keys()
    if set(bare) - _FILLER - (_SPAN_WORDS if spans else frozenset()):
        return None
    kept = before.call.args
    if given.keys() & set(SUBJECTS):
        kept = {k: v for k, v in kept.items() if k not in SUBJECTS}
    return Call(before.call.skill, {**kept, **given})


def _names_something(word: str, known: Known) -> bool:
    bare = word.lower()
    return any(bare == name.lower() for name in (*known.models, *known.services))


def _fields(skill: str, skills: Sequence[Skill[Any]]) -> tuple[str, ...]:
    found = next((s for s in skills if s.name == skill), None)
    return tuple(found.args.model_fields) if found else ()


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
