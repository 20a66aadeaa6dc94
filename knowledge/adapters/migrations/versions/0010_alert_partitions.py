"""On PostgreSQL the history of alerts is partitioned by the week in which they began, so that what
is too old is dropped as a table instead of row by row. On SQLite nothing changes."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OLDEST_WEEKS = 520
"""What began more than ten years before the newest stays in the partition for odd times."""
AHEAD_WEEKS = 4
INDEXES = (
    ("uq_alert_instance", ["starts_at", "series"], True),
    ("ix_alert_series", ["day", "series"], False),
    ("ix_alert_first_received_at", ["first_received_at"], False),
    ("ix_alert_incident", ["incident", "first_received_at"], False),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    _put_aside()
    op.execute(
        "CREATE TABLE alert (LIKE alert_before INCLUDING DEFAULTS) PARTITION BY RANGE (starts_at)"
    )
    op.execute("ALTER SEQUENCE alert_id_seq OWNED BY alert.id")
    op.execute("CREATE TABLE alert_default PARTITION OF alert DEFAULT")
    for monday in _weeks():
        name = f"alert_{EPOCH + timedelta(days=monday):%Y%m%d}"
        begin, end = monday * DAY_US, (monday + 7) * DAY_US
        op.execute(f"CREATE TABLE {name} PARTITION OF alert FOR VALUES FROM ({begin}) TO ({end})")
    _take_over("(id, starts_at)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    _put_aside()
    op.execute("CREATE TABLE alert (LIKE alert_before INCLUDING DEFAULTS)")
    op.execute("ALTER SEQUENCE alert_id_seq OWNED BY alert.id")
    _take_over("(id)")


def _put_aside() -> None:
    op.execute("ALTER TABLE alert DROP CONSTRAINT pk_alert")
    for name, _, _ in INDEXES:
        op.drop_index(name, "alert")
    op.execute("ALTER TABLE alert RENAME TO alert_before")


def _take_over(key: str) -> None:
    """Indexes are made of what is there: faster than row by row."""
    op.execute("INSERT INTO alert SELECT * FROM alert_before")
    op.execute("DROP TABLE alert_before")
    op.execute(f"ALTER TABLE alert ADD CONSTRAINT pk_alert PRIMARY KEY {key}")
    for name, columns, unique in INDEXES:
        where = sa.text("incident != ''") if "incident" in columns else None
        op.create_index(name, "alert", columns, unique=unique, postgresql_where=where)


def _weeks() -> range:
    """Mondays, as days since 1970: of what is there, and of some weeks from now on."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT min(starts_at), max(starts_at), extract(epoch FROM now()) FROM alert_before"
        )
    )
    oldest, newest, now = found.one()
    today = int(now) // 86_400
    if oldest is None:
        oldest = newest = today * DAY_US
    last = _monday(min(max(newest // DAY_US, today), today + 7 * AHEAD_WEEKS))
    first = max(_monday(oldest // DAY_US), last - 7 * OLDEST_WEEKS)
    return range(min(first, _monday(today)), max(last, _monday(today) + 7 * AHEAD_WEEKS) + 1, 7)


def _monday(day: int) -> int:
    # 1970 began on a Thursday.
    return day - (day + 3) % 7
