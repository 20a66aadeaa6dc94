"""Past incidents and runbooks, as the search library keeps them."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.tables import CounterRow, DocumentRow
from knowledge.errors import NotFound
from knowledge.records import Document, DocumentKind

_REVISION = "documents"
_AT_ONCE = 500
"""Ids in one query; databases limit its parameters."""


class SqlDocuments:
    """`ports.Documents`. Putting what is there already changes nothing, the revision included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, documents: Sequence[Document]) -> None:
        last = {document.id: document for document in documents}
        with self._database.write() as session:
            stored = _rows(session, list(last))
            changed = False
            for document in last.values():
                row = stored.get(document.id)
                if row is None:
                    session.add(DocumentRow(id=document.id, **_columns(document)))
                elif _to_document(row) != document:
                    row.sqlmodel_update(_columns(document))
                else:
                    continue
                changed = True
            if changed:
                _count(session)

    def get(self, document_id: str) -> Document:
        with self._database.read() as session:
            row = session.exec(select(DocumentRow).where(DocumentRow.id == document_id)).first()
            if row is None:
                known = session.exec(select(DocumentRow.id)).all()
                raise NotFound.among("document", document_id, known)
        return _to_document(row)

    def all(self, kind: DocumentKind | None = None) -> list[Document]:
        query = select(DocumentRow)
        if kind is not None:
            query = query.where(DocumentRow.kind == kind.value)
        with self._database.read() as session:
            return [_to_document(row) for row in session.exec(query.order_by(_NUMBER))]

    def revision(self) -> int:
        with self._database.read() as session:
            row = session.get(CounterRow, _REVISION)
        return 0 if row is None else row.value


_NUMBER = col(DocumentRow.number)


def _rows(session: Session, ids: Sequence[str]) -> dict[str, DocumentRow]:
    found: dict[str, DocumentRow] = {}
    for start in range(0, len(ids), _AT_ONCE):
        query = select(DocumentRow).where(col(DocumentRow.id).in_(ids[start : start + _AT_ONCE]))
        found.update((row.id, row) for row in session.exec(query))
    return found


def _count(session: Session) -> None:
    row = session.get(CounterRow, _REVISION, with_for_update=True)
    if row is None:
        session.add(CounterRow(name=_REVISION, value=1))
    else:
        row.value += 1


def _columns(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "text": document.text,
        "kind": document.kind.value,
        "service": document.service,
        "date": document.date,
        "severity": document.severity,
        "root_cause": document.root_cause,
        "resolution": document.resolution,
        "url": document.url,
        "tags": list(document.tags),
    }


def _to_document(row: DocumentRow) -> Document:
    return Document(
        id=row.id,
        title=row.title,
        text=row.text,
        kind=DocumentKind(row.kind),
        service=row.service,
        date=row.date,
        severity=row.severity,
        root_cause=row.root_cause,
        resolution=row.resolution,
        url=row.url,
        tags=tuple(row.tags),
    )
