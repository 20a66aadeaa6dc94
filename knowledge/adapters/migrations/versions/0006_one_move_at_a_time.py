"""At most one request of a model is under way, also between replicas that decide at once.

Of several that were left under way before this, the newest stays so; the others are what a person
may try again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOVING = sa.text("status = 'moving'")


def upgrade() -> None:
    approval = sa.table(
        "approval",
        sa.column("number", sa.Integer()),
        sa.column("model", sa.String()),
        sa.column("status", sa.String()),
        sa.column("outcome", sa.String()),
    )
    moving = approval.c.status == "moving"
    newest = sa.select(sa.func.max(approval.c.number)).where(moving).group_by(approval.c.model)
    op.execute(
        approval.update()
        .where(moving, approval.c.number.not_in(newest))
        .values(status="failed", outcome="the move was interrupted. Try again to finish it")
    )
    op.create_index(
        "ix_approval_moving",
        "approval",
        ["model"],
        unique=True,
        sqlite_where=_MOVING,
        postgresql_where=_MOVING,
    )


def downgrade() -> None:
    op.drop_index("ix_approval_moving", "approval")
