import numpy as np

from bot.route_model import Wordings, fit, masked

TEXTS = ["roll back fraud", "undo the release", "revert it", "who is on call", "who has the pager"]
LABELS = ["rollback", "rollback", "rollback", "oncall", "oncall"]


def test_names_and_ids_are_masked() -> None:
    assert masked("ack INC-4 of fraud-scorer").split() == ["ack", "xincident", "of", "xname"]


def test_probabilities_are_ranked_and_sum_to_one() -> None:
    model = fit(Wordings(TEXTS), LABELS, None)
    ranked = model.ranked("please undo it, revert")
    assert next(iter(ranked)) == "rollback"
    assert np.isclose(sum(ranked.values()), 1.0)
    assert model.loo.shape == (5, 2)


def test_no_other_temperature_makes_what_was_left_out_more_probable() -> None:
    texts = [f"{verb} {what}" for verb in ("roll back", "undo", "show", "who has") for what in "ab"]
    labels = ["rollback"] * 4 + ["show", "oncall"] * 2
    model = fit(Wordings(texts), labels, None)
    rows = np.arange(len(texts)), [model.labels.index(label) for label in labels]

    def surprise(warmer: float) -> float:
        powers = model.loo**warmer
        return float(-np.log((powers / powers.sum(axis=1, keepdims=True))[rows]).mean())

    assert surprise(1.0) < min(surprise(0.99), surprise(1.01))
