"""Known failures of a small shop: is the right service named, and why?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.causes import ClueKind, Ranking, Symptom, rank
from knowledge.causes.case import Flow, LogCount, Logs, Operation
from knowledge.records import Change
from tests.knowledge.causes.conftest import AT, EDGES, RATES, USUAL, shop

FAILURES = Symptom("web", "error_rate")


def travels(service: str, signal: str, seconds: float) -> dict[tuple[str, str], float]:
    """What a failure adds to a service and, by their calls, to those above it."""
    added, waiting = {(service, signal): seconds}, [service]
    while waiting:
        here = waiting.pop()
        callers = [caller for caller, callee in EDGES if callee == here]
        asked = sum(RATES[caller] for caller in callers)
        for caller in callers:
            part = added[here, signal] * RATES[here] / asked
            added[caller, signal] = added.get((caller, signal), 0.0) + part
            waiting.append(caller)
    return added


def first(ranking: Ranking) -> str:
    return ranking.suspects[0].component


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("root", list(USUAL))
def test_slow_services_are_found_below_those_that_suffer(root: str, seed: int) -> None:
    added = travels(root, "latency_avg", 4 * USUAL[root] + 0.1)
    assert first(rank(shop(added, seed=seed))) == root


@pytest.mark.parametrize("root", list(USUAL))
def test_failing_services_are_found_below_those_that_suffer(root: str) -> None:
    added = travels(root, "error_rate", 0.05)
    assert first(rank(shop(added, FAILURES))) == root


def test_a_caller_says_whose_time_it_is() -> None:
    ranking = rank(shop(travels("bank", "latency_avg", 1.0)))
    pay = next(suspect for suspect in ranking.suspects if suspect.component == "pay")
    against = next(clue for clue in pay.clues if clue.kind is ClueKind.EXPLAINED)
    assert "of its extra time is that of bank, which it calls" in against.text
    assert against.weight < 0


def test_the_numbers_are_in_the_clue() -> None:
    ranking = rank(shop({("bank", "latency_avg"): 1.0}))
    text = ranking.suspects[0].clues[0].text
    assert text.startswith("latency_avg 1.1")
    assert "usually 11" in text
    assert "ms" in text


def test_a_trickle_of_slow_calls_is_not_the_cause_of_a_flood() -> None:
    case = shop({("web", "latency_avg"): 1.0, ("bank", "latency_avg"): 0.5})
    assert first(rank(replace(case, edges=EDGES))) == "web"


def test_its_own_cpu_speaks_for_a_service() -> None:
    added = travels("db", "latency_avg", 0.2) | {("db", "cpu"): 60.0}
    suspect = rank(shop(added)).suspects[0]
    assert suspect.component == "db"
    assert ClueKind.RESOURCE in {clue.kind for clue in suspect.clues}


def test_a_deploy_just_before_tips_the_scale() -> None:
    change = Change("CHG-7", AT - timedelta(minutes=4), "deploy", "search", "release", "v7")
    plain, changed = shop(), shop(changes=(change,))
    assert first(rank(changed)) == "search"
    clue = rank(changed).suspects[0].clues[0]
    assert clue.text == "deploy v7 4 min before: release"
    assert (clue.kind, clue.sources, clue.at) == (ClueKind.CHANGE, ("CHG-7",), change.at)
    assert rank(plain).suspects[0].probability < 0.2


def test_requests_cut_short_are_laid_to_the_deepest_service() -> None:
    def flow(*counts: int) -> Flow:
        names = ("web", "handle"), ("web", "render"), ("pay", "handle"), ("pay", "store")
        each = zip(names, counts, strict=True)
        return Flow(1.0, tuple(Operation(*name, n, 0.01, 0.01, 0.01, 0.01) for name, n in each))

    case = shop(flow=flow(900, 700, 600, 400), calm_flow=flow(900, 900, 600, 600))
    suspect = rank(case).suspects[0]
    assert suspect.component == "pay"
    assert "600 x handle but 400 x store" in suspect.clues[0].text


def test_an_error_is_laid_to_the_deepest_service_that_writes_it() -> None:
    calm = Logs(1.0, tuple(LogCount(name, "info", "ok", 100) for name in USUAL))
    errors = tuple(LogCount(name, "error", "no route to <*>", 50) for name in ("web", "bank"))
    now = Logs(1.0, calm.counts + errors)
    edges = (("web", "bank"),)
    suspect = rank(shop(logs=now, calm_logs=calm, edges=edges)).suspects[0]
    assert suspect.component == "bank"
    assert suspect.clues[0].text == 'logs: 50 x error "no route to <*>", new'


def test_failures_that_only_the_entry_measures_are_not_held_against_it() -> None:
    case = shop({("web", "error_rate"): 0.1, ("pay", "cpu"): 60.0}, FAILURES)
    mute = {
        service: {n: s for n, s in its.items() if service == "web" or n != "error_rate"}
        for service, its in case.window.items()
    }
    assert first(rank(replace(case, window=mute))) == "pay"
    assert first(rank(case)) == "web"


def test_what_the_symptom_does_not_depend_on_counts_half() -> None:
    busy = {("search", "cpu"): 60.0, ("bank", "cpu"): 60.0}
    edges = (("web", "search"), ("search", "db"))
    scores = {s.component: s.score for s in rank(shop(busy, edges=edges)).suspects}
    assert scores["bank"] == pytest.approx(scores["search"] / 2, rel=0.25)


def test_it_says_what_it_had_and_what_it_missed() -> None:
    ranking = rank(shop(sources={"metrics": "Prometheus"}, edges=()))
    assert ranking.looked_at == ("metrics of 5 services (Prometheus)",)
    assert len(ranking.missing) == 3
    assert "no call graph" in ranking.missing[-1]


def test_nothing_at_all_is_a_ranking_too() -> None:
    ranking = rank(replace(shop(), window={}, calm={}, edges=()))
    assert ranking.suspects == ()
    assert ranking.missing[0] == "no metrics"


def test_a_quiet_shop_accuses_nobody() -> None:
    assert max(suspect.probability for suspect in rank(shop()).suspects) < 0.2
