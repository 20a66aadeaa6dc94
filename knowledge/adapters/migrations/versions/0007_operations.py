"""Handovers between teams, executions of runbooks, uses of language models, judgements."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("incident", "from_team", "to_team"),
        sa.Column("offered_at", _UTC, nullable=False),
        *_texts("offered_by", "summary", "model", "side", "state"),
        sa.Column("answered_at", _UTC, nullable=True),
        *_texts("answered_by", "reason"),
        sa.PrimaryKeyConstraint("number", name="pk_handover"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "execution",
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("runbook", "title", "digest"),
        sa.Column("started_at", _UTC, nullable=False),
        *_texts("started_by", "incident", "channel", "values"),
        sa.Column("ended_at", _UTC, nullable=True),
        *_texts("steps", "timeline"),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_execution"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "llm_use",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        *_texts("day", "model", "purpose", "prompt", "user", "team"),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        *_texts("outcome", "turn"),
        sa.PrimaryKeyConstraint("id", name="pk_llm_use"),
    )
    op.create_table(
        "judgement",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("key"),
        sa.Column("at", _UTC, nullable=False),
        *_texts("by", "query", "document"),
        sa.Column("useful", sa.Boolean(), nullable=False),
        *_texts("incident"),
        sa.PrimaryKeyConstraint("id", name="pk_judgement"),
    )
    for table, column in (
        ("handover", "incident"),
        ("handover", "offered_at"),
        ("execution", "runbook"),
        ("execution", "incident"),
        ("execution", "ended_at"),
        ("llm_use", "at"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    op.create_index("uq_judgement_key", "judgement", ["key"], unique=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def downgrade() -> None:
    for table in ("judgement", "llm_use", "execution", "handover"):
        op.drop_table(table)
