"""All systems as one: which one trains what, and whose secrets are needed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from knowledge.adapters.trainers import Trainers, open_trainers
from knowledge.adapters.trainers.system import Order, handle_of, parts_of
from knowledge.errors import NotFound, Unavailable, UserError
from knowledge.records import Run, RunState, Training
from knowledge.training import Value
from knowledge.training.file import TrainersFile, parse_trainers

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
FILE = """
[[trainer]]
name = "west"
kind = "webhook"
url = "https://west.example.com"
secret_env = "WEST"

[[trainer]]
name = "east"
kind = "argo"
url = "https://east.example.com"
namespace = "training"
token_env = "EAST"

[model."fraud-*"]
trainer = "east"
job = "train-fraud"

[model."fraud-*".parameters.days]
type = "int"
default = 90
min = 7

[model.churn]
trainer = "west"
any_parameters = true
"""


@dataclass
class Shed:
    """`System`: a run that was started runs until it is looked at."""

    kind: str = "argo"
    started: dict[str, Mapping[str, Value]] = field(default_factory=dict)

    def start(self, order: Order) -> Run:
        self.started[order.training.id] = order.parameters
        return Run(order.training, RunState.ASKED, self.kind, handle_of(order.job, "1"))

    def look(self, run: Run) -> Run:
        assert parts_of(run.handle, 2)[1] == "1"
        return replace(run, state=RunState.DONE)


def training(model: str, **parameters: str) -> Training:
    return Training("t1", model, "7", "drift", parameters, "U1", "ada", NOON)


def test_each_model_goes_to_its_own_and_is_found_there_again() -> None:
    east, west = Shed(), Shed("webhook")
    trainers = Trainers({"east": east, "west": west}, parse_trainers(FILE))
    run = trainers.start(training("fraud-eu", days="30"))
    assert (run.handle, east.started, west.started) == (
        "east:train-fraud/1",
        {"t1": {"days": 30}},
        {},
    )
    assert trainers.look(run).state is RunState.DONE
    assert trainers.look(run).handle == run.handle
    assert trainers.start(training("churn", any="thing")).handle == "west:/1"
    assert trainers.name == "east, west"


def test_what_the_file_does_not_allow_any_more_is_not_started() -> None:
    east = Shed()
    trainers = Trainers({"east": east}, parse_trainers(FILE))
    with pytest.raises(Unavailable, match="days: '3' does not fit") as raised:
        trainers.start(training("fraud-eu", days="3"))
    assert not raised.value.retry
    with pytest.raises(Unavailable, match="no way to train 'demand'"):
        trainers.start(training("demand"))
    assert east.started == {}


def test_a_trainer_that_left_the_file_is_named() -> None:
    trainers = Trainers({"east": Shed()}, parse_trainers(FILE))
    with pytest.raises(Unavailable, match="no trainer 'north' any more in TANDEM_TRAINERS"):
        trainers.look(Run(training("x"), RunState.RUNNING, "argo", "north:a/1"))


def test_the_address_without_a_file_trains_everything_with_any_parameters() -> None:
    alone = open_trainers(TrainersFile(), lambda name: "", "https://t.example.com", "s3cret")
    assert alone is not None
    recipe = alone.recipe("anything")
    assert (recipe.system, recipe.free) == ("webhook", True)
    assert open_trainers(TrainersFile(), lambda name: "") is None
    with_file = open_trainers(parse_trainers(FILE), lambda name: name.lower(), "https://t", "s")
    assert with_file is not None
    assert with_file.recipe("fraud-eu").trainer == "east"
    assert with_file.recipe("demand").trainer == "webhook"


def test_reports_are_signed_with_the_secret_of_their_trainer() -> None:
    secrets = {"WEST": "w", "EAST": "e", "BACK": "b"}
    text = FILE.replace('token_env = "EAST"', 'token_env = "EAST"\ncallback_secret_env = "BACK"')
    for file, of_east in ((FILE, ""), (text, "b")):
        trainers = open_trainers(parse_trainers(file), lambda name: secrets[name])
        assert trainers is not None
        west = Run(training("churn"), RunState.RUNNING, "webhook", "west:t1")
        assert trainers.secret(west) == "w"
        assert trainers.secret(replace(west, handle="east:x/1")) == of_east
        assert trainers.secret(replace(west, handle="")) == "w"
        unknown = replace(west, handle="", training=training("demand"))
        assert trainers.secret(unknown) == ""


def test_a_secret_that_is_not_set_is_named() -> None:
    with pytest.raises(UserError, match=r"WEST is not set\. trainer west needs it"):
        open_trainers(parse_trainers(FILE), lambda name: "")


def test_without_a_default_a_model_that_nobody_trains_is_named() -> None:
    with pytest.raises(NotFound, match="way to train 'demand'"):
        Trainers({}, parse_trainers(FILE)).recipe("demand")
