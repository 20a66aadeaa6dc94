"""What the language model was used for, what that cost, and how much is left of its limits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from knowledge.durations import Duration, say_duration
from knowledge.ledger import DAY, start_of_day
from knowledge.ports import Ledger, Uses
from knowledge.ports.operations import By
from knowledge.records import Allowance, Prices, UseTotal
from skills.contract import (
    Audience,
    BadArgs,
    Context,
    Line,
    Picture,
    Reply,
    Section,
    Skill,
    Table,
    Tone,
)
from skills.usage_picture import draw_tokens

LONGEST = timedelta(days=366)
MOST_ROWS = 15
NEARLY = 0.8
"""The share of a limit from which it is worth a warning."""
_HEADINGS: Mapping[By, str] = {
    "purpose": "By skill",
    "team": "By team",
    "model": "By model",
    "prompt": "By prompt",
}


@dataclass(frozen=True)
class Report:
    """Everything that is shown, as figures."""

    since: datetime
    until: datetime
    prices: Prices
    days: Sequence[UseTotal]
    totals: Mapping[By, Sequence[UseTotal]]
    allowances: Sequence[Allowance] = ()

    @property
    def all(self) -> UseTotal:
        return UseTotal(
            "all",
            sum(day.answers for day in self.days),
            sum(day.tokens_in for day in self.days),
            sum(day.tokens_out for day in self.days),
            sum(day.cost for day in self.days),
        )


class Args(BaseModel):
    window: Duration = Field(
        timedelta(days=7), description="how far back to look, for example 24h, 7d or 30d"
    )


def run(ctx: Context, args: Args) -> Reply:
    if not timedelta(0) < args.window <= LONGEST:
        raise BadArgs("window", "must lie between a minute and a year", "Write for example 7d")
    report = gather(ctx.uses, ctx.now - args.window, ctx.now, ctx.ledger, ctx.user.id)
    return show(report, ctx.people, connected=ctx.llm is not None)


def gather(
    uses: Uses, since: datetime, until: datetime, ledger: Ledger | None, user: str = ""
) -> Report:
    """Of [since, until]. Limits are those of today, for everyone and for `user`, and of the teams
    that used anything today."""
    end = until + timedelta(microseconds=1)
    today = uses.totals(start_of_day(until), end, "team") if ledger else []
    teams = [team.key for team in today if team.key]
    return Report(
        since,
        until,
        ledger.prices if ledger else Prices(),
        uses.totals(since, end, "day"),
        {by: uses.totals(since, end, by) for by in _HEADINGS},
        tuple(_allowances(ledger, user, teams)) if ledger else (),
    )


def _allowances(ledger: Ledger, user: str, teams: Sequence[str]) -> Iterator[Allowance]:
    yield from ledger.allowances(user)
    for team in teams:
        yield from (a for a in ledger.allowances(team=team) if a.kind == "team")


def show(
    report: Report, people: Callable[[str], str] = lambda user: user, *, connected: bool = True
) -> Reply:
    """The report for people. Sums of money are left out where there are no prices."""
    everything = report.all
    span = say_duration(report.until - report.since)
    limits = tuple(_limits(report, people))
    if not everything.answers:
        return Reply(
            title=f"The language model was not used in {span}",
            text="" if connected else "None is connected; OPENAI_MODEL switches it on.",
            sections=limits,
            audience=Audience.ASKER,
        )
    priced = bool(everything.cost)
    cost = report.prices.say(everything.cost)
    tokens = everything.tokens_in + everything.tokens_out
    return Reply(
        title=f"Language model: {f'{cost}, ' if priced else ''}{tokens:,} tokens in {span}",
        tone=Tone.WARNING if any(a.share >= NEARLY for a in report.allowances) else Tone.NEUTRAL,
        fields={
            "Answers": f"{everything.answers:,}",
            "Tokens read": f"{everything.tokens_in:,}",
            "Tokens written": f"{everything.tokens_out:,}",
            **(
                {"Per answer": report.prices.say(everything.cost / everything.answers)}
                if priced
                else {}
            ),
        },
        table=_table(report, priced),
        sections=(*limits, *_others(report, priced)),
        pictures=_pictures(report),
        footer=f"{report.since:%d %b %H:%M} to {report.until:%d %b %H:%M} UTC"
        + ("" if priced else "; no prices are set, so no cost is shown"),
        audience=Audience.ASKER,
    )


def _table(report: Report, priced: bool) -> Table:
    rows = [
        (
            _key(total.key, "purpose"),
            f"{total.answers:,}",
            f"{total.tokens_in:,}",
            f"{total.tokens_out:,}",
            *((report.prices.say(total.cost),) if priced else ()),
        )
        for total in report.totals["purpose"][:MOST_ROWS]
    ]
    numbers = ("Answers", "Read", "Written", *(("Cost",) if priced else ()))
    return Table(("Skill", *numbers), tuple(rows), right=numbers)


def _others(report: Report, priced: bool) -> Iterator[Section]:
    for by, heading in _HEADINGS.items():
        totals = report.totals[by]
        if by == "purpose" or not any(total.key for total in totals):
            continue
        lines = tuple(Line(_said(report, t, by, priced)) for t in totals[:MOST_ROWS])
        yield Section(heading, lines, bullets=True)


def _said(report: Report, total: UseTotal, by: By, priced: bool) -> str:
    cost = f", {report.prices.say(total.cost)}" if priced else ""
    tokens = total.tokens_in + total.tokens_out
    return f"{_key(total.key, by)}: {total.answers:,} answers, {tokens:,} tokens{cost}"


def _key(key: str, by: By) -> str:
    nobody = {"team": "no team", "prompt": "no prompt", "purpose": "the bot itself"}
    return key.replace("_", " ") if key and by == "purpose" else key or nobody.get(by, "unknown")


def _limits(report: Report, people: Callable[[str], str]) -> Iterator[Section]:
    lines = tuple(Line(_limit(a, report.prices, people)) for a in report.allowances)
    if lines:
        opens = start_of_day(report.until) + DAY
        left = say_duration(opens - report.until)
        yield Section(f"Limits of today (anew at 00:00 UTC, in {left})", lines, bullets=True)


def _limit(allowance: Allowance, prices: Prices, people: Callable[[str], str]) -> str:
    whose = {"everyone": "Everyone", "user": people(allowance.whose)}
    parts = []
    if allowance.limit.cost is not None:
        left = max(allowance.limit.cost - allowance.cost, 0.0)
        parts.append(f"{prices.say(left)} of {prices.say(allowance.limit.cost)} left")
    if allowance.limit.tokens is not None:
        rest = max(allowance.limit.tokens - allowance.tokens, 0)
        parts.append(f"{rest:,} of {allowance.limit.tokens:,} tokens left")
    closed = "; used up" if allowance.share >= 1 else ""
    return f"{whose.get(allowance.kind, allowance.whose)}: {', '.join(parts)}{closed}"


def _pictures(report: Report) -> tuple[Picture, ...]:
    if len(report.days) < 2:
        return ()
    most = max(report.days, key=lambda day: day.tokens_in + day.tokens_out)
    alt = (
        f"Tokens per day over {len(report.days)} days; most on {most.key}, "
        f"{most.tokens_in + most.tokens_out:,}."
    )
    return (Picture("Tokens per day", alt, draw_tokens(report.days)),)


skill = Skill(
    name="usage",
    summary="Show the language model's tokens and cost, and what is left of its limits",
    examples=("token usage over the last 7 days", "what did the language model cost today?"),
    args=Args,
    run=run,
    command="/usage",
    positional=("window",),
)
