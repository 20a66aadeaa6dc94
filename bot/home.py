"""What a person's App Home shows: the models they own, what is open, what waits for them, and what
can be asked."""

import logging
from collections.abc import Sequence
from typing import Any

from knowledge.errors import TandemError
from skills.contract import Context, Reply, Skill

log = logging.getLogger("tandem.home")

SHOWN = ("my_models", "incident_list", "my_requests", "help")


def home_replies(ctx: Context, skills: Sequence[Skill[Any]]) -> list[Reply]:
    """One Reply below the other; what is not connected is left out."""
    by_name = {skill.name: skill for skill in skills}
    shown: list[Reply] = []
    for name in SHOWN:
        skill = by_name.get(name)
        if skill is None:
            continue
        try:
            shown.append(skill.run(ctx, skill.args()))
        except TandemError as error:
            log.info("home without %s: %s", name, error)
    return shown
