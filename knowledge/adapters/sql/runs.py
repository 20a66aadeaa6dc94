"""Training runs that were asked for, as their systems tell them."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlmodel import col, select

from knowledge.adapters import due
from knowledge.adapters.sql.database import Database
from knowledge.adapters.sql.queues import put_deliveries
from knowledge.adapters.sql.tables import RunRow
from knowledge.errors import NotFound
from knowledge.records import Run, RunState, Training

_OF_TRAINING = [f.name for f in fields(Training)]
_OF_RUN = [f.name for f in fields(Run) if f.name != "training"]
_UNDER_WAY = [state for state in RunState if state.under_way]
_OFFERED = 100
"""Of so many newest ids the nearest are offered for one that there is not."""


class SqlRuns:
    """`ports.Runs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, run: Run, tell: Sequence[str] = ()) -> None:
        with self._database.write() as session:
            session.merge(RunRow(**_columns(run)))
            put_deliveries(self._database, session, tell, run.training.id, due.of_run(run))

    def get(self, training_id: str) -> Run:
        with self._database.read() as session:
            row = session.get(RunRow, training_id)
            if row is None:
                newest = select(RunRow.id).order_by(col(RunRow.at).desc()).limit(_OFFERED)
                raise NotFound.among("training run", training_id, session.exec(newest))
            return _to_run(row)

    def find(self, *, model: str = "", under_way: bool = False, limit: int = 50) -> list[Run]:
        query = select(RunRow)
        if model:
            query = query.where(RunRow.model == model)
        if under_way:
            query = query.where(col(RunRow.state).in_(_UNDER_WAY))
        query = query.order_by(col(RunRow.at).desc(), col(RunRow.id).desc()).limit(limit)
        with self._database.read() as session:
            return [_to_run(row) for row in session.exec(query)]


def _columns(run: Run) -> dict[str, Any]:
    return {
        **{name: getattr(run.training, name) for name in _OF_TRAINING},
        **{name: getattr(run, name) for name in _OF_RUN},
    }


def _to_run(row: RunRow) -> Run:
    training = Training(**{name: getattr(row, name) for name in _OF_TRAINING})
    return Run(training, **{name: getattr(row, name) for name in _OF_RUN})
