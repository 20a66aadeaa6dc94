"""Metrics out of a database, by a SELECT that only reads."""

import math
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from knowledge.errors import Unavailable, UserError
from knowledge.records import Sample, Series

VALUE = "value"
TIME = "time"
MOST_ROWS = 100_000
MOST_STEPS = 750
"""A question without a column `time` is asked once for each step of a range: at most so often."""
CONNECTIONS = 4
_WINDOW = timedelta(minutes=10)
_READS = re.compile(r"\s*(--[^\n]*\n\s*|/\*.*?\*/\s*)*(SELECT|WITH|VALUES|TABLE)\b", re.I | re.S)
_BOUND = re.compile(r"(?<![:\w]):(\w+)")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.S)
_REMEDY = "Write postgresql+psycopg://user:password@host/name or sqlite:///path/to/file.db"


class SqlMetrics:
    """The Metrics port over a database.

    A question is one SELECT. Its column `value` is the value, and the other columns are labels. It
    may use :start and :end, the time asked about. With a column `time` it answers for many moments
    at once: the newest row of each series counts for one moment, all of them for a range. Without
    one, a range is read by asking for each of its steps.

    Raises UserError for a question that the database rejects or that is none, and Unavailable when
    it cannot be reached or is too slow.
    """

    def __init__(
        self,
        name: str,
        url: str,
        timeout: timedelta = timedelta(seconds=10),
        *,
        engine: sa.Engine | None = None,
        window: timedelta = _WINDOW,
    ) -> None:
        """`name` is for messages: a URL may hold a password. Raises UserError for a bad URL."""
        self._name = name
        self._timeout = timeout
        self._window = window
        self._engine = engine or _open(name, url, timeout)

    def over(self, window: timedelta) -> "SqlMetrics":
        """The same database, with :start so long before :end."""
        return SqlMetrics(self._name, "", self._timeout, engine=self._engine, window=window)

    def instant(self, query: str, at: datetime) -> list[Sample]:
        points = self._points(query, at - self._window, at)
        newest = {_key(labels): (labels, time, value) for labels, time, value in points}
        return [
            Sample(labels, at if time is None else datetime.fromtimestamp(time, UTC), value)
            for labels, time, value in newest.values()
        ]

    def range(self, query: str, start: datetime, end: datetime, step_s: float) -> list[Series]:
        """The step is made longer where it would need too many questions."""
        points = self._points(query, start, end)
        if not points or points[0][1] is not None:
            return _series([(labels, time or 0.0, value) for labels, time, value in points])
        step = max(step_s, (end - start).total_seconds() / MOST_STEPS)
        found: list[tuple[Mapping[str, str], float, float]] = []
        for moment in np.arange(start.timestamp(), end.timestamp() + step / 2, step).tolist():
            at = datetime.fromtimestamp(moment, UTC)
            asked = self._points(query, at - self._window, at)
            found += ((labels, moment, value) for labels, _, value in asked)
        return _series(found)

    def close(self) -> None:
        self._engine.dispose()

    def _points(
        self, query: str, start: datetime, end: datetime
    ) -> list[tuple[dict[str, str], float | None, float]]:
        """(labels, epoch seconds if the answer says them, value), oldest first; values that are
        missing or no numbers are left out."""
        names, rows = self._ask(query, start, end)
        lower = [name.lower() for name in names]
        if VALUE not in lower:
            raise UserError(
                f"{_short(query)} gives no column `value` but {', '.join(names)}; "
                "name the value: SELECT count(*) AS value ..."
            )
        at, when = lower.index(VALUE), lower.index(TIME) if TIME in lower else None
        labelled = [n for n in range(len(names)) if n not in (at, when)]
        points = []
        for row in rows:
            value = _number(row[at], query)
            time = None if when is None else _epoch(row[when], query)
            if value is None or (when is not None and time is None):
                continue
            labels = {names[n]: str(row[n]) for n in labelled if row[n] is not None}
            points.append((labels, time, value))
        return points if when is None else sorted(points, key=lambda point: point[1] or 0.0)

    def _ask(
        self, query: str, start: datetime, end: datetime
    ) -> tuple[list[str], Sequence[Sequence[Any]]]:
        statement, given = _statement(query, start, end, self._engine.dialect.name)
        try:
            # Nothing is committed: what a question changes all the same is taken back.
            with self._engine.connect() as connection:
                answer = connection.execute(statement, given)
                names, rows = list(answer.keys()), answer.fetchmany(MOST_ROWS + 1)
        except SQLAlchemyError as error:
            raise self._translated(error, query) from error
        if len(rows) > MOST_ROWS:
            raise UserError(
                f"{_short(query)} gives more than {MOST_ROWS:,} rows; let the database sum up."
            )
        return names, rows

    def _translated(self, error: SQLAlchemyError, query: str) -> Unavailable | UserError:
        original = getattr(error, "orig", None)
        why = str(original or error).strip().splitlines()[0] if str(original or error) else "error"
        state = str(getattr(original, "sqlstate", None) or "")
        if state == "57014" or "interrupted" in why:
            seconds = self._timeout.total_seconds()
            return Unavailable(self._name, f"took longer than {seconds:g} s")
        if state == "25006" or "readonly database" in why:
            return UserError(f"{_short(query)} would write; a monitor may only read.")
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        refused = isinstance(error, OperationalError | InterfaceError) and not _is_about_sql(error)
        if lost or refused or isinstance(error, sa.exc.TimeoutError):
            return Unavailable(self._name, why)
        return UserError(f"{self._name} rejects {_short(query)}: {why}")


def _open(name: str, url: str, timeout: timedelta) -> sa.Engine:
    """An engine whose connections only read and give up in time."""
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            return _open_sqlite(parsed, timeout)
        if backend == "postgresql":
            return _open_postgresql(parsed, timeout)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        # The URL is not repeated: it may hold a password.
        raise UserError(f"source {name!r}: database: it is no database URL. {_REMEDY}") from error
    except ModuleNotFoundError as error:
        raise UserError(
            f"source {name!r}: database: the driver {error.name!r} is not installed; "
            "install it with pip."
        ) from error
    raise UserError(
        f"source {name!r}: database: {backend} is not supported, only postgresql and sqlite are. "
        f"{_REMEDY}"
    )


def _open_postgresql(url: sa.URL, timeout: timedelta) -> sa.Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    milliseconds = max(1, round(timeout.total_seconds() * 1000))
    options = f"-c default_transaction_read_only=on -c statement_timeout={milliseconds}"
    return sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        pool_timeout=timeout.total_seconds(),
        pool_pre_ping=True,
        connect_args={
            "options": options,
            "connect_timeout": max(2, math.ceil(timeout.total_seconds())),
        },
    )


def _open_sqlite(url: sa.URL, timeout: timedelta) -> sa.Engine:
    if url.database in (None, "", ":memory:"):
        raise ValueError("a database in memory holds nothing")
    engine = sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        pool_timeout=timeout.total_seconds(),
        connect_args={"timeout": timeout.total_seconds(), "check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _only_read)
    sa.event.listen(engine, "before_cursor_execute", _give_up_after(timeout))
    return engine


def _only_read(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _give_up_after(timeout: timedelta) -> Any:
    """SQLite has no timeout of its own: its progress handler ends what takes too long."""

    def begin(conn: sa.Connection, *_: object) -> None:
        until = time.monotonic() + timeout.total_seconds()
        driver = conn.connection.driver_connection
        assert driver is not None, "the statement is about to run on it"
        driver.set_progress_handler(lambda: time.monotonic() > until, 10_000)

    return begin


def _statement(
    query: str, start: datetime, end: datetime, dialect: str
) -> tuple[sa.TextClause, dict[str, Any]]:
    """The question with its times bound: of the database's own type, for SQLite text as its
    functions write it."""
    query = query.strip().rstrip(";")
    if not _READS.match(query):
        raise UserError(f"{_short(query)} is no SELECT; a monitor may only read.")
    if ";" in query:
        # Not even in quotes: what is quoted differs by database, and a second statement could
        # end the transaction that only reads.
        raise UserError(f"{_short(query)} must be one statement, without `;`.")
    times = {"start": start.astimezone(UTC), "end": end.astimezone(UTC)}
    named = set(_BOUND.findall(_QUOTED.sub("''", query)))
    unknown = sorted(named - set(times))
    if unknown:
        raise UserError(f"{_short(query)} uses :{unknown[0]}; there are :start and :end.")
    # A colon within quotes is text and must not be bound.
    text = _QUOTED.sub(lambda found: found[0].replace(":", r"\:"), query)
    if dialect == "sqlite":
        return sa.text(text), {n: times[n].strftime("%Y-%m-%d %H:%M:%S") for n in named}
    bound = (sa.bindparam(n, type_=sa.DateTime(timezone=True)) for n in named)
    return sa.text(text).bindparams(*bound), {n: times[n] for n in named}


def _is_about_sql(error: SQLAlchemyError) -> bool:
    """SQLite calls a wrong query an operational error too."""
    why = str(getattr(error, "orig", error))
    return any(words in why for words in ("no such", "syntax error", "misuse", "ambiguous"))


def _number(value: Any, query: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float | Decimal):
        number = float(value)
        return None if math.isnan(number) else number
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise UserError(f"{_short(query)}: `value` must be a number, not {str(value)[:40]!r}.")


def _epoch(value: Any, query: str) -> float | None:
    """Times without a zone are UTC."""
    if value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return float(value)
    try:
        at = value if isinstance(value, date) else datetime.fromisoformat(str(value))
    except ValueError:
        raise UserError(
            f"{_short(query)}: `time` must be a time or epoch seconds, not {str(value)[:40]!r}."
        ) from None
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _series(points: Sequence[tuple[Mapping[str, str], float, float]]) -> list[Series]:
    by_key: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    labelled: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
    for labels, at, value in points:
        key = _key(labels)
        labelled.setdefault(key, labels)
        by_key.setdefault(key, []).append((at, value))
    arrays = {key: np.array(found, dtype=np.float64) for key, found in by_key.items()}
    return [Series(labelled[k], found[:, 0], found[:, 1]) for k, found in arrays.items()]


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _short(query: str) -> str:
    words = " ".join(query.split())
    return repr(words if len(words) <= 80 else words[:77] + "...")
