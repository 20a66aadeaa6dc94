"""The figures of a replay: what the report, the terminal and `--json` tell, computed once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from bot.replay.run import Card, Result
from knowledge.records import Verdict
from knowledge.statistics.noise import Advice

MOST_RULES = 12
"""Rules that are shown by name."""

FATES = {
    "on cards": "They opened an incident, or were attached to one.",
    "alone": "One sign that no other one joined: nothing was opened on it.",
    "chronic": "Their series fires so often or so long that it says nothing new.",
    "unimportant": "Heartbeats, and what their sender calls information.",
}
_FATE_OF = {Verdict.CHRONIC: "chronic", Verdict.UNIMPORTANT: "unimportant"}


@dataclass(frozen=True)
class RuleShare:
    """One alert rule: how often it fired, and how often that was part of an incident."""

    name: str
    alerts: int
    on_cards: int


def wait_s(cards: Sequence[Card]) -> float | None:
    """Median seconds from the first alert of a card to the card; None without cards."""
    return median(card.waited.total_seconds() for card in cards) if cards else None


def fates(result: Result) -> dict[str, int]:
    """How many alerts went where, by the words of FATES."""
    found = Counter(
        "on cards" if alert.group else _FATE_OF.get(alert.verdict, "alone")
        for alert in result.alerts
    )
    return {fate: found[fate] for fate in FATES}


def rule_shares(result: Result) -> list[RuleShare]:
    """Those with the most alerts outside of cards first."""
    every, carded = Counter[str](), Counter[str]()
    for alert in result.alerts:
        every[alert.signal.name] += 1
        carded[alert.signal.name] += bool(alert.group)
    shares = [RuleShare(name, count, carded[name]) for name, count in every.items()]
    return sorted(shares, key=lambda s: (s.on_cards - s.alerts, s.name))


def say_span(span: timedelta) -> str:
    """ "40 minutes", "5 hours", "31 days"."""
    minutes = max(1, round(span.total_seconds() / 60))
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= 2 * size or size == 1:
            count = round(minutes / size)
            return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
    raise AssertionError("a minute is the smallest")


def deletable(result: Result) -> list[Advice]:
    """Rules that may go. The statistics' reasons speak of people, and a replay knows of none."""
    span = say_span(period(result))
    return [replace(advice, reason=_reason(advice, span)) for advice in result.deletable(span)]


def _reason(advice: Advice, span: str) -> str:
    use = f"{advice.useful:,} of them on cards" if advice.useful else "on no card"
    return f"fired {advice.instances:,} times in {span}, {use}"


def period(result: Result) -> timedelta:
    if result.began is None or result.ended is None:
        return timedelta()
    return result.ended - result.began


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Everything that the report shows, for programs."""
    return {"histories": [_history(result) for result in results]}


def _history(result: Result) -> dict[str, Any]:
    cut = result.noise_cut
    return {
        "name": result.name,
        "began": _iso(result.began),
        "ended": _iso(result.ended),
        "webhooks": result.webhooks,
        "alerts_delivered": result.objects,
        "alerts": len(result.alerts),
        "cards": [_card(card) for card in result.cards],
        "cards_shown": result.cards_shown,
        "noise_cut": None if cut is None else round(cut, 4),
        "median_seconds_to_card": wait_s(result.cards),
        "went": fates(result),
        "rules": [vars(share) for share in rule_shares(result)],
        "worth_deleting": [vars(advice) for advice in deletable(result)],
        "left_out": [vars(mistake) for mistake in result.malformed],
        "left_out_more": result.more_malformed,
        "out_of_order": result.backwards,
        "lost": result.lost,
        "cpu_seconds": round(result.cpu_s, 3),
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "group": card.group,
        "title": card.title,
        "severity": card.severity,
        "service": card.service,
        "first_alert_at": _iso(card.first_alert_at),
        "posted_at": _iso(card.posted_at),
        "seconds": card.waited.total_seconds(),
        "alerts": card.alerts,
        "suspects": list(card.suspects),
        "evidence": card.says,
        "merged": card.merged,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
