"""Records that people know by a number, as `knowledge.adapters.sql.numbered` has them in SQL."""

from dataclasses import replace
from typing import Generic, TypeVar

from knowledge.ids import Ids
from knowledge.records import Approval, Execution, Handover, Move, Silence

RecordT = TypeVar("RecordT", Approval, Execution, Handover, Move, Silence)


class Numbered(Generic[RecordT]):
    """Not safe to share by threads: whoever has it holds a lock."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._records: dict[int, RecordT] = {}

    def add(self, draft: RecordT) -> RecordT:
        number = len(self._records) + 1
        self._records[number] = replace(draft, id=self._ids.of(number))
        return self._records[number]

    def get(self, text: str) -> RecordT:
        """Raises NotFound."""
        number = self._ids.number(text)
        if number is None or number not in self._records:
            raise self._ids.unknown(text, sorted(self._records, reverse=True))
        return self._records[number]

    def put(self, record: RecordT) -> RecordT:
        """Instead of the one of its id."""
        number = self._ids.number(record.id)
        assert number in self._records
        self._records[number] = record
        return record

    def newest(self) -> list[RecordT]:
        """All, newest first."""
        return [self._records[number] for number in sorted(self._records, reverse=True)]
