"""Past incidents and runbooks, found by meaning and by words (`SearchLibrary`)."""

from knowledge.library.mix import Mix, Parts
from knowledge.library.search import POSSIBLE, SIMILAR, SearchLibrary, band
from knowledge.library.texts import chunks, full_text, nearest_sentences, words_of

__all__ = [
    "POSSIBLE",
    "SIMILAR",
    "Mix",
    "Parts",
    "SearchLibrary",
    "band",
    "chunks",
    "full_text",
    "nearest_sentences",
    "words_of",
]
