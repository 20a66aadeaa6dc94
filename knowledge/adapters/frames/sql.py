"""Rows from SQL databases, through SQLAlchemy."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    Float,
    Integer,
    Select,
    TextClause,
    bindparam,
    column,
    create_engine,
    literal_column,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from knowledge.adapters.frames.arrays import from_values
from knowledge.adapters.frames.times import (
    EPOCH,
    TimeColumn,
    Window,
    moment_of,
    to_epoch,
    wall_time,
)
from knowledge.drift import Columns, Profile, profile_for
from knowledge.errors import Unavailable, UserError
from knowledge.records import ColumnRoles, Frame

_FAR = datetime(2200, 1, 1, tzinfo=UTC)


class SqlTable:
    """The answer to a query; one for current data uses :start and :end."""

    def __init__(self, url: str, query: str, span_query: str = "") -> None:
        self._url = url
        self._query = query
        self._span_query = span_query

    def read(self, window: Window | None = None, names: Collection[str] = ()) -> Frame:
        if not self._query:
            raise UserError(f"{self._where} needs a query that says which rows to read.")
        statement, given = self._statement(window)
        return self._ask(statement, given, names)

    def columns(self, window: Window | None = None, against: Profile | None = None) -> Columns:
        frame = self.read(window)
        rows = max((len(values) for values in frame.values()), default=0)
        return Columns(rows, {name: values.view for name, values in frame.items()})

    def profile(
        self, roles: ColumnRoles, exclude: Collection[str], window: Window | None = None
    ) -> Profile:
        return profile_for(self.read(window), roles, exclude)

    def span(self, time: TimeColumn) -> tuple[datetime, datetime] | None:
        if not self._span_query:
            return None
        frame = self._ask(text(self._span_query), {})
        ends = [moment_of(values[0], time) for values in frame.values() if len(values)]
        return (ends[0], ends[1]) if len(ends) == 2 and ends[0] and ends[1] else None

    def last(self, time: TimeColumn, rows: int) -> Frame:
        """Raises UserError when the query's answer has no column of the time."""
        if not time.name:
            raise UserError(
                f"{self._where}: time is missing; name the column of the query that holds a row's "
                "time, or windows by count cannot be cut."
            )
        statement, given = self._statement(Window(time, EPOCH, _FAR))
        answer = statement.columns(column(time.name)).subquery("tandem_rows")
        newest: Select[Any] = (
            select(literal_column("*"))
            .select_from(answer)
            .order_by(answer.c[time.name].desc())
            .limit(rows)
        )
        frame = self._ask(newest, given)
        return {name: values[::-1] for name, values in frame.items()}

    def stamp(self) -> object:
        """A database's answer is held to be as it was until the next start."""
        return (self._url, self._query)

    @property
    def _where(self) -> str:
        return without_password(self._url)

    def _statement(self, window: Window | None) -> tuple[TextClause, dict[str, Any]]:
        statement = text(self._query)
        if window is None:
            return statement, {}
        ends = {"start": window.start, "end": window.end}
        if any(f":{name}" not in self._query for name in ends):
            raise UserError("The query for current data must use :start and :end.")
        kind, given = _given(window.time, ends)
        return statement.bindparams(*(bindparam(name, type_=kind) for name in ends)), given

    def _ask(self, statement: Any, given: dict[str, Any], names: Collection[str] = ()) -> Frame:
        try:
            engine = create_engine(self._url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise UserError(f"{self._where} is no usable database URL: {error}") from error
        try:
            with engine.connect() as connection:
                answer = connection.execute(statement, given)
                found, rows = list(answer.keys()), answer.fetchall()
        except SQLAlchemyError as error:
            why = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise Unavailable(self._where, why) from error
        finally:
            engine.dispose()
        columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(found)
        return {
            name: from_values(values)
            for name, values in zip(found, columns, strict=True)
            if not names or name in names
        }


def _given(time: TimeColumn, ends: dict[str, datetime]) -> tuple[Any, dict[str, Any]]:
    """The ends of a window as the column holds times, and their SQL type."""
    if not time.epoch:
        return DateTime(), {name: wall_time(end, time.zone) for name, end in ends.items()}
    unit = "s" if time.epoch == "auto" else time.epoch
    kind = Float() if unit == "s" else Integer()
    return kind, {name: to_epoch(end, unit) for name, end in ends.items()}


def without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
