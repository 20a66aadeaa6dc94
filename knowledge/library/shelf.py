"""What a search may be limited to, by row: kind, service, date, severity, whether it was solved.

Columns of small numbers, so that a million documents are sifted in a few milliseconds. A service
or a severity is compared once for each name there is, not for each document.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadArgs
from knowledge.incidents import read_severity
from knowledge.records import Document, DocumentKind, Filters

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]

_KINDS = tuple(DocumentKind)


class _Names:
    """A column of names: each a number into the list of those that occur."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.column: array[int] = array("i")

    def append(self, name: str) -> None:
        self.column.append(self.names.setdefault(name, len(self.names)))

    def where(self, wanted: Callable[[str], bool]) -> Mask:
        passes = np.fromiter(map(wanted, self.names), dtype=bool, count=len(self.names))
        return np.asarray(passes[np.frombuffer(self.column, np.int32)])

    def keep(self, rows: Rows) -> None:
        self.column = array("i", np.frombuffer(self.column, np.int32)[rows].tobytes())


class Shelf:
    """One row a document, as the word index numbers them. A removed one keeps its row, marked."""

    def __init__(self) -> None:
        self._kinds: array[int] = array("b")
        self._dates: array[int] = array("i")
        self._solved: array[int] = array("b")
        self._explains: array[int] = array("b")
        self._services = _Names()
        self._severities = _Names()
        self._of_kind: Counter[int] = Counter()

    def append(self, document: Document, explains: bool) -> None:
        kind = _KINDS.index(document.kind)
        self._kinds.append(kind)
        self._of_kind[kind] += 1
        self._dates.append(_day(document.date))
        self._solved.append(bool(document.resolution.strip()))
        self._explains.append(explains)
        self._services.append(document.service.casefold())
        self._severities.append(document.severity)

    def remove(self, row: int) -> None:
        self._of_kind[self._kinds[row]] -= 1
        self._kinds[row] = -1

    def renumber(self, kept: Rows) -> None:
        """After the rows were numbered anew; `kept` holds the old number of each."""
        for name, code in (("_kinds", "b"), ("_solved", "b"), ("_explains", "b"), ("_dates", "i")):
            column = np.array(getattr(self, name))[kept]
            setattr(self, name, array(code, column.tolist()))
        self._services.keep(kept)
        self._severities.keep(kept)

    def explains(self, rows: Rows) -> Mask:
        return np.frombuffer(self._explains, np.int8)[rows] > 0

    def mask(self, kinds: Sequence[DocumentKind], filters: Filters) -> Mask | None:
        """Which rows may be found; None where that is all of them."""
        wanted = {_KINDS.index(kind) for kind in kinds}
        if filters == Filters() and self._of_kind.total() == sum(
            self._of_kind[kind] for kind in wanted
        ) == len(self._kinds):
            return None
        table = np.zeros(len(_KINDS) + 1, dtype=bool)  # the last is for -1, the removed
        table[list(wanted)] = True
        passes = table[np.frombuffer(self._kinds, np.int8)]
        for part in self._limits(filters):
            passes &= part
        return passes

    def _limits(self, filters: Filters) -> Iterable[Mask]:
        if filters.service:
            service = filters.service.casefold()
            yield self._services.where(lambda name: service in _parts(name))
        if filters.severity:
            yield self._severities.where(lambda name: _severity(name) == filters.severity)
        if filters.resolved_only:
            yield np.frombuffer(self._solved, np.int8) > 0
        if filters.since or filters.until:
            dates = np.frombuffer(self._dates, np.int32)
            latest = _day(filters.until) or np.iinfo(np.int32).max
            yield (dates > 0) & (dates >= _day(filters.since)) & (dates <= latest)


def _day(date: str) -> int:
    """yyyy-mm-dd as the number yyyymmdd; 0 where it is none."""
    digits = date[:10].replace("-", "")
    return int(digits) if len(digits) == 8 and digits.isdigit() else 0


def _parts(name: str) -> set[str]:
    """A service, or several with commas between."""
    return {name, *(part.strip() for part in name.split(","))}


def _severity(word: str) -> str:
    """ "SEV1" to "SEV4" of what the document says; empty where that is no severity."""
    try:
        return read_severity(word).value
    except BadArgs:
        return ""
