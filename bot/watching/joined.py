"""Many PromQL queries in one request.

Each is marked with a label of its own and all are united with `or`: one request, one answer, from
which every query's samples are told apart by the mark. Prometheus evaluates a plain query in some
20 microseconds, while a request costs both sides about a millisecond.
"""

import re
from collections.abc import Mapping, Sequence

from knowledge.records import Sample

MARK = "tandem_query"
"""The label that tells whose sample it is."""


def join(queries: Sequence[str]) -> str:
    """Every query must be a whole (see `is_whole`): other text would reach into its neighbours."""
    return " or ".join(_marked(query, number) for number, query in enumerate(queries))


def split(queries: Sequence[str], samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    """Each query's samples, without the mark. Raises ValueError for one that bears none of ours."""
    found: dict[str, list[Sample]] = {query: [] for query in queries}
    for sample in samples:
        labels = dict(sample.labels)
        number = labels.pop(MARK, "")
        if not number.isdigit() or int(number) >= len(queries):
            raise ValueError(f"a sample bears the mark {number!r}")
        found[queries[int(number)]].append(Sample(labels, sample.at, sample.value))
    return found


_TOKEN = re.compile(
    r"""
    "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `[^`]*`  # strings
    | \#[^\n]*                                           # a comment
    | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | (?P<stray>["'`])                                   # of a string that never ends
    """,
    re.VERBOSE,
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


def is_whole(query: str) -> bool:
    """Whether all brackets and strings that it opens end in it and none ends that it did not open,
    so that it stays one argument wherever it is put. It may be wrong PromQL all the same."""
    depth: list[str] = []
    for token in _TOKEN.finditer(query):
        if token["stray"]:
            return False
        if token["open"]:
            depth.append(token["open"])
        elif token["close"] and (not depth or depth.pop() != _PAIRS[token["close"]]):
            return False
    return not depth and bool(query.strip())


def same_series(one: Sequence[Sample], other: Sequence[Sample]) -> bool:
    """Whether two answers are about the same series, whatever their values."""
    return _series(one) == _series(other)


def _marked(query: str, number: int) -> str:
    # The line's end closes a comment that the query may end with.
    return f'label_replace({query}\n, "{MARK}", "{number}", "", "")'


def _series(samples: Sequence[Sample]) -> set[frozenset[tuple[str, str]]]:
    return {_labels(sample.labels) for sample in samples}


def _labels(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())
