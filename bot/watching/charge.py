"""Whether this process is the one that reads the monitors."""

from dataclasses import dataclass
from typing import Protocol

from bot.replica import SCHEDULE, Standing
from knowledge.ports import Leases


class Charge(Protocol):
    """What the engine asks of whoever says which replica reads the monitors."""

    def now(self) -> bool:
        """Whether it is this one, now. Cheap."""
        ...

    def era(self) -> int | None:
        """Another number when another replica may have read them since."""
        ...

    def stands(self, era: int | None) -> bool:
        """Within a transaction: whether what is written there is written by who reads them."""
        ...


class Always:
    """`Charge` of the only process."""

    def now(self) -> bool:
        return True

    def era(self) -> int | None:
        return None

    def stands(self, era: int | None) -> bool:
        return True


@dataclass(frozen=True)
class ScheduleTurn:
    """`Charge` by the role that runs the schedule."""

    replica: Standing
    leases: Leases

    def now(self) -> bool:
        return self.replica.holds(SCHEDULE)

    def era(self) -> int | None:
        return self.replica.token(SCHEDULE)

    def stands(self, era: int | None) -> bool:
        if era is None:
            return self.now()
        return self.leases.stands(SCHEDULE, self.replica.name, era)
