"""Work out, through the ports, which setting to propose for a monitor and what it would change."""

from collections.abc import Iterator
from datetime import datetime

from knowledge.errors import NotFound, TandemError, UserError
from knowledge.feedback import (
    LOOK_BACK,
    REMEMBERED,
    Effect,
    Setting,
    looks_found,
    settings_for,
    tally,
    with_setting,
)
from knowledge.findings import monitor_of, only_findings
from knowledge.monitors import MetricMonitor, ModelMonitor, Watched
from knowledge.records import Backtest, Incident, Opinion
from skills import bar_cards
from skills.contract import Context, Picture, Reply
from skills.monitor_pictures import draw_backtest

MOST_RECORDS = 5_000


def propose(ctx: Context, key: str) -> Reply:
    """The settings that would have kept quiet about what was not useful, each with its effect.
    Raises NotFound where there is no such monitor."""
    watched = ctx.watching.get(key)
    opinions = ctx.watching.opinions(watched.key, ctx.now - REMEMBERED)
    said = tally(opinions)
    try:
        effects, pictures = _effects(ctx, watched, opinions)
    except TandemError as error:
        why = f"What it would have changed cannot be worked out now: {error}"
        return bar_cards.no_setting(watched.key, said, why)
    if not effects:
        why = (
            "None would have kept quiet about what was not useful without losing what was, as far "
            "as the last 7 days show. Pause it, or tune it by hand."
        )
        return bar_cards.no_setting(watched.key, said, why)
    return bar_cards.proposal(watched.key, effects, _became(ctx, watched.key), said, pictures)


def _effects(
    ctx: Context, watched: Watched, opinions: list[Opinion]
) -> tuple[list[Effect], list[Picture]]:
    if isinstance(watched.monitor, ModelMonitor):
        return list(_of_model(ctx, watched.monitor, watched.sure, opinions)), []
    return _of_metric(ctx, watched.monitor, watched.sure, opinions)


def _of_metric(
    ctx: Context, monitor: MetricMonitor, sure: float, opinions: list[Opinion]
) -> tuple[list[Effect], list[Picture]]:
    start = ctx.now - LOOK_BACK
    present = monitor.model_copy(update={"sure": sure})
    before = ctx.watching.backtest(present, start, ctx.now)
    if before.problem and not before.episodes:
        raise UserError(before.problem)
    settings = settings_for(present, sure, opinions, before.episodes, before.traces)
    effects, pictures = [], []
    for setting in settings:
        after = ctx.watching.backtest(with_setting(present, setting), start, ctx.now)
        effect = Effect(setting, start, ctx.now, before.episodes, after.episodes)
        # A setting that would have changed nothing is none.
        if effect.lost:
            effects.append(effect)
            pictures += _picture(setting, after)
    return effects, pictures[:1]


def _of_model(
    ctx: Context, monitor: ModelMonitor, sure: float, opinions: list[Opinion]
) -> Iterator[Effect]:
    """From what was looked at: how sure each look was of each aspect stands in its figures."""
    start = ctx.now - LOOK_BACK
    looks = ctx.watching.looks(monitor.model, start)
    present = monitor.model_copy(update={"sure": sure})
    before = looks_found(looks, present.needed, sure)
    for setting in settings_for(present, sure, opinions):
        changed = with_setting(present, setting)
        assert isinstance(changed, ModelMonitor)
        after = looks_found(looks, changed.needed, changed.sure)
        effect = Effect(setting, start, ctx.now, before, after)
        if effect.lost:
            yield effect


def _picture(setting: Setting, after: Backtest) -> list[Picture]:
    png = draw_backtest(after, most=2)
    alt = f"What it would have flagged with {setting.says}: {len(after.episodes)} times"
    return [Picture(f"With {setting.says}", alt, png)] if png else []


def _became(ctx: Context, key: str) -> dict[datetime, Incident]:
    """Incidents that its findings were part of, where others noticed something too."""
    found: dict[datetime, Incident] = {}
    incidents: dict[str, Incident | None] = {}
    for record in ctx.alerts.find(since=ctx.now - LOOK_BACK, limit=MOST_RECORDS):
        if monitor_of(record.signal) != key or not record.incident:
            continue
        if record.incident not in incidents:
            incidents[record.incident] = _incident(ctx, record.incident)
        incident = incidents[record.incident]
        if incident is not None and not only_findings(incident):
            found[record.signal.starts_at] = incident
    return found


def _incident(ctx: Context, incident_id: str) -> Incident | None:
    try:
        return ctx.incidents.get(incident_id)
    except NotFound:
        return None
