"""`tandem route`: which skill answers a message? JSONL in, JSONL out, as the router decides it.

In:  {"id": ..., "text": "...", "context": {"in_incident_thread": "INC-12" or null}}
Out: {"id": ..., "skill": "...", "slots": {...}, "confidence": 0.93, "step": "learned"}
A line that cannot be read gives {"error": ..., "line": n} in its place; the rest goes on.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from bot.parts import CACHE, make_embedder, make_llm, with_phrases
from bot.route import Routed, Router
from bot.settings import read_settings
from knowledge.adapters.cached_embedder import CachedEmbedder
from knowledge.errors import TandemError, Unavailable, UserError
from knowledge.ports import LLM, Embedder
from skills.registry import installed


def register(parsers: Any) -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser("route", help="say which skill answers each message (JSONL)")
    parser.add_argument("--no-embedder", action="store_true", help="by words alone; starts faster")
    parser.add_argument("--llm", action="store_true", help="ask the configured LLM when unsure")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        router = make_router(embedder=not args.no_embedder, llm=args.llm)
    except TandemError as error:
        print(f"tandem route: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    failed = 0
    for answer in answers(router, sys.stdin):
        failed += "error" in answer
        print(json.dumps(answer, ensure_ascii=False, default=str), flush=True)
    return 1 if failed else 0


def make_router(*, embedder: bool, llm: bool) -> Router:
    """A router that has learned. Raises UserError for wrong settings; without the embedder's
    model it says so on stderr and goes by words."""
    settings = read_settings()
    encoder = with_phrases(_remembering(make_embedder(settings))) if embedder else None
    router = Router(installed(), encoder, _llm(make_llm(settings)) if llm else None)
    try:
        router.learn()
    except Unavailable as error:
        print(f"tandem route: going by words alone; {error}", file=sys.stderr)
    return router


def _remembering(inner: Embedder) -> Embedder:
    """The phrases are encoded once per machine; where no file can be kept, once per start."""
    try:
        CACHE.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return inner
    return CachedEmbedder(inner, CACHE)


def _llm(model: LLM | None) -> LLM:
    if model is None:
        raise UserError("--llm needs OPENAI_MODEL and OPENAI_BASE_URL or OPENAI_API_KEY.")
    return model


def answers(router: Router, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One object a line; empty lines are passed over."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _answer(router, number, line)


def _answer(router: Router, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        row_id, text, thread = _fields(row)
    except (ValueError, UserError) as error:
        return {"error": str(error), "line": number}
    return {"id": row_id, **_said(router.route(text, thread))}


def _fields(row: object) -> tuple[Any, str, str]:
    """id, text and thread. Raises UserError that names the field."""
    if not isinstance(row, dict):
        raise UserError("the line is no JSON object")
    text, context = row.get("text"), row.get("context") or {}
    if not isinstance(text, str):
        raise UserError("text: it is missing or no string")
    if not isinstance(context, dict):
        raise UserError('context: write an object, {"in_incident_thread": "INC-12"}')
    thread = context.get("in_incident_thread") or ""
    if not isinstance(thread, str):
        raise UserError("context.in_incident_thread: write a string or null")
    return row.get("id"), text, thread


def _said(routed: Routed) -> dict[str, Any]:
    return {
        "skill": routed.skill,
        "slots": dict(routed.slots),
        "confidence": round(routed.confidence, 3),
        "step": routed.step,
    }
