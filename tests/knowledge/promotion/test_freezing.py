from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from knowledge.errors import Unavailable
from knowledge.promotion.evidence import Drifted, Evidence, Side
from knowledge.promotion.freezing import (
    differences,
    freeze,
    is_genuine,
    is_same,
    mended,
    thaw,
)
from knowledge.records import (
    Details,
    Gate,
    GateResult,
    Incident,
    ModelVersion,
    Purpose,
    Severity,
    Signal,
    Status,
)

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


def side(number: str, files: str = "aaa") -> Side:
    return Side(ModelVersion("fraud", number, NOON), Details(artifact=f"sha256:{files}"))


KNOWN = Evidence(NOON, Purpose.PROMOTION, side("5"), side("3"))
SIGNAL = Signal("f1", "slow", NOON, NOON, service="fraud")


def test_frozen_evidence_thaws_without_rows_and_bodies() -> None:
    incident = Incident(
        "INC-1", "slow", "fraud", Severity.SEV2, Status.OPEN, NOON, NOON, signals=(SIGNAL,)
    )
    rows = {"d1": {"label": np.array([0, 1])}}
    full = replace(
        KNOWN,
        challenger=replace(KNOWN.challenger, predictions=rows),
        incidents=(incident,),
        drift=Drifted("stable"),
    )
    frozen = freeze(full, (Gate("auc", PASS, "up"),))
    thawed = thaw(frozen.text)
    assert thawed == replace(
        KNOWN, incidents=(replace(incident, signals=()),), drift=Drifted("stable")
    )


def test_the_hash_is_of_the_text_and_of_the_gates() -> None:
    frozen = freeze(KNOWN)
    assert frozen == freeze(KNOWN)
    assert is_genuine(frozen.text, frozen.hash)
    assert not is_genuine(frozen.text.replace("fraud", "fraude"), frozen.hash)
    assert freeze(KNOWN, (Gate("auc", PASS, "up"),)).hash != frozen.hash


@pytest.mark.parametrize("text", ["", "not JSON", "[]", '{"evidence": 3, "gates": []}'])
def test_what_cannot_be_read_is_nothing(text: str) -> None:
    assert thaw(text) is None


@pytest.mark.parametrize(
    ("saw", "same"), [("", False), ("a" * 11, False), ("a" * 12, True), ("a" * 64, True)]
)
def test_a_beginning_of_a_hash_names_it(saw: str, same: bool) -> None:
    assert is_same(saw, "a" * 64) is same


def changed(files: str = "", champion: Side | None = None) -> Callable[[Evidence], Evidence]:
    def by(known: Evidence) -> Evidence:
        new = side("5", files) if files else known.challenger
        return replace(known, challenger=new, champion=champion)

    return by


@pytest.mark.parametrize(
    ("by", "says"),
    [
        (changed(champion=side("3")), ()),
        (changed(champion=side("4")), ("The champion was v3, and is v4 now.",)),
        (changed(champion=None), ("The champion was v3, and is none now.",)),
        (
            changed("bbb", side("3")),
            ("The files of v5 are not the ones on the card: aaa then, bbb now.",),
        ),
        (
            changed(champion=side("3", "ccc")),
            ("The files of v3 are not the ones on the card: aaa then, ccc now.",),
        ),
    ],
)
def test_what_changed_since_is_said(
    by: Callable[[Evidence], Evidence], says: tuple[str, ...]
) -> None:
    assert differences(KNOWN, by(KNOWN), (), ()) == says


def test_what_comes_and_goes_is_no_difference() -> None:
    later = replace(KNOWN, at=NOON + timedelta(hours=3), drift=Drifted("drifting", rows=9))
    then = (Gate("age", PASS, "1 h"), Gate("slices", FAIL, "worse"))
    now = (Gate("age", WARN, "4 h"), Gate("slices", FAIL, "worse still"))
    assert differences(KNOWN, later, then, now) == ()


def test_a_gate_that_fails_now_is_a_difference_and_one_that_holds_again_is_said() -> None:
    good, bad = (Gate("auc", PASS, "up"),), (Gate("auc", FAIL, "0.90 → 0.80"),)
    assert differences(KNOWN, KNOWN, good, bad) == ("auc fails now: 0.90 → 0.80.",)
    assert differences(KNOWN, KNOWN, (), bad) == ("auc fails now: 0.90 → 0.80.",)
    assert mended(bad, good) == ("auc does not fail any more.",)
    assert mended(bad, bad) == ()


def test_files_that_cannot_be_compared_are_no_guess() -> None:
    unread = replace(KNOWN, challenger=replace(KNOWN.challenger, details=Details()))
    with pytest.raises(Unavailable, match="nothing was counted"):
        differences(KNOWN, unread, (), ())
    assert differences(unread, unread, (), ()) == ()
    assert differences(unread, KNOWN, (), ()) == (
        "The files of v5 could not be read then, and can be now.",
    )
