"""Champions that came and went, and the one of each model that was seen last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from knowledge.adapters import due
from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.numbered import id_of, row_of
from knowledge.adapters.sql.queues import put_deliveries
from knowledge.adapters.sql.tables import ChampionSeenRow, MoveRow
from knowledge.ids import MOVES
from knowledge.records import Move

_AS_THEY_ARE = [f.name for f in fields(Move) if f.name != "id"]


class SqlMoves:
    """`ports.Moves`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Move, tell: Sequence[str] = ()) -> Move:
        row = MoveRow(**_columns(draft))
        with self._database.write() as session:
            session.add(row)
            session.flush()
            added = replace(draft, id=id_of(MOVES, row))
            self._tell(session, added, tell)
        return added

    def get(self, move_id: str) -> Move:
        with self._database.read() as session:
            return _to_move(row_of(session, MoveRow, MOVES, move_id))

    def find(self, *, model: str = "", outside: bool = False, limit: int = 50) -> list[Move]:
        query = select(MoveRow)
        if model:
            query = query.where(MoveRow.model == model)
        if outside:
            query = query.where(MoveRow.approval == "")
        query = query.order_by(col(MoveRow.number).desc()).limit(limit)
        with self._database.read() as session:
            return [_to_move(row) for row in session.exec(query)]

    def change(self, move_id: str, by: Callable[[Move], Move], tell: Sequence[str] = ()) -> Move:
        with self._database.write() as session:
            row = row_of(session, MoveRow, MOVES, move_id, for_update=True)
            before = _to_move(row)
            after = replace(by(before), id=before.id)
            row.sqlmodel_update(_columns(after))
            self._tell(session, after, tell)
        return after

    def seen(self) -> dict[str, tuple[str, datetime]]:
        with self._database.read() as session:
            rows = session.exec(select(ChampionSeenRow)).all()
        return {row.model: (row.version, row.at) for row in rows}

    def see(self, champions: Mapping[str, str], at: datetime) -> None:
        if not champions:
            return
        rows = [{"model": m, "version": v, "at": at} for m, v in sorted(champions.items())]
        insert = self._database.insert(ChampionSeenRow).values(rows)
        statement = insert.on_conflict_do_update(
            index_elements=[col(ChampionSeenRow.model)],
            set_={"version": insert.excluded.version, "at": insert.excluded.at},
            where=insert.excluded.at >= col(ChampionSeenRow.at),
        )
        with self._database.write() as session:
            session.execute(statement)

    def _tell(self, session: Session, move: Move, kinds: Sequence[str]) -> None:
        put_deliveries(self._database, session, kinds, move.id, due.of_move(move))


def _columns(move: Move) -> dict[str, Any]:
    return {name: getattr(move, name) for name in _AS_THEY_ARE}


def _to_move(row: MoveRow) -> Move:
    return Move(id=id_of(MOVES, row), **{name: getattr(row, name) for name in _AS_THEY_ARE})
