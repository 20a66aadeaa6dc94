"""Alembic's entry: runs the steps on the connection that `sql.database` hands over."""

from alembic import context

from knowledge.adapters.sql.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    # SQLite does DDL in transactions; Alembic only does not assume it.
    transactional_ddl=True,
    # SQLite cannot alter much in place; batches copy the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
