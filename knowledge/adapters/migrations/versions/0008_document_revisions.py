"""Documents say at which revision of the store they were put, and which are gone: an index built
from them takes in what has changed without reading all of them again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("document") as document:
        document.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        document.create_index("ix_document_revision", ["revision"])
    op.create_table(
        "document_removed",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    op.create_index("ix_document_removed_revision", "document_removed", ["revision"])


def downgrade() -> None:
    op.drop_index("ix_document_removed_revision", "document_removed")
    op.drop_table("document_removed")
    with op.batch_alter_table("document") as document:
        document.drop_index("ix_document_revision")
        document.drop_column("revision")
