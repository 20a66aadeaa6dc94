"""The history of alerts; webhooks are kept as they came; an incident's signals in one column."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AT_ONCE = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# As it was in 0001: what is read here must not follow later changes of the code.
OLD_SIGNAL = sa.table(
    "incident_signal",
    sa.column("incident", sa.Integer()),
    sa.column("position", sa.Integer()),
    sa.column("fingerprint", sa.String()),
    sa.column("name", sa.String()),
    sa.column("starts_at", sa.DateTime(timezone=True)),
    sa.column("received_at", sa.DateTime(timezone=True)),
    sa.column("source", sa.String()),
    sa.column("kind", sa.String()),
    sa.column("ends_at", sa.DateTime(timezone=True)),
    sa.column("service", sa.String()),
    sa.column("severity", sa.String()),
    sa.column("summary", sa.String()),
    sa.column("description", sa.String()),
    sa.column("value", sa.String()),
    sa.column("labels", sa.JSON()),
    sa.column("url", sa.String()),
    sa.column("runbook_url", sa.String()),
    sa.column("signal_id", sa.String()),
)
PACKED = (
    "fingerprint",
    "name",
    "starts_at",
    "ends_at",
    "source",
    "kind",
    "service",
    "severity",
    "summary",
    "description",
    "value",
    "labels",
    "url",
    "runbook_url",
    "signal_id",
    "received_at",
)
"""The order within the packed signal."""


def upgrade() -> None:
    _widen_incidents()
    _keep_bodies()
    _pack_signals()
    _add_alerts()
    _add_silences_and_lessons()


def downgrade() -> None:
    raise CommandError("0002 cannot be undone. Restore the copy that was made before the upgrade")


def _widen_incidents() -> None:
    for name, kind, empty in (
        ("suspects", sa.JSON(), "[]"),
        ("merged_into", sa.String(), ""),
        ("tickets", sa.JSON(), "[]"),
    ):
        op.add_column("incident", sa.Column(name, kind, nullable=False, server_default=empty))


def _keep_bodies() -> None:
    """What waits goes on as what Tandem's own monitors send: their bodies are the same JSON."""
    op.add_column("inbox", sa.Column("body", sa.LargeBinary(), nullable=True))
    # A plain cast to bytea would take JSON's backslashes for its own.
    sqlite = op.get_bind().dialect.name == "sqlite"
    as_bytes = "CAST(signals AS BLOB)" if sqlite else "convert_to(signals, 'UTF8')"
    op.execute(f"UPDATE inbox SET body = {as_bytes}, source = 'monitor'")  # noqa: S608
    with op.batch_alter_table("inbox", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("body", existing_type=sa.LargeBinary(), nullable=False)
        batch.drop_column("signals")


def _pack_signals() -> None:
    op.add_column("incident_signal", sa.Column("body", sa.String(), nullable=True))
    packed = sa.table("incident_signal", *(sa.column(c) for c in ("incident", "position", "body")))
    update = (
        packed.update()
        .where(
            packed.c.incident == sa.bindparam("of"),
            packed.c.position == sa.bindparam("at"),
        )
        .values(body=sa.bindparam("packed"))
    )
    connection = op.get_bind()
    for rows in _old_signals(connection):
        connection.execute(
            update, [{"of": r["incident"], "at": r["position"], "packed": _pack(r)} for r in rows]
        )
    with op.batch_alter_table("incident_signal") as batch:
        batch.alter_column("body", existing_type=sa.String(), nullable=False)
        batch.drop_index("ix_incident_signal_fingerprint")
        for name in PACKED:
            batch.drop_column(name)


def _old_signals(connection: sa.Connection) -> Iterator[Sequence[sa.RowMapping]]:
    """In pieces: a history may be larger than memory."""
    key = sa.tuple_(OLD_SIGNAL.c.incident, OLD_SIGNAL.c.position)
    last = (-1, -1)
    query = sa.select(OLD_SIGNAL).order_by(OLD_SIGNAL.c.incident, OLD_SIGNAL.c.position)
    while rows := connection.execute(query.where(key > last).limit(AT_ONCE)).mappings().all():
        yield rows
        last = rows[-1]["incident"], rows[-1]["position"]


def _pack(row: sa.RowMapping) -> str:
    return json.dumps([_packed(row[name]) for name in PACKED], separators=(",", ":"))


def _packed(value: object) -> object:
    """Times as microseconds since 1970; SQLite gives them back without their zone."""
    if not isinstance(value, datetime):
        return value
    at = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return (at - EPOCH) // timedelta(microseconds=1)


def _add_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", BIG, nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("first_received_at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("silence", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index("uq_alert_instance", "alert", ["starts_at", "series"], unique=True)
    op.create_index("ix_alert_series", "alert", ["day", "series"], unique=False)
    op.create_index("ix_alert_first_received_at", "alert", ["first_received_at"], unique=False)
    op.create_index(
        "ix_alert_incident",
        "alert",
        ["incident", "first_received_at"],
        unique=False,
        sqlite_where=sa.text("incident != ''"),
        postgresql_where=sa.text("incident != ''"),
    )
    op.create_table(
        "alert_day",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("instances", sa.BigInteger(), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.Column("in_incidents", sa.BigInteger(), nullable=False),
        sa.Column("silenced", sa.BigInteger(), nullable=False),
        sa.Column("firing_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "name", "service", "severity", "source", name="pk_alert_day"
        ),
        sqlite_with_rowid=False,
    )


def _add_silences_and_lessons() -> None:
    op.create_table(
        "silence",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_silence"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_silence_ends_at", "silence", ["ends_at"], unique=False)
    op.create_table(
        "lesson",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("teaching", sa.String(), nullable=False),
        sa.Column("one_name", sa.String(), nullable=False),
        sa.Column("one_service", sa.String(), nullable=False),
        sa.Column("other_name", sa.String(), nullable=False),
        sa.Column("other_service", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lesson"),
    )
