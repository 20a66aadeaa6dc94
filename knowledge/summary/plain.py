"""The words and numbers of a text, and whether it speaks to the machine that reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_EMOJI = re.compile(r"(?<!\w):[a-z][a-z0-9_+-]*:(?!\w)|[\U0001F300-\U0001FAFF\u2600-\u27BF]")
_MARKUP = re.compile(r"```|[*`]|(?<![\w/])_|_(?![\w/])")
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
    r"(?!\w|:\d|\.\d)",
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
    re.findall(
        r"\S+",
        """
    a an the is are was were be been it its it's this that these those of to in on at by for
    with from and or but so as if then than not no yes ok we i you he she they me my our your
    us them there here what which who how when why do does did done has have had can could
    will would should may might just only also very more most less all any some now still
    already again yet one two up out off over into about after before since until per via am
    pm utc isn wasn weren aren don doesn didn couldn won shouldn ll ve
        """,
    )
)
"""Words that carry no meaning of their own."""


@dataclass(frozen=True)
class Figure:
    """A number as it was said. `kind` tells counts from shares, money and lengths of time."""

    value: float
    text: str
    kind: str
    start: int


def strip_markup(text: str) -> str:
    """Without emoji and markup."""
    return _MARKUP.sub("", _EMOJI.sub(" ", text))


def clean(text: str) -> str:
    """Without emoji and markup, on one line."""
    plain = strip_markup(text)
    return " ".join(plain.replace("!!", "!").split())


def is_hostile(text: str) -> bool:
    """Does it speak to the machine that reads it instead of to the people?"""
    return _HOSTILE.search(text) is not None


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
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
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
