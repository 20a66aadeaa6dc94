"""Who leads, who took what: roles and promises in a thread.

A role is read from how people claim or give it, in whatever words: somebody (the speaker or a
person of the thread) joined with a role or a verb of leading. A list of things to do is known by
its heading, or by its shape: sentence after sentence that begin with a person of the thread.
"""

import re
from collections.abc import Iterator, Sequence

from knowledge.records import Message
from knowledge.summary.plain import BOT, clean, is_hostile, strip_markup

_ROLE = (
    r"(?:ic|incident (?:commander|command|lead|manager|coordinator)|commander|in (?:charge|command)"
    r"|(?:the )?(?:lead|command|coordinator|leitung|mando))"
)
_LEADS = r"(?:lead|drive|coordinate|command|run|leads|drives|coordinates|commands|runs)"
_LEADING = r"(?:leading|driving|coordinating|commanding|running)"
_THIS = r"(?:\s+(?:this|the incident|here|for now|now|one)\b|\s*(?:$|[.,!;]))"
_SELF = r"(?:i|me|myself|ich|yo|je)"
_CLAIM = re.compile(
    # "I'm IC", "I take command", "I have the lead", "I'll be the incident commander"
    rf"\bi(?:'m|'ll| am| will)?(?: now)?(?: be| take| took| have| got| do| am| assume)?(?: as)?"
    rf" (?:the |your |acting )?{_ROLE}\b"
    # "taking IC", "took over as IC", "got the lead"
    rf"|\b(?:taking|take|took|taken|got|having|assuming|taking over|took over)(?: over)?(?: as)?"
    rf" (?:the )?{_ROLE}\b"
    # "I lead", "I'll coordinate this one", "I'm running the incident"
    rf"|\bi(?:'ll| will)? {_LEADS}{_THIS}|\bi(?:'m| am) {_LEADING}{_THIS}"
    # "IC: me", "incident lead is me", "me as IC"
    rf"|\b{_ROLE}\s*(?:is|=|:|-)?\s*(?:(?:with |on )?me|myself|mine|here)\b"
    rf"|\b{_SELF}\s+(?:as |is |am |= ?)?ic\b"
    rf"|^ic[.!]?$"
    # the same in other languages
    r"|\bich (?:übernehme|leite|koordiniere)\b|\bübernehme die leitung\b"
    r"|\byo (?:me encargo|coordino|tomo el mando)\b|\bje (?:prends|coordonne|dirige)\b",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\bon it\b|\bi(?:'ll| will)? take (?:it|this|over)\b|\bi(?:'ve| have)? got (?:it|this)\b"
    r"|\bmine\b|\bich kümmere mich\b|\bme encargo\b|\bje m'en occupe\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\bi (?:own|will own)\b|\bi'll own\b|\bmine to fix\b|\b(?:postmortem|pm|rca) by me\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_EARLY = 8
"""Messages within which "I take it" is said of the incident and not of a task."""


def speakers(thread: Sequence[Message]) -> frozenset[str]:
    """The people who speak in a thread, in lower case."""
    return frozenset(m.user.lower() for m in thread) - {BOT, ""}


def commander(thread: Sequence[Message]) -> tuple[str, str]:
    """Who took, or was given, command last, and the id of the message that says so; empty when
    nobody did."""
    given = _given(speakers(thread))
    for m in reversed(thread):
        if m.user.lower() == BOT or is_hostile(m.text):
            continue
        for sentence in _statements(m.text):
            if _CLAIM.search(sentence):
                return m.user, m.id
            named = given.search(sentence) if given else None
            if named:
                who = (named["who"] or named["whom"]).lower()
                return next(x.user for x in thread if x.user.lower() == who), m.id
    return "", ""


def owner(thread: Sequence[Message]) -> tuple[str, str]:
    """Who took the work as theirs last, and the message's id; where nobody said so outright, who
    answered the call first."""
    said = [m for m in thread if m.user.lower() != BOT and not is_hostile(m.text)]
    for m in reversed(said):
        if _OWN.search(clean(m.text)):
            return m.user, m.id
    for m in said[:_EARLY]:
        if any(_WEAK.search(s) for s in _statements(m.text)):
            return m.user, m.id
    return "", ""


def _given(people: frozenset[str]) -> re.Pattern[str] | None:
    """ "ada is IC", "bo leads this", "IC: ada", for the people of the thread."""
    if not people:
        return None
    names = "|".join(re.escape(p) for p in sorted(people, key=len, reverse=True))
    return re.compile(
        rf"(?<![\w@-])@?(?P<who>{names}) (?:is|has|takes|took|as) (?:now )?(?:over )?(?:as )?"
        r"(?:the )?"
        rf"{_ROLE}\b|(?<![\w@-])(?:{_ROLE})\s*(?:is|=|:)\s*@?(?P<whom>{names})\b",
        re.IGNORECASE,
    )


def _statements(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(strip_markup(text)):
        if sentence.strip() and "?" not in sentence:
            yield clean(sentence)


_HEADED = re.compile(
    r"(?:^|(?<=[\s(]))(?:"
    # Words that mean nothing else: anywhere, with a colon or a full stop.
    r"(?:ais?|ars?|to-?\s?dos?(?: list)?|to be done|action (?:items?|points?)|actions"
    r"|follow-?\s?ups?|next steps?"
    r"|open points|aufgaben|nächste schritte|próximos pasos|pendientes|tareas|à faire)"
    r"\s*(?:[:.](?!\.)|->|=>|→)"
    # Words that mean other things, too: only before a colon.
    r"|(?:next|plan|tasks?|later|remaining|still to do|left to do|afterwards"
    r"|for (?:mon|tues|wednes|thurs|fri|satur|sun)day|for (?:tomorrow|later|next week"
    r"|the post-?mortem|the review))\s*:"
    r")\s*",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"(?<=[.;])(?<!e\.g\.)(?<!i\.e\.)\s+|\n+\s*(?:[-*•]|\d{1,2}[.)])?\s*|\s+(?=AIs?:\s)"
)
_REPEATED_HEAD = re.compile(r"^(?:ais?|and)\s*:\s*|^(?:[-*•]|\d{1,2}[.)])\s+", re.IGNORECASE)
_FAREWELL = re.compile(
    r"^(?:resolved|closing|closed|thanks|good job|done|that's (?:it|all)|cheers|danke|gracias)\b",
    re.IGNORECASE,
)


def todo_start(text: str, people: frozenset[str]) -> int:
    """Where the list of things to do begins in a message's text; its length where it has none."""
    headed = _HEADED.search(text)
    if headed:
        return headed.start()
    assigned = _assignment(people)
    if assigned is None:
        return len(text)
    starts = [0, *(m.end() for m in re.finditer(r"(?<=[.;!])\s+|\n+", text))]
    told = [at for at in starts if assigned.match(text, at)]
    return told[0] if len(told) > 1 else len(text)


def todos(message: Message, people: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The items of a message that lists what is to be done: "AIs: ann: fix the alert, 3 May."."""
    if is_hostile(message.text):
        return ()
    plain = strip_markup(message.text)
    listed = plain[todo_start(plain, people) :]
    head = _HEADED.match(listed)
    items = _ITEM.split(listed[head.end() :] if head else listed)
    trimmed = (clean(_REPEATED_HEAD.sub("", i.strip())).strip(" .;") for i in items)
    return tuple(i for i in trimmed if len(i.split()) > 1 and not _FAREWELL.match(i))


def _assignment(people: frozenset[str]) -> re.Pattern[str] | None:
    """A sentence that gives a person of the thread something to do: "ann: ...", "bo writes ..."."""
    if not people:
        return None
    names = "|".join(re.escape(p) for p in sorted(people, key=len, reverse=True))
    return re.compile(
        rf"(?:and\s+)?@?(?:{names})(?:\s*(?::|->|→)\s|\s+-\s|\s+(?:to|will|should|must)\s"
        r"|\s+(?!(?:is|was|has|says|thinks|asks|guess|means|does|needs|sees|knows|looks)\b)"
        r"[a-z]{3,}(?:s|es)\s)",
        re.IGNORECASE,
    )
