"""Promotion with evidence: votes, frozen evidence and canaries on requests; moves; training runs.

Requests of before get the day to live that they had, and those that were approved but never
finished become what they are: under way, to be settled by looking at the registry.
"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LIVED = timedelta(hours=24)
"""How long a request waited for its decision before this."""
_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("approval", table_kwargs={"sqlite_autoincrement": True}) as approval:
        # It was of the database's own type for JSON, which holds no NaN.
        approval.alter_column(
            "gates",
            existing_type=sa.JSON(),
            type_=sa.String(),
            existing_nullable=False,
            postgresql_using="gates::text",
        )
        for column in _new_columns():
            approval.add_column(column)
    op.create_index("ix_approval_key", "approval", ["key"], unique=True)
    op.create_index("ix_approval_watched", "approval", ["watched"], unique=False)
    _bring_along()
    _create_moves()
    _create_runs()


def _new_columns() -> list[sa.Column[object]]:
    # SQLite would take the empty text for what it is: text.
    no_bytes = sa.text("x''") if op.get_bind().dialect.name == "sqlite" else ""
    return [
        _text("kind", "model"),
        _text("purpose", "promotion"),
        _text("votes", "[]"),
        sa.Column("expires_at", _UTC, nullable=True),
        _text("evidence_hash", ""),
        _text("channel", ""),
        _text("timeline", "[]"),
        _text("canary", "null"),
        sa.Column("watched", sa.Boolean(), nullable=False, server_default=sa.false()),
        _text("reviewed_by", ""),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("evidence", sa.LargeBinary(), nullable=False, server_default=no_bytes),
    ]


def _text(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def _bring_along() -> None:
    approval = sa.table(
        "approval",
        sa.column("number", sa.Integer()),
        sa.column("status", sa.String()),
        sa.column("outcome", sa.String()),
        sa.column("created_at", _UTC),
        sa.column("expires_at", _UTC),
    )
    bind = op.get_bind()
    expire = approval.update().where(approval.c.number == sa.bindparam("of"))
    known = bind.execute(sa.select(approval.c.number, approval.c.created_at)).all()
    if known:
        bind.execute(
            expire.values(expires_at=sa.bindparam("then")),
            [{"of": row.number, "then": row.created_at + LIVED} for row in known],
        )
    unfinished = approval.c.status == "approved", approval.c.outcome == ""
    bind.execute(approval.update().where(*unfinished).values(status="moving"))


def _create_moves() -> None:
    op.create_table(
        "move",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.Column("noticed_at", _UTC, nullable=False),
        sa.Column("since", _UTC, nullable=True),
        sa.Column("approval", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_move"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_move_model", "move", ["model"], unique=False)
    op.create_index("ix_move_approval", "move", ["approval"], unique=False)
    op.create_table(
        "champion_seen",
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("model", name="pk_champion_seen"),
    )


def _create_runs() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("champion", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("parameters", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("updated_at", _UTC, nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_model", "run", ["model", "at"], unique=False)
    op.create_index("ix_run_at", "run", ["at"], unique=False)
    op.create_index("ix_run_state", "run", ["state"], unique=False)


def downgrade() -> None:
    for table in ("run", "champion_seen", "move"):
        op.drop_table(table)
    for index in ("watched", "key"):
        op.drop_index(f"ix_approval_{index}", "approval")
    op.execute("UPDATE approval SET status = 'approved' WHERE status = 'moving'")
    with op.batch_alter_table("approval", table_kwargs={"sqlite_autoincrement": True}) as approval:
        for column in _new_columns():
            approval.drop_column(column.name)
        approval.alter_column(
            "gates",
            existing_type=sa.String(),
            type_=sa.JSON(),
            existing_nullable=False,
            postgresql_using="gates::json",
        )
