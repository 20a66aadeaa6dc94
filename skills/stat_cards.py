"""Pure: a Report of figures -> replies, for the skill and the weekly digest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from knowledge.durations import say_duration
from knowledge.handovers import Held, Passing
from knowledge.statistics import (
    Advice,
    Comparison,
    Noise,
    Report,
    SeriesFigures,
    Spread,
    Summary,
)
from skills.contract import Button, Call, Line, Picture, Reply, Section, Table, Tone
from skills.stat_pictures import draw_alerts_and_cards, draw_times

OVERVIEW, TIMES, NOISE, RULES, PAGES = "overview", "times", "noise", "rules", "pages"
VIEWS = (OVERVIEW, TIMES, NOISE, RULES, PAGES)

NOT_ENOUGH = "not enough data"
SILENCE_FOR = "7d"
WORTH_DELETING = "Rules worth deleting"
MOST_LINES = 5
MOST_ROWS = 15
_LEAST_DAYS = 3
"""Bars of fewer days show no course."""
_LABELS = {
    OVERVIEW: "Overview",
    TIMES: "Times by team",
    NOISE: "Which alerts are noise?",
    RULES: "Which rules to delete?",
    PAGES: "Pages and nights",
}

People = Callable[[str], str]


@dataclass(frozen=True)
class Figure:
    """One of the three times: how it is called and where it is."""

    name: str
    field: str

    def of(self, summary: Summary) -> Spread:
        found: Spread = getattr(summary, self.field)
        return found


FIGURES = (
    Figure("Time to detect", "detect"),
    Figure("Time to acknowledge", "acknowledge"),
    Figure("Time to resolve", "resolve"),
)


# Handovers


def handed_over(told: Passing, times: Sequence[Held]) -> Section:
    """Incidents that teams passed on: how often, how soon answered, who held them how long."""
    if not told.offered:
        return Section()
    answered = f", answered after {say(told.answered_in)} (median)" if told.answered_in else ""
    waiting = f", {told.waiting} waiting" if told.waiting else ""
    lines = [
        f"{_count(told.offered, 'handover')}: {told.accepted} accepted, {told.returned} "
        f"returned{waiting}{answered}"
    ]
    if told.by_side:
        blamed = (f"{side} {n}, {back} returned" for side, n, back in told.by_side)
        lines.append(f"Held to be at fault: {'; '.join(blamed)}")
    if times:
        shown = ", ".join(f"{t.team or 'no team'} {say_duration(t.lasted)}" for t in times[:5])
        lines.append(f"Time that each team had them: {shown}")
    return Section("Handed over", tuple(map(Line, lines)), bullets=True)


# The whole replies


def overview(report: Report, pictures: Sequence[Picture] = ()) -> Reply:
    if report.nothing:
        return _nothing(report)
    return Reply(
        title=_title(report),
        text=reduced(report),
        fields=key_figures(report),
        sections=tuple(
            section
            for section in (
                _noisy("Noisiest teams", report.noise_by_team),
                advice_in_brief(report.advice),
                _series("Chronic", report.chronic, _say_chronic),
                _series("Flapping", report.flapping, _say_flapping),
            )
            if section.lines
        ),
        pictures=tuple(pictures),
        buttons=_views(report, OVERVIEW),
        footer=footer(report),
    )


def times(report: Report, pictures: Sequence[Picture] = ()) -> Reply:
    summary = report.times.now
    if not summary.incidents:
        return _nothing(report)
    groups: dict[str, Summary] = {"all": summary, **report.by_severity}
    for kind, more in (("team", report.by_team), ("", report.by_service)):
        groups |= {f"{kind} {name}".strip(): each for name, each in more.items()}
    rows = tuple(_times_row(name, group) for name, group in list(groups.items())[:MOST_ROWS])
    return Reply(
        title=f"{_count(summary.incidents, 'incident')} in {report.span_in_words}{_of(report)}",
        fields=_compared(report),
        table=Table(("Incidents of", "count", *(f.name for f in FIGURES)), rows, right=("count",)),
        pictures=tuple(pictures),
        buttons=_views(report, TIMES),
        footer=f"Medians, and the 90th percentile where there are enough. {footer(report)}",
    )


def noise(report: Report, pictures: Sequence[Picture] = ()) -> Reply:
    if not report.reduction.instances:
        return _nothing(report)
    rules = report.noise_by_rule
    total, noisy = sum(n.instances for n in rules), sum(n.noisy for n in rules)
    rows = tuple(_noise_row(n) for n in rules[:MOST_ROWS])
    return Reply(
        title=f"{percent(noisy, total)} of {total:,} alerts were of no use{_of(report)}",
        text="They opened or joined nothing, were silenced, or were in incidents that nobody "
        "attended to and that ended by themselves.",
        tone=Tone.WARNING if noisy > total / 2 else Tone.NEUTRAL,
        table=Table(
            ("Rule", "alerts", "noise", "silenced", "unattended", "of use"),
            rows,
            right=("alerts", "noise", "silenced", "unattended", "of use"),
        ),
        sections=tuple(
            section
            for section in (
                _noisy("By team", report.noise_by_team, most=10),
                _series("Chronic", report.chronic, _say_chronic),
                _series("Flapping", report.flapping, _say_flapping),
            )
            if section.lines
        ),
        pictures=tuple(pictures),
        buttons=_views(report, NOISE),
        footer=footer(report),
    )


def rules(report: Report) -> Reply:
    if not report.reduction.instances:
        return _nothing(report)
    if not report.advice:
        return Reply(
            title="No rule stands out as worth deleting",
            text="A rule is named when it fired often enough to judge and almost none of its "
            "alerts led to an incident that somebody attended to.",
            tone=Tone.GOOD,
            buttons=_views(report, RULES),
            footer=footer(report),
        )
    saved = sum(a.saves for a in report.advice)
    return Reply(
        title=f"{_count(len(report.advice), 'rule')} worth deleting{_of(report)}",
        text=f"Without them there would have been {saved:.0%} fewer alerts in "
        f"{report.span_in_words}.",
        tone=Tone.WARNING,
        sections=advice_sections(report),
        buttons=_views(report, RULES),
        footer=f"Silencing shows first what it would have hidden. {footer(report)}",
    )


def pages(report: Report, people: People) -> Reply:
    if not report.pages:
        return Reply(
            title=f"Nobody was paged in {report.span_in_words}{_of(report)}",
            text="Pages by escalation and by the page button count; mentions do not.",
            buttons=_views(report, PAGES),
            footer=footer(report),
        )
    total, nights = (sum(getattr(p, f) for p in report.pages) for f in ("pages", "at_night"))
    return Reply(
        title=f"{_count(total, 'page')} in {report.span_in_words}, {nights:,} at night",
        tone=Tone.WARNING if nights else Tone.NEUTRAL,
        table=Table(
            ("Who", "pages", "at night", "incidents"),
            tuple(
                (people(p.person), f"{p.pages:,}", f"{p.at_night:,}", f"{p.incidents:,}")
                for p in report.pages[:MOST_ROWS]
            ),
            right=("pages", "at night", "incidents"),
        ),
        buttons=_views(report, PAGES),
        footer=f"Night is 22:00 to 8:00 UTC. {footer(report)}",
    )


def one_rule(report: Report, rule: str, incidents: Sequence[str]) -> Reply:
    """One rule in its figures; `incidents` are the newest that hold an alert of it."""
    found = next(n for n in report.noise_by_rule if n.name == rule)
    advised = next((a for a in report.advice if a.rule == rule), None)
    series = [s for s in (*report.flapping, *report.chronic) if s.name == rule]
    return Reply(
        title=f"{rule}: {_count(found.instances, 'alert')} in {report.span_in_words}",
        text=_advised(advised) if advised else "",
        fields={
            "Delivered": f"{found.deliveries:,} times",
            "Noise": f"{found.noisy:,} ({found.share:.0%})",
            "Silenced": f"{found.silenced:,}",
            "In incidents": f"{found.useful + found.unattended:,}"
            + (f", {found.unattended:,} unattended" if found.unattended else ""),
        },
        sections=tuple(
            section
            for section in (
                _series("Goes on and off, or stays on", series, _say_series),
                Section("Newest incidents", tuple(Line(i) for i in incidents), bullets=True),
            )
            if section.lines
        ),
        buttons=(_silence(rule), _view(report, RULES)),
        footer=footer(report),
    )


# Parts that the digest shows, too


def charts(report: Report) -> tuple[Picture, ...]:
    """Alerts against cards per day, and times by week, where there is enough to draw."""
    drawn = []
    if len(report.days) >= _LEAST_DAYS and report.reduction.instances:
        busiest = max(report.days, key=lambda d: d.alerts)
        drawn.append(
            Picture(
                "Alerts and cards per day",
                f"{report.reduction.instances:,} alerts and {report.reduction.cards:,} cards in "
                f"{report.span_in_words}; the busiest day was {busiest.day} with "
                f"{busiest.alerts:,} alerts and {busiest.cards:,} cards.",
                draw_alerts_and_cards(report.days),
            )
        )
    told = {day: week for day, week in report.weeks.items() if week.resolve.median is not None}
    if len(told) > 1:
        course = ", ".join(f"{d}: {say(w.resolve.median)}" for d, w in told.items())
        drawn.append(
            Picture(
                "Times by week",
                f"Median time to resolve by week, {course}.",
                draw_times(report.weeks),
            )
        )
    return tuple(drawn)


def reduced(report: Report) -> str:
    """ "12,431 alerts (37,204 deliveries) became 37 cards: 99.7 % made none of their own."."""
    r = report.reduction
    if r.share is None:
        return "No alerts came in."
    return (
        f"{_count(r.instances, 'alert')} ({_count(r.deliveries, 'delivery', 'deliveries')}) became "
        f"{_count(r.cards, 'card')}: {_share(r.share)} of the alerts made none of their own."
    )


def key_figures(report: Report) -> dict[str, str]:
    total = sum(n.instances for n in report.noise_by_rule)
    noisy = sum(n.noisy for n in report.noise_by_rule)
    fields = _compared(report)
    if total:
        fields["Noise"] = f"{percent(noisy, total)} of the alerts were of no use"
    if report.pages:
        at_night = sum(p.at_night for p in report.pages)
        fields["Pages"] = f"{sum(p.pages for p in report.pages):,}, {at_night:,} at night"
    return fields


def advice_in_brief(advice: Sequence[Advice], most: int = MOST_LINES) -> Section:
    lines = [f"`{a.rule}` {a.reason}; {_share(a.saves)} of all alerts" for a in advice[:most]]
    return Section(WORTH_DELETING, tuple(map(Line, lines)), bullets=True)


def advice_sections(report: Report) -> tuple[Section, ...]:
    """One a rule, with the buttons that see to it."""
    return tuple(
        Section(
            heading=a.rule,
            lines=(Line(_advised(a)),),
            buttons=(
                _silence(a.rule),
                Button("See it", Call("stats", {**_args(report), "rule": a.rule})),
            ),
        )
        for a in report.advice
    )


def footer(report: Report) -> str:
    parts = [f"{report.start:%d %b %H:%M} to {report.end:%d %b %Y %H:%M} UTC."]
    if report.left_out:
        left = _count(report.left_out, "incident")
        parts.append(f"Left out: {left}, merged into others or in maintenance.")
    if report.cut:
        parts.append("There is more than is looked at: single alerts are a sample of the newest.")
    return " ".join(parts)


def say_spread(spread: Spread) -> str:
    """Median first: times of incidents are skewed, and their mean follows the longest."""
    if spread.median is None:
        return f"{NOT_ENOUGH} ({spread.count})"
    p90 = f", 90 % within {say(spread.p90)}" if spread.p90 is not None else ""
    return f"median {say(spread.median)}, mean {say(spread.mean)}{p90} ({spread.count})"


def say(length: timedelta | None) -> str:
    return NOT_ENOUGH if length is None else say_duration(length)


def percent(part: int, of: int) -> str:
    return f"{part / of:.0%}" if of else "0%"


# The parts


def _nothing(report: Report) -> Reply:
    return Reply(
        title=f"Nothing to count in {report.span_in_words}{_of(report)}",
        text="No alerts came in and no incident was opened. Alerts come by webhook to "
        "/signals/{source}; a longer span may show more.",
        buttons=(Button("Last 90 days", Call("stats", {**_args(report), "window": "90d"})),),
    )


def _title(report: Report) -> str:
    cards = _count(report.reduction.cards, "incident")
    alerts = _count(report.reduction.instances, "alert")
    return f"{cards} and {alerts} in {report.span_in_words}{_of(report)}"


def _of(report: Report) -> str:
    return f" of {report.of}" if report.of else ""


def _compared(report: Report) -> dict[str, str]:
    """Each of the three times now, and how it was in the span before."""
    found: dict[str, str] = {}
    for figure in FIGURES:
        now, before = figure.of(report.times.now), figure.of(report.times.before)
        found[figure.name] = say_spread(now) + _was(figure, now, before, report.times)
    return found


def _was(figure: Figure, now: Spread, before: Spread, times: Comparison) -> str:
    if now.median is None or before.median is None:
        return ""
    if not getattr(times, figure.field):
        return f"; before {say(before.median)}, no clear change"
    return f"; before {say(before.median)}, " + (
        "clearly shorter" if now.median < before.median else "clearly longer"
    )


def _times_row(name: str, summary: Summary) -> tuple[str, ...]:
    return (name, f"{summary.incidents:,}", *(_cell(f.of(summary)) for f in FIGURES))


def _cell(spread: Spread) -> str:
    if spread.median is None:
        return f"– ({spread.count})"
    p90 = f", p90 {say(spread.p90)}" if spread.p90 is not None else ""
    return f"{say(spread.median)}{p90}"


def _noise_row(noise: Noise) -> tuple[str, ...]:
    counts = (noise.instances, noise.noisy, noise.silenced, noise.unattended, noise.useful)
    return (noise.name[:60], *(f"{n:,}" for n in counts))


def _noisy(heading: str, noise: Sequence[Noise], most: int = MOST_LINES) -> Section:
    lines = [
        f"{n.name}: {n.noisy:,} of {_count(n.instances, 'alert')} ({n.share:.0%})"
        for n in noise[:most]
        if n.noisy
    ]
    return Section(heading, tuple(map(Line, lines)), bullets=True)


def _series(
    heading: str, series: Iterable[SeriesFigures], says: Callable[[SeriesFigures], str]
) -> Section:
    """Series that read alike (the pods of one service) are one line."""
    lines: dict[str, int] = {}
    for each in series:
        lines[says(each)] = lines.get(says(each), 0) + 1
    told = [f"{text}{f' ({n} series)' if n > 1 else ''}" for text, n in lines.items()]
    return Section(heading, tuple(map(Line, told[:MOST_LINES])), bullets=True)


def _say_chronic(series: SeriesFigures) -> str:
    return f"{_named(series)} fires {series.firing:.0%} of the time"


def _say_flapping(series: SeriesFigures) -> str:
    starts = _count(series.starts, "time")
    return f"{_named(series)} started {starts}, {series.busiest_hour} within one hour"


def _say_series(series: SeriesFigures) -> str:
    return f"{_say_flapping(series)}; fires {series.firing:.0%} of the time"


def _named(series: SeriesFigures) -> str:
    where = series.where or series.service
    return f"`{series.name}`" + (f" on {where}" if where else "")


def _advised(advice: Advice) -> str:
    careful = f" Look twice: {advice.careful}." if advice.careful else ""
    reason = advice.reason[:1].upper() + advice.reason[1:]
    return f"{reason}. Deleting it cuts {_share(advice.saves)} of all alerts.{careful}"


def _share(share: float) -> str:
    """Tenths where whole per cents would hide the difference."""
    return f"{share:.1%}" if 0 < share < 0.1 or 0.95 < share < 1 else f"{share:.0%}"


def _silence(rule: str) -> Button:
    return Button("Silence it", Call("silence", {"alert": rule, "duration": SILENCE_FOR}))


def _views(report: Report, shown: str) -> tuple[Button, ...]:
    return tuple(_view(report, view) for view in VIEWS if view != shown)


def _view(report: Report, view: str) -> Button:
    return Button(_LABELS[view], Call("stats", {**_args(report), "show": view}))


def _args(report: Report) -> Mapping[str, str]:
    minutes = round(report.span.total_seconds() / 60)
    args = {"window": f"{minutes}m" if minutes % 1440 else f"{minutes // 1440}d"}
    return {**args, "of": report.of} if report.of else args


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
