"""How well past incidents are found: words alone, meaning alone, and both, as one table.

python benchmarks/retrieval.py --data FOLDER [--embedder minilm] [--json]

FOLDER holds corpus.jsonl, queries.jsonl (id, type, text) and qrels.txt (TREC: qid 0 docid grade).
nDCG@10 with exponential gain over all judged documents of a query; recall@5 counts grades of 2 and
more; both are averaged within each type of query, then over the types. AUROC: does the score of
the best hit tell queries with an answer from those of type "unanswerable"?

"Chosen without" lines are cross-validated: the weights of the mix are chosen on the queries of all
types but one (or of all sources but one), the left-out queries are ranked with them, and so on for
each. The weights that the bot has came out of the same figures, so those lines say what such a
choice is worth on queries that had no part in it; their AUROC compares scores of different mixes
and says little. The ten worst queries come last.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any
from zlib import crc32

import numpy as np

from benchmarks.figure import Figure, print_json
from bot.verbs.similar import open_library
from knowledge.lexical import Bm25
from knowledge.library import Mix, Parts, SearchLibrary, words_of

Ranking = list[tuple[str, float]]
Qrels = Mapping[str, Mapping[str, int]]
_DEPTH = 20
_GOOD = 2
_SOFT = "removed_target_soft"


def ndcg(ids: Sequence[str], grades: Mapping[str, int], k: int = 10) -> float:
    gained = sum((2 ** grades.get(d, 0) - 1) / math.log2(i + 2) for i, d in enumerate(ids[:k]))
    best = sorted(grades.values(), reverse=True)[:k]
    ideal = sum((2**grade - 1) / math.log2(i + 2) for i, grade in enumerate(best))
    return gained / ideal if ideal else 0.0


def recall(ids: Sequence[str], grades: Mapping[str, int], k: int = 5) -> float:
    good = {d for d, grade in grades.items() if grade >= _GOOD}
    return len(good & set(ids[:k])) / min(len(good), k)


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """The chance that a query with an answer scores above one without; ties count half."""
    if not answerable or not unanswerable:
        return math.nan
    wins = sum((a > u) + (a == u) / 2 for a in answerable for u in unanswerable)
    return wins / (len(answerable) * len(unanswerable))


@dataclass(frozen=True)
class Judged:
    """One query with how well one way answered it."""

    query: Mapping[str, Any]
    gain: float
    found: float
    top: float
    """The score of the best hit."""

    @property
    def absent(self) -> bool:
        return bool(self.query["type"] == "unanswerable")


def judge(
    queries: Iterable[Mapping[str, Any]], qrels: Qrels, rank: Callable[[str], Ranking]
) -> list[Judged]:
    """Of each query that can be judged."""
    judged = []
    for query in queries:
        grades = qrels.get(query["id"], {})
        absent = query["type"] == "unanswerable"
        if query.get("kind") == _SOFT or not (absent or any(g >= _GOOD for g in grades.values())):
            continue
        found = rank(query["text"])
        ids = [document_id for document_id, _ in found]
        top = found[0][1] if found else -math.inf
        gain, good = (0.0, 0.0) if absent else (ndcg(ids, grades), recall(ids, grades))
        judged.append(Judged(query, gain, good, top))
    return judged


_MEANING = Mix(1, 0, 0, 0, 0, 0, 0)
"""The nearest passage alone."""


def by_type(judged: Iterable[Judged]) -> dict[str, tuple[int, float, float]]:
    """How many, nDCG@10 and recall@5 of each type of query that has answers."""
    types: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        if not one.absent:
            types[one.query["type"]].append(one)
    return {
        name: (len(own), fmean(o.gain for o in own), fmean(o.found for o in own))
        for name, own in sorted(types.items())
    }


def macro(judged: Sequence[Judged]) -> tuple[float, float, float]:
    """Macro nDCG@10, macro recall@5 and AUROC."""
    types = by_type(judged).values()
    return (
        fmean(gain for _, gain, _ in types),
        fmean(found for _, _, found in types),
        auroc([o.top for o in judged if not o.absent], [o.top for o in judged if o.absent]),
    )


def measure(
    queries: Iterable[Mapping[str, Any]], qrels: Qrels, rank: Callable[[str], Ranking]
) -> tuple[float, float, float]:
    """Macro nDCG@10, macro recall@5 and AUROC of one way to rank."""
    return macro(judge(queries, qrels, rank))


def mixes() -> list[Mix]:
    """What there is to choose from, around the weights of the bot."""
    return [
        Mix(
            nearest=0.65 * (1 - learned),
            title=0.15 * (1 - learned),
            learned_nearest=0.6 * learned,
            learned_title=0.2 * learned,
            share=share,
            crowding=crowding,
            explains=explains,
        )
        for learned, share, crowding, explains in product(
            (0.0, 0.5, 1.0), (0.4, 0.6, 0.8), (0.0, 0.25, 0.5), (0.0, 0.05, 0.1)
        )
    ]


def chosen_without(
    queries: Sequence[Mapping[str, Any]],
    qrels: Qrels,
    library: SearchLibrary,
    group: Callable[[Mapping[str, Any]], str],
) -> list[Judged]:
    """Each query judged with the mix that is best for the queries of all other groups."""
    parts = {query["text"]: library.parts(query["text"]) for query in queries}

    def ranked_with(mix: Mix) -> Callable[[str], Ranking]:
        return lambda text: _ranked(mix, *parts[text])

    results = [judge(queries, qrels, ranked_with(mix)) for mix in mixes()]
    chosen: list[Judged] = []
    for left_out in sorted({group(one.query) for one in results[0]}):
        rest = [[one for one in result if group(one.query) != left_out] for result in results]
        best = max(range(len(results)), key=lambda i: _worth(rest[i]))
        chosen += [one for one in results[best] if group(one.query) == left_out]
    return chosen


def _worth(judged: Sequence[Judged]) -> float:
    return fmean(gain + found for _, gain, found in by_type(judged).values())


def _ranked(mix: Mix, ids: Sequence[str], parts: Parts) -> Ranking:
    scores = mix.score(parts)
    order = np.argsort(-scores, kind="stable")[:_DEPTH]
    return [(ids[i], float(scores[i])) for i in order]


def sources(corpus: Path, qrels: Qrels) -> Callable[[Mapping[str, Any]], str]:
    """The source of the document that answers a query; "none" where nothing does."""
    lines = map(json.loads, corpus.read_text(encoding="utf-8").splitlines())
    source = {line["id"]: line.get("source", "") for line in lines}

    def of(query: Mapping[str, Any]) -> str:
        grades = qrels.get(query["id"], {})
        best = max(grades, key=lambda d: grades[d], default="")
        return str(source.get(best, "none")) if query["type"] != "unanswerable" else "none"

    return of


def ways(library: SearchLibrary, corpus: Path) -> dict[str, Callable[[str], Ranking]]:
    words = Bm25()
    for line in corpus.read_text(encoding="utf-8").splitlines():
        document = library.get(json.loads(line)["id"])
        words.add(document.id, words_of(document))

    def both(text: str) -> Ranking:
        return [(hit.document.id, hit.score) for hit in library.rank(text, _DEPTH)]

    def meaning(text: str) -> Ranking:
        return _ranked(_MEANING, *library.parts(text))

    return {
        "words (BM25)": lambda text: words.search(text, _DEPTH),
        "meaning (nearest passage)": meaning,
        "both, as the bot searches": both,
    }


def read_qrels(file: Path) -> Qrels:
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for line in file.read_text(encoding="utf-8").splitlines():
        query, _, document, grade = line.split()
        grades[query][document] = int(grade)
    return grades


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", default="minilm")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    corpus = args.data / "corpus.jsonl"
    lines = (args.data / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    queries = [json.loads(line) for line in lines]
    qrels = read_qrels(args.data / "qrels.txt")
    library = open_library(corpus, args.embedder)
    results = {name: judge(queries, qrels, rank) for name, rank in ways(library, corpus).items()}
    for name, group in (
        ("mix chosen without the type", lambda query: str(query["type"])),
        ("mix chosen without the source", sources(corpus, qrels)),
        ("mix chosen without a fifth", lambda query: str(crc32(query["id"].encode()) % 5)),
    ):
        results[name] = chosen_without(queries, qrels, library, group)
    if args.json:
        print_json(figures(results))
    else:
        print(table(results))


_OURS, _BASELINE = "both, as the bot searches", "words (BM25)"


def figures(results: Mapping[str, Sequence[Judged]]) -> list[Figure]:
    """The bot's figures beside those of the baseline."""
    ours, baseline = macro(results[_OURS]), macro(results[_BASELINE])
    names = ("macro nDCG@10", "macro recall@5", "AUROC of rejecting")
    return [
        Figure(f"likeness: {name}", round(value, 4), len(results[_OURS]), round(base, 4), aim)
        for name, value, base, aim in zip(
            names, ours, baseline, (">= .78", ">= .82", ">= .97"), strict=True
        )
    ]


def table(results: Mapping[str, Sequence[Judged]], worst: int = 10) -> str:
    lines = [f"{'way':30s} {'nDCG@10':>8s} {'R@5':>6s} {'AUROC':>6s}"]
    for name, judged in results.items():
        gain, found, rejects = macro(judged)
        lines.append(f"{name:30s} {gain:8.3f} {found:6.3f} {rejects:6.3f}")
    lines += ["", f"{'type':30s} {'nDCG@10':>8s} {'R@5':>6s} {'cases':>6s} {'words':>6s}"]
    baseline = by_type(results[_BASELINE])
    for name, (cases, gain, found) in by_type(results[_OURS]).items():
        lines.append(f"{name:30s} {gain:8.3f} {found:6.3f} {cases:6d} {baseline[name][1]:6.3f}")
    answered = [one for one in results[_OURS] if not one.absent]
    lines += ["", "worst queries"]
    for one in sorted(answered, key=lambda one: (one.gain, one.query["id"]))[:worst]:
        text = " ".join(one.query["text"].split())[:90]
        lines.append(f"{one.gain:.2f} {one.query['id']:28s} {text}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
