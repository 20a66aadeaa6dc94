"""The tables of what replicas agree on. As `knowledge.adapters.sql.tables`, whose metadata they
join."""

from sqlalchemy import BigInteger, Double
from sqlmodel import Field

from knowledge.adapters.sql.tables import Packed, Table, Words
from knowledge.records import Decision


class LeaseRow(Table, table=True):
    """Who has a role, until when by the database's own clock."""

    __tablename__ = "lease"

    name: str = Field(sa_type=Words, primary_key=True)
    holder: str = Field(sa_type=Words)
    token: int = Field(sa_type=BigInteger)
    until: float = Field(sa_type=Double)
    """Seconds since 1970."""


class RoundRow(Table, table=True):
    """The number of the last round of the correlation; its one row is the lock."""

    __tablename__ = "correlation_round"

    name: str = Field(sa_type=Words, primary_key=True)
    number: int = Field(sa_type=BigInteger)


class RoundNoteRow(Table, table=True):
    """What people decided in a round in which no alerts came."""

    __tablename__ = "correlation_note"

    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    decisions: tuple[Decision, ...] = Field(sa_type=Packed(tuple[Decision, ...]))
