"""Logs of a model whose truth is known, made from a seed."""

from collections.abc import Callable

import numpy as np
import pytest

from knowledge.records import ColumnRoles, Frame

MakeLog = Callable[..., Frame]

ROLES = ColumnRoles(label="y", probability="p", slices=("merchant", "x"), groups=("group",))


@pytest.fixture(scope="session")
def roles() -> ColumnRoles:
    return ROLES


@pytest.fixture(scope="session")
def make_log() -> MakeLog:
    """`make_log(rows, seed, shift=, concept=, weak=)`: a calibrated binary model's log.

    `shift` moves the input x to where the model is weaker; `concept` is the share of the effect
    of x that turned round without the model knowing; `weak` names a merchant whose truth is a coin
    toss.
    """

    def make(
        rows: int, seed: int = 0, *, shift: float = 0.0, concept: float = 0.0, weak: str = ""
    ) -> Frame:
        rng = np.random.default_rng(seed)
        x, z = rng.normal(shift, 1, rows), rng.normal(0, 1, rows)
        merchant = rng.choice(["5411", "5812", "5999"], rows).astype(object)
        group = rng.choice(["a", "b"], rows).astype(object)
        bent = 1.2 * x * np.where(np.abs(x) > 1.5, 0.4, 1.0)
        score = 1 / (1 + np.exp(-(bent + 0.5 * z)))
        truth = 1 / (1 + np.exp(-(bent * (1 - 2 * concept) + 0.5 * z)))
        truth = np.where(merchant == weak, 0.5, truth)
        label = (rng.random(rows) < truth).astype(np.int64)
        return {"x": x, "z": z, "merchant": merchant, "group": group, "p": score, "y": label}

    return make


@pytest.fixture(scope="session")
def reference(make_log: MakeLog) -> Frame:
    return make_log(20_000)
