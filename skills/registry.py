"""The skills that are here: built-in ones, and those that installed packages offer."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

from knowledge.errors import UserError
from skills.audit import skill as audit
from skills.contract import Skill
from skills.help import skill as help_
from skills.incident_list import skill as incident_list
from skills.incident_summary import skill as incident_summary
from skills.incident_update import skill as incident_update
from skills.model_drift import skill as model_drift
from skills.model_status import skill as model_status
from skills.planned import PLANNED
from skills.promotion import approve, promotion, reject
from skills.rollback import skill as rollback
from skills.runbook import skill as runbook
from skills.similar_incidents import skill as similar_incidents
from skills.stats import skill as stats

BUILTIN: tuple[Skill[Any], ...] = (
    incident_summary,
    similar_incidents,
    incident_list,
    incident_update,
    runbook,
    model_drift,
    model_status,
    promotion,
    approve,
    reject,
    rollback,
    audit,
    stats,
    help_,
    *PLANNED,
)

GROUP = "tandem.skills"


def installed() -> tuple[Skill[Any], ...]:
    """Built-in skills and those of other packages. Raises UserError when two have one name."""
    offered = [entry.load() for entry in entry_points(group=GROUP)]
    return unique([*BUILTIN, *offered])


def unique(skills: Sequence[Skill[Any]]) -> tuple[Skill[Any], ...]:
    """Raises UserError when two have one name, or something that is no Skill is offered."""
    names: set[str] = set()
    for skill in skills:
        if not isinstance(skill, Skill):
            raise UserError(f"{skill!r} is offered as a skill but is no skills.contract.Skill")
        if skill.name in names:
            raise UserError(f"Two skills are named {skill.name!r}; uninstall one of them.")
        names.add(skill.name)
    return tuple(skills)
