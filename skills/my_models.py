"""The models one owns, each with a traffic light: how it is doing, its version, its last drift, its
last promotion. Shown in the App Home."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.monitors import Watched
from knowledge.promotion import champion_since, show_version
from knowledge.records import Approval, ApprovalStatus, Incident, ModelVersion
from skills.cards.looks import Health, Light, ModelState, ago, drift_of, gravest, health, tally
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    NoArgs,
    Reply,
    Section,
    Skill,
    Tone,
)
from skills.model_rows import facts
from skills.model_world import known, monitors, open_incidents, owns, state_of

MOST_MODELS = 12
MOST_NAMES = 50
"""So many models of the registry are looked through for those one owns."""
_TONES = {Light.RED: Tone.BAD, Light.AMBER: Tone.WARNING, Light.GREEN: Tone.GOOD}
_ORDER = (Light.RED, Light.AMBER, Light.GREY, Light.GREEN)


@dataclass(frozen=True)
class _Shown:
    name: str
    health: Health
    state: ModelState


def run(ctx: Context, args: NoArgs) -> Reply:
    names = _names(ctx)
    if not names:
        return Reply(
            "No models yet",
            text="Name them in the file of TANDEM_MODELS, or connect the model registry.",
            audience=Audience.ASKER,
        )
    mine = [name for name in names if owns(ctx, facts(ctx, name))]
    shown = _judged(ctx, mine or names)
    lights = [one.health.light for one in shown]
    words = [one.health.word for one in shown]
    return Reply(
        title="Your models" if mine else "Models",
        text=f"{tally(words)}." if len(words) > 1 else "",
        tone=_TONES.get(gravest(lights), Tone.NEUTRAL),
        sections=tuple(_section(ctx, one) for one in shown[:MOST_MODELS]),
        footer=_footer(len(shown), owned=bool(mine)),
        audience=Audience.ASKER,
    )


def _names(ctx: Context) -> list[str]:
    """Those whose data is known and those of the registry."""
    frames: list[str] = known(ctx.frames.names, [])
    registry: list[str] = known(ctx.models.names, [])
    return list(dict.fromkeys((*frames, *registry)))[:MOST_NAMES]


def _judged(ctx: Context, names: Sequence[str]) -> list[_Shown]:
    """Worst first."""
    incidents: list[Incident] = open_incidents(ctx)
    watched: list[Watched] = monitors(ctx)
    states = [state_of(ctx, name, incidents, watched) for name in names]
    shown = [_Shown(state.model, health(state, ctx.now), state) for state in states]
    return sorted(shown, key=lambda one: (_ORDER.index(one.health.light), one.name))


def _section(ctx: Context, one: _Shown) -> Section:
    champion: ModelVersion | None = known(lambda: ctx.models.champion(one.name), None)
    lines = [Line(" · ".join(filter(None, _facts(ctx, one, champion))))]
    if one.health.why:
        lines.insert(0, Line(one.health.why))
    return Section(
        f"{one.health.light.sign} {one.name}: {one.health.word}",
        tuple(lines),
        buttons=(
            Button("Drift", Call("model_drift", {"model": one.name})),
            Button("Details", Call("model_status", {"model": one.name})),
        ),
    )


def _facts(ctx: Context, one: _Shown, champion: ModelVersion | None) -> tuple[str, ...]:
    """ "v7", "drift 0.04 PSI, 2 h ago", "promoted 3 d ago by ada"."""
    look = one.state.look
    version = show_version(champion.version) if champion else ""
    drift = f"last look {ago(look.at, ctx.now)}: {drift_of(look)}" if look else "no look yet"
    return version or "no champion", drift, _promoted(ctx, one.name, champion)


def _promoted(ctx: Context, model: str, champion: ModelVersion | None) -> str:
    none: list[Approval] = []
    history = known(lambda: ctx.approvals.find(model=model, status=ApprovalStatus.APPROVED), none)
    last = champion_since(history, champion.version) if champion else None
    if last is None or last.decided_at is None:
        return ""
    return f"promoted {ago(last.decided_at, ctx.now)} by {last.decided_by_name}"


def _footer(count: int, *, owned: bool) -> str:
    more = f"{count - MOST_MODELS} more are not shown. " if count > MOST_MODELS else ""
    if owned:
        return more.strip()
    return f'{more}None names you as an owner: all are shown. To mend it, add owners = ["@you"].'


skill = Skill(
    name="my_models",
    summary="Show how the models I own are doing",
    examples=("how are my models doing?",),
    phrases=(
        "are my models okay",
        "status of the models I own",
        "health of all models",
        "which of our models need attention",
        "any model in the red",
        "traffic lights of my models",
        "overview of my models in production",
        "anything wrong with the models my team owns",
    ),
    args=NoArgs,
    run=run,
    hidden=True,
)
