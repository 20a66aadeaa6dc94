from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.causes.alerts import Landscape, Sign, Source, Window, rank_alerts, window
from knowledge.causes.ranking import ClueKind, Ranking, Suspect

ONSET = datetime(2026, 3, 5, 12, tzinfo=UTC)
Make = Callable[..., Sign]


def past(*signs: Sign, windows: int = 40) -> tuple[Window, ...]:
    """These fired in each of so many windows a day before."""
    return tuple(window(ONSET - timedelta(days=1, minutes=10 * n), signs) for n in range(windows))


def of(ranking: Ranking, component: str) -> Suspect:
    return next(s for s in ranking.suspects if s.component == component)


def test_one_bad_pod_stays_a_bad_pod(landscape: Landscape, sign: Make) -> None:
    signs = (sign("cart-1", "cpu"), sign("cart-1", "memory"))
    ranking = rank_alerts(signs, landscape, ONSET, past())
    first = ranking.suspects[0]
    assert (first.component, first.kind) == ("cart-1", "pod")
    assert of(ranking, "cart").probability < first.probability / 2


def test_all_pods_bad_is_a_bad_service(landscape: Landscape, sign: Make) -> None:
    signs = tuple(sign(f"cart-{n}") for n in range(3))
    first = rank_alerts(signs, landscape, ONSET, past()).suspects[0]
    assert (first.component, first.kind) == ("cart", "service")
    assert first.clues[0].kind is ClueKind.STRUCTURE
    assert "3 of its 3 pods" in first.clues[0].text
    assert first.clues[0].sources == ("cart-0/cpu", "cart-1/cpu", "cart-2/cpu")


def test_pods_of_several_services_bad_on_one_node_is_a_bad_node(
    landscape: Landscape, sign: Make
) -> None:
    signs = tuple(sign(pod, "latency") for pod in ("shop-0", "cart-0"))
    first = rank_alerts(signs, landscape, ONSET, past()).suspects[0]
    assert (first.component, first.kind) == ("n1", "node")
    assert "2 of its 2 pods have rare alerts (cart-0, shop-0)" in first.clues[0].text


def test_what_fires_all_day_says_nothing(landscape: Landscape, sign: Make) -> None:
    chronic = tuple(sign("shop-0", name) for name in ("cpu", "memory", "threads"))
    ranking = rank_alerts((*chronic, sign("n2", "disk")), landscape, ONSET, past(*chronic))
    assert ranking.suspects[0].component == "n2"
    assert of(ranking, "shop-0").probability < 0.1


def test_an_alert_near_the_onset_outweighs_a_later_one(landscape: Landscape, sign: Make) -> None:
    signs = (sign("shop-0", minutes=8), sign("cart-0", minutes=0.5))
    ranking = rank_alerts(signs, landscape, ONSET, past())
    assert ranking.suspects[0].component == "cart-0"
    assert "30 s after the onset" in ranking.suspects[0].clues[0].text


def test_a_callee_with_alerts_explains_its_caller(landscape: Landscape, sign: Make) -> None:
    signs = (sign("shop", "latency"), sign("cart", "latency"))
    ranking = rank_alerts(signs, landscape, ONSET, past())
    assert ranking.suspects[0].component == "cart"
    against = of(ranking, "shop").clues[-1]
    assert against.kind is ClueKind.EXPLAINED
    assert against.weight < 0
    assert "cart" in against.text


def test_who_is_named_in_an_error_is_blamed_rather_than_who_complains(
    landscape: Landscape, sign: Make
) -> None:
    complaint = sign("shop-0", "T7", source=Source.LOG, text="POST /Cart/Get: 503 from cart:7070")
    ranking = rank_alerts((complaint,), landscape, ONSET, past())
    assert ranking.suspects[0].component == "cart"
    assert ranking.suspects[0].clues[0].text.startswith("shop-0 names it")
    assert of(ranking, "shop-0").probability == 0


def test_many_slow_calls_into_a_service_are_told_against_what_is_usual(
    landscape: Landscape, sign: Make
) -> None:
    usual = (sign("cart-0", "Get", source=Source.CALL, caller="shop-0"),)
    now = tuple(
        sign(f"cart-{n}", f"op{m}", source=Source.CALL, caller="shop-0")
        for n in range(3)
        for m in range(4)
    )
    ranking = rank_alerts(now, landscape, ONSET, past(*usual))
    assert ranking.suspects[0].component == "cart"
    assert "12 kinds of slow or failed calls into it, usually 1" in (
        ranking.suspects[0].clues[0].text
    )


def test_without_a_past_what_others_show_too_is_less_news(landscape: Landscape, sign: Make) -> None:
    common = tuple(sign(pod, "cpu") for pod in ("shop-0", "shop-1", "cart-0"))
    ranking = rank_alerts((*common, sign("cart-1", "oom")), landscape, ONSET)
    assert ranking.suspects[0].component == "cart-1"
    assert ranking.suspects[0].clues[0].text == "oom rose at 12:00, at the onset"
    assert ranking.missing == ("no earlier alerts: how rare each one is, is not known",)


def test_beliefs_leave_room_for_none_of_these(landscape: Landscape, sign: Make) -> None:
    ranking = rank_alerts((sign("cart-1"),), landscape, ONSET, past())
    assert sum(s.probability for s in ranking.suspects) == pytest.approx(1, abs=0.35)
    assert sum(s.probability for s in ranking.suspects) < 1
    nothing = rank_alerts((), landscape, ONSET, past())
    assert {s.probability for s in nothing.suspects} == {0.0}
    assert len(nothing.suspects) == len(landscape.levels)


def test_names_play_no_part(landscape: Landscape, sign: Make) -> None:
    """The same fault in a system with other names ranks the same."""
    rename = {name: f"x{i}" for i, name in enumerate(landscape.levels)}
    other = Landscape(
        {rename[n]: level for n, level in landscape.levels.items()},
        {rename[p]: rename[s] for p, s in landscape.service_of.items()},
        {rename[p]: rename[n] for p, n in landscape.node_of.items()},
        {rename[c]: frozenset(rename[t] for t in to) for c, to in landscape.callees.items()},
    )
    places = (("cart-0", "cpu"), ("cart-1", "cpu"), ("shop", "latency"), ("n1", "disk"))
    one = rank_alerts([sign(c, name) for c, name in places], landscape, ONSET)
    two = rank_alerts([sign(rename[c], name) for c, name in places], other, ONSET)
    assert [rename[s.component] for s in one.suspects[:4]] == [
        s.component for s in two.suspects[:4]
    ]
