from datetime import datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from knowledge.adapters.memory.monitors import MemoryMonitors
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.records import Approval, ApprovalStatus, Change, ColumnRoles, Look, ModelVersion
from skills.contract import BadArgs, Call, NotFound, Reply, Tone
from skills.model_drift import skill
from skills.testing import NOON, context


def ask(
    frames: MemoryFrames,
    looks: MemoryMonitors | None = None,
    store: MemoryStore | None = None,
    **args: str,
) -> Reply:
    made = NOON - timedelta(days=60)
    models = MemoryModels([ModelVersion("fraud-scorer", n, made) for n in ("5", "6", "7")])
    store = store or MemoryStore()
    ctx = context(
        frames=frames,
        watching=looks or MemoryMonitors(),
        approvals=store.approvals,
        changes=store.changes,
        models=models,
    )
    return skill.run(ctx, skill.args.model_validate({"model": "fraud", **args}))


def rows(moved: float, version: str = "", n: int = 1000) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(int(moved) + 3)
    named = {"version": np.array([version] * n, dtype=object)} if version else {}
    return {"amount": rng.normal(12 + moved, 3, n), "score": rng.random(n), **named}


def weeks(column: str = "") -> MemoryFrames:
    """Fourteen days; in the last five v7 answered, and amounts are 7 higher."""
    made = MemoryFrames()
    roles = ColumnRoles(prediction="score", version=column)
    made.set_reference("fraud-scorer", rows(0, n=3000), roles)
    for day in range(14, 0, -1):
        version = "7" if day <= 5 else "6"
        logged = rows(7 if day <= 5 else 0, version if column else "")
        made.log("fraud-scorer", NOON - timedelta(days=day, hours=-1), logged)
    return made


def promoted() -> MemoryStore:
    store = MemoryStore()
    at = NOON - timedelta(days=5)
    store.approvals.add(
        Approval(
            "",
            "fraud-scorer",
            "7",
            "6",
            "U1",
            "ada",
            at,
            status=ApprovalStatus.APPROVED,
            decided_at=at,
            decided_by_name="grace",
            outcome="moved",
        )
    )
    store.changes.add(Change("c", NOON - timedelta(days=2), "deploy", "fraud-scorer", "x", "2.3"))
    return store


def looked(until: datetime = NOON) -> MemoryMonitors:
    monitors = MemoryMonitors()
    for i in range(20):
        at = until - timedelta(hours=6 * (19 - i))
        figures = {"drift": 0.02 if i < 10 else 0.4, "estimated auc": 0.84}
        if i < 15:
            figures["realised auc"] = 0.86
        look = Look("fraud-scorer", at, at - timedelta(hours=24), at, 900, "stable", "7", figures)
        monitors.add_look(look)
    return monitors


def frames(shift: float, age: timedelta = timedelta(hours=1)) -> MemoryFrames:
    rng = np.random.default_rng(1)
    countries = np.array(["DE", "FR", None], dtype=object)

    def rows(moved: float) -> dict[str, np.ndarray]:
        return {
            "amount": rng.normal(12 + moved, 3, 3000),
            "country": countries[rng.integers(0, 3, 3000)],
            "score": rng.random(3000),
        }

    made = MemoryFrames()
    made.set_reference("fraud-scorer", rows(0), ColumnRoles(prediction="score"))
    made.log("fraud-scorer", NOON - age, rows(shift))
    return made


def test_a_drifting_model_shows_what_moved_with_a_picture() -> None:
    reply = ask(frames(7))
    assert reply.title == "fraud-scorer: drifting"
    assert reply.tone is Tone.WARNING
    assert reply.table is not None
    assert reply.table.rows[0][:2] == ("amount", "median 12 → 19")
    assert reply.pictures[0].png.startswith(b"\x89PNG")
    assert "amount: median 12 → 19" in reply.pictures[0].alt
    calls = [button.call for button in reply.buttons]
    assert Call("model_drift", {"model": "fraud-scorer", "window": "7d"}) in calls
    assert Call("promotion", {"model": "fraud-scorer"}) in calls
    assert "3,000 rows" in reply.footer


def test_a_stable_model_is_said_in_one_line() -> None:
    reply = ask(frames(0))
    assert (reply.title, reply.tone) == ("fraud-scorer: stable", Tone.GOOD)
    assert (reply.table, reply.pictures) == (None, ())


def test_an_empty_window_says_which_range_there_is_and_leads_there() -> None:
    made = frames(7, age=timedelta(days=5))
    reply = ask(made)
    assert "2026-02-28" in reply.text
    (button,) = reply.buttons
    assert button.call is not None
    assert ask(made, **button.call.args).title == "fraud-scorer: drifting"


def test_unknown_models_and_empty_windows_are_refused_with_the_remedy() -> None:
    with pytest.raises(NotFound, match="fraud-scorer"):
        ask(frames(0), model="frod-scorer")
    with pytest.raises(BadArgs, match="window"):
        ask(frames(0), window="0h")
    with pytest.raises(ValidationError, match="'soon' is no span of time; write for example 24h"):
        ask(frames(0), window="soon")
    with pytest.raises(BadArgs, match="lies in the future"):
        ask(frames(0), window="2027-01-01")
    with pytest.raises(BadArgs, match="against: the same rows as the window"):
        ask(weeks("version"), window="v7", against="v7")


@pytest.mark.parametrize(
    ("window", "against", "verdict", "said"),
    [
        ("7d", "", "drifting", ""),
        ("7d against the 7 days before", "", "drifting", "the last 7 d against 2026-02-19 12:00"),
        ("yesterday", "a week earlier", "drifting", "2026-03-04 against 2026-02-25"),
        ("yesterday", "2026-03-03", "stable", "2026-03-04 against 2026-03-03"),
        ("2026-02-20 to 2026-02-24", "", "stable", "2026-02-20 to 2026-02-24 against what it was"),
    ],
)
def test_any_window_against_the_reference_or_another_one(
    window: str, against: str, verdict: str, said: str
) -> None:
    reply = ask(weeks(), window=window, against=against)
    assert reply.title == f"fraud-scorer: {verdict}"
    assert said in reply.text


def test_versions_by_the_column_that_names_them() -> None:
    reply = ask(weeks("version"), window="v7 against v6")
    assert reply.title == "fraud-scorer: drifting"
    assert reply.text.endswith("That is v7 against v6.")
    assert "5,000 rows of v7, against 9,000 rows of v6; 2 columns." in reply.footer
    assert reply.pictures[0].title == "fraud-scorer: v6 and v7"


def test_versions_by_when_they_served() -> None:
    reply = ask(weeks(), store=promoted(), window="v7", against="v6")
    assert (
        "5,000 rows of v7 (2026-02-28 12:00 to 2026-03-05 12:00 UTC), against 9,000" in reply.footer
    )
    with pytest.raises(BadArgs, match="when v5 served is not known"):
        ask(weeks(), store=promoted(), window="v5")
    with pytest.raises(NotFound, match="version of fraud-scorer"):
        ask(weeks(), window="v9")


def test_what_it_is_compared_with_may_be_missing_too() -> None:
    reply = ask(weeks(), window="24h", against="2026-01-05")
    assert reply.title == "fraud-scorer: no data from 2026-01-05"


def test_rows_that_are_on_both_sides_are_named() -> None:
    reply = ask(weeks(), window="48h", against="yesterday")
    assert "Both hold 2026-03-04." in reply.footer


def test_the_trend_marks_moves_of_the_champion_and_deploys() -> None:
    reply = ask(weeks(), looked(), promoted(), window="24h")
    trend = reply.pictures[-1]
    assert trend.title == "fraud-scorer: trend"
    assert "champion v7 at 2026-02-28 12:00; deploy fraud-scorer 2.3 at 2026-03-03" in trend.alt
    assert trend.png.startswith(b"\x89PNG")


def test_figures_say_on_what_ground_they_stand() -> None:
    reply = ask(weeks(), looked(), window="24h")
    (section,) = reply.sections
    assert [line.text for line in section.lines] == [
        "auc (estimated): 0.84",
        "No labels for these rows yet; an estimate does not see concept drift.",
    ]
    earlier = ask(weeks(), looked(), window="3d ago to 2d ago")
    assert earlier.sections[0].lines[0].text == "auc (realised): 0.86"
