"""One suite for the port `Models`, run on each registry of `registries.REGISTRIES`."""

import math
from collections.abc import Callable

import pytest

from knowledge.errors import NotFound, Overtaken
from tests.knowledge.adapters.registries import REGISTRIES, Filled


@pytest.fixture(params=REGISTRIES)
def filled(request: pytest.FixtureRequest) -> Filled:
    make: Callable[[pytest.FixtureRequest], Filled] = request.param
    return make(request)


def test_versions_come_newest_first_with_their_metrics(filled: Filled) -> None:
    filled.add(rmse=2.0)
    filled.add(rmse=1.0, digest="d2")
    newest, oldest = filled.models.versions(filled.name)
    assert (newest.version, newest.metrics, newest.dataset_digest) == ("2", {"rmse": 1.0}, "d2")
    assert (oldest.version, oldest.metrics, oldest.dataset) == ("1", {"rmse": 2.0}, "holdout")


def test_names_hold_the_model(filled: Filled) -> None:
    assert filled.name in filled.models.names()


@pytest.mark.parametrize("typed", ["1", "v1", "V1", "version 1"])
def test_a_version_is_found_as_people_type_it(filled: Filled, typed: str) -> None:
    filled.add(rmse=1.0)
    assert filled.models.version(filled.name, typed).version == "1"


@pytest.mark.parametrize("typed", ["v9", "9", "newest", "1.2", ""])
def test_an_unknown_version_gets_the_nearest(filled: Filled, typed: str) -> None:
    filled.add(rmse=1.0)
    for ask in (filled.models.version, filled.models.set_champion):
        with pytest.raises(NotFound) as error:
            ask(filled.name, typed)
        assert error.value.nearest == ("v1",)


def test_an_unknown_model_gets_the_nearest(filled: Filled) -> None:
    wrong = filled.name[:-1] + "?x"
    for ask in (filled.models.versions, filled.models.champion):
        with pytest.raises(NotFound) as error:
            ask(wrong)
        assert error.value.nearest[0] == filled.name


def test_a_model_is_found_without_regard_to_case(filled: Filled) -> None:
    filled.add(rmse=1.0)
    assert filled.models.versions(filled.name.upper())[0].model == filled.name


def test_a_model_without_versions_or_champion(filled: Filled) -> None:
    assert filled.models.versions(filled.name) == []
    assert filled.models.champion(filled.name) is None


def test_the_champion_moves_and_the_old_one_is_kept(filled: Filled) -> None:
    filled.add(rmse=2.0)
    filled.add(rmse=1.0)
    assert filled.models.set_champion(filled.name, "v1").aliases == ("champion",)
    assert filled.models.set_champion(filled.name, "2").aliases == ("champion",)
    champion = filled.models.champion(filled.name)
    assert champion is not None
    assert champion.version == "2"
    assert filled.models.version(filled.name, "1").aliases == ("previous_champion",)


def test_moving_it_again_forgets_nothing(filled: Filled) -> None:
    filled.add(rmse=2.0)
    filled.add(rmse=1.0)
    for number in ("1", "2", "2"):
        filled.models.set_champion(filled.name, number)
    assert filled.models.version(filled.name, "1").aliases == ("previous_champion",)


def test_a_metric_that_is_not_a_number_stays_so(filled: Filled) -> None:
    filled.add(rmse=math.nan, mae=0.0)
    (version,) = filled.models.versions(filled.name)
    assert math.isnan(version.metrics["rmse"])
    assert version.metrics["mae"] == 0.0


def test_who_expected_another_champion_is_told_and_nothing_moves(filled: Filled) -> None:
    for rmse in (3.0, 2.0, 1.0):
        filled.add(rmse=rmse)
    filled.models.set_champion(filled.name, "2", expected="")
    for expected in ("", "1"):
        with pytest.raises(Overtaken) as error:
            filled.models.set_champion(filled.name, "3", expected=expected)
        assert error.value.found == "2"
    assert filled.models.champions()[filled.name] == "2"
    assert filled.models.version(filled.name, "3").aliases == ()


def test_who_expected_rightly_moves_it_and_may_ask_again(filled: Filled) -> None:
    for rmse in (2.0, 1.0):
        filled.add(rmse=rmse)
    filled.models.set_champion(filled.name, "1", expected="")
    for _ in range(2):
        assert filled.models.set_champion(filled.name, "2", expected="1").version == "2"
    assert filled.models.version(filled.name, "1").aliases == ("previous_champion",)


def test_only_models_with_a_champion_are_among_the_champions(filled: Filled) -> None:
    filled.add(rmse=2.0)
    assert filled.name not in filled.models.champions()
    filled.models.set_champion(filled.name, "1")
    assert filled.models.champions()[filled.name] == "1"


def test_a_champion_that_is_deleted_is_none(filled: Filled) -> None:
    for rmse in (2.0, 1.0):
        filled.add(rmse=rmse)
    filled.models.set_champion(filled.name, "1")
    filled.remove("1")
    assert filled.models.champion(filled.name) is None
    assert filled.name not in filled.models.champions()
    assert filled.models.set_champion(filled.name, "2", expected="").aliases == ("champion",)


def test_details_and_predictions_of_what_is_not_there(filled: Filled) -> None:
    filled.add(rmse=2.0)
    for ask in (filled.models.details, filled.models.predictions):
        with pytest.raises(NotFound):
            ask(filled.name, "v9")
    assert filled.models.predictions(filled.name, "v1") == {}
    assert filled.models.details(filled.name, "v1").card == ""


def test_only_the_exact_name_is_moved(filled: Filled) -> None:
    filled.add(rmse=2.0)
    with pytest.raises(NotFound) as error:
        filled.models.set_champion(filled.name.upper(), "1")
    assert error.value.nearest[0] == filled.name
    assert filled.models.champion(filled.name) is None


def test_setting_the_champion_again_changes_nothing_even_unexpectedly(filled: Filled) -> None:
    for rmse in (2.0, 1.0):
        filled.add(rmse=rmse)
    for number in ("1", "2"):
        filled.models.set_champion(filled.name, number)
    assert filled.models.set_champion(filled.name, "2", expected="7").version == "2"
    assert filled.models.version(filled.name, "1").aliases == ("previous_champion",)
