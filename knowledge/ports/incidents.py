"""Incidents, alerts, silences, changes, and what people taught the correlation."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from knowledge.records import AlertRecord, Change, Incident, Lesson, Signal, Silence, Status, Tally


class Incidents(Protocol):
    """The store of incidents. `tell` names kinds of delivery ("card", "thread") that are put into
    the outbox in the same transaction, under the key "<kind>:<incident id>"."""

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        """Store a draft (its id is empty) and return it with the id the store gave it."""
        ...

    def get(self, incident_id: str) -> Incident:
        """Raises NotFound with the nearest ids. Accepts "INC-12", "inc12" and "12"."""
        ...

    def find(
        self,
        *,
        status: Status | None = None,
        open_only: bool = False,
        service: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        """Newest first; `service` matches without regard to case; `since` bounds opened_at."""
        ...

    def over(self, incident_ids: Collection[str]) -> dict[str, datetime]:
        """Those of them that are resolved, and since when; cheap."""
        ...

    def change(
        self, incident_id: str, by: Callable[[Incident], Incident], tell: Sequence[str] = ()
    ) -> Incident:
        """Apply a pure function to the stored incident, atomically. Raises NotFound."""
        ...


class Changes(Protocol):
    """Deploys, flags and other changes of the world that Tandem was told of."""

    def add(self, change: Change) -> None: ...

    def between(self, start: datetime, end: datetime, service: str = "") -> list[Change]: ...


class Alerts(Protocol):
    """The history of alert instances, kept for TANDEM_KEEP_ALERTS days and then as daily counts."""

    def record(self, records: Sequence[AlertRecord]) -> None:
        """Add. Of an instance that is known: its signal becomes the later state (as
        `incidents.merge` has it), `deliveries` add up, incident, verdict, why and silence are
        replaced, and `first_received_at` stays."""
        ...

    def repeated(self, deliveries: Sequence[tuple[Signal, int]]) -> None:
        """Known instances were delivered again so many times: their signal becomes the later
        state, `deliveries` add up, everything else stays. Unknown ones are left out."""
        ...

    def get(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        """Raises NotFound."""
        ...

    def find(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str = "",
        fingerprint: str = "",
        limit: int = 1000,
    ) -> list[AlertRecord]:
        """The newest by arrival, oldest first; `first_received_at` lies in [since, until)."""
        ...

    def tally(self, since: datetime, until: datetime) -> list[Tally]:
        """Counts by rule, service, severity and source of what came in [since, until); whole days
        where it was compacted."""
        ...

    def compact(self, before: datetime, limit: int = 10_000) -> int:
        """Turn at most `limit` instances received before then into daily counts; returns how many,
        0 when none is left that may go. Those of open incidents stay. A store that keeps weeks
        apart drops a whole one at a time, once all of it is older, and says about how many."""
        ...

    def prepare(self, now: datetime) -> None:
        """Make room for the alerts of the weeks to come, where the store keeps them apart. Cheap
        to repeat."""
        ...


class Silences(Protocol):
    def add(self, draft: Silence) -> Silence:
        """Store a draft (its id is empty) and return it with its id."""
        ...

    def get(self, silence_id: str) -> Silence:
        """Raises NotFound. Accepts "SIL-3" and "3"."""
        ...

    def find(self, *, at: datetime | None = None, limit: int = 100) -> list[Silence]:
        """Newest first; `at` keeps those that hold or begin after then."""
        ...

    def end(self, silence_id: str, by: str, at: datetime) -> Silence:
        """End it before its time; one that is over stays as it is."""
        ...


class Lessons(Protocol):
    """What people taught the correlation."""

    def add(self, lesson: Lesson) -> None: ...

    def all(self) -> list[Lesson]:
        """Oldest first."""
        ...


class Triage(Protocol):
    """What people may do to the correlation of present incidents, and ask of it. Each change is
    stored, told on the cards, and taught where it says so."""

    def why(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        """The alert with the terms of its placement. Raises NotFound."""
        ...

    def not_related(self, incident_id: str, alerts: Sequence[tuple[str, datetime]], by: str) -> str:
        """Take these alerts (fingerprint, start) out of the incident and learn from it; returns
        the id of the incident they have now, or empty. Raises BadArgs, NotFound."""
        ...

    def split(self, incident_id: str, alerts: Sequence[tuple[str, datetime]], by: str) -> Incident:
        """Make these alerts an incident of their own; returns that. Raises BadArgs, NotFound."""
        ...

    def merge(self, incident_id: str, into: str, by: str) -> Incident:
        """ "Same incident": all of one goes over to the other, and is learned; returns `into`.
        Raises BadArgs, NotFound."""
        ...
