"""Pure: what is said of monitors. A list, one monitor, what it would have flagged."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor, Normal, Watched, words
from knowledge.records import Backtest, Episode, Look
from skills.cards.wording import clock, count, cut, same
from skills.contract import (
    Audience,
    Button,
    Call,
    Form,
    FormField,
    Line,
    Picture,
    Reply,
    Section,
    Style,
    Table,
    Tone,
)
from skills.monitor_pictures import draw_backtest, series_name

People = Callable[[str], str]

SHOWN = 40
"""Rows of a list; the most urgent ones."""
MOST_EPISODES = 5
MOST_BUTTONS = 5
PAUSES = (("1h", "1 hour"), ("8h", "8 hours"), ("until resumed", "Until somebody resumes it"))


# ---------------------------------------------------------------- words


def say_normal(monitor: AnyMonitor) -> str:
    """ "at most 1.5; fires after 5 min", "as usual at that hour", "data like the reference's"."""
    if isinstance(monitor, ModelMonitor):
        return "data like the reference's"
    held = f"; fires after {say_duration(monitor.for_)}" if monitor.for_ else ""
    return words.say_normal(monitor) + held


def say_state(watched: Watched, now: datetime) -> str:
    """ "firing (2 of 14)", "paused until 14:20", "problem", "ok", "starting"."""
    if watched.paused:
        until = watched.paused_until
        return f"paused until {clock(until, now.date())}" if until else "paused"
    if watched.firing:
        many = watched.series > 1 and isinstance(watched.monitor, MetricMonitor)
        return f"firing ({watched.firing} of {watched.series})" if many else "firing"
    if watched.problem:
        return "problem"
    return "ok" if watched.last_polled else "starting"


def _urgency(watched: Watched) -> tuple[int, str]:
    if watched.paused:
        return 2, watched.monitor.name
    return (0 if watched.firing else 1 if watched.problem else 3), watched.monitor.name


# ---------------------------------------------------------------- the list


def list_card(there: Sequence[Watched], now: datetime, of: str = "", more: int = 0) -> Reply:
    """`of`: the words that chose them; `more`: how many others there are."""
    if not there:
        return _nothing(of, more)
    ordered = sorted(there, key=_urgency)
    shown = ordered[:SHOWN]
    urgent = [w for w in shown if _urgency(w)[0] < 2][:MOST_BUTTONS] or shown[:MOST_BUTTONS]
    left = len(ordered) - len(shown)
    rest = f"{left:,} more are not shown. " if left else ""
    return Reply(
        title=_summary(ordered, of),
        tone=Tone.WARNING if any(_urgency(w)[0] < 2 for w in there) else Tone.GOOD,
        table=Table(
            ("Monitor", "Normal is", "Every", "State", "Not useful"),
            tuple(_row(w, now) for w in shown),
            right=("Not useful",),
        ),
        sections=_problems(shown),
        buttons=(
            *(Button(cut(w.monitor.name, 60), look_call(w.key)) for w in urgent),
            new_button(),
        ),
        footer=f"{rest}One of them: /ops monitors {shown[0].monitor.name}",
        audience=Audience.ASKER,
    )


def _nothing(of: str, more: int) -> Reply:
    if of and more:
        return Reply(
            f"No monitor is called anything like {of!r}",
            buttons=(Button(f"All {more:,}", Call("monitors")), new_button()),
            audience=Audience.ASKER,
        )
    return Reply(
        "Nothing is watched yet",
        text="Start with a preset, such as the golden signals of a service, or with a query.",
        buttons=(new_button(),),
        audience=Audience.ASKER,
    )


def _summary(there: Sequence[Watched], of: str) -> str:
    states = [_urgency(w)[0] for w in there]
    counts = (("firing", 0), ("with a problem", 1), ("paused", 2))
    parts = [f"{states.count(n)} {word}" for word, n in counts if n in states]
    about = f" like {cut(of, 40)}" if of else ""
    return f"{count(len(there), 'monitor')}{about}: {', '.join(parts) or 'all is normal'}"


def _row(watched: Watched, now: datetime) -> tuple[str, ...]:
    monitor = watched.monitor
    return (
        cut(monitor.name, 60),
        cut(say_normal(monitor), 60),
        say_duration(monitor.every),
        say_state(watched, now),
        str(watched.not_useful or "–"),
    )


def _problems(there: Sequence[Watched]) -> tuple[Section, ...]:
    lines = [
        Line(f"*{cut(w.monitor.name, 60)}*: {cut(w.problem, 200)}")
        for w in there
        if w.problem and not w.paused
    ]
    if not lines:
        return ()
    rest = len(lines) - MOST_EPISODES
    told = (*lines[:MOST_EPISODES], *((Line(f"and {rest} more"),) if rest > 0 else ()))
    return (Section("Cannot be read", told, bullets=True),)


# ---------------------------------------------------------------- one monitor


def monitor_card(
    watched: Watched,
    now: datetime,
    past: Backtest | None = None,
    looks: Sequence[Look] = (),
    people: People = same,
    note: str = "",
) -> Reply:
    """`past`: what it saw of the last day, where that is known; `looks` of a model monitor."""
    monitor = watched.monitor
    tones = {0: Tone.BAD, 1: Tone.WARNING, 2: Tone.NEUTRAL, 3: Tone.GOOD}
    return Reply(
        title=f"{cut(monitor.name, 80)}: {say_state(watched, now)}",
        text=note or cut(watched.problem, 500),
        tone=tones[_urgency(watched)[0]],
        fields=_fields(watched, now, people),
        sections=(*_last_episodes(past), *_last_looks(looks, now)),
        pictures=_picture(monitor, past),
        buttons=_buttons(watched),
        footer=_as_of(past),
        audience=Audience.ASKER,
    )


def _fields(watched: Watched, now: datetime, people: People) -> dict[str, str]:
    monitor = watched.monitor
    given = {
        "Normal is": say_normal(monitor),
        "Read": f"every {say_duration(monitor.every)}{_ago(watched.last_polled, now)}",
        "Told besides the channel": ", ".join(monitor.tell),
        "Set by": people(watched.made_by) if watched.made_by else "the monitors file",
        "Not useful": f"said {count(watched.not_useful, 'time')} in 30 days"
        if watched.not_useful
        else "",
    }
    if isinstance(monitor, MetricMonitor):
        asked = monitor.query or monitor.sql
        given["Query"] = f"`{cut(asked.replace('`', ''), 500)}`"
        raised = f"{watched.sure:.0%}".replace("%", " %")
        given["How sure it must be"] = raised if watched.sure > monitor.sure else ""
    else:
        window = f"the last {say_duration(monitor.window)}"
        given["Looks at"] = f"{monitor.rows:,} rows" if monitor.rows else window
        given["Fires"] = f"when {monitor.needs} looks find it"
    return {name: text for name, text in given.items() if text}


def _ago(at: datetime | None, now: datetime) -> str:
    return f", last {say_duration(max(now - at, timedelta()))} ago" if at else ""


def _last_episodes(past: Backtest | None) -> tuple[Section, ...]:
    if past is None or not past.episodes:
        return ()
    heading = f"In the last {say_duration(past.end - past.start)}"
    newest = sorted(past.episodes, key=lambda e: e.starts_at, reverse=True)
    return (Section(heading, _episode_lines(newest, past), bullets=True),)


def _last_looks(looks: Sequence[Look], now: datetime) -> tuple[Section, ...]:
    lines = tuple(
        Line(f"{clock(look.at, now.date())} {look.verdict}, {look.rows:,} rows{_finding(look)}")
        for look in sorted(looks, key=lambda look: look.at, reverse=True)[:MOST_EPISODES]
    )
    return (Section("Last looks", lines, bullets=True),) if lines else ()


def _finding(look: Look) -> str:
    return f": {cut(look.findings[0], 150)}" if look.findings else ""


def _buttons(watched: Watched) -> tuple[Button, ...]:
    key, name = watched.key, watched.monitor.name
    pause = (
        Button("Resume", Call("monitor_resume", {"monitor": key}), style=Style.PRIMARY)
        if watched.paused
        else pause_button(key, name)
    )
    return (
        Button("Tune", Call("monitor_tune", {"monitor": key}), asks=True),
        Button("Last week", Call("monitor_backtest", {"monitor": key})),
        pause,
        Button(
            "Remove",
            Call("monitor_remove", {"monitor": key}),
            style=Style.DANGER,
            confirm=f"Remove {cut(name, 60)}? What it fires now is resolved, and it is read no "
            "more.",
        ),
    )


def look_call(key: str) -> Call:
    return Call("monitors", {"monitor": key})


def new_button(**typed: str) -> Button:
    call = Call("monitor_create", {name: text for name, text in typed.items() if text})
    return Button("New monitor", call, style=Style.PRIMARY, asks=True)


def pause_button(key: str, name: str) -> Button:
    field = FormField("duration", "For how long", initial="1h", options=PAUSES)
    title = f"Pause {name}"
    form = Form(
        title if len(title) <= 24 else f"{title[:23]}…",
        (field,),
        submit="Pause",
        text="It is not read meanwhile. What it fires now stays as it is.",
    )
    return Button("Pause", Call("monitor_pause", {"monitor": key}), form=form)


# ---------------------------------------------------------------- what it would have flagged


def backtest_card(
    name: str,
    monitors: Sequence[AnyMonitor],
    pasts: Sequence[Backtest],
    before: Backtest | None = None,
) -> Reply:
    """One monitor, or those of a preset, each with its past. `before`: the same monitor's past as
    it is set now, to compare with."""
    alarms = sum(len(past.episodes) for past in pasts)
    span = say_duration(pasts[0].end - pasts[0].start)
    return Reply(
        title=f"{cut(name, 60)}: {_say_alarms(alarms)} in the last {span}",
        text=_compared(alarms, before),
        sections=_flagged(monitors, pasts),
        pictures=_worst_picture(monitors, pasts, span),
        footer=_backtest_footer(monitors, pasts),
        audience=Audience.ASKER,
    )


def _compared(alarms: int, before: Backtest | None) -> str:
    if before is None:
        return ""
    was = len(before.episodes)
    if was == alarms:
        return f"As many as the monitor that runs now would have had: {was}."
    return f"The monitor that runs now would have had {was}."


def _flagged(monitors: Sequence[AnyMonitor], pasts: Sequence[Backtest]) -> tuple[Section, ...]:
    if len(monitors) == 1:
        surest = sorted(pasts[0].episodes, key=lambda e: -e.score)
        lines = _episode_lines(surest, pasts[0])
        return (Section("Alarms, the surest first", lines, bullets=True),) if lines else ()
    lines = tuple(
        Line(f"*{cut(monitor.name, 60)}*: {_say_past(past)}")
        for monitor, past in zip(monitors, pasts, strict=True)
    )
    return (Section("", lines, bullets=True),)


def _say_past(past: Backtest) -> str:
    if past.problem and not past.traces:
        return past.problem[:1].lower() + past.problem[1:].rstrip(".")
    return _say_alarms(len(past.episodes))


def _episode_lines(episodes: Sequence[Episode], past: Backtest) -> tuple[Line, ...]:
    several = len(past.traces) > 1
    told = tuple(Line(_say_episode(e, several)) for e in episodes[:MOST_EPISODES])
    rest = len(episodes) - MOST_EPISODES
    return (*told, *((Line(f"and {rest:,} more"),) if rest > 0 else ()))


def _say_episode(episode: Episode, named: bool) -> str:
    lasted = f"{say_duration(episode.ends_at - episode.starts_at)}" if episode.ends_at else "still"
    who = series_name(episode.labels) if named else ""
    whose = f" {cut(who, 60)}" if who else ""
    return f"*{episode.starts_at:%a %H:%M}*{whose}, {lasted}: {cut(episode.says, 200)}"


def _say_alarms(number: int) -> str:
    return count(number, "alarm") if number else "no alarm"


def _picture(monitor: AnyMonitor, past: Backtest | None) -> tuple[Picture, ...]:
    if past is None:
        return ()
    return _worst_picture((monitor,), (past,), say_duration(past.end - past.start))


def _worst_picture(
    monitors: Sequence[AnyMonitor], pasts: Sequence[Backtest], span: str
) -> tuple[Picture, ...]:
    """Of the monitor with the most alarms."""
    ranked = sorted(
        zip(monitors, pasts, strict=True),
        key=lambda pair: (len(pair[1].episodes), len(pair[1].traces)),
        reverse=True,
    )
    monitor, past = ranked[0]
    png = draw_backtest(past, limit=_drawn_limit(monitor))
    if not png:
        return ()
    title = f"{monitor.name}, last {span}"
    return (Picture(cut(title, 150), _alt(monitor, past, span), png),)


def _drawn_limit(monitor: AnyMonitor) -> float | None:
    """A change per time has no place on the axis of the value itself."""
    if not isinstance(monitor, MetricMonitor) or monitor.normal is Normal.RATE:
        return None
    return monitor.above if monitor.above is not None else monitor.below


def _alt(monitor: AnyMonitor, past: Backtest, span: str) -> str:
    first = f" The surest: {_say_episode(max(past.episodes, key=lambda e: e.score), True)}" if (
        past.episodes
    ) else ""  # fmt: skip
    series = count(len(past.traces), "series").replace("seriess", "series")
    return (
        f"{monitor.name} over the last {span}, {series}: {_say_alarms(len(past.episodes))}."
        f"{first.replace('*', '')}"
    )


def _as_of(past: Backtest | None) -> str:
    return past.problem if past is not None else ""


def _backtest_footer(monitors: Sequence[AnyMonitor], pasts: Sequence[Backtest]) -> str:
    problem = next((past.problem for past in pasts if past.problem), "")
    metrics = [monitor for monitor in monitors if isinstance(monitor, MetricMonitor)]
    learned = any(m.normal not in (Normal.LIMIT, Normal.SILENCE) for m in metrics)
    how = "Decided poll by poll, as the running monitor does" + (
        ", learning from the time before." if learned else "."
    )
    return f"{problem} {how} Times are UTC.".strip()
