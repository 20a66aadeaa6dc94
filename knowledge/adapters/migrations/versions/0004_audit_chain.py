"""The audit record becomes a chain that takes no change: links, and triggers that refuse."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REFUSAL = "the audit record is append only"


def upgrade() -> None:
    with op.batch_alter_table("audit") as audit:
        audit.add_column(sa.Column("saw", sa.String(), nullable=False, server_default=""))
        audit.add_column(sa.Column("number", sa.BigInteger(), nullable=True))
        audit.add_column(sa.Column("previous", sa.String(), nullable=False, server_default=""))
        audit.add_column(sa.Column("hash", sa.String(), nullable=False, server_default=""))
        audit.create_unique_constraint("uq_audit_number", ["number"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_keep BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER audit_no_{act}")
    else:
        for trigger in ("audit_append_only", "audit_keep"):
            op.execute(f"DROP TRIGGER {trigger} ON audit")
        op.execute("DROP FUNCTION audit_refuse")
    with op.batch_alter_table("audit") as audit:
        audit.drop_constraint("uq_audit_number", type_="unique")
        for column in ("hash", "previous", "number", "saw"):
            audit.drop_column(column)
