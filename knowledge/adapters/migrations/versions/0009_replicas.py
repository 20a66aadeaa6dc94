"""Several processes on one database: who has which role, and the rounds of the correlation."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
    )
    op.create_table(
        "correlation_round",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "correlation_note",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("decisions", sa.String(), nullable=False),
    )


def downgrade() -> None:
    for table in ("correlation_note", "correlation_round", "lease"):
        op.drop_table(table)
