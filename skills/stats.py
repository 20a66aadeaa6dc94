"""How fast are we, how noisy are the alerts, who is woken, and which rules can go?"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from knowledge.durations import Duration
from knowledge.handovers import held_in_all, passing
from knowledge.statistics import Facts, Report, gather, make_report
from skills import stat_cards
from skills.contract import BadArgs, Context, NotFound, Reply, Skill

LONGEST = timedelta(days=366)
MOST_INCIDENTS = 10
MOST_HANDOVERS = 500
_WORDS = {
    "": stat_cards.OVERVIEW,
    **{view: view for view in stat_cards.VIEWS},
    **dict.fromkeys(("all", "everything", "summary"), stat_cards.OVERVIEW),
    **dict.fromkeys(("time", "mttr", "mtta", "mttd", "speed"), stat_cards.TIMES),
    **dict.fromkeys(("noisy", "alerts", "teams"), stat_cards.NOISE),
    **dict.fromkeys(("rule", "delete", "cleanup"), stat_cards.RULES),
    **dict.fromkeys(("page", "nights", "people"), stat_cards.PAGES),
}


class Args(BaseModel):
    window: Duration = Field(
        timedelta(days=30), description="how far back to look, for example 7d or 30d"
    )
    of: str = Field("", description="only this service or team, e.g. checkout")
    show: str = Field("", description="overview, times, noise, rules or pages")
    rule: str = Field("", description="one alert rule in its figures, e.g. DiskFull")


def run(ctx: Context, args: Args) -> Reply:
    if not timedelta(0) < args.window <= LONGEST:
        raise BadArgs("window", "must lie between a minute and a year", "Write for example 30d")
    view = _view(args.show)
    facts = gather(ctx.incidents, ctx.alerts, ctx.silences, ctx.now - args.window, ctx.now)
    service, team = _limits(ctx, facts, args.of.strip())
    report = make_report(facts, team_of=ctx.catalogue.team, service=service, team=team)
    if args.rule.strip():
        return _one_rule(facts, report, args.rule.strip())
    match view:
        case stat_cards.TIMES:
            times = stat_cards.times(report, stat_cards.charts(report)[-1:])
            whole = not (service or team)
            return _with_handovers(ctx, times, ctx.now - args.window) if whole else times
        case stat_cards.NOISE:
            return stat_cards.noise(report, stat_cards.charts(report)[:1])
        case stat_cards.RULES:
            return stat_cards.rules(report)
        case stat_cards.PAGES:
            return stat_cards.pages(report, ctx.people)
    return stat_cards.overview(report, stat_cards.charts(report))


def _with_handovers(ctx: Context, reply: Reply, since: datetime) -> Reply:
    """How long each side of an incident that was passed on had it."""
    known = ctx.handovers.find(since=since, limit=MOST_HANDOVERS)
    passed = []
    for incident in dict.fromkeys(h.incident for h in known):
        try:
            passed.append(ctx.incidents.get(incident))
        except NotFound:
            continue

    def team(service: str) -> str:
        return ctx.catalogue.team(ctx.catalogue.canonical(service) or service)

    times = held_in_all(passed, known, team, ctx.now)
    section = stat_cards.handed_over(passing(known), times)
    return replace(reply, sections=(*reply.sections, section)) if section.lines else reply


def _view(word: str) -> str:
    found = _WORDS.get(word.strip().lower())
    if found is None:
        raise BadArgs("show", f"{word!r} is none", f"Use one of {', '.join(stat_cards.VIEWS)}")
    return found


def _limits(ctx: Context, facts: Facts, of: str) -> tuple[str, str]:
    """The service or the team that is meant, the other one empty. Raises NotFound."""
    if not of:
        return "", ""
    services = {*_services(facts), *ctx.catalogue.services}
    if service := _same(of, services):
        return service, ""
    teams = {ctx.catalogue.team(service) for service in services} - {""}
    if team := _same(of, teams):
        return "", team
    raise NotFound.among("service or team", of, sorted(services | teams))


def _services(facts: Facts) -> set[str]:
    of_alerts = {t.service for day in facts.days.values() for t in day}
    return (of_alerts | {i.service for i in facts.incidents}) - {""}


def _same(word: str, known: Iterable[str]) -> str:
    return next((name for name in known if name.lower() == word.lower()), "")


def _one_rule(facts: Facts, report: Report, word: str) -> Reply:
    rule = _same(word, (n.name for n in report.noise_by_rule))
    if not rule:
        raise NotFound.among("alert rule", word, [n.name for n in report.noise_by_rule])
    holding = [
        f"{i.id} {i.title}"
        for i in facts.incidents
        if i.opened_at >= facts.start and any(s.name == rule for s in i.signals)
    ]
    return stat_cards.one_rule(report, rule, holding[:MOST_INCIDENTS])


skill = Skill(
    name="stats",
    summary="Show times to detect and resolve, alert noise, and which rules to delete",
    examples=(
        "time to resolve over the last 30 days",
        "which alerts are noise?",
        "which rules should we delete?",
    ),
    args=Args,
    run=run,
    command="/ops",
    positional=("window", "of", "show"),
)
