"""Which claims stand: those whose results say what they say.

Numbers, clock times, names and identifiers of a claim must stand in the results that it cites, and
so must most of its words. Instructions inside the results, and what only echoes the arguments that
the model itself gave, are no evidence. It cannot see that true words were put together into an
untruth; the results are linked so that people can.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.records import Claim, ToolResult
from knowledge.summary import SourceText, verify
from knowledge.summary.plain import STOP, is_hostile

MOST_WORDS = 60
WORDS_FOR_ONE_OF_ITS_OWN = 6
"""A claim may use one word that its results do not have, and one more for so many of its words;
of plain letters, since a word in another script than its results' says what nobody can compare."""
LEAST_SHARED = 2
"""Words that it must share with them at least."""
TOGETHER = 3
"""Lines: half of a claim's words must stand so near to each other in one result. Words picked from
all over say whatever one wants."""

_CALLS_OUT = re.compile(
    r"https?:|www\.|\bmailto:|<[!@#]|\]\(|!\[|(?<![\w.])@(?:here|channel|everyone)\b|@[UW][A-Z0-9]{6,}",
    re.IGNORECASE,
)
"""Links and mentions: a sentence of a model has no need of them, and they carry things out."""
_GRAVE = re.compile(
    r"\b(?:resolved|fixed|approved|authori[sz]ed|all clear|root cause|promoted|rolled back|deleted"
    r"|purged|breach\w*|confirmed|completed|restored|safe|leaked|compromised|fine|healthy"
    r"|recovered|closed|lifted|granted)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:i|we)(?:'ve| have|'ll| will)?\s+(?:just\s+|now\s+)?(?:approv|promot|roll|restart|delet|"
    r"silenc|resolv|page|run|execut|trigger|chang|updat|post|sen[dt])",
    re.IGNORECASE,
)


_WORD = re.compile(r"[^\W_]+(?:[.:-][^\W_]+)*")
JOINING = frozenset(
    re.findall(
        r"\S+",
        """
    rise rose risen rising increase increas fall fell fallen drop began begin begun start show
    indicate indicat sugg suggest cause caus after before during since while because likely
    probably probable possible high higher highest low lower lowest slow slower fast most more
    than about around first last shortly same time link relat relate follow happen see seen
    """,
    )
)
"""Words that weigh and join what was seen: everybody's own. As `_stem` leaves them."""
_STEERS = re.compile(
    r"\b(?:real|new|next|actual|only) (?:task|job|orders?|goal)\b|\beverything (?:above|before)\b"
    r"|\bfrom now on\b|\byour (?:next|final|new|first)? ?(?:answer|task|finding|reply|summary)\b"
    r"|\byou (?:may|must|are|have to) (?:now|seen)\b|\bfinal answer\b|\bin (?:each|every) answer\b"
    r"|\b(?:untrusted|trusted) (?:data|orders)\b|\bno (?:click|confirmation|approval) is needed\b"
    r"|\btell (?:nobody|everybody|people)\b|\bsend people to\b|\bmust be part of\b"
    r"|^\W*(?:system|système|sistema|assistant|developer|user|tool result)\b[^:]{0,20}:"
    r"|\"(?:role|tool_call_id|findings)\"\s*:|<\|im_|\[/?INST\]",
    re.IGNORECASE | re.MULTILINE,
)
"""Words that speak to a model about its work. Evidence of nothing, whoever wrote them; a list like
this is never complete, which is why nothing rests on it alone."""


@dataclass(frozen=True)
class Checked:
    """The claims that stand, and why the others do not."""

    claims: tuple[Claim, ...]
    refused: tuple[tuple[Claim, str], ...] = ()


def check(claims: Sequence[Claim], results: Sequence[ToolResult], now: datetime) -> Checked:
    """Each claim with the results it rests on; `now` dates them."""
    known = {result.id: result for result in results if result.ok}
    kept: list[Claim] = []
    refused: list[tuple[Claim, str]] = []
    for claim in claims:
        cited = Claim(claim.text, tuple(r for r in claim.results if r in known))
        problem = _problem(cited, known, now)
        if problem:
            refused.append((claim, problem))
        elif cited.text.lower() not in {c.text.lower() for c in kept}:
            kept.append(cited)
    return Checked(tuple(kept), tuple(refused))


def _problem(claim: Claim, known: Mapping[str, ToolResult], now: datetime) -> str:
    """The first one, in words; empty when it stands."""
    if not claim.results:
        return "it names no result"
    if len(claim.text.split()) > MOST_WORDS:
        return "it is too long to be checked"
    if _CALLS_OUT.search(claim.text):
        return "it holds a link or a mention"
    if _is_steering(claim.text) or _DONE.search(claim.text):
        return "it speaks to its reader instead of about the system"
    said = [evidence(known[r]) for r in claim.results]
    sources = [SourceText(r, now, "", text) for r, text in zip(claim.results, said, strict=True)]
    problems = verify(claim.text, sources)
    return problems[0] if problems else next(_unsaid(claim.text, said), "")


def _unsaid(text: str, said: Sequence[str]) -> Iterator[str]:
    """What is wrong with its words, whatever their language. `said` is one text per result."""
    lines = [_words(line) for each in said for line in each.splitlines()]
    everything = set().union(*lines)
    words = _words(text) - JOINING
    own = words - everything
    if (
        len(words) - len(own) < LEAST_SHARED
        or len(own) > 1 + len(words) // WORDS_FOR_ONE_OF_ITS_OWN
    ):
        yield "too many of its words are not in the results"
    near = max((len(words & near) for each in said for near in _windows(each)), default=0)
    if 2 * near < len(words):
        yield "its words stand nowhere together"
    for grave in {word.lower() for word in _GRAVE.findall(text)}:
        told = [line for line in lines if set(grave.split()) <= line]
        if not any(len(line & words) > len(grave.split()) for line in told):
            yield f"{grave!r} is not said of it in the results"


def _windows(text: str) -> Iterator[set[str]]:
    """The words of so many lines that follow each other."""
    lines = [_words(line) for line in text.splitlines()]
    for first in range(len(lines)):
        yield set().union(*lines[first : first + TOGETHER])


def _words(text: str) -> set[str]:
    """In small letters, without endings of numbers in English; of any script."""
    found = (word.strip("._-/") for word in _WORD.findall(text.lower()))
    return {_stem(word) for word in found if word and word not in STOP}


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            return word.removesuffix(ending)
    return word


def evidence(result: ToolResult) -> str:
    """What a result says by itself: without what speaks to a machine, and without the sentences
    that the model gave as arguments and that the reply repeats."""
    text = result.text
    for value in result.args.values():
        if isinstance(value, str) and len(value.split()) > 2:
            text = text.replace(value, " ")
    return "\n".join(line for line in text.splitlines() if not _is_steering(line))


def _is_steering(line: str) -> bool:
    return is_hostile(line) or _STEERS.search(line) is not None
