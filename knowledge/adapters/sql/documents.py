"""Past incidents and runbooks, as the search library keeps them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.tables import CounterRow, DocumentRow, RemovedDocumentRow
from knowledge.errors import NotFound
from knowledge.records import Document, DocumentChanges, DocumentKind

_REVISION = "documents"
_AT_ONCE = 500
"""Ids in one query; databases limit its parameters."""
_OFFERED = 5_000
"""Of so many newest documents the nearest ids are offered for one that there is not."""


class SqlDocuments:
    """`ports.Documents`. Putting what is there already changes nothing, the revision included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, documents: Sequence[Document]) -> None:
        last = {document.id: document for document in documents}
        with self._database.write() as session:
            stored = _rows(session, list(last))
            changed = [
                document
                for document in last.values()
                if document.id not in stored or _to_document(stored[document.id]) != document
            ]
            if not changed:
                return
            revision = _count(session)
            _unbury(session, [document.id for document in changed])
            for document in changed:
                columns = {**_columns(document), "revision": revision}
                row = stored.get(document.id)
                if row is None:
                    session.add(DocumentRow(id=document.id, **columns))
                else:
                    row.sqlmodel_update(columns)

    def remove(self, document_ids: Sequence[str]) -> None:
        with self._database.write() as session:
            stored = _rows(session, list(dict.fromkeys(document_ids)))
            if not stored:
                return
            revision = _count(session)
            for row in stored.values():
                session.add(RemovedDocumentRow(id=row.id, revision=revision))
                session.delete(row)

    def get(self, document_id: str) -> Document:
        with self._database.read() as session:
            row = session.exec(select(DocumentRow).where(DocumentRow.id == document_id)).first()
            if row is None:
                newest = select(DocumentRow.id).order_by(_NUMBER.desc()).limit(_OFFERED)
                known = session.exec(newest).all()
                raise NotFound.among("document", document_id, known)
        return _to_document(row)

    def all(self, kind: DocumentKind | None = None) -> list[Document]:
        query = select(DocumentRow)
        if kind is not None:
            query = query.where(DocumentRow.kind == kind.value)
        with self._database.read() as session:
            return [_to_document(row) for row in session.exec(query.order_by(_NUMBER))]

    def count(self) -> int:
        query = sa.select(sa.func.count()).select_from(DocumentRow)
        with self._database.read() as session:
            return int(session.connection().execute(query).scalar_one())

    def revision(self) -> int:
        with self._database.read() as session:
            return _revision(session)

    def changes(self, since: int) -> DocumentChanges:
        query = select(DocumentRow).order_by(_NUMBER)
        gone = select(RemovedDocumentRow.id).where(col(RemovedDocumentRow.revision) > since)
        with self._database.read() as session:
            # Read first: what is put meanwhile is then told again, and never left out.
            revision = _revision(session)
            if since < 0:
                return DocumentChanges(revision, tuple(map(_to_document, session.exec(query))))
            rows = session.exec(query.where(col(DocumentRow.revision) > since))
            put = tuple(map(_to_document, rows))
            return DocumentChanges(revision, put, tuple(session.exec(gone)))


_NUMBER = col(DocumentRow.number)


def _rows(session: Session, ids: Sequence[str]) -> dict[str, DocumentRow]:
    found: dict[str, DocumentRow] = {}
    for start in range(0, len(ids), _AT_ONCE):
        query = select(DocumentRow).where(col(DocumentRow.id).in_(ids[start : start + _AT_ONCE]))
        found.update((row.id, row) for row in session.exec(query))
    return found


def _unbury(session: Session, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        some = col(RemovedDocumentRow.id).in_(ids[start : start + _AT_ONCE])
        session.exec(delete(RemovedDocumentRow).where(some))


def _revision(session: Session) -> int:
    row = session.get(CounterRow, _REVISION)
    return 0 if row is None else row.value


def _count(session: Session) -> int:
    """The next revision."""
    row = session.get(CounterRow, _REVISION, with_for_update=True)
    if row is None:
        row = CounterRow(name=_REVISION, value=0)
        session.add(row)
    row.value += 1
    return row.value


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
