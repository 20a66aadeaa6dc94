from pathlib import Path

import pytest

from knowledge.errors import NotFound, UserError
from knowledge.training.file import parse_trainers, read_trainers

EXAMPLE = Path(__file__).parents[3] / "deploy" / "trainers.toml"
AIRFLOW = """
[[trainer]]
name = "airflow"
kind = "airflow"
url = "https://airflow.example.com"
token_env = "AIRFLOW_TOKEN"
"""
FRAUD = """
[model."fraud-*"]
trainer = "airflow"
job = "train_fraud"
"""


def test_the_example_is_read_and_names_every_kind() -> None:
    file = read_trainers(EXAMPLE)
    assert {spec.kind for spec in file.trainers} == {
        *("airflow", "argo", "kubeflow", "sagemaker", "github", "jenkins", "webhook"),
    }
    recipe = file.recipe("fraud-cards")
    assert (recipe.model, recipe.system) == ("fraud-cards", "airflow")
    assert [p.name for p in recipe.parameters][:1] == ["days"]


def test_its_own_name_goes_before_patterns_and_later_patterns_before_earlier() -> None:
    text = (
        AIRFLOW
        + FRAUD
        + FRAUD.replace("fraud-*", "fraud-c*").replace("train_fraud", "cards")
        + FRAUD.replace("fraud-*", "fraud-cx").replace("train_fraud", "own")
        + FRAUD.replace("fraud-*", "*").replace("train_fraud", "any")
    )
    file = parse_trainers(text)
    assert file.recipe("fraud-cx").job == "own"
    assert file.recipe("fraud-c1").job == "any"
    assert parse_trainers(AIRFLOW + FRAUD).recipe("fraud-x").job == "train_fraud"


def test_a_model_that_nobody_trains_is_named_with_those_that_are() -> None:
    with pytest.raises(NotFound, match=r"way to train 'churn'.*fraud-\*"):
        parse_trainers(AIRFLOW + FRAUD).recipe("churn")


def test_systems_that_know_no_id_of_ours_are_given_it_in_a_parameter() -> None:
    github = """
[[trainer]]
name = "gh"
kind = "github"
repository = "acme/models"
token_env = "T"
[model.churn]
trainer = "gh"
job = "train.yml"
"""
    assert parse_trainers(github).recipe("churn").id_parameter == "tandem_training"
    other = parse_trainers(github + 'id_parameter = "run"').recipe("churn")
    assert other.id_parameter == "run"
    assert parse_trainers(AIRFLOW + FRAUD).recipe("fraud-x").id_parameter == ""


def parameter(lines: str) -> str:
    return AIRFLOW + FRAUD + f'[model."fraud-*".parameters.days]\n{lines}'


WRONG = [
    ("[[trainer]", "trainers.toml is not valid TOML"),
    (AIRFLOW + "colour = 1", "trainer airflow: colour: there is no such field."),
    (
        AIRFLOW.replace("https:", "htps:"),
        "trainer airflow: url: String should match pattern",
    ),
    (AIRFLOW.replace('"airflow"\nurl', '"spark"\nurl'), "trainer airflow: kind: there is airflow,"),
    (
        AIRFLOW.replace('token_env = "AIRFLOW_TOKEN"', ""),
        "trainer airflow: give token_env, or user and password_env.",
    ),
    (
        AIRFLOW.replace("token_env", "password_env"),
        "trainer airflow: give user beside password_env.",
    ),
    (AIRFLOW.replace('name = "airflow"', ""), "trainer 1: name: it is missing."),
    (AIRFLOW + AIRFLOW, "trainer 'airflow' is there twice"),
    (FRAUD, """model."fraud-*": trainer: there is no 'airflow'; there is none; add a"""),
    (
        AIRFLOW + FRAUD.replace('job = "train_fraud"', ""),
        """model."fraud-*": job: it is missing; give the DAG's id.""",
    ),
    (AIRFLOW + FRAUD + "any_parameters = true", "any_parameters: it is for webhooks"),
    (parameter('type = "int"\ndefault = 5\nmin = 7'), "default: '5' does not fit"),
    (parameter('type = "int"\nmin = 9\nmax = 7'), "parameters: days: min is larger than max."),
    (parameter("min = 9"), "min and max are for int and float, not text."),
    (parameter('type = "choice"'), 'choices go with type = "choice", and only with it.'),
    (parameter('pattern = "("'), "pattern: missing )"),
    (parameter('type = "days"'), "parameters: days: type: Input should be"),
    (
        AIRFLOW + FRAUD + '[model."fraud-*".parameters."a b"]\ntype = "int"',
        "parameters.a b: use letters",
    ),
    (
        parameter('[model."fraud-*".fixed]\ndays = 3'),
        "days: either fixed or a parameter, not both.",
    ),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_named_with_the_remedy(text: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_trainers(text)
    assert said in str(raised.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"TANDEM_TRAINERS: .* cannot be read"):
        read_trainers(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(UserError, match="is not UTF-8"):
        read_trainers(tmp_path / "latin.toml")


def test_dates_and_flags_may_be_written_as_toml_writes_them() -> None:
    text = parameter('type = "date"\ndefault = 2026-03-01')
    assert parse_trainers(text).recipe("fraud-x").parameters[0].default == "2026-03-01"
    flag = parse_trainers(parameter('type = "bool"\ndefault = true'))
    assert flag.recipe("fraud-x").parameters[0].default == "true"
