"""Pure: a proposed setting of a monitor, shown with what it would have changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.feedback import NEAR, Effect, Setting, Tally
from knowledge.records import Episode, Incident
from skills.cards.wording import count
from skills.contract import (
    Audience,
    Button,
    Call,
    Line,
    Picture,
    Reply,
    Section,
    Style,
    Tone,
)

SHOWN = 5

Became = Mapping[datetime, Incident]
"""By the time of a finding, the incident that it was part of."""


def proposal(
    key: str, effects: Sequence[Effect], became: Became, said: Tally, pictures: Sequence[Picture]
) -> Reply:
    """At least one effect, the gentlest setting first."""
    name = key.partition(":")[2]
    several = len(effects) > 1
    return Reply(
        title=f"Raise the bar of {name}?",
        text="\n".join(say_effect(effect, became) for effect in effects),
        fields={"Last 30 days": say_tally(said)},
        sections=tuple(s for e in effects for s in _sections(e, became, several) if s.lines),
        pictures=tuple(pictures),
        buttons=(
            *(_keep(key, effect, became) for effect in effects),
            Button("Leave as it is", Call("bar_keep", {"monitor": key, "keep": False})),
        ),
        footer="Nothing changes until somebody keeps it.",
        audience=Audience.ASKER,
    )


def say_effect(effect: Effect, became: Became) -> str:
    """ "With sure 0.8 instead of 0.50 it would have fired 2 times instead of 9 in the last 7 d; the
    2 include Tuesday 03:10, which became INC-12." """
    span = say_duration(effect.end - effect.start)
    text = (
        f"With {effect.setting.says} it would have fired {count(len(effect.after), 'time')} "
        f"instead of {len(effect.before)} in the last {span}"
    )
    kept = [(e, i) for e in effect.after if (i := _incident(e, became)) is not None]
    if kept:
        episode, incident = kept[0]
        are = "it is" if len(effect.after) == 1 else f"the {len(effect.after)} include"
        return f"{text}; {are} {moment(episode)}, which became {incident.id}."
    return f"{text}."


def say_tally(said: Tally) -> str:
    return f"{said.not_useful} not useful, {said.useful} useful"


def moment(episode: Episode) -> str:
    """ "Tuesday 03:10"."""
    return f"{episode.starts_at:%A %H:%M}"


def _sections(effect: Effect, became: Became, several: bool) -> tuple[Section, ...]:
    under = f", {_named(effect.setting)}" if several else ""
    return (
        Section(f"It would still have found{under}", _episodes(effect.after, became), bullets=True),
        Section(
            f"It would have kept quiet about{under}", _episodes(effect.lost, became), bullets=True
        ),
    )


def _episodes(episodes: Sequence[Episode], became: Became) -> tuple[Line, ...]:
    """Those that became incidents first, then the latest."""
    ordered = sorted(
        episodes, key=lambda e: (_incident(e, became) is None, -e.starts_at.timestamp())
    )
    lines = tuple(Line(_say(episode, became)) for episode in ordered[:SHOWN])
    left = len(ordered) - len(lines)
    return (*lines, Line(f"and {left} more")) if left else lines


def _say(episode: Episode, became: Became) -> str:
    lasted = "still going on"
    if episode.ends_at is not None:
        lasted = say_duration(max(episode.ends_at - episode.starts_at, timedelta()))
    incident = _incident(episode, became)
    into = f", became {incident.id} ({incident.severity}) {incident.title}" if incident else ""
    return f"{moment(episode)}, {lasted}{into}"


def _keep(key: str, effect: Effect, became: Became) -> Button:
    setting = effect.setting
    given = {"monitor": key, "field": setting.field, "value": setting.value, "was": setting.was}
    lost = [i.id for e in effect.lost if (i := _incident(e, became)) is not None]
    warns = f"It would have kept quiet about {', '.join(dict.fromkeys(lost[:3]))}." if lost else ""
    return Button(
        f"Keep {_named(setting)}",
        Call("bar_keep", given),
        style=Style.DANGER if lost else Style.PRIMARY,
        confirm=f"{warns} Keep it all the same?" if lost else "",
    )


def _named(setting: Setting) -> str:
    return f"{setting.field} {setting.value}"


def _incident(episode: Episode, became: Became) -> Incident | None:
    """The incident of the finding that began nearest to it."""
    near = [at for at in became if abs(at - episode.starts_at) <= NEAR]
    return became[min(near, key=lambda at: abs(at - episode.starts_at))] if near else None


def no_setting(key: str, said: Tally, why: str) -> Reply:
    """Another setting would not help, or its effect cannot be shown."""
    name = key.partition(":")[2]
    return Reply(
        title=f"No other setting of {name} is proposed",
        text=why,
        tone=Tone.NEUTRAL,
        fields={"Last 30 days": say_tally(said)},
        buttons=(
            Button("Show the monitor", Call("monitors", {"monitor": name})),
            Button("Pause", Call("monitor_pause", {"monitor": name})),
        ),
        audience=Audience.ASKER,
    )
