"""`tandem vectors`: embed the router's phrases again, after some were written or changed.

For developers: the result is a file of the project, so that no start has to wait for it.
"""

import argparse

from bot.parts import PHRASE_VECTORS
from bot.route import corpus
from bot.route_model import plain
from bot.verbs import Parsers
from knowledge.adapters.sentence_embedder import SentenceEmbedder
from knowledge.adapters.shipped_vectors import write
from skills.registry import BUILTIN


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("vectors", help="embed the router's phrases again (developers)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    embedder = SentenceEmbedder()
    texts = phrases()
    write(PHRASE_VECTORS, embedder.name, texts, embedder.encode(texts))
    print(f"{len(texts)} phrases are in {PHRASE_VECTORS.name}")
    return 0


def phrases() -> list[str]:
    """What the router gives the embedder when it learns."""
    return sorted({plain(text) for text in corpus(BUILTIN)[0]})
