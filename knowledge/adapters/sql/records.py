"""The smaller stores: changes of the world, lessons, things seen, the audit record."""

import json
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.tables import AuditRow, ChangeRow, LessonRow, SeenRow
from knowledge.audit_chain import linked
from knowledge.records import REMEMBER_DELIVERIES, AuditEntry, Change, Lesson, Teaching

_CHAIN_LOCK = 7_261_319
"""PostgreSQL's advisory lock for the audit record's next link; any number, as long as it stays."""


class SqlChanges:
    """`ports.Changes`. A change told again, by its id, replaces what was known of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change) -> None:
        row = ChangeRow(
            id=change.id,
            at=change.at,
            kind=change.kind,
            service=change.service,
            service_key=change.service.lower(),
            summary=change.summary,
            version=change.version,
            author=change.author,
            url=change.url,
        )
        with self._database.write() as session:
            session.merge(row)

    def between(self, start: datetime, end: datetime, service: str = "") -> list[Change]:
        query = select(ChangeRow).where(ChangeRow.at >= start, ChangeRow.at <= end)
        if service:
            query = query.where(ChangeRow.service_key == service.lower())
        with self._database.read() as session:
            rows = session.exec(query.order_by(col(ChangeRow.at), col(ChangeRow.id))).all()
        return [_to_change(row) for row in rows]


class SqlLessons:
    """`ports.Lessons`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, lesson: Lesson) -> None:
        row = LessonRow(
            at=lesson.at,
            by=lesson.by,
            teaching=lesson.teaching.value,
            one_name=lesson.one[0],
            one_service=lesson.one[1],
            other_name=lesson.other[0],
            other_service=lesson.other[1],
            incident=lesson.incident,
        )
        with self._database.write() as session:
            session.add(row)

    def all(self) -> list[Lesson]:
        with self._database.read() as session:
            rows = session.exec(select(LessonRow).order_by(col(LessonRow.id))).all()
        return [_to_lesson(row) for row in rows]


class SqlSeen:
    """`ports.Seen`: one statement, so that of any number of callers one is first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def first_time(self, key: str, now: datetime) -> bool:
        insert = self._database.insert(SeenRow).values(key=key, at=now)
        statement = insert.on_conflict_do_update(
            index_elements=[col(SeenRow.key)],
            set_={"at": now},
            where=col(SeenRow.at) <= now - REMEMBER_DELIVERIES,
        ).returning(col(SeenRow.key))
        with self._database.write() as session:
            return session.execute(statement).first() is not None

    def tidy(self, now: datetime) -> int:
        old = sa.delete(SeenRow).where(col(SeenRow.at) <= now - REMEMBER_DELIVERIES)
        with self._database.write() as session:
            return len(session.execute(old.returning(col(SeenRow.key))).all())


class SqlAudit:
    """`ports.Audit`. The tables' triggers refuse to change or delete an entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: AuditEntry) -> None:
        # Arguments may hold times and enums; the record keeps how they read.
        args = json.loads(json.dumps(dict(entry.args), default=str))
        with self._database.write() as session:
            if not self._database.is_sqlite:
                # One at a time, until the commit: each link needs the one before it.
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
            newest = select(AuditRow).order_by(col(AuditRow.id).desc()).limit(1)
            last = session.exec(newest).first()
            made = linked(replace(entry, args=args), _to_entry(last) if last else None)
            session.add(
                AuditRow(
                    at=made.at,
                    actor=made.actor,
                    skill=made.skill,
                    args=dict(made.args),
                    outcome=made.outcome,
                    detail=made.detail,
                    place=made.place,
                    saw=made.saw,
                    number=made.number,
                    previous=made.previous,
                    hash=made.hash,
                )
            )

    def chain(self, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        query = select(AuditRow).where(col(AuditRow.number) > after)
        old = select(AuditRow).where(col(AuditRow.number).is_(None))
        with self._database.read() as session:
            rows = [] if after else list(session.exec(old.order_by(col(AuditRow.id))).all())
            rows += session.exec(query.order_by(col(AuditRow.number)).limit(limit)).all()
        return [_to_entry(row) for row in rows]

    def find(self, *, actor: str = "", skill: str = "", limit: int = 50) -> list[AuditEntry]:
        query = select(AuditRow)
        if actor:
            query = query.where(AuditRow.actor == actor)
        if skill:
            query = query.where(AuditRow.skill == skill)
        with self._database.read() as session:
            rows = session.exec(query.order_by(col(AuditRow.id).desc()).limit(limit)).all()
        return [_to_entry(row) for row in rows]


def _to_change(row: ChangeRow) -> Change:
    return Change(
        id=row.id,
        at=row.at,
        kind=row.kind,
        service=row.service,
        summary=row.summary,
        version=row.version,
        author=row.author,
        url=row.url,
    )


def _to_lesson(row: LessonRow) -> Lesson:
    return Lesson(
        at=row.at,
        by=row.by,
        teaching=Teaching(row.teaching),
        one=(row.one_name, row.one_service),
        other=(row.other_name, row.other_service),
        incident=row.incident,
    )


def _to_entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        actor=row.actor,
        skill=row.skill,
        args=row.args,
        outcome=row.outcome,
        detail=row.detail,
        place=row.place,
        saw=row.saw,
        number=row.number or 0,
        previous=row.previous,
        hash=row.hash,
    )
