"""Prompts: what their tags and runs say, and a real MLflow's road from version to champion."""

import json
from collections.abc import Mapping, Sequence
from uuid import uuid4

import pytest

from knowledge.adapters.mlflow import MlflowModels, MlflowPrompts
from knowledge.adapters.mlflow.prompts import linked, shown, tagged
from knowledge.errors import NotFound, Overtaken
from knowledge.records import Evaluation, Kind

TEXT = "Answer {{question}} in one sentence."


def test_scores_in_tags() -> None:
    tags = {
        "eval.faq.d1.correctness/mean": "0.9",
        "eval.faq.d1.latency.p99": "1.5",
        "eval.faq.d2.correctness/mean": "0.8",
        "eval.faq.d3.correctness/mean": "good",
        "eval.faq.d4": "1",
        "evaluated": "yes",
    }
    assert tagged(tags) == [
        Evaluation("faq", "d1", {"correctness/mean": 0.9, "latency.p99": 1.5}),
        Evaluation("faq", "d2", {"correctness/mean": 0.8}),
    ]


@pytest.mark.parametrize(
    ("tag", "versions"),
    [
        ('[{"name": "a", "version": "1"}, {"name": "b", "version": "2"}]', {"1"}),
        ('[{"name": "a", "version": 1}, {"name": "a", "version": "2"}]', {"1", "2"}),
        ('[{"name": "b", "version": "1"}]', set()),
        ('{"name": "a"}', set()),
        ("[1]", set()),
        ("", set()),
    ],
)
def test_the_versions_a_run_used(tag: str, versions: set[str]) -> None:
    assert linked(tag, "a") == versions


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        (TEXT, TEXT),
        ("[1, 2]", "[1, 2]"),
        (
            json.dumps(
                [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "?"}]
            ),
            "[system]\nBe brief.\n\n[user]\n?",
        ),
    ],
)
def test_messages_are_shown_under_their_roles(text: str, readable: str) -> None:
    assert shown(text) == readable


# A real MLflow -------------------------------------------------------------------------------


class Prompt:
    """One prompt in a real MLflow, and how to make and measure versions of it."""

    def __init__(self, uri: str) -> None:
        from mlflow.tracking import MlflowClient

        self.uri = uri
        self.client = MlflowClient(uri, uri)
        self.name = f"greeting-{uuid4().hex[:8]}"
        self.experiment = self.client.create_experiment(self.name)
        noted = {"_mlflow_experiment_ids": f",{self.experiment},"}
        self.client.create_prompt(self.name, "How we greet.", noted)

    def add(self, text: str, tags: Mapping[str, str]) -> None:
        config = {"model_name": "small", "temperature": 0.2}
        self.client.create_prompt_version(self.name, text, None, dict(tags), None, config)

    def measure(self, versions: Sequence[str], digest: str, score: float, status: str) -> None:
        """A run that used these versions, as `mlflow.genai.evaluate` leaves it."""
        from mlflow.entities import Dataset, DatasetInput
        from mlflow.tracing.utils.prompt import update_linked_prompts_tag

        run_id = self.client.create_run(self.experiment).info.run_id
        used = [self.client.get_prompt_version(self.name, v) for v in versions]
        self.client.set_tag(run_id, "mlflow.linkedPrompts", update_linked_prompts_tag(None, used))
        self.client.log_metric(run_id, "correctness/mean", score)
        self.client.log_inputs(run_id, [DatasetInput(Dataset("faq", digest, "local", "x"))])
        self.client.set_terminated(run_id, status)


@pytest.fixture(scope="module")
def prompt(mlflow_uri: str, patient: None) -> Prompt:
    """v1 was measured by a run, v2 by a later one and elsewhere; other runs do not count."""
    made = Prompt(mlflow_uri)
    made.add("Say hello.", {})
    made.add(TEXT, {"eval.faq.d2.correctness/mean": "0.7", "author": "ada"})
    made.measure(["1"], "d1", 0.8, "FINISHED")
    made.measure(["1"], "d1", 0.9, "FINISHED")
    made.measure(["2"], "d1", 0.95, "FINISHED")
    made.measure(["2"], "d3", 0.1, "FAILED")
    made.measure(["1", "2"], "d4", 0.2, "FINISHED")
    return made


@pytest.mark.mlflow
def test_versions_have_the_scores_of_their_runs_and_tags(prompt: Prompt) -> None:
    newest, oldest = MlflowPrompts(prompt.uri, timeout=60).versions(prompt.name)
    assert oldest.evaluations == (Evaluation("faq", "d1", {"correctness/mean": 0.9}),)
    assert newest.evaluations == (
        Evaluation("faq", "d1", {"correctness/mean": 0.95}),
        Evaluation("faq", "d2", {"correctness/mean": 0.7}),
    )
    assert (newest.kind, newest.version, newest.dataset_digest) == (Kind.PROMPT, "2", "d1")
    assert newest.tags == {"author": "ada"}
    assert newest.params == {"model_name": "small", "temperature": "0.2"}


@pytest.mark.mlflow
def test_the_text_is_what_is_promoted(prompt: Prompt) -> None:
    prompts = MlflowPrompts(prompt.uri, timeout=60)
    first, second = (prompts.details(prompt.name, v) for v in ("1", "2"))
    assert second.text == TEXT
    assert second.artifact.startswith("sha256:")
    assert second.artifact != first.artifact
    assert (second.card, second.signature, second.problems) == ("How we greet.", None, ())
    assert prompts.predictions(prompt.name, "2") == {}


@pytest.mark.mlflow
def test_a_prompt_is_promoted_as_a_model_is(prompt: Prompt) -> None:
    prompts = MlflowPrompts(prompt.uri, timeout=60)
    assert prompts.champion(prompt.name) is None
    prompts.set_champion(prompt.name, "1", expected="")
    with pytest.raises(Overtaken):
        prompts.set_champion(prompt.name, "2", expected="")
    assert prompts.set_champion(prompt.name, "2", expected="1").aliases == ("champion",)
    assert prompts.version(prompt.name, "v1").aliases == ("previous_champion",)
    assert prompts.champions()[prompt.name] == "2"
    assert prompt.name in prompts.names()
    with pytest.raises(NotFound) as error:
        prompts.version(prompt.name, "v7")
    assert error.value.nearest == ("v2", "v1")


@pytest.mark.mlflow
def test_prompts_and_models_are_not_mixed_up(prompt: Prompt) -> None:
    models = MlflowModels(prompt.uri, timeout=60)
    assert prompt.name not in models.names()
    assert prompt.name not in models.champions()
    with pytest.raises(NotFound):
        models.set_champion(prompt.name, "1")
