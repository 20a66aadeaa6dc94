import re
from html.parser import HTMLParser
from typing import Any

import pytest

from bot.replay import Result, histories, replay
from bot.replay.charts import nice, timeline
from bot.replay.figures import as_json, fates, rule_shares, say_span
from bot.replay.report import report
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from tests.bot.replay.conftest import START, Write, alert, storm, webhook


class _Page(HTMLParser):
    """Text of the page, addresses in it, and whether its tags match."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in ("meta", "br", "line", "rect", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "rect", "circle"):
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of the drawing without a content."""

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page_of(*results: Result) -> _Page:
    page = _Page()
    page.feed(report(results))
    return page


def text_of(*results: Result) -> str:
    return " ".join(" ".join(page_of(*results).words).split())


def test_the_figures_are_told(result: Result) -> None:
    text = text_of(result)
    assert "6 alerts came in (19 deliveries with all repeats)" in text
    assert "Tandem would have shown 1 card, one for every 6 alerts." in text
    assert "83.3%" in text
    assert "05 March 2026, 12:00 to 12:15 UTC" in text
    card = result.cards[0]
    assert card.title in text
    assert f"{card.posted_at:%H:%M:%S}" in text
    assert "orders-db" in text


def test_it_needs_nothing_from_elsewhere_and_its_tags_match(result: Result) -> None:
    page = page_of(result, result)
    assert page.open == []
    assert all(address.startswith("#") for address in page.addresses)
    html = report([result])
    assert "<script" not in html
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_what_was_left_out_is_listed_with_line_and_field(write: Write) -> None:
    lines = [*storm(), b"{", webhook(901, {"labels": {}})]
    text = text_of(replay(histories([write(lines)])[0], Catalogue(), MemoryStore()))
    assert "2 mistakes in the files; the rest was read." in text
    assert re.search(r"alerts.jsonl 9 line not JSON", text)
    assert re.search(r"alerts.jsonl 10 payload.alerts\[0\].labels.alertname missing", text)


def test_text_from_alerts_is_text(write: Write) -> None:
    trap = "<script>alert(1)</script>"
    lines = [webhook(i, alert(trap, 0, service=trap)) for i in (60, 200, 400)]
    results = replay(histories([write(lines)])[0], Catalogue(), MemoryStore())
    assert "<script" not in report([results])
    assert trap in text_of(results)


def test_an_empty_history_is_said_to_be_empty(write: Write) -> None:
    empty = replay(histories([write([b"{"])])[0], Catalogue(), MemoryStore())
    assert "No alert could be read" in text_of(empty)


def test_several_histories_are_compared(result: Result) -> None:
    text = text_of(result, result)
    assert "history length delivered alerts cards noise cut median wait" in text
    assert "shop 15 minutes 19 6 1 83.3%" in text


def test_json_holds_what_the_report_shows(result: Result) -> None:
    (told,) = as_json([result])["histories"]
    card: Any = told["cards"][0]
    assert told["alerts_delivered"] == 19
    assert told["went"] == fates(result)
    assert card["seconds"] == result.cards[0].waited.total_seconds()
    assert {rule["name"] for rule in told["rules"]} == {a.signal.name for a in result.alerts}


def test_fates_and_rules_add_up(result: Result) -> None:
    assert sum(fates(result).values()) == len(result.alerts) == 6
    assert fates(result)["on cards"] == 5
    first, *rest = rule_shares(result)
    assert (first.name, first.alerts, first.on_cards) == ("CertificateExpiresSoon", 1, 0)
    assert all(share.alerts == share.on_cards for share in rest)


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "1 minute"), (40, "40 minutes"), (90, "90 minutes")]
)
def test_short_spans(minutes: int, words: str) -> None:
    assert say_span(START - START + minutes * (START.resolution * 60_000_000)) == words


@pytest.mark.parametrize(
    ("count", "end"), [(0, 1), (1, 1), (3, 5), (7, 10), (148, 200), (2759, 5000)]
)
def test_axes_end_on_round_numbers(count: float, end: float) -> None:
    assert nice(count) == end


def test_the_chart_has_a_bar_for_each_minute_and_a_mark_for_each_card() -> None:
    minute = int(START.timestamp()) // 60
    svg = timeline({minute: 4, minute + 1: 8, minute + 9: 1}, [START, START])
    assert svg.count('class="bar"') == 3
    assert svg.count('class="dot"') == 2
    # Two cards at one moment are set one under the other.
    assert len(set(re.findall(r'<circle class="dot" cx="[\d.]+" cy="(\d+)"', svg))) == 2


def test_a_month_is_drawn_with_few_bars() -> None:
    minute = int(START.timestamp()) // 60
    svg = timeline({minute + i * 60: 1 for i in range(31 * 24)}, [])
    assert svg.count('class="bar"') <= 240
    assert timeline({}, []) == ""
