"""Two registries in memory as one, up and down."""

import pytest

from knowledge.adapters.many_registries import ManyRegistries
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.errors import NotFound, Unavailable
from knowledge.records import Details, Kind, ModelVersion
from skills.testing import NOON


class Switched(MemoryModels):
    """In memory, and out of reach when it is switched off."""

    on = True

    def names(self) -> list[str]:
        self._check()
        return super().names()

    def versions(self, model: str) -> list[ModelVersion]:
        self._check()
        return super().versions(model)

    def champions(self) -> dict[str, str]:
        self._check()
        return super().champions()

    def _check(self) -> None:
        if not self.on:
            raise Unavailable("registry", "is switched off")


def filled(*names: str, kind: Kind = Kind.MODEL) -> Switched:
    versions = [ModelVersion(n, v, NOON, kind=kind) for n in names for v in ("1", "2")]
    registry = Switched(versions)
    for name in names:
        registry.set_champion(name, "1")
    return registry


@pytest.fixture
def models() -> Switched:
    return filled("eta-model", "churn")


@pytest.fixture
def prompts() -> Switched:
    return filled("greeting", "churn", kind=Kind.PROMPT)


@pytest.fixture
def many(models: Switched, prompts: Switched) -> ManyRegistries:
    return ManyRegistries({"models": models, "prompts": prompts})


def test_the_first_ones_names_are_short_and_the_others_are_not(many: ManyRegistries) -> None:
    assert many.names() == ["churn", "eta-model", "prompts.churn", "prompts.greeting"]
    assert many.champions() == dict.fromkeys(many.names(), "1")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("churn", "churn"),
        ("prompts.churn", "prompts.churn"),
        ("prompts churn", "prompts.churn"),
        ("greeting", "prompts.greeting"),
        ("eta", "eta-model"),
    ],
)
def test_a_name_is_found_as_people_type_it(many: ManyRegistries, typed: str, name: str) -> None:
    assert many.version(typed, "v2").model == name
    assert {v.model for v in many.versions(typed)} == {name}
    champion = many.champion(typed)
    assert champion is not None
    assert champion.model == name


def test_an_unknown_name_gets_the_nearest_of_all(many: ManyRegistries) -> None:
    with pytest.raises(NotFound) as error:
        many.version("prompts.greetings", "1")
    assert error.value.nearest[0] == "prompts.greeting"


def test_a_move_is_made_where_the_thing_is(
    many: ManyRegistries, models: Switched, prompts: Switched
) -> None:
    moved = many.set_champion("prompts.churn", "2", expected="1")
    assert (moved.model, moved.kind) == ("prompts.churn", Kind.PROMPT)
    assert prompts.champions()["churn"] == "2"
    assert models.champions()["churn"] == "1"


def test_only_the_exact_name_is_moved(many: ManyRegistries, prompts: Switched) -> None:
    with pytest.raises(NotFound) as error:
        many.set_champion("greeting", "2")
    assert error.value.nearest[0] == "prompts.greeting"
    assert prompts.champions()["greeting"] == "1"


def test_details_and_predictions_come_from_there_too(
    many: ManyRegistries, prompts: Switched
) -> None:
    prompts.known["churn", "1"] = Details(text="Say why they leave.")
    assert many.details("prompts.churn", "1").text == "Say why they leave."
    assert many.details("churn", "1").text == ""
    assert many.predictions("prompts.churn", "1") == {}


@pytest.mark.parametrize("down", ["models", "prompts"])
def test_one_that_is_down_hides_no_other(
    many: ManyRegistries,
    models: Switched,
    prompts: Switched,
    down: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (models if down == "models" else prompts).on = False
    left = {"models": ["prompts.churn", "prompts.greeting"], "prompts": ["churn", "eta-model"]}
    assert many.names() == left[down]
    assert sorted(many.champions()) == left[down]
    assert f"registry {down} is left out" in caplog.text


def test_what_may_be_in_one_that_is_down_is_not_looked_for_elsewhere(
    many: ManyRegistries, models: Switched
) -> None:
    """ "greeting" may be a model of its own there: the prompt is not what was meant for sure."""
    models.on = False
    for typed in ("churn", "greeting", "eta"):
        with pytest.raises(Unavailable):
            many.version(typed, "1")
    assert many.version("prompts.churn", "1").kind is Kind.PROMPT


def test_what_is_known_to_be_in_one_is_had_while_the_other_is_down(
    many: ManyRegistries, models: Switched, prompts: Switched
) -> None:
    many.versions("churn")
    prompts.on = False
    assert many.version("churn", "1").model == "churn"
    with pytest.raises(Unavailable):
        many.versions("prompts.churn")


def test_with_all_down_it_is_said(
    many: ManyRegistries, models: Switched, prompts: Switched
) -> None:
    models.on = prompts.on = False
    for ask in (many.names, many.champions):
        with pytest.raises(Unavailable):
            ask()


def test_what_was_deleted_since_is_missed(many: ManyRegistries, models: Switched) -> None:
    many.versions("churn")
    models.remove("churn", "2")
    with pytest.raises(NotFound):
        many.set_champion("churn", "2")
