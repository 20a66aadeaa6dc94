from datetime import timedelta

import numpy as np
import pytest

from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.records import ColumnRoles
from skills.contract import BadArgs, Call, NotFound, Reply, Tone
from skills.model_drift import skill
from skills.testing import NOON, context


def ask(frames: MemoryFrames, **args: str) -> Reply:
    return skill.run(context(frames=frames), skill.args.model_validate({"model": "fraud", **args}))


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
