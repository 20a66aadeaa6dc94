"""What every kind of source can do."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from knowledge.adapters.frames.times import TimeColumn, Window
from knowledge.drift import Columns, Profile
from knowledge.records import ColumnRoles, Frame


class Table(Protocol):
    """Rows in files, in a database or in a lake. Raises UserError that names the source, the
    problem and the remedy; Unavailable when it cannot be reached."""

    def read(self, window: Window | None = None, names: Collection[str] = ()) -> Frame:
        """The rows as they are; `names` are the columns wanted, all when empty."""
        ...

    def columns(self, window: Window | None = None, against: Profile | None = None) -> Columns:
        """The columns, to be compared with a reference. A lake counts them where they are, on the
        grid of `against`."""
        ...

    def profile(
        self, roles: ColumnRoles, exclude: Collection[str], window: Window | None = None
    ) -> Profile: ...

    def span(self, time: TimeColumn) -> tuple[datetime, datetime] | None:
        """Times of the first and the last row; None where there is none or it cannot be told."""
        ...

    def last(self, time: TimeColumn, rows: int) -> Frame:
        """The newest rows in the order of their times."""
        ...

    def stamp(self) -> object:
        """Changes when the data does, as far as that can be told without reading it."""
        ...
