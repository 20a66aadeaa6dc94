"""The stores over SQLModel tables: SQLite now, PostgreSQL by its URL."""

from knowledge.adapters.sql.store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
