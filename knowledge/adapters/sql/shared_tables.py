"""The tables of small things that replicas share.

As `knowledge.adapters.sql.tables`, whose metadata they join.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field

from knowledge.adapters.sql.tables import Table, Utc, Words


class MemoRow(Table, table=True):
    """A short text that is remembered for a while: what was said last, where and to whom."""

    __tablename__ = "memo"

    key: str = Field(sa_type=Words, primary_key=True)
    body: str = Field(sa_type=Words)
    until: datetime = Field(sa_type=Utc, index=True)


class ReservationRow(Table, table=True):
    """What a call of a language model that runs has set aside; a `Reservation` by its fields."""

    __tablename__ = "llm_reservation"

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    user: str = Field(sa_type=Words)
    team: str = Field(sa_type=Words)
    cost: float
    tokens: int = Field(sa_type=BigInteger)
    until: datetime = Field(sa_type=Utc)
