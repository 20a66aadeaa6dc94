"""Alembic's migrations, run by `knowledge.adapters.sql.open_store`; there is no alembic.ini."""
