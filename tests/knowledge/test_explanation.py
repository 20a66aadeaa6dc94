from dataclasses import replace
from datetime import UTC, datetime, timedelta

from knowledge.catalogue import Catalogue
from knowledge.explanation import (
    Known,
    Weight,
    alias_moves,
    explain,
    needs,
    nothing_known,
)
from knowledge.records import Approval, ApprovalStatus, Change, Look, Signal, SignalKind

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHOP = Catalogue.from_toml(
    """
    [services.web]
    calls = ["checkout"]
    [services.checkout]
    calls = ["payment"]
    aliases = ["checkout-svc"]
    [services.payment]
    calls = ["bank"]
    [services.fraud-api]
    calls = ["features"]
    aliases = ["fraud"]
    """
)


def metric(service: str = "checkout", at: datetime = NOON, **labels: str) -> Signal:
    return Signal(
        f"p99/{service}",
        "p99",
        at,
        at,
        kind=SignalKind.METRIC,
        service=service,
        summary="p99 is far above its usual",
        labels={"monitor": "metric:p99", **labels},
    )


def of_model(kind: SignalKind, at: datetime = NOON, summary: str = "") -> Signal:
    return Signal(
        f"{kind}/fraud",
        f"Model{kind.value.title()}",
        at,
        at,
        kind=kind,
        service="fraud",
        summary=summary,
        labels={"monitor": "model:fraud", "model": "fraud", "window": "24h"},
    )


def alert(service: str, at: datetime, name: str = "HighErrorRate", **labels: str) -> Signal:
    return Signal(f"{name}/{service}", name, at, at, service=service, labels=labels)


def change(service: str, at: datetime, kind: str = "deploy") -> Change:
    return Change("c", at, kind, service, "new retry rules", "4.2", "ines", "http://ci.example/1")


def look(at: datetime, rows: int = 1000, version: str = "") -> Look:
    return Look("fraud", at, at - HOUR, at, rows, "stable", version)


def test_a_deploy_shortly_before_is_likely_and_says_who_and_when() -> None:
    (clue,) = explain(metric(), Known(changes=[change("checkout", NOON - 12 * MINUTE)]), SHOP)
    assert clue.weight is Weight.LIKELY
    assert clue.text == "11:48 *deploy checkout 4.2* by ines, 12 min before: new retry rules"
    assert (clue.label, clue.url) == ("change", "http://ci.example/1")


def test_the_earlier_and_the_further_away_the_less_it_explains() -> None:
    changes = [
        change("checkout-svc", NOON - 90 * MINUTE),
        change("payment", NOON - 10 * MINUTE),
        change("payment", NOON - 70 * MINUTE),
        change("bank", NOON - 10 * MINUTE),
        change("bank", NOON - 80 * MINUTE),
        change("web", NOON - 5 * MINUTE),
        change("checkout", NOON - 3 * HOUR),
        change("checkout", NOON + 10 * MINUTE),
    ]
    clues = explain(metric(), Known(changes=changes), SHOP)
    assert [(c.weight.word, c.text.split(",")[0], c.at) for c in clues] == [
        ("possible", "11:50 *deploy payment 4.2* by ines", NOON - 10 * MINUTE),
        ("possible", "10:30 *deploy checkout-svc 4.2* by ines", NOON - 90 * MINUTE),
        ("perhaps", "11:50 *deploy bank 4.2* by ines", NOON - 10 * MINUTE),
        ("perhaps", "10:50 *deploy payment 4.2* by ines", NOON - 70 * MINUTE),
    ]
    assert "which it needs" in clues[0].text
    assert "which what it needs calls" in clues[2].text


def test_what_fires_on_what_it_calls_explains_it() -> None:
    signals = [
        alert("payment", NOON - 3 * MINUTE),
        alert("bank", NOON - 4 * MINUTE),
        alert("web", NOON - MINUTE),
        alert("checkout", NOON + MINUTE),
        alert("payment", NOON - 5 * HOUR, "Old"),
    ]
    clues = explain(metric(), Known(signals=signals), SHOP)
    assert [(c.weight.word, c.text) for c in clues] == [
        ("likely", "payment, which it calls: *High error rate*, since 11:57"),
        ("possible", "bank, which its callees call: *High error rate*, since 11:56"),
        ("perhaps", "Also on checkout: *High error rate*, since 12:01"),
    ]


def test_the_same_node_is_a_reason() -> None:
    disk = alert("ledger", NOON - 2 * MINUTE, "DiskFull", node="worker-3")
    elsewhere = alert("ledger", NOON - 2 * MINUTE, "DiskFull", node="worker-4")
    finding = metric(node="worker-3")
    (clue,) = explain(finding, Known(signals=[disk]), SHOP)
    assert clue.text == "On the same node, worker-3: *Disk full*, since 11:58"
    assert explain(finding, Known(signals=[elsewhere]), SHOP) == ()


def test_broken_data_come_before_every_other_reason_for_drift() -> None:
    broken = of_model(SignalKind.QUALITY, NOON - HOUR, "fraud: amount is missing in 61 % of rows")
    known = Known(changes=[change("features", NOON - 5 * HOUR)], signals=[broken])
    clues = explain(of_model(SignalKind.DRIFT), known, SHOP)
    assert clues[0].weight is Weight.LIKELY
    assert clues[0].text == "Its data broke: amount is missing in 61 % of rows"
    assert clues[1].text == (
        "07:00 *deploy features 4.2* by ines, which the model needs, within the window that was "
        "looked at: new retry rules"
    )
    assert clues[1].weight is Weight.POSSIBLE


def test_an_alias_move_explains_performance_rather_than_drift() -> None:
    moved = Known(changes=[change("fraud", NOON - 2 * HOUR, "promotion")])
    (worse,) = explain(of_model(SignalKind.PERFORMANCE), moved, SHOP)
    (drift,) = explain(of_model(SignalKind.DRIFT), moved, SHOP)
    assert (worse.weight, drift.weight) == (Weight.LIKELY, Weight.POSSIBLE)


def test_another_version_that_answers_is_named() -> None:
    looks = [look(NOON - 3 * HOUR, version="6"), look(NOON - HOUR, version="7")]
    (clue,) = explain(of_model(SignalKind.PERFORMANCE), Known(looks=looks), SHOP)
    assert clue.weight is Weight.LIKELY
    assert clue.text == "Version 7 answers since the window to 11:00, 6 did before"
    same = [look(NOON - 3 * HOUR, version="7"), look(NOON - HOUR, version="7")]
    assert explain(of_model(SignalKind.PERFORMANCE), Known(looks=same), SHOP) == ()
    long_ago = [look(NOON - 5 * DAY, version="6"), look(NOON - 4 * DAY, version="7")]
    assert explain(of_model(SignalKind.PERFORMANCE), Known(looks=long_ago), SHOP) == ()


def test_a_change_of_volume_is_a_reason_of_its_own() -> None:
    looks = [look(NOON - n * HOUR, 1000) for n in (4, 3, 2)]
    (less,) = explain(of_model(SignalKind.DRIFT), Known(looks=[*looks, look(NOON, 120)]), SHOP)
    assert less.text == "12% of the usual rows came in: 120, where 1,000 are usual"
    (more,) = explain(of_model(SignalKind.DRIFT), Known(looks=[*looks, look(NOON, 4000)]), SHOP)
    assert more.text == "4.0 times the usual rows came in: 4,000, where 1,000 are usual"
    assert explain(of_model(SignalKind.DRIFT), Known(looks=[*looks, look(NOON, 900)]), SHOP) == ()
    # Of two earlier windows nobody knows what is usual.
    assert explain(of_model(SignalKind.DRIFT), Known(looks=[*looks[:2], look(NOON, 1)]), SHOP) == ()


def test_the_same_hour_again_and_again_is_a_pattern() -> None:
    nights = [NOON - n * DAY + 10 * MINUTE for n in (1, 2, 4)]
    (nightly,) = explain(metric(), Known(earlier=nights), SHOP)
    assert nightly.text == (
        "It was found at about 12:00 on 3 of the 14 days before: a job that runs then, perhaps"
    )
    weeks = [NOON - n * 7 * DAY for n in (1, 2, 3)]
    (weekly,) = explain(metric(), Known(earlier=weeks), SHOP)
    assert weekly.text == (
        "It was found on Thursdays at about 12:00 3 times before: a job that runs then, perhaps"
    )
    other_hours = [NOON - n * DAY + 3 * HOUR for n in (1, 2, 4)]
    assert explain(metric(), Known(earlier=other_hours), SHOP) == ()


def test_a_pattern_over_midnight_is_one() -> None:
    midnight = datetime(2026, 3, 5, 0, 5, tzinfo=UTC)
    earlier = [midnight - DAY - 10 * MINUTE, midnight - 2 * DAY - 10 * MINUTE]
    assert len(explain(metric(at=midnight), Known(earlier=earlier), SHOP)) == 1


def test_its_own_like_explains_nothing() -> None:
    others = [metric("payment", NOON - MINUTE)]
    assert explain(metric(), Known(signals=[metric(), *others]), SHOP) == ()


def test_where_nothing_is_known_that_is_said() -> None:
    assert explain(metric(), Known()) == ()
    assert nothing_known(metric()) == (
        "Nothing that Tandem knows of changed in the 2 h before: no deploy, no alias move, no "
        "alert on what it needs"
    )
    assert "in the 26 h before" in nothing_known(of_model(SignalKind.DRIFT))


def test_what_a_model_needs_is_what_its_server_calls() -> None:
    assert needs({"fraud"}, SHOP) == (frozenset({"features"}), frozenset())
    assert needs({"unheard-of"}, SHOP) == (frozenset(), frozenset())


def test_promotions_that_were_carried_out_are_changes_of_their_model() -> None:
    asked = Approval("APP-1", "fraud", "7", "6", "U1", "ada", NOON - HOUR)
    done = replace(
        asked, status=ApprovalStatus.APPROVED, decided_at=NOON - 5 * MINUTE, decided_by_name="ines"
    )
    (move,) = alias_moves([asked, done])
    assert (move.kind, move.service, move.version, move.author) == (
        "promotion",
        "fraud",
        "v7",
        "ines",
    )
    assert move.summary == "champion moved from v6"
    (clue,) = explain(of_model(SignalKind.PERFORMANCE), Known(changes=[move]), SHOP)
    assert clue.weight is Weight.LIKELY
