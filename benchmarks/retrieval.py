"""How well past incidents are found: words alone, meaning alone, and both, as one table.

python benchmarks/retrieval.py --data FOLDER [--embedder minilm]

FOLDER holds corpus.jsonl, queries.jsonl (id, type, text) and qrels.txt (TREC: qid 0 docid grade).
nDCG@10 with exponential gain over all judged documents of a query; recall@5 counts grades of 2 and
more; both are averaged within each type of query, then over the types. AUROC: does the score of
the best hit tell queries with an answer from those of type "unanswerable"?
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bot.verbs.similar import open_library
from knowledge.lexical import Bm25
from knowledge.library import SearchLibrary, words_of

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


def measure(
    queries: Iterable[Mapping[str, Any]], qrels: Qrels, rank: Callable[[str], Ranking]
) -> tuple[float, float, float]:
    """Macro nDCG@10, macro recall@5 and AUROC of one way to rank."""
    ndcgs: defaultdict[str, list[float]] = defaultdict(list)
    recalls: defaultdict[str, list[float]] = defaultdict(list)
    top: dict[bool, list[float]] = {True: [], False: []}
    for query in queries:
        grades = qrels.get(query["id"], {})
        absent = query["type"] == "unanswerable"
        if query.get("kind") == _SOFT or not (absent or any(g >= _GOOD for g in grades.values())):
            continue
        found = rank(query["text"])
        top[not absent].append(found[0][1] if found else -math.inf)
        if absent:
            continue
        ids = [document_id for document_id, _ in found]
        ndcgs[query["type"]].append(ndcg(ids, grades))
        recalls[query["type"]].append(recall(ids, grades))
    return (
        fmean(map(fmean, ndcgs.values())),
        fmean(map(fmean, recalls.values())),
        auroc(top[True], top[False]),
    )


def ways(library: SearchLibrary, corpus: Path) -> dict[str, Callable[[str], Ranking]]:
    words = Bm25()
    for line in corpus.read_text(encoding="utf-8").splitlines():
        document = library.get(json.loads(line)["id"])
        words.add(document.id, words_of(document))

    def both(text: str) -> Ranking:
        return [(hit.document.id, hit.score) for hit in library.rank(text, _DEPTH)]

    def meaning(text: str) -> Ranking:
        found = ((hit.document.id, hit.cosine) for hit in library.rank(text, 10 * _DEPTH))
        return sorted(found, key=lambda pair: -pair[1])

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
    args = parser.parse_args()
    corpus = args.data / "corpus.jsonl"
    lines = (args.data / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    queries = [json.loads(line) for line in lines]
    qrels = read_qrels(args.data / "qrels.txt")
    library = open_library(corpus, args.embedder)
    print(f"{'way':28s} {'nDCG@10':>8s} {'R@5':>6s} {'AUROC':>6s}")
    for name, rank in ways(library, corpus).items():
        gain, found, rejects = measure(queries, qrels, rank)
        print(f"{name:28s} {gain:8.3f} {found:6.3f} {rejects:6.3f}")


if __name__ == "__main__":
    main()
