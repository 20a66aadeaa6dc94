"""`tandem similar`: search a file of past incidents, for one question or for a file of them."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.parts import CACHE
from bot.settings import read_settings
from knowledge.adapters.cached_embedder import CachedEmbedder
from knowledge.adapters.faiss_index import FaissIndex
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments
from knowledge.adapters.openai_embedder import OpenAIEmbedder
from knowledge.adapters.sentence_embedder import SentenceEmbedder
from knowledge.errors import TandemError, UserError
from knowledge.ingest import parse_line, read_paths
from knowledge.library import SearchLibrary
from knowledge.ports import Embedder
from knowledge.records import Band, Filters, Hit
from skills.asked_filters import given

TAG = "tandem"
_NO_FILTERS = Filters()


def register(parsers: Any) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser("similar", help="find similar past incidents in a file")
    parser.add_argument("text", nargs="?", default="", help="one question")
    parser.add_argument("--corpus", type=Path, required=True, help="JSONL with id and text")
    parser.add_argument("--queries", type=Path, help="JSONL with id and text, many questions")
    parser.add_argument("--run", type=Path, dest="out", help="where to write the TREC run")
    parser.add_argument("--k", type=int, help="hits per question (20 for a run, else 5)")
    parser.add_argument("--json", action="store_true", help="answer one question as JSON")
    parser.add_argument("--embedder", default="", help="instead of TANDEM_EMBEDDER")
    parser.add_argument("--service", default="", help="only incidents of this service")
    parser.add_argument("--since", default="", help="only from this day on, e.g. 2026-03-01")
    parser.add_argument("--until", default="", help="only up to this day")
    parser.add_argument("--severity", default="", help="only of this severity, e.g. SEV1")
    parser.add_argument("--resolved", action="store_true", help="only those that say what helped")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        _check(args)
        filters = given(args.service, args.since, args.until, args.severity, args.resolved)
        library = open_library(args.corpus, args.embedder)
        if args.queries:
            write_run(library, args.queries, args.out, args.k or 20, filters)
        else:
            hits = library.rank(args.text, args.k or 5, filters=filters)
            print(_as_json(hits) if args.json else _as_text(hits))
    except TandemError as error:
        print(f"tandem similar: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    return 0


def open_library(corpus: Path, embedder: str = "") -> SearchLibrary:
    """Read and embed a corpus. Problems in the file are told on stderr and do not stop it.

    Raises UserError when nothing could be read, Unavailable when the embedder fails.
    """
    reading = read_paths([corpus])
    for problem in reading.problems:
        print(f"left out: {problem}", file=sys.stderr)
    if not reading.documents:
        raise UserError(f"--corpus: nothing to search in {corpus}")
    documents = MemoryDocuments()
    documents.put(reading.documents)
    chosen = choose_embedder(embedder)
    library = SearchLibrary(documents, chosen, FaissIndex, _remembering(chosen))
    library.build(_progress)
    if not chosen.ready:
        chosen.encode(["warm"])  # all passages were remembered; the question needs the model
    return library


def _remembering(embedder: Embedder) -> Embedder:
    """One that keeps on disk what costs a model or a call."""
    if isinstance(embedder, HashEmbedder):
        return embedder
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    return CachedEmbedder(embedder, CACHE)


def choose_embedder(name: str = "") -> Embedder:
    """By the name given, else TANDEM_EMBEDDER. `hash` needs no model; it is for trying things."""
    settings = read_settings()
    wanted = name or settings.tandem_embedder
    scheme, _, model = wanted.partition(":")
    if wanted == "hash":
        return HashEmbedder()
    if wanted in ("minilm", "minilm-lean"):
        return SentenceEmbedder(lean=wanted == "minilm-lean")
    if scheme == "st" and model:
        return SentenceEmbedder(model)
    if scheme == "openai" and model:
        key = settings.openai_api_key.get_secret_value()
        return OpenAIEmbedder(model, settings.openai_base_url, key)
    raise UserError(
        f"TANDEM_EMBEDDER: {wanted!r} is none of minilm, minilm-lean, st:<model>, openai:<model>"
    )


def write_run(
    library: SearchLibrary, queries: Path, out: Path, k: int, filters: Filters = _NO_FILTERS
) -> None:
    """One line a hit: qid Q0 docid rank score tag."""
    lines: list[str] = []
    for query_id, text in _read_queries(queries):
        lines += trec_lines(query_id, library.rank(text, k, filters=filters))
    try:
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--run: cannot write {out} ({error.strerror})") from error


def trec_lines(query_id: str, hits: Iterable[Hit]) -> Iterator[str]:
    for rank, hit in enumerate(hits, start=1):
        yield f"{query_id} Q0 {hit.document.id} {rank} {hit.score:.6f} {TAG}"


def _check(args: argparse.Namespace) -> None:
    if bool(args.queries) == bool(args.text):
        raise UserError("give either a question in quotes or --queries FILE")
    if args.queries and not args.out:
        raise UserError("--run: missing; say where to write the run")
    if args.k is not None and args.k < 1:
        raise UserError("--k: must be at least 1")


def _read_queries(file: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--queries: cannot read {file} ({error})") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            query = parse_line(line)
        except UserError as error:
            print(f"left out: {file}:{number}: {error}", file=sys.stderr)
            continue
        yield query.id, query.text


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\rembedded {done} of {total}", end="\n" if done == total else "", file=sys.stderr)


def _as_json(hits: Sequence[Hit]) -> str:
    rows = [
        {
            "id": hit.document.id,
            "title": hit.document.title,
            "kind": hit.document.kind.value,
            "band": hit.band.value,
            "score": round(hit.score, 4),
            "cosine": round(hit.cosine, 4),
            "matched": list(hit.matched),
            "sections": list(hit.sections),
            "passage": hit.passage,
            "date": hit.document.date,
            "resolution": hit.document.resolution,
            "url": hit.document.url,
        }
        for hit in hits
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _as_text(hits: Sequence[Hit]) -> str:
    shown = [hit for hit in hits if hit.band is not Band.NONE]
    if not shown:
        return "Nothing similar. Try the alert's name, the error message, or the service."
    return "\n\n".join(_paragraph(hit) for hit in shown)


def _paragraph(hit: Hit) -> str:
    document = hit.document
    about = ", ".join(part for part in (document.date, document.service, document.url) if part)
    lines = [
        f"[{hit.band.value} {hit.cosine:.2f}] {document.id}  {document.title}",
        f"  {about}" if about else "",
        f"  matched: {', '.join(hit.matched)}{_where(hit)}" if hit.matched else "",
        f"  {hit.passage}" if hit.passage else "",
        f"  resolved by: {document.resolution}" if document.resolution else "",
    ]
    return "\n".join(line for line in lines if line)


def _where(hit: Hit) -> str:
    return f" (in {', '.join(hit.sections)})" if hit.sections else ""
