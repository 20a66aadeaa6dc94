from collections.abc import Sequence
from datetime import timedelta
from threading import RLock

from bot.replay import History, Result, histories, replay
from bot.replay.report import report
from knowledge.adapters.memory.store import MemoryAlerts, MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.records import AlertRecord
from tests.bot.replay.conftest import START, TOPOLOGY, Write, alert, storm, webhook


def test_one_card_with_all_of_the_incident_and_nothing_else(result: Result) -> None:
    (card,) = result.cards
    grouped = {a.signal.name for a in result.alerts if a.group == card.group}
    assert grouped == {"SlowQueries", "ConnectionsExhausted", "HighLatency", "HighErrorRate"}
    assert card.alerts == 5
    assert card.suspects[0] == "orders-db"
    alone = [a for a in result.alerts if not a.group]
    assert [a.signal.name for a in alone] == ["CertificateExpiresSoon"]


def test_the_clock_is_that_of_the_arrivals(result: Result) -> None:
    (card,) = result.cards
    assert card.first_alert_at == START + timedelta(seconds=60)
    assert card.first_alert_at <= card.posted_at <= START + timedelta(seconds=120)
    assert (result.began, result.ended) == (
        START + timedelta(seconds=5),
        START + timedelta(seconds=900),
    )


def test_repeats_are_counted_as_deliveries(result: Result) -> None:
    assert len(result.alerts) == 6
    assert result.objects == 19
    assert sum(result.arrivals.values()) == 19
    assert result.webhooks == 8
    errors = next(a for a in result.alerts if a.signal.fingerprint == "HighErrorRate/orders")
    assert errors.deliveries == 4
    assert result.noise_cut == 1 - 1 / 6


def test_a_history_that_runs_twice_gives_the_same(write: Write) -> None:
    catalogue = Catalogue.from_topology(TOPOLOGY)
    history = histories([write(storm())])[0]
    one, other = (replay(history, catalogue, MemoryStore()) for _ in range(2))
    assert one.cards == other.cards
    assert one.alerts == other.alerts


def test_lines_that_go_back_in_time_hold_the_clock(write: Write) -> None:
    lines = storm()
    lines[2], lines[3] = lines[3], lines[2]
    history = histories([write(lines)])[0]
    result = replay(history, Catalogue.from_topology(TOPOLOGY), MemoryStore())
    assert result.backwards == 1
    assert len(result.cards) == 1
    assert result.cards[0].alerts == 5


def test_months_of_silence_cost_nothing(write: Write) -> None:
    year = 365 * 86_400
    late = webhook(year, alert("HighErrorRate", year - 5, service="web"))
    result = replay(histories([write([*storm(), late])])[0], Catalogue(), MemoryStore())
    assert result.hours > 8_000
    assert result.cpu_s < 60


def test_mistakes_are_kept_up_to_a_limit_and_counted_beyond(write: Write) -> None:
    result = replay(histories([write([b"{"] * 1_100)])[0], Catalogue(), MemoryStore())
    assert len(result.malformed) == 1_000
    assert result.mistakes == 1_100
    assert result.cards == ()
    assert result.noise_cut is None


def test_rules_are_tallied_as_the_statistics_want_them(result: Result) -> None:
    tallies = {(t.name, t.service): t for t in result.tallies()}
    errors = tallies["HighErrorRate", "orders"]
    assert (errors.instances, errors.deliveries, errors.in_incidents) == (1, 4, 1)
    assert errors.firing_s == 520
    assert tallies["CertificateExpiresSoon", "mail"].in_incidents == 0


class _Forgetful(MemoryAlerts):
    """A history that keeps nothing of one alert."""

    def record(self, records: Sequence[AlertRecord]) -> None:
        super().record([r for r in records if r.signal.name != "HighLatency"])


def test_an_alert_that_the_bot_lost_is_counted(history: History) -> None:
    store = MemoryStore()
    store.alerts = _Forgetful(RLock(), store.incidents)
    result = replay(history, Catalogue.from_topology(TOPOLOGY), store)
    assert result.lost == 1
    assert len(result.alerts) == 6
    assert "1 alert could not be dealt with" in report([result])
