"""Pure: who is on call for a service or a team, and what happens when nobody takes an incident."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from knowledge.errors import NotFound, UserError
from knowledge.oncall.policy import Aim, Policy, Target
from knowledge.oncall.turns import Turn, Turns, joined

T = TypeVar("T")

AHEAD = timedelta(days=63)
"""How far ahead it is looked for the end of a turn and for who comes next."""
NOT_CONFIGURED = (
    "Nobody has told me who is on call. Name a file in TANDEM_ONCALL; deploy/oncall.toml is an "
    "example."
)


@dataclass(frozen=True)
class Assignment:
    """What a service or team goes by; an empty policy means the default one."""

    rotation: str = ""
    policy: str = ""


@dataclass(frozen=True)
class Shift:
    """Who is on call in a rotation at one moment. `person` and `next` are ids of the chat."""

    person: str
    """Empty: nobody is."""
    rotation: str
    until: datetime | None = None
    """None: nobody else comes within nine weeks."""
    next: str = ""
    next_from: datetime | None = None
    by_default: bool = False
    """The file does not name what was asked for: this is the default rotation's."""


@dataclass(frozen=True)
class OnCall:
    """Rotations and escalation policies, as a file or a calendar names them."""

    rotations: Mapping[str, Turns] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    services: Mapping[str, Assignment] = field(default_factory=dict)
    teams: Mapping[str, Assignment] = field(default_factory=dict)
    default: Assignment = Assignment()
    people: Mapping[str, str] = field(default_factory=dict)
    """Names in the file -> ids of the chat."""

    @property
    def configured(self) -> bool:
        return bool(self.rotations)

    def who(self, subject: str, at: datetime, team: str = "") -> Shift:
        """Who is on call for a service, team or rotation; `team` is the one that the catalogue
        gives the service. With neither, the default rotation answers.

        Raises NotFound for what nothing names, UserError where nothing is configured, and
        Unavailable where a calendar cannot be read.
        """
        if not self.configured:
            raise UserError(NOT_CONFIGURED)
        found = self._assigned(subject, team)
        rotation = found.rotation if found else self.default.rotation
        if not rotation:
            raise NotFound.among("rotation for", subject, self.names())
        shift = self.shift(rotation, at)
        by_default = found is None and bool(subject)
        return Shift(**{**vars(shift), "by_default": by_default})

    def shift(self, rotation: str, at: datetime) -> Shift:
        """Who is on call in that rotation. Raises NotFound."""
        if rotation not in self.rotations:
            raise NotFound.among("rotation", rotation, self.rotations)
        turns = joined(self.rotations[rotation].turns(at, at + AHEAD))
        now = turns[0] if turns and turns[0].start <= at else None
        later = [turn for turn in turns if turn is not now and turn.person != _person(now)]
        comes = later[0] if later else None
        until = now.end if now and now.end < at + AHEAD else None
        if now is None:
            until = comes.start if comes else None
        return Shift(
            person=_person(now),
            rotation=rotation,
            until=until,
            next=_person(comes),
            next_from=comes.start if comes else None,
        )

    def policy_of(self, service: str, team: str = "") -> Policy | None:
        """The escalation policy of a service's incidents; None where nothing is escalated."""
        return self.policies.get(self._assignment(service, team).policy)

    def rotation_of(self, service: str, team: str = "") -> str:
        """The rotation of a service's incidents, or empty."""
        return self._assignment(service, team).rotation

    def reached(self, target: Target, service: str, at: datetime, team: str = "") -> str:
        """The id of the person or channel that a level tells, or empty where nobody is on call.

        Raises Unavailable where a calendar cannot be read.
        """
        if target.aim in (Aim.PERSON, Aim.CHANNEL):
            return target.name
        rotation = target.name or self.rotation_of(service, team)
        if rotation not in self.rotations:
            return ""
        shift = self.shift(rotation, at)
        return shift.person if target.aim is Aim.ON_CALL else shift.next

    def names(self) -> tuple[str, ...]:
        """All that can be asked for."""
        return tuple(dict.fromkeys((*self.services, *self.teams, *self.rotations)))

    def person(self, name: str) -> str:
        """The id behind a name in the file, or empty."""
        return _folded(self.people).get(name.strip().lstrip("@").casefold(), "")

    def name_of(self, person_id: str) -> str:
        """The file's name of an id; the id where it has none."""
        return next((name for name, own in self.people.items() if own == person_id), person_id)

    def _assignment(self, service: str, team: str) -> Assignment:
        """As `_assigned`, filled up from the default."""
        found = self._assigned(service, team) or Assignment()
        return Assignment(
            found.rotation or self.default.rotation, found.policy or self.default.policy
        )

    def _assigned(self, subject: str, team: str) -> Assignment | None:
        """What the file says of a service, else of a team, else a rotation of that name."""
        key = subject.strip().casefold()
        rotations = {name: Assignment(name) for name in self.rotations}
        for known, wanted in (
            (self.services, key),
            (self.teams, key),
            (rotations, key),
            (self.teams, team.strip().casefold()),
            (rotations, team.strip().casefold()),
        ):
            found = _folded(known).get(wanted)
            if wanted and found is not None:
                return found
        return None


def _person(turn: Turn | None) -> str:
    return turn.person if turn else ""


def _folded(known: Mapping[str, T]) -> dict[str, T]:
    """Names are looked up without regard to case."""
    return {name.casefold(): value for name, value in known.items()}
