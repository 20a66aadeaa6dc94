"""All stores over one database."""

from collections.abc import Iterator
from contextlib import contextmanager

from knowledge.adapters.sql.alerts import SqlAlerts
from knowledge.adapters.sql.approvals import SqlApprovals
from knowledge.adapters.sql.database import Database, open_database
from knowledge.adapters.sql.documents import SqlDocuments
from knowledge.adapters.sql.incidents import SqlIncidents
from knowledge.adapters.sql.leases import SqlLeases, SqlRounds
from knowledge.adapters.sql.monitors import SqlMonitors
from knowledge.adapters.sql.moves import SqlMoves
from knowledge.adapters.sql.operations import (
    SqlExecutions,
    SqlHandovers,
    SqlJudgements,
    SqlUses,
)
from knowledge.adapters.sql.queues import SqlInbox, SqlOutbox
from knowledge.adapters.sql.records import SqlAudit, SqlChanges, SqlLessons, SqlSeen
from knowledge.adapters.sql.runs import SqlRuns
from knowledge.adapters.sql.shared import SqlMemos, SqlReservations
from knowledge.adapters.sql.silences import SqlSilences


class SqlStore:
    """What Tandem keeps, in SQLite (one process writes) or PostgreSQL. Safe to share by threads."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.incidents = SqlIncidents(database)
        self.changes = SqlChanges(database)
        self.inbox = SqlInbox(database)
        self.alerts = SqlAlerts(database)
        self.silences = SqlSilences(database)
        self.lessons = SqlLessons(database)
        self.outbox = SqlOutbox(database)
        self.seen = SqlSeen(database)
        self.audit = SqlAudit(database)
        self.approvals = SqlApprovals(database)
        self.moves = SqlMoves(database)
        self.runs = SqlRuns(database)
        self.handovers = SqlHandovers(database)
        self.executions = SqlExecutions(database)
        self.uses = SqlUses(database)
        self.judgements = SqlJudgements(database)
        self.memos = SqlMemos(database)
        self.reservations = SqlReservations(database)
        self.documents = SqlDocuments(database)
        self.monitors = SqlMonitors(database)
        self.leases = SqlLeases(database)
        self.rounds = SqlRounds(database)

    @property
    def is_shared(self) -> bool:
        """Whether several processes may work on it."""
        return not self.database.is_sqlite

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that this thread writes inside is one transaction, and its later reads see it; an
        error leaves nothing behind. SQLite's other writers wait from the first write on: read and
        think before that."""
        with self.database.together():
            yield

    def close(self) -> None:
        self.leases.close()
        self.database.close()


def open_store(database_url: str) -> SqlStore:
    """Opens the database and brings its tables up to date; creates a SQLite file that is missing.

    Raises UserError naming DATABASE_URL when the URL is wrong or the database cannot be opened.
    """
    return SqlStore(open_database(database_url))
