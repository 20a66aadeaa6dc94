"""The report that a manager can read: one HTML file without scripts or anything from outside."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape

from bot.replay.charts import timeline
from bot.replay.figures import (
    FATES,
    MOST_RULES,
    RuleShare,
    deletable,
    fates,
    period,
    rule_shares,
    say_span,
    wait_s,
)
from bot.replay.run import Card, Result
from bot.replay.style import STYLE
from knowledge.statistics.noise import Advice

MOST_CARDS = 200
MOST_MISTAKES = 50
_LONG = timedelta(hours=20)
"""From this length on, times are shown with their day."""


def report(results: Sequence[Result]) -> str:
    """The whole page."""
    title = "What Tandem would have shown"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="lead">{_lead(results)}</p>
</header>
{_overview(results) if len(results) > 1 else ""}
{"".join(_section(result) for result in results)}
{_METHOD}
</body>
</html>
"""


def _lead(results: Sequence[Result]) -> str:
    alerts = sum(len(result.alerts) for result in results)
    cards = sum(result.cards_shown for result in results)
    delivered = sum(result.objects for result in results)
    if not alerts:
        return "No alert could be read, so there is nothing to show."
    repeats = "" if delivered == alerts else f" ({delivered:,} deliveries with all repeats)"
    came = f"{_count(alerts, 'alert')} came in{repeats}. Tandem would have shown "
    if not cards:
        return f"{came}no card: nothing in them was an incident."
    return f"{came}{_count(cards, 'card')}, one for every {alerts / cards:,.0f} alerts."


def _overview(results: Sequence[Result]) -> str:
    rows = [
        (
            f'<a href="#{_anchor(result)}">{escape(result.name)}</a>',
            say_span(period(result)),
            f"{result.objects:,}",
            f"{len(result.alerts):,}",
            f"{result.cards_shown:,}",
            _percent(result.noise_cut),
            _seconds(wait_s(result.cards)),
        )
        for result in results
    ]
    head = ("history", "length", "delivered", "alerts", "cards", "noise cut", "median wait")
    return f"<section>{_table(head, rows, numbers=range(2, 7))}</section>"


def _section(result: Result) -> str:
    return f"""
<section id="{_anchor(result)}">
<h2>{escape(result.name)} <small>{_when(result)}</small></h2>
{_tiles(result)}
<figure>{timeline(result.arrivals, [card.posted_at for card in result.cards])}</figure>
{_cards(result)}
{_fates(result)}
{_rules(rule_shares(result))}
{_deletable(deletable(result))}
{_left_out(result)}
</section>"""


def _when(result: Result) -> str:
    if result.began is None or result.ended is None:
        return ""
    began, ended = result.began, result.ended
    until = f"{ended:%H:%M}" if ended.date() == began.date() else f"{ended:%d %B %Y, %H:%M}"
    return f"{began:%d %B %Y, %H:%M} to {until} UTC"


def _tiles(result: Result) -> str:
    merged = result.cards_shown - len(result.cards)
    tiles = (
        ("alerts in", f"{len(result.alerts):,}", f"{result.objects:,} with repeats"),
        (
            "cards out",
            f"{result.cards_shown:,}",
            f"{merged} of them merged later" if merged else "",
        ),
        ("noise cut", _percent(result.noise_cut), "alerts without a card of their own"),
        ("median wait", _seconds(wait_s(result.cards)), "first alert to its card"),
    )
    return '<dl class="tiles">' + "".join(_tile(*tile) for tile in tiles) + "</dl>"


def _tile(name: str, value: str, note: str) -> str:
    return f'<div><dt>{name}</dt><dd>{value}</dd><dd class="note">{note}</dd></div>'


# Cards


def _cards(result: Result) -> str:
    if not result.cards:
        return "<h3>Cards</h3><p>None: nothing in this history would have called anybody.</p>"
    dated = period(result) >= _LONG
    rows = [_card(i, card, dated) for i, card in enumerate(result.cards[:MOST_CARDS], start=1)]
    head = ("#", "card", "first alert", "card came", "after", "alerts", "suspected")
    return (
        f"<h3>Cards</h3>{_table(head, rows, numbers=(0, 2, 3, 4, 5))}"
        f"{_more(len(result.cards) - MOST_CARDS, 'card')}"
    )


def _card(number: int, card: Card, dated: bool) -> tuple[str, ...]:
    level = card.severity.value
    merged = f", with {_count(card.merged, 'card')} merged into it" if card.merged else ""
    return (
        f"{number}",
        f'<span class="level {level.lower()}">{level}</span> <b>{escape(card.title)}</b>'
        f'<br><span class="note">{escape(card.says)}{merged}</span>',
        _clock(card.first_alert_at, dated),
        _clock(card.posted_at, dated),
        _seconds(card.waited.total_seconds()),
        f"{card.alerts:,}",
        escape(", ".join(card.suspects)) or '<span class="note">nothing stands out</span>',
    )


# Noise


def _fates(result: Result) -> str:
    counts = fates(result)
    most = max(counts.values(), default=0)
    rows = [
        (escape(fate), f"{count:,}", _bar(count, most, "on" if fate == "on cards" else "off"), says)
        for (fate, count), says in zip(counts.items(), FATES.values(), strict=True)
    ]
    return f"<h3>Where the alerts went</h3>{_table(('', 'alerts', '', ''), rows, numbers=(1,))}"


def _rules(shares: Sequence[RuleShare]) -> str:
    if not shares:
        return ""
    most = max(share.alerts for share in shares[:MOST_RULES])
    rows = [
        (
            escape(share.name),
            f"{share.alerts:,}",
            _bar(share.on_cards, most, "on") + _bar(share.alerts - share.on_cards, most, "off"),
            f"{share.alerts - share.on_cards:,}",
        )
        for share in shares[:MOST_RULES]
    ]
    key = '<span class="key on"></span> on cards <span class="key off"></span> on none'
    head = ("rule", "alerts", key, "on none")
    return (
        f"<h3>Noise by rule</h3>{_table(head, rows, numbers=(1, 3))}"
        f"{_more(len(shares) - MOST_RULES, 'rule')}"
    )


def _deletable(advice: Sequence[Advice]) -> str:
    title = "<h3>Rules worth deleting</h3>"
    if not advice:
        return f"{title}<p>None: no rule fired often enough, and uselessly enough, to say so.</p>"
    rows = [
        (f"<b>{escape(a.rule)}</b>", escape(a.reason), f"{a.saves:.1%}", escape(a.careful))
        for a in advice
    ]
    head = ("rule", "why", "of all alerts", "but")
    return f"{title}{_table(head, rows, numbers=(2,))}"


def _left_out(result: Result) -> str:
    parts = []
    if result.mistakes:
        rows = [
            (escape(m.file), f"{m.line:,}", escape(m.field), escape(m.problem))
            for m in result.malformed[:MOST_MISTAKES]
        ]
        parts.append(
            f"<h3>Left out</h3><p>{_count(result.mistakes, 'mistake')} in the files; "
            f"the rest was read.</p>{_table(('file', 'line', 'field', 'problem'), rows, (1,))}"
            f"{_more(result.mistakes - MOST_MISTAKES, 'mistake')}"
        )
    if result.lost:
        parts.append(
            f"<p>{_count(result.lost, 'alert')} could not be dealt with, by a mistake of Tandem's; "
            "its log tells more.</p>"
        )
    if result.backwards:
        parts.append(
            f'<p class="note">{_count(result.backwards, "line")} came with an earlier time than '
            "the one before; the clock stood still for them.</p>"
        )
    return "".join(parts)


_METHOD = f"""
<section class="method">
<h2>How to read this</h2>
<p>The history ran through the code of the running bot, with the times of arrival as its clock. A
card is what people in Slack would have seen: one message for an incident, edited while it goes
on.</p>
<dl>
<dt>alerts</dt><dd>Different alerts. A sender repeats each while it lasts; repeats are counted as
deliveries only.</dd>
<dt>noise cut</dt><dd>1 - cards / alerts. Cards that were merged into another one later count as
cards, because somebody saw them.</dd>
<dt>after</dt><dd>From the arrival of the first alert that is on the card to the card.</dd>
<dt>suspected</dt><dd>Services, nodes or zones that the alerts speak against most, likeliest first.
A lead, not a finding.</dd>
<dt>worth deleting</dt><dd>Rules of whose alerts at most a quarter can have been of an incident,
chance counted in. Nobody's judgement is in it: look at each before it goes.</dd>
</dl>
<p class="note">Not part of a replay: silences, maintenance windows, what people would have
acknowledged or taught, and what comes from other systems. All times are in UTC. At most
{MOST_CARDS} cards are listed.</p>
</section>"""


# Pieces


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """Cells are HTML already; the columns of `numbers` stand to the right."""
    right = set(numbers)
    marks = ['class="n"' if i in right else "" for i in range(len(head))]
    titles = "".join(f"<th {mark}>{cell}</th>" for mark, cell in zip(marks, head, strict=True))
    lines = (
        "".join(f"<td {mark}>{cell}</td>" for mark, cell in zip(marks, row, strict=True))
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="wide"><table><thead><tr>{titles}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _bar(count: int, most: int, kind: str) -> str:
    width = 100 * count / most if most else 0
    return f'<span class="share {kind}" style="width:{width:.1f}%"></span>' if count else ""


def _more(count: int, what: str) -> str:
    return f'<p class="note">and {_count(count, f"more {what}")}</p>' if count > 0 else ""


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "none"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _clock(moment: datetime, dated: bool) -> str:
    return f"{moment:%d %b %H:%M:%S}" if dated else f"{moment:%H:%M:%S}"


def _anchor(result: Result) -> str:
    return escape("".join(c if c.isalnum() else "-" for c in result.name))
