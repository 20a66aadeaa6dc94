import pytest

from knowledge.errors import NotFound
from knowledge.promotion.versions import find_name, plain_version, show_version


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("v7", "7"),
        ("V7", "7"),
        (" 7 ", "7"),
        ("version 7", "7"),
        ("v2.3.1", "2.3.1"),
        ("vega", "vega"),
    ],
)
def test_versions_are_read_as_people_type_them(typed: str, plain: str) -> None:
    assert plain_version(typed) == plain


def test_plain_numbers_are_shown_with_a_v() -> None:
    assert [show_version(v) for v in ("7", "2.3.1")] == ["v7", "2.3.1"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("eta-model", "eta-model"),
        ("ETA_model", "eta-model"),
        ("eta model", "eta-model"),
        ("eta", "eta-model"),
        ("fraud", "fraud-scorer"),
    ],
)
def test_a_model_is_found_by_its_words(asked: str, found: str) -> None:
    assert find_name(asked, ["eta-model", "fraud-scorer", "churn-model"]) == found


@pytest.mark.parametrize(
    ("asked", "nearest"), [("model", {"eta-model", "churn-model"}), ("etamodle", {"eta-model"})]
)
def test_an_unclear_or_unknown_model_is_answered_with_names(asked: str, nearest: set[str]) -> None:
    with pytest.raises(NotFound) as error:
        find_name(asked, ["eta-model", "fraud-scorer", "churn-model"])
    assert set(error.value.nearest) == nearest
