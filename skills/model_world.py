"""What a person is told of a model beside its registry: gathered through the ports, and never the
reason why an answer fails. What is not connected is left out."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from knowledge.errors import NotFound, Unavailable
from knowledge.monitors import Watched
from knowledge.records import Incident, Look, ModelFacts
from knowledge.windows import Span
from skills.cards.looks import ModelState, of_model, watching
from skills.contract import Context
from skills.model_rows import facts

T = TypeVar("T")
MOST_INCIDENTS = 200
TURNS_OF = timedelta(days=28)
"""Who has a turn within so long of a team's rotation belongs to the team."""


def known(read: Callable[[], T], otherwise: T) -> T:
    """What can be read, or the other where the thing behind it is out of reach or not there."""
    try:
        return read()
    except (Unavailable, NotFound):
        return otherwise


def open_incidents(ctx: Context) -> list[Incident]:
    return known(lambda: ctx.incidents.find(open_only=True, limit=MOST_INCIDENTS), [])


def monitors(ctx: Context) -> list[Watched]:
    return known(ctx.watching.all, [])


def looks(ctx: Context, model: str, span: Span) -> tuple[Look, ...]:
    """What its monitor saw, oldest first."""
    none: tuple[Look, ...] = ()
    return known(lambda: tuple(ctx.watching.looks(model, span.start, span.end)), none)


def state_of(
    ctx: Context, model: str, incidents: Sequence[Incident], watched: Sequence[Watched]
) -> ModelState:
    firing = [s for incident in incidents for s in incident.firing]
    look: Look | None = known(lambda: ctx.watching.last_look(model), None)
    about = facts(ctx, model)
    return ModelState(model, of_model(firing, model, about.service), watching(watched, model), look)


def incidents_of(
    incidents: Sequence[Incident], model: str, about: ModelFacts
) -> tuple[Incident, ...]:
    """Those about the model or the service that serves it."""
    names = {name.casefold() for name in (model, about.service) if name}
    return tuple(
        i
        for i in incidents
        if i.service.casefold() in names or of_model(i.firing, model, about.service)
    )


def owns(ctx: Context, about: ModelFacts) -> bool:
    """Is the person who asks among the owners, by id, by name or through a team?"""
    named = {owner.strip().lstrip("@").casefold() for owner in about.owners}
    own = (ctx.user.id, ctx.user.name, ctx.people(ctx.user.id), ctx.oncall.name_of(ctx.user.id))
    return bool(named & {name.casefold() for name in own}) or any(
        ctx.user.id in _team(ctx, name) for name in named
    )


def _team(ctx: Context, name: str) -> set[str]:
    """Who takes turns in the rotation of the team of that name."""
    teams = {team.casefold(): own for team, own in ctx.oncall.teams.items()}
    rotations = {rotation.casefold(): rotation for rotation in ctx.oncall.rotations}
    assigned = teams.get(name)
    rotation = assigned.rotation if assigned else rotations.get(name, "")
    turns = ctx.oncall.rotations.get(rotation)
    if turns is None:
        return set()
    start, end = ctx.now - TURNS_OF, ctx.now + TURNS_OF
    return known(lambda: {turn.person for turn in turns.turns(start, end)}, set())
