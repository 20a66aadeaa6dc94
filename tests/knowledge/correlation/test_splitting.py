from knowledge.catalogue import Catalogue
from knowledge.correlation import Correlator, Tuning
from knowledge.correlation.groups import Activity, Group, Member, entity_of
from knowledge.correlation.links import Links
from knowledge.correlation.splitting import second_root
from knowledge.correlation.subject import Subject
from knowledge.records import Signal
from tests.knowledge.correlation.conftest import EDGES, Alerts, at

LINKS = Links(Catalogue.from_topology({"edges": EDGES}), 100)
RULES = ("HighErrorRate", "SloBurn", "CrashLoop")


def group(*signals: Signal) -> Group:
    found = Group(1)
    for signal in signals:
        start = signal.starts_at.timestamp()
        member = Member(signal, Subject(signal.service, "eu"), start, start)
        place = ("s", "eu", entity_of(member.subject))
        found.places.setdefault(place, Activity(start, start)).note(member)
        found.members[member.key] = member
        found.signs[member.sign] = found.signs.get(member.sign, 0) + 1
    return found


def hit(alerts: Alerts, service: str, second: float) -> list[Signal]:
    return [alerts(rule, service, second + 5 * n) for n, rule in enumerate(RULES)]


def test_a_loud_later_root_that_nothing_explains_goes_with_its_own(alerts: Alerts) -> None:
    first = [
        s for n, name in enumerate(("redis", "cart", "checkout")) for s in hit(alerts, name, 30 * n)
    ]
    late = [*hit(alerts, "search", 300), alerts("Latency", "web", 320)]
    found = second_root(group(*first, *late), LINKS)
    assert found is not None
    name, moving = found
    assert name == "search"
    assert {m.signal.fingerprint for m in moving} == {s.fingerprint for s in late}


def test_effects_of_the_first_root_are_no_root(alerts: Alerts) -> None:
    climbing = [s for n, name in enumerate(("redis", "cart", "checkout", "web"))
                for s in hit(alerts, name, 150 * n)]  # fmt: skip
    assert second_root(group(*climbing), LINKS) is None


def test_roots_hit_together_have_one_cause(alerts: Alerts) -> None:
    both = hit(alerts, "redis", 0) + hit(alerts, "search", 60)
    assert second_root(group(*both), LINKS) is None


def test_a_single_stray_alert_splits_nothing(alerts: Alerts) -> None:
    stray = [*hit(alerts, "redis", 0), *hit(alerts, "cart", 30), alerts("Latency", "search", 300)]
    assert second_root(group(*stray), LINKS) is None


def test_where_no_calls_are_known_nothing_is_split(alerts: Alerts) -> None:
    both = hit(alerts, "redis", 0) + hit(alerts, "search", 300)
    assert second_root(group(*both), Links(Catalogue(), 100)) is None


def test_the_correlation_splits_and_says_why(alerts: Alerts) -> None:
    eager = Tuning(adopt=-20.0)
    correlator = Correlator(Catalogue.from_topology({"edges": EDGES}), tuning=eager)
    names = ("redis", "cart", "checkout")
    signals = [s for n, name in enumerate(names) for s in hit(alerts, name, 30 * n)]
    late = hit(alerts, "search", 294)
    signals += [alerts("Latency", "web", 290), alerts("Retries", "web", 292), *late]
    for signal in signals:
        correlator.feed([signal], signal.received_at)
    assert len(correlator.groups()) == 1
    outcomes = [correlator.advance(at(300 + 10 * n)) for n in range(10)]
    ((split, openings),) = [(o.splits, o.openings) for o in outcomes if o.splits]
    assert "nothing in the incident explains" in split[0].says
    assert [o.group for o in openings] == [split[0].new]
    placed = [correlator.placed((s.fingerprint, s.starts_at)) for s in late]
    assert {p[1] for p in placed if p} == {split[0].new}
