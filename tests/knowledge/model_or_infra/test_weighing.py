from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from knowledge.model_or_infra import Case, Happened, Kind, Side, Verdict, What, assess
from knowledge.model_or_infra.causes import CAUSES, Family
from knowledge.model_or_infra.weighing import EXPLANATIONS, PRIOR
from tests.knowledge.model_or_infra.served import ago, case

MOVED = Happened(What.ALIAS, ago(65), "eta-model v5 became champion", "MOV-1")
DEPLOYED = Happened(What.DEPLOY, ago(65), "deploy of eta-model 2.1")
SLOW = {Kind.LATENCY: 0.9, Kind.CPU: 0.9, Kind.QUEUE: 40.0, Kind.ERRORS: 0.1}
WORSE = {Kind.REALISED: 20.0, Kind.PREDICTIONS: 0.4, Kind.BUSINESS: 180.0}


def causes(verdict: Verdict) -> set[str]:
    return {cause.name for cause in verdict.best.causes}


def test_priors_and_probabilities_sum_to_one() -> None:
    assert sum(prior for _, prior in EXPLANATIONS) == pytest.approx(1)
    assert sum(PRIOR.values()) == pytest.approx(1)
    verdict = assess(case(SLOW))
    assert sum(verdict.probabilities.values()) == pytest.approx(1)
    assert sum(e.probability for e in verdict.explanations) == pytest.approx(1)


def test_a_throttled_gpu_is_infrastructure() -> None:
    verdict = assess(case({**SLOW, Kind.GPU: 600.0}))
    assert verdict.side is Side.INFRASTRUCTURE
    assert causes(verdict) == {"gpu"}
    assert verdict.sure > 0.9


def test_the_same_slowness_right_after_a_new_champion_is_the_model() -> None:
    assert assess(case(SLOW)).side is Side.INFRASTRUCTURE
    verdict = assess(case(SLOW, MOVED))
    assert verdict.side is Side.MODEL
    assert verdict.blamed == (MOVED,)


@pytest.mark.parametrize("at", [ago(20), ago(40 * 60)], ids=["after", "days before"])
def test_a_champion_that_moved_at_another_time_is_not_blamed(at: datetime) -> None:
    verdict = assess(case(SLOW, replace(MOVED, at=at)))
    assert verdict.side is Side.INFRASTRUCTURE
    assert MOVED not in verdict.blamed


def test_a_deploy_of_the_service_is_infrastructure() -> None:
    verdict = assess(case({Kind.ERRORS: 0.3, Kind.BUSINESS: 180.0}, DEPLOYED))
    assert verdict.side is Side.INFRASTRUCTURE
    assert verdict.blamed == (DEPLOYED,)


def test_answers_that_got_worse_with_a_new_version_are_the_model() -> None:
    assert assess(case(WORSE, MOVED)).side is Side.MODEL


def test_a_world_that_changed_slowly_is_the_model_without_any_change() -> None:
    moved = {Kind.REALISED: 20.0, Kind.BUSINESS: 190.0}
    verdict = assess(case(moved, at=lambda kind: ago(170), over=timedelta(hours=2.5)))
    assert verdict.side is Side.MODEL
    assert causes(verdict) == {"changed world"}


def test_answers_that_moved_because_of_defaults_are_explained_away() -> None:
    """The same drift of the answers: the model's without defaults, the infrastructure's with."""
    store = {Kind.NEIGHBOURS: 0.5, Kind.LATENCY: 0.9}
    verdict = assess(case({**WORSE, **store, Kind.FALLBACK: 0.5}))
    assert verdict.side is Side.INFRASTRUCTURE
    assert assess(case(WORSE, MOVED)).side is Side.MODEL


def test_missing_values_upstream_are_infrastructure_though_the_model_drifts() -> None:
    drift = {**WORSE, Kind.INPUTS: 0.6, Kind.QUALITY: 0.4}
    verdict = assess(case(drift))
    assert verdict.side is Side.INFRASTRUCTURE
    assert causes(verdict) == {"upstream data"}


def test_two_causes_at_once_are_both() -> None:
    verdict = assess(case({**WORSE, **SLOW, Kind.GPU: 600.0}, MOVED))
    assert verdict.side is Side.BOTH


@pytest.mark.parametrize(
    "moved",
    [{}, {Kind.VOLUME: 40.0, Kind.BUSINESS: 110.0}, {Kind.BUSINESS: 170.0}],
    ids=["nothing", "fewer people", "outside"],
)
def test_what_neither_did_is_neither(moved: dict[Kind, float]) -> None:
    assert assess(case(moved)).side is Side.NEITHER


def test_what_was_not_read_counts_nothing() -> None:
    """Without the GPU's clock the verdict stands, less sure of which cause."""
    blind = assess(case({**SLOW, Kind.GPU: 600.0}, without=(Kind.GPU,)))
    assert blind.side is Side.INFRASTRUCTURE
    assert causes(blind) != {"gpu"}


def test_a_change_nobody_was_asked_about_is_no_reason_against_it() -> None:
    silent = assess(case(SLOW)).probabilities[Side.MODEL]
    unasked = assess(case(SLOW, asked=frozenset())).probabilities[Side.MODEL]
    assert unasked > silent


def test_with_too_little_it_says_so() -> None:
    whole = case({Kind.LATENCY: 0.9})
    only = tuple(seen for seen in whole.watched if seen.kind in (Kind.LATENCY, Kind.CPU))
    assert assess(replace(whole, watched=only)).side is Side.UNKNOWN
    assert assess(Case(whole.now, whole.began)).side is Side.UNKNOWN


def test_effects_that_came_before_their_cause_speak_against_it() -> None:
    def late(kind: Kind) -> datetime:
        return ago(30) if kind is Kind.NEIGHBOURS else ago(150)

    moved = {Kind.NEIGHBOURS: 0.5, Kind.LATENCY: 0.9, Kind.ERRORS: 0.1}
    first, last = (
        sum(e.probability for e in assess(c).explanations if e.causes[0].name == "dependency")
        for c in (case(moved), case(moved, at=late))
    )
    assert first > last


def test_reasons_point_to_the_verdict_and_doubts_do_not() -> None:
    verdict = assess(case({**SLOW, Kind.GPU: 600.0}))
    told = [w.reading.kind for w in verdict.reasons() if w.reading is not None]
    assert Kind.GPU in told[:3]
    assert all(w.weight < 0 for w in verdict.doubts())
    assert not {id(w) for w in verdict.reasons()} & {id(w) for w in verdict.doubts()}


def test_every_family_is_moved_by_some_cause_and_every_cause_has_its_own() -> None:
    moved = {family for cause in CAUSES for family in cause.moves}
    assert moved == set(Family)
    assert all(cause.first <= set(cause.moves) for cause in CAUSES)
    assert len({cause.name for cause in CAUSES}) == len(CAUSES)
