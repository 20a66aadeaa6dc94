"""What the correlation makes of alerts as they really come."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.catalogue import Catalogue
from knowledge.correlation import Correlator, Outcome, Tuning
from knowledge.correlation.outcome import Key
from knowledge.errors import NotFound
from knowledge.records import Lesson, Signal, SignalKind, Teaching, Verdict
from tests.knowledge.correlation.conftest import EDGES, PODS, START, Alerts, at

TEN_MINUTES = 600


def key(signal: Signal) -> Key:
    return signal.fingerprint, signal.starts_at


def play(correlator: Correlator, signals: Iterable[Signal], until: float = 0) -> list[Outcome]:
    """Feed each at its arrival, then let time pass in steps of 5 s."""
    outcomes = [correlator.feed([s], s.received_at) for s in signals]
    last = max((s.received_at for s in signals), default=START)
    while last < at(until):
        last += timedelta(seconds=5)
        outcomes.append(correlator.advance(last))
    return outcomes


def opened(outcomes: Iterable[Outcome]) -> list[str]:
    return [o.group for outcome in outcomes for o in outcome.openings]


def home(correlator: Correlator, signal: Signal) -> str:
    placed = correlator.placed(key(signal))
    assert placed is not None
    return placed[1]


def cascade(alerts: Alerts, begin: float = 0, root: str = "redis") -> list[Signal]:
    """Trouble of redis that climbs to web."""
    path = {"redis": ["redis", "cart", "checkout", "web"], "payment": ["payment", "checkout"]}[root]
    found = []
    for hop, service in enumerate(path):
        second = begin + 30 * hop
        found += [
            alerts("HighErrorRate", service, second, delay=5),
            alerts(
                "PodErrors", service, second + 8, delay=5, severity="warning", pod=f"{service}-0"
            ),
            alerts("SloBurn", service, second + 20, delay=5),
        ]
    return sorted(found, key=lambda s: s.received_at)


# One trouble, one card


def test_a_cascade_is_one_group_that_opens_early(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    signals = cascade(alerts)
    outcomes = play(correlator, signals)
    (group,) = opened(outcomes)
    assert {home(correlator, s) for s in signals} == {group}
    first = next(o.openings[0].at for o in outcomes if o.openings)
    assert first <= at(30)
    assert correlator.suspects(group)[0] == "redis"


def test_trouble_at_two_ends_is_two_groups(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    search = [alerts("HighErrorRate", "search", 200), alerts("SloBurn", "search", 210),
              alerts("CrashLoop", "search", 215)]  # fmt: skip
    redis = [alerts("HighErrorRate", "redis", 200), alerts("SloBurn", "redis", 210),
             alerts("SlowQueries", "redis", 215)]  # fmt: skip
    outcomes = play(correlator, sorted(search + redis, key=lambda s: s.received_at))
    assert len(opened(outcomes)) == 2
    assert len({home(correlator, s) for s in search}) == 1
    assert home(correlator, search[0]) != home(correlator, redis[0])


def test_the_same_trouble_in_two_clusters_is_two_groups(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    eu = cascade(alerts)[:6]
    us = [replace(s, fingerprint=f"us/{s.fingerprint}", labels={**s.labels, "cluster": "us"})
          for s in eu]  # fmt: skip
    both = [s for pair in zip(eu, us, strict=True) for s in pair]
    assert len(opened(play(correlator, both))) == 2
    assert home(correlator, eu[0]) != home(correlator, us[0])


def test_a_node_that_dies_is_one_group_and_the_suspect(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    on_node = [p for p in PODS if p["node"] == "n1"]
    signals = [
        alerts("PodNotReady", p["service"], 5 * i, delay=3, severity="warning", pod=p["pod"])
        for i, p in enumerate(on_node)
    ]
    node = alerts("NodeDown", "", 6, delay=3, node="n1")
    down = [alerts("TargetDown", p["service"], 12 + 4 * i, delay=3, pod=p["pod"])
            for i, p in enumerate(on_node)]  # fmt: skip
    signals = sorted([*signals, node, *down], key=lambda s: s.received_at)
    (group,) = opened(play(correlator, signals))
    assert correlator.suspects(group)[0] == "n1"
    assert {home(correlator, s) for s in signals} == {group}


def test_without_a_catalogue_peers_named_in_labels_link_services(alerts: Alerts) -> None:
    correlator = Correlator()
    signals = [
        alerts("HighErrorRate", "redis", 0),
        alerts("SlowQueries", "redis", 5),
        alerts("Retries", "cart", 20, upstream="redis"),
        alerts("HighErrorRate", "cart", 30),
    ]
    (group,) = opened(play(correlator, signals))
    assert home(correlator, signals[-1]) == group


# Very many at once


def pods(alerts: Alerts, count: int, second: float = 0, spread: float = 0) -> list[Signal]:
    """One rule on so many pods of cart, each on a node of its own."""
    return [
        alerts("PodDown", "cart", second + spread * n / count, pod=f"cart-{n}", node=f"x{n}")
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [50, 200, 1000])
@pytest.mark.parametrize("spread", [0, 40])
def test_a_mass_outage_is_one_group_as_soon_as_another_sign_comes(
    shop: Catalogue, alerts: Alerts, count: int, spread: float
) -> None:
    correlator = Correlator(shop)
    down = pods(alerts, count, spread=spread)
    other = alerts("HighErrorRate", "cart", 45)
    outcomes = play(correlator, [*down, other])
    (group,) = opened(outcomes)
    assert outcomes[-1].openings[0].at == at(45)
    assert correlator.groups() == {group: count + 1}


@pytest.mark.parametrize("count", [50, 200, 5000])
def test_a_mass_outage_alone_is_one_group_within_two_minutes(
    shop: Catalogue, alerts: Alerts, count: int
) -> None:
    correlator = Correlator(shop)
    outcomes = [correlator.feed(pods(alerts, count), at(0))]
    outcomes += play(correlator, [], until=130)
    (group,) = opened(outcomes)
    assert correlator.groups() == {group: count}


def test_a_mass_outage_after_its_cause_is_in_its_incident(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    signals = cascade(alerts)
    (group,) = opened(play(correlator, signals))
    assert opened(play(correlator, pods(alerts, 1000, second=150, spread=60), until=800)) == []
    assert correlator.groups() == {group: len(signals) + 1000}


def test_pods_that_waited_go_over_to_their_cause_all_together(
    shop: Catalogue, alerts: Alerts
) -> None:
    correlator = Correlator(shop)
    down = [replace(s, severity="warning") for s in pods(alerts, 300)]
    cause = [alerts("HighErrorRate", "redis", 5), alerts("SloBurn", "redis", 6)]
    (group,) = opened(play(correlator, [*down, *cause]))
    assert correlator.groups() == {group: 302}


# Where nothing is known of calls


def two_services(alerts: Alerts, second: float, cluster: str = "eu") -> list[Signal]:
    return [
        alerts("HighErrorRate", "redis", 0),
        alerts("SloBurn", "redis", 4),
        alerts("HighErrorRate", "search", second, cluster=cluster),
        alerts("SloBurn", "search", second + 4, cluster=cluster),
    ]


@pytest.mark.parametrize(
    ("second", "cluster", "groups"), [(30, "eu", 1), (30, "us", 2), (600, "eu", 2)]
)
def test_without_a_catalogue_what_begins_at_once_in_a_cluster_is_one(
    alerts: Alerts, second: float, cluster: str, groups: int
) -> None:
    correlator = Correlator()
    play(correlator, two_services(alerts, second, cluster))
    assert len(correlator.groups()) == groups


def test_with_a_catalogue_it_is_not(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    play(correlator, two_services(alerts, 30))
    assert len(correlator.groups()) == 2


# What opens nothing


def test_one_sign_alone_waits(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    alone = alerts("HighErrorRate", "cart", 0, severity="warning")
    assert opened(play(correlator, [alone], until=3 * TEN_MINUTES)) == []
    assert correlator.placed(key(alone)) == (Verdict.WAITING, "")


def test_copies_of_one_rule_are_one_sign(shop: Catalogue, alerts: Alerts) -> None:
    copies = [alerts("PodSlow", "cart", n, severity="warning", pod=f"cart-{n}") for n in range(6)]
    assert opened(play(Correlator(shop), copies, until=TEN_MINUTES)) == []


@pytest.mark.parametrize(("name", "severity"), [("Watchdog", "critical"), ("Anything", "none")])
def test_heartbeats_are_unimportant(
    shop: Catalogue, alerts: Alerts, name: str, severity: str
) -> None:
    correlator = Correlator(shop)
    beat = alerts(name, "cart", 0, severity=severity)
    assert opened(play(correlator, [beat], until=3 * TEN_MINUTES)) == []
    assert correlator.placed(key(beat)) == (Verdict.UNIMPORTANT, "")


def test_information_opens_nothing_and_may_join(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    signals = cascade(alerts)
    signals.insert(5, alerts("HighErrorRate", "redis", 32, delay=1, severity="info", window="1h"))
    signals.sort(key=lambda s: s.received_at)
    (group,) = opened(play(correlator, signals))
    told = [alerts("Note", "search", t, severity="info") for t in (900, 905, 910)]
    assert opened(play(correlator, told, until=3000)) == []
    assert group


def test_a_chronic_series_opens_nothing(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    flaps = [
        alerts("DiskAlmostFull", "search", 400 * n, ended=None if not e else 400 * n + 60, delay=e)
        for n in range(12)
        for e in (0, 60)
    ]
    assert opened(play(correlator, flaps, until=6000)) == []
    assert correlator.placed(key(flaps[-1])) == (Verdict.CHRONIC, "")


def test_what_fired_long_before_it_was_seen_is_chronic(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    old = alerts("CertificateExpires", "cart", -86_400, delay=86_400)
    assert opened(play(correlator, [old], until=TEN_MINUTES)) == []
    assert correlator.placed(key(old)) == (Verdict.CHRONIC, "")


# Proof by itself


def test_a_lone_critical_alert_that_lasts_opens_in_a_quiet_place(
    shop: Catalogue, alerts: Alerts
) -> None:
    correlator = Correlator(shop)
    lasting = alerts("CheckoutDown", "checkout", 0)
    outcomes = play(correlator, [lasting], until=3600)
    assert len(opened(outcomes)) == 1
    assert "keeps firing" in next(o.openings[0].says for o in outcomes if o.openings)


def test_one_that_ends_soon_does_not(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    brief = alerts("CheckoutDown", "checkout", 0)
    over = replace(brief, ends_at=at(90), received_at=at(95))
    assert opened(play(correlator, [brief, over], until=3600)) == []


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (SignalKind.METRIC, "monitor"),
        (SignalKind.DRIFT, "monitor"),
        (SignalKind.QUALITY, "monitor"),
        (SignalKind.PERFORMANCE, "monitor"),
        (SignalKind.ALERT, "pagerduty"),
    ],
)
def test_monitors_of_our_own_and_pagers_are_proof(
    alerts: Alerts, kind: SignalKind, source: str
) -> None:
    signal = replace(alerts("Spike", "cart", 0, source=source), kind=kind)
    assert len(opened(play(Correlator(), [signal]))) == 1


# Alerts as they really come


def test_repeats_and_replicas_change_nothing(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    signals = cascade(alerts)
    play(correlator, signals)
    before = correlator.groups()
    again = correlator.feed(signals + signals, at(300))
    assert again == Outcome()
    assert correlator.groups() == before


def test_a_series_that_flaps_stays_in_its_group(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    signals = cascade(alerts)
    (group,) = opened(play(correlator, signals))
    ended = replace(signals[0], ends_at=at(200), received_at=at(200))
    again = replace(signals[0], starts_at=at(500), received_at=at(505))
    play(correlator, [ended, again])
    assert home(correlator, again) == group


def test_an_end_without_its_start_ends_what_began_before(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    first, later = alerts("Down", "cart", 0), alerts("Down", "cart", 300)
    play(correlator, [first, later])
    end = replace(first, starts_at=at(100), ends_at=at(100), received_at=at(310))
    outcome = correlator.feed([end], at(310))
    assert [(p.signal.starts_at, p.signal.ends_at) for p in outcome.placements] == [
        (first.starts_at, at(100))
    ]


def test_an_end_that_comes_before_its_alert_ends_it(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    alert = alerts("CheckoutDown", "checkout", 0, delay=60)
    end = replace(alert, starts_at=at(50), ends_at=at(50), received_at=at(55))
    outcomes = play(correlator, [end, alert], until=3600)
    assert opened(outcomes) == []
    (placed,) = outcomes[1].placements
    assert placed.signal.ends_at == at(50)


def test_order_of_delivery_and_lateness_do_not_matter_much(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    signals = cascade(alerts)
    (group,) = opened(play(correlator, signals))
    late = alerts("PodErrors", "cart", 45, delay=1500, severity="warning", pod="cart-1")
    play(correlator, [late])
    assert home(correlator, late) == group


def test_a_clock_that_is_ten_minutes_off_is_seen_through(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    signals = [
        replace(s, starts_at=s.starts_at - timedelta(minutes=10)) if s.name == "SloBurn" else s
        for s in cascade(alerts)
    ]
    (group,) = opened(play(correlator, signals))
    assert sum(home(correlator, s) == group for s in signals) >= len(signals) - 1


def test_a_clock_ahead_is_held_to_the_time_of_arrival(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    ahead = [replace(s, starts_at=s.starts_at + timedelta(minutes=10)) for s in cascade(alerts)]
    assert len(opened(play(correlator, ahead))) == 1


def test_waiting_alerts_are_adopted_by_the_incident_that_explains_them(
    shop: Catalogue, alerts: Alerts
) -> None:
    correlator = Correlator(shop)
    first = alerts("Retries", "web", 0, severity="warning")
    cause = [alerts("HighErrorRate", "checkout", 3), alerts("SloBurn", "checkout", 9),
             alerts("CrashLoop", "checkout", 14)]  # fmt: skip
    play(correlator, [first, *cause])
    assert home(correlator, first) == home(correlator, cause[0]) != ""


# People


def settled(shop: Catalogue, alerts: Alerts) -> tuple[Correlator, list[Signal]]:
    correlator = Correlator(shop)
    signals = cascade(alerts)
    (group,) = opened(play(correlator, signals))
    correlator.rename(group, "INC-1")
    return correlator, signals


def test_a_group_bears_the_name_it_was_stored_under(shop: Catalogue, alerts: Alerts) -> None:
    correlator, signals = settled(shop, alerts)
    assert correlator.groups() == {"INC-1": len(signals)}
    with pytest.raises(NotFound):
        correlator.rename("g1", "INC-2")


def test_a_closed_group_takes_back_only_its_own(shop: Catalogue, alerts: Alerts) -> None:
    correlator, signals = settled(shop, alerts)
    correlator.close("INC-1")
    fresh = alerts("NewRule", "redis", 210)
    again = replace(signals[0], starts_at=at(215), received_at=at(215))
    play(correlator, [fresh])
    assert home(correlator, fresh) == ""
    play(correlator, [again])
    assert home(correlator, again) == "INC-1"


def test_split_off_they_stay_apart(shop: Catalogue, alerts: Alerts) -> None:
    correlator, signals = settled(shop, alerts)
    web = [s for s in signals if s.service == "web"]
    outcome = correlator.split("INC-1", [key(s) for s in web], "INC-2", at(200))
    assert [o.group for o in outcome.openings] == ["INC-2"]
    assert [(s.group, s.new) for s in outcome.splits] == [("INC-1", "INC-2")]
    assert {p.group for p in outcome.placements} == {"INC-2"}
    assert correlator.groups() == {"INC-1": len(signals) - len(web), "INC-2": len(web)}
    play(correlator, [alerts("MoreErrors", "web", 205), alerts("MoreErrors", "checkout", 206)])
    assert set(correlator.groups()) == {"INC-1", "INC-2"}


def test_merged_they_are_one(shop: Catalogue, alerts: Alerts) -> None:
    correlator, signals = settled(shop, alerts)
    web = [key(s) for s in signals if s.service == "web"]
    correlator.split("INC-1", web, "INC-2", at(200))
    outcome = correlator.merge("INC-2", "INC-1", at(210))
    assert [(m.group, m.into) for m in outcome.merges] == [("INC-2", "INC-1")]
    assert correlator.groups() == {"INC-1": len(signals)}
    assert correlator.merge("INC-9", "INC-1", at(220)) == Outcome()


def test_detached_it_stays_out(shop: Catalogue, alerts: Alerts) -> None:
    correlator, signals = settled(shop, alerts)
    outcome = correlator.detach(key(signals[0]), at(200))
    assert [(p.group, p.before) for p in outcome.placements] == [("", "INC-1")]
    again = replace(signals[0], starts_at=at(230), received_at=at(230))
    play(correlator, [again])
    assert home(correlator, again) == ""


def test_what_is_taught_is_heeded(shop: Catalogue, alerts: Alerts) -> None:
    lesson = Lesson(
        START, "U1", Teaching.NOT_RELATED, ("Batch", "cart"), ("HighErrorRate", "redis")
    )
    signals = cascade(alerts)
    batch = alerts("Batch", "cart", 40, delay=1)
    for lessons, belongs in (((), True), ((lesson,), False)):
        correlator = Correlator(shop, lessons)
        play(correlator, sorted([*signals, batch], key=lambda s: s.received_at))
        assert bool(home(correlator, batch)) is belongs


def test_a_restart_goes_on_where_it_was(shop: Catalogue, alerts: Alerts) -> None:
    before, signals = settled(shop, alerts)
    after = Correlator(shop)
    after.restore([(s, "INC-1") for s in signals], at(150))
    assert after.groups() == before.groups()
    assert after.feed(signals, at(150)) == Outcome()
    more = alerts("MoreErrors", "web", 155)
    play(after, [more])
    assert home(after, more) == "INC-1"
    assert after.suspects("INC-1") == before.suspects("INC-1")


class Told:
    """A correlator whose process may end: what it placed is stored, as the intake does."""

    def __init__(self, shop: Catalogue) -> None:
        self._shop = shop
        self.correlator = Correlator(shop)
        self.stored: dict[Key, tuple[Signal, str]] = {}
        self.openings: list[tuple[str, datetime]] = []

    def hear(self, signals: Sequence[Signal], now: datetime) -> None:
        self._store(self.correlator.feed(signals, now))

    def wait(self, until: datetime, now: datetime) -> None:
        while (now := now + timedelta(seconds=5)) < until:
            self._store(self.correlator.advance(now))

    def restart(self, now: datetime) -> None:
        self.correlator = Correlator(self._shop)
        self.correlator.restore(list(self.stored.values()), now)

    def _store(self, outcome: Outcome) -> None:
        names = {}
        for opening in outcome.openings:
            names[opening.group] = f"INC-{len(self.openings) + 1}"
            self.correlator.rename(opening.group, names[opening.group])
            self.openings.append((names[opening.group], opening.at))
        for placed in outcome.placements:
            key = placed.signal.fingerprint, placed.signal.starts_at
            self.stored[key] = placed.signal, names.get(placed.group, placed.group)

    def tell(self, story: Sequence[Signal], restart: int = -1) -> "Told":
        now = START
        for n, signal in enumerate(story):
            if n == restart:
                self.restart(now)
            self.wait(signal.received_at, now)
            now = signal.received_at
            self.hear([signal], now)
        if restart == len(story):
            self.restart(now)
        self.wait(now + timedelta(minutes=15), now)
        return self


def diary(alerts: Alerts) -> list[Signal]:
    """Housekeeping here and there."""
    places = ("web", "search", "cart", "web", "redis")
    return [alerts("DiskFull", s, 40 * n, severity="warning") for n, s in enumerate(places)]


@pytest.mark.parametrize("root", ["redis", "payment"])
@pytest.mark.parametrize("begin", [0, 100])
def test_a_restart_after_any_alert_changes_no_opening(
    shop: Catalogue, alerts: Alerts, root: str, begin: int
) -> None:
    trouble = cascade(alerts, begin, root)
    story = sorted([*diary(alerts)[: begin // 20], *trouble], key=lambda s: s.received_at)
    whole = Told(shop).tell(story)
    assert len(whole.openings) == 1
    for restart in range(len(story) + 1):
        again = Told(shop).tell(story, restart)
        assert again.openings == whole.openings, restart
        for alert in trouble:
            assert again.stored[key(alert)] == whole.stored[key(alert)], restart


@pytest.mark.parametrize("many", [True, False])
def test_what_lasts_opens_at_about_the_same_time_after_a_restart(
    shop: Catalogue, alerts: Alerts, many: bool
) -> None:
    lone = pods(alerts, 12, spread=40) if many else [alerts("CheckoutDown", "checkout", 0)]
    story = sorted([*lone, *diary(alerts)], key=lambda s: s.received_at)
    (whole,) = Told(shop).tell(story).openings
    for restart in range(len(story) + 1):
        again = Told(shop).tell(story, restart)
        assert [name for name, _ in again.openings] == ["INC-1"], restart
        assert abs(again.openings[0][1] - whole[1]) <= timedelta(minutes=1), restart
        assert {again.stored[key(s)][1] for s in lone} == {"INC-1"}


# Late


def test_trouble_told_an_hour_late_opens(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    late = [replace(s, received_at=s.received_at + timedelta(hours=1)) for s in cascade(alerts)]
    (group,) = opened(play(correlator, late))
    assert correlator.groups() == {group: len(late)}
    assert correlator.suspects(group)[0] == "redis"


def test_what_fires_since_hours_opens_nothing_when_tandem_is_started(
    shop: Catalogue, alerts: Alerts
) -> None:
    correlator = Correlator(shop)
    ages = [1900 + 1711 * n for n in range(40)]
    old = [
        alerts(f"{SERVICES[n % 5]}Old{n}", SERVICES[n % 5], -age, delay=age + n / 10)
        for n, age in enumerate(ages)
    ]
    assert opened(play(correlator, old, until=1200)) == []
    assert {correlator.placed(key(s)) for s in old} == {(Verdict.CHRONIC, "")}


@pytest.mark.parametrize("minutes", [20, 40, 300])
def test_a_page_that_came_late_opens_where_alerts_came_before_it_began(
    shop: Catalogue, alerts: Alerts, minutes: int
) -> None:
    known = alerts("SlowQueries", "search", -36_000, severity="warning")
    late = alerts("Down", "cart", -60 * minutes, delay=60 * minutes)
    correlator = Correlator(shop)
    assert len(opened(play(correlator, [known, late], until=1200))) == 1
    assert correlator.placed(key(known)) != correlator.placed(key(late))


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_being_late_speaks_against_what_nobody_is_paged_for(
    shop: Catalogue, alerts: Alerts, severity: str
) -> None:
    late = alerts("Slow", "cart", -1500, delay=1500, severity=severity)
    correlator = Correlator(shop)
    play(correlator, [late])
    terms = [t.name for t in correlator.why(key(late)).terms]
    assert ("age" in terms) == (severity == "warning")


@pytest.mark.parametrize("hours", [1, 30])
def test_a_monitors_finding_is_proof_however_late_it_comes(alerts: Alerts, hours: int) -> None:
    late = alerts("Spike", "cart", -3600 * hours, delay=3600 * hours)
    signal = replace(late, kind=SignalKind.METRIC)
    assert len(opened(play(Correlator(), [signal]))) == 1


# Reasons


def test_why_gives_the_terms_that_add_up(shop: Catalogue, alerts: Alerts) -> None:
    correlator, _ = settled(shop, alerts)
    late = alerts("MoreErrors", "cart", 150)
    play(correlator, [late])
    found = correlator.why(key(late))
    assert found is not None
    assert (found.verdict, found.group) == (Verdict.ATTACHED, "INC-1")
    assert sum(t.value for t in found.terms) > 0
    assert any("cart" in t.says for t in found.terms)
    assert correlator.why(("nobody", START)) is None


def test_why_tells_a_waiting_alert_what_it_lacks(shop: Catalogue, alerts: Alerts) -> None:
    correlator = Correlator(shop)
    alone = alerts("HighErrorRate", "cart", 0)
    play(correlator, [alone])
    found = correlator.why(key(alone))
    assert found is not None
    assert "another rule on cart" in found.needs


def test_why_names_the_runner_up(shop: Catalogue, alerts: Alerts) -> None:
    correlator, _ = settled(shop, alerts)
    search = [alerts("HighErrorRate", "search", 150), alerts("CrashLoop", "search", 156),
              alerts("SloBurn", "search", 160)]  # fmt: skip
    shared = alerts("LatencyHigh", "web", 170)
    play(correlator, [*search, shared])
    found = correlator.why(key(shared))
    assert found is not None
    assert found.group
    assert found.runner_up not in ("", found.group)
    assert found.runner_up_terms


# Bounds


def test_nothing_grows_without_bound(shop: Catalogue, alerts: Alerts) -> None:
    tuning = Tuning(most_instances=200, most_series=100, most_ends=20)
    correlator = Correlator(shop, tuning=tuning)
    for n in range(1000):
        alert = replace(alerts("Noise", "cart", 60 * n), fingerprint=f"f{n}")
        end = replace(alert, fingerprint=f"e{n}", starts_at=at(60 * n), ends_at=at(60 * n))
        correlator.feed([alert, end], alert.received_at)
    assert sum(correlator.size().values()) < 1000


def test_megabytes_of_text_are_no_trouble(shop: Catalogue, alerts: Alerts) -> None:
    huge = "x" * 1_000_000
    signals = [
        replace(alerts(huge, huge, n, severity=huge), fingerprint=f"h{n}", summary=huge)
        for n in range(3)
    ]
    correlator = Correlator(shop)
    play(correlator, signals)
    assert all(correlator.placed(key(s)) for s in signals)


# One by one or in batches


SERVICES = ("web", "checkout", "cart", "redis", "search")
signal_lists = st.lists(
    st.tuples(
        st.sampled_from(("HighErrorRate", "SloBurn", "DiskFull", "CrashLoop")),
        st.sampled_from(SERVICES),
        st.integers(0, 240),
        st.sampled_from(("critical", "warning", "info")),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(signal_lists, st.integers(1, 7))
def test_batches_decide_as_one_by_one(
    drawn: Sequence[tuple[str, str, int, str, bool]], size: int
) -> None:
    shop = Catalogue.from_topology({"edges": EDGES, "pods": PODS})
    make = Alerts()
    signals = [
        make(name, service, second, severity=severity, ended=second + 30 if ended else None)
        for name, service, second, severity, ended in drawn
    ]
    batches = [signals[i : i + size] for i in range(0, len(signals), size)]
    single, whole = Correlator(shop), Correlator(shop)
    for n, batch in enumerate(batches):
        now = at(300 + 10 * n)
        whole.feed(batch, now)
        for signal in batch:
            single.feed([signal], now)
    assert single.groups() == whole.groups()
    assert [single.placed(key(s)) for s in signals] == [whole.placed(key(s)) for s in signals]
