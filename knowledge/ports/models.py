"""A model registry, and what models see."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from knowledge.records import ColumnRoles, Details, Frame, ModelFacts, ModelVersion

if TYPE_CHECKING:
    from knowledge.drift import DriftReport, Profile


class Models(Protocol):
    """A model registry. Raises NotFound with the nearest names for unknown models and versions."""

    def names(self) -> list[str]: ...

    def versions(self, model: str) -> list[ModelVersion]:
        """Newest first."""
        ...

    def version(self, model: str, version: str) -> ModelVersion: ...

    def champion(self, model: str) -> ModelVersion | None: ...

    def champions(self) -> dict[str, str]:
        """The champion's version of every model that has one: cheap, for polling."""
        ...

    def details(self, model: str, version: str) -> Details:
        """What is dearer to read; see `Details`. What cannot be read is named in it."""
        ...

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        """What it answered row by row, by the digest of the data; empty where nothing is kept.
        Columns as in `knowledge.promotion.evidence.Side`."""
        ...

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        """Move the `champion` alias, keep the old one as `previous_champion`, read it back.

        `expected` is the version that must be champion before ("" for none): raises Overtaken
        and changes nothing where another one is. Raises Unavailable naming the state that was left:
        doing it again repairs it. Setting the one that is champion already changes nothing. The
        model is named exactly: the nearest name is not good enough to be moved.
        """
        ...


class Frames(Protocol):
    """What a model sees: the data it was trained on, and what it was asked lately."""

    def names(self) -> list[str]:
        """Models whose data is known."""
        ...

    def reference(self, model: str) -> Frame: ...

    def current(self, model: str, start: datetime, end: datetime) -> Frame:
        """Rows whose time lies in [start, end)."""
        ...

    def last(self, model: str, rows: int) -> Frame:
        """The newest rows, at most so many."""
        ...

    def report(
        self,
        model: str,
        start: datetime,
        end: datetime,
        *,
        against: tuple[datetime, datetime] | None = None,
        usual_rows: float = 0.0,
    ) -> "DriftReport":
        """The rows in [start, end) compared with the reference, or with those of another span;
        computed where the log lives."""
        ...

    def profile(self, model: str) -> "Profile":
        """The reference, ready to be compared with; kept until the reference changes."""
        ...

    def span(self, model: str) -> tuple[datetime, datetime] | None:
        """Times of the first and the last row of the current data; None where there is none or
        where it cannot be told."""
        ...

    def roles(self, model: str) -> ColumnRoles: ...

    def about(self, model: str) -> ModelFacts: ...
