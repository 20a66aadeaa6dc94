import pytest

from knowledge.errors import BadArgs
from knowledge.training import Parameter, ParameterType, Recipe, chosen, read_parameters, typed

RECIPE = Recipe(
    "eta-model",
    "airflow",
    "airflow",
    "train_eta",
    (
        Parameter("days", ParameterType.INT, "90", 7, 365),
        Parameter("rate", ParameterType.FLOAT, "0.1", 0.0, 1.0),
        Parameter("warm", ParameterType.BOOL, "false"),
        Parameter("until", ParameterType.DATE, "2026-03-01"),
        Parameter("loss", ParameterType.CHOICE, "mae", choices=("mae", "rmse")),
        Parameter("branch", default="main", pattern=r"[\w/-]+"),
    ),
    fixed={"region": "eu", "gpus": 2},
    id_parameter="tandem_training",
)


def test_defaults_are_filled_in_and_texts_get_their_plain_form() -> None:
    assert chosen(RECIPE, {"days": " 030 ", "warm": "YES", "rate": "", "loss": "rmse"}) == {
        "days": "30",
        "rate": "0.1",
        "warm": "true",
        "until": "2026-03-01",
        "loss": "rmse",
        "branch": "main",
    }


def test_what_the_system_gets_has_types_and_what_nobody_may_choose() -> None:
    assert typed(RECIPE, {"days": "30"}, "r1") == {
        "days": 30,
        "rate": 0.1,
        "warm": False,
        "until": "2026-03-01",
        "loss": "mae",
        "branch": "main",
        "region": "eu",
        "gpus": 2,
        "tandem_training": "r1",
    }


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("days", "5", "Give a whole number, 7 to 365."),
        ("days", "9.5", "Give a whole number, 7 to 365."),
        ("days", "; rm -rf", "Give a whole number, 7 to 365."),
        ("rate", "nan", "Give a number, 0 to 1."),
        ("rate", "inf", "Give a number, 0 to 1."),
        ("warm", "perhaps", "Give true or false."),
        ("until", "2026-02-30", "Give a date such as 2026-03-05."),
        ("loss", "mse", "Give one of mae, rmse."),
        ("branch", "$(id)", r"Give a text that matches [\w/-]+."),
        ("branch", "x" * 201, "200 at most."),
        ("branch", "a\x00b", "Write it on one line."),
        ("region", "us", "eta-model takes days, rate, warm, until, loss, branch."),
        ("tandem_training", "x", "eta-model takes days, rate, warm, until, loss, branch."),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(name: str, text: str, remedy: str) -> None:
    with pytest.raises(BadArgs) as raised:
        chosen(RECIPE, {name: text})
    assert raised.value.remedy == remedy


def test_a_parameter_without_a_default_must_be_given() -> None:
    recipe = Recipe("m", parameters=(Parameter("days", ParameterType.INT, least=1),))
    with pytest.raises(BadArgs, match=r"days: it is missing\. Give a whole number, at least 1"):
        chosen(recipe, {"days": " "})


def test_a_recipe_without_parameters_takes_none_and_a_free_one_takes_any() -> None:
    with pytest.raises(BadArgs, match=r"there is no 'days'\. Leave it out"):
        chosen(Recipe("m"), {"days": "1"})
    assert typed(Recipe("m", free=True), {"days": "1"}, "r1") == {"days": "1"}


def test_words_are_read_as_parameters() -> None:
    assert read_parameters("days=90, epochs=5") == {"days": "90", "epochs": "5"}
    with pytest.raises(BadArgs, match="cannot read 'ninety'"):
        read_parameters("ninety days=90")
    with pytest.raises(BadArgs, match="20 at most"):
        read_parameters(" ".join(f"p{n}=1" for n in range(21)))
