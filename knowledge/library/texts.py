"""What a document says: its passages, its sections, and the sentence worth showing."""

import re
from collections.abc import Callable, Iterator

from knowledge.lexical import tokens
from knowledge.records import Document

CHUNK_WORDS = 120
"""The packaged model reads 256 tokens, about 190 words; shorter passages find more."""
_SHORTEST_CHUNK = 30
_PASSAGE_LENGTH = 240
_MOST_SECTIONS = 3

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_HEADING = re.compile(r"^(?:#{1,6}[ \t]+(.+?)[ \t#]*|\*\*(.+?):?\*\*:?)$", re.MULTILINE)
_EXPLAINS = re.compile(
    r"\b(due to|caused by|because|root cause|led to|result(ed|s)? (from|in)|traced|"
    r"roll(ed|ing)? ?back|reverted|mitigated (the|this|by)|fixed by|restart(ed|ing)|"
    r"was identified as)\b",
    re.IGNORECASE,
)


def full_text(document: Document) -> str:
    """All that a document says in sentences, each part once."""
    parts = (document.root_cause, document.resolution)
    missing = [part for part in parts if part and part not in document.text]
    return "\n".join([document.text, *missing])


def words_of(document: Document) -> str:
    """What the search by words reads: also the title, which is thereby heard twice where the text
    begins with it, and the tags."""
    return "\n".join([document.title, full_text(document), *document.tags])


def explains(document: Document) -> bool:
    """Whether it says why it happened or what was done, rather than that it happened alone."""
    return bool(document.resolution) or _EXPLAINS.search(full_text(document)) is not None


def chunks(text: str) -> list[str]:
    """Passages of about 120 words; a short rest joins the last one. At least one, maybe empty."""
    words = text.split()
    starts = range(0, max(1, len(words)), CHUNK_WORDS)
    parts = [words[start : start + CHUNK_WORDS] for start in starts]
    if len(parts) > 1 and len(parts[-1]) < _SHORTEST_CHUNK:
        parts[-2:] = [parts[-2] + parts[-1]]
    return [" ".join(part) for part in parts]


def passages(document: Document) -> list[str]:
    """The text in passages. Many texts begin with their own title; it should not count twice."""
    text = full_text(document)
    if document.title and text.startswith(document.title):
        text = text[len(document.title) :].lstrip(" .\n")
    return chunks(text)


def embedded_texts(document: Document) -> list[str]:
    """What is embedded of it: the title, then each passage headed by the title."""
    title = document.title
    return [title or document.id, *(f"{title}. {passage}" for passage in passages(document))]


def nearest_sentences(passage: str, query: str, weight: Callable[[str], float]) -> str:
    """The part of a passage that shares the most telling words with the query, for people to
    read: a sentence and, where there is room, the one after it."""
    sentences = [s.strip() for s in _SENTENCE.split(passage) if s.strip()]
    if not sentences:
        return ""
    wanted = set(tokens(query))
    worth = [sum(weight(t) for t in wanted & set(tokens(s))) for s in sentences]
    best = worth.index(max(worth))
    shown = sentences[best]
    if best + 1 < len(sentences) and len(shown) + len(sentences[best + 1]) < _PASSAGE_LENGTH:
        shown += " " + sentences[best + 1]
    return shown if len(shown) <= _PASSAGE_LENGTH else shown[: _PASSAGE_LENGTH - 1].rstrip() + "…"


def sections_with(
    document: Document, query: str, weight: Callable[[str], float], most: int = _MOST_SECTIONS
) -> tuple[str, ...]:
    """The headings under which words of the query stand, the one with the most telling words
    first; those that hold less than a third of what the first holds are left out.

    Its own headings count, and "title", "root cause" and "resolution" where these are known.
    """
    wanted = set(tokens(query))
    worth: dict[str, float] = {}
    for name, text in _sections(document):
        found = sum(weight(t) for t in wanted & set(tokens(text)))
        worth[name] = max(worth.get(name, 0.0), found)
    ranked = sorted((pair for pair in worth.items() if pair[1]), key=lambda pair: -pair[1])
    enough = ranked[0][1] / 3 if ranked else 0.0
    return tuple(name for name, found in ranked[:most] if found >= enough)


def _sections(document: Document) -> Iterator[tuple[str, str]]:
    yield "title", document.title
    if document.root_cause:
        yield "root cause", document.root_cause
    if document.resolution:
        yield "resolution", document.resolution
    marks = list(_HEADING.finditer(document.text))
    ends = [*(mark.start() for mark in marks[1:]), len(document.text)]
    for mark, end in zip(marks, ends, strict=False):
        text = document.text[mark.end() : end].strip()
        heading = (mark[1] or mark[2]).strip()
        if (
            text
            and heading != document.title
            and text
            not in (
                document.root_cause,
                document.resolution,
            )
        ):
            yield heading.lower(), text
    opening = document.text[: marks[0].start()] if marks else document.text
    for known in (document.title, document.root_cause, document.resolution):
        opening = opening.replace(known, " ") if known else opening
    if opening.strip():
        yield "description", opening
