"""Against a double of GitHub's REST API for Actions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from knowledge.adapters.trainers.github import GitHubActions
from knowledge.adapters.trainers.system import Order
from knowledge.errors import Unavailable
from knowledge.records import RunState

Serve = Callable[[Any], str]
MakeOrder = Callable[..., Order]
ID = "0c9f" * 8
ACTIONS = "/repos/acme/models/actions"


@dataclass
class Actions:
    """acme/models with one workflow, train.yml, whose run-name shows the input tandem_training."""

    details: bool = True
    """As github.com; without, as an older GitHub Enterprise Server."""
    runs: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    slow_to_list: bool = False
    """A run that was started appears in the list a moment later."""
    answers_lost: int = 0

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if headers.get("authorization") != "Bearer secret":
            return 401, {"message": "Bad credentials"}
        match [method, *path.removeprefix(ACTIONS).strip("/").split("/")]:
            case ["POST", "workflows", "train.yml", "dispatches"]:
                return self._dispatch(body)
            case ["GET", "workflows", "train.yml", "runs"]:
                assert query["event"] == "workflow_dispatch"
                assert query["created"] == ">=2026-03-05T11:55:00Z"
                return 200, {"workflow_runs": [] if self.slow_to_list else self.runs[::-1]}
            case ["GET", "runs", number] if self._at(number):
                return 200, self._at(number)
            case ["GET", "runs", number, "jobs"] if self._at(number):
                return 200, {"total_count": len(self.jobs), "jobs": self.jobs}
        return 404, {"message": "Not Found"}

    def _at(self, number: str) -> dict[str, Any] | None:
        return next((run for run in self.runs if str(run["id"]) == number), None)

    def _dispatch(self, body: dict[str, Any]) -> tuple[int, Any]:
        details = body.pop("return_run_details", False)
        if details and not self.details:
            return 400, {"message": '"return_run_details" is not a permitted key.'}
        unexpected = set(body["inputs"]) - {"days", "tandem_training"}
        if body["ref"] != "main" or unexpected:
            return 422, {"message": f"Unexpected inputs provided: {sorted(unexpected)}"}
        if not all(isinstance(value, str) for value in body["inputs"].values()):
            return 422, {"message": "inputs must be strings"}
        number = 100 + len(self.runs)
        self.runs.append(
            {
                "id": number,
                "display_title": f"Train ({body['inputs'].get('tandem_training', '')})",
                "status": "queued",
                "conclusion": None,
                "html_url": f"https://github.example.com/acme/models/actions/runs/{number}",
            }
        )
        if self.answers_lost:
            self.answers_lost -= 1
            return 502, None
        if not details:
            return 204, None
        page = self.runs[-1]["html_url"]
        return 200, {"workflow_run_id": number, "run_url": page, "html_url": page}


def opened(serve: Serve, actions: Actions) -> GitHubActions:
    return GitHubActions("acme/models", "secret", "main", serve(actions))


@pytest.fixture
def asked(order: MakeOrder) -> Order:
    return order("train.yml", days=90, tandem_training=ID)


def test_github_says_which_run_it_started(serve: Serve, asked: Order) -> None:
    actions = Actions()
    run = opened(serve, actions).start(asked)
    assert (run.state, run.handle) == (RunState.ASKED, "train.yml/100")
    assert run.url == actions.runs[0]["html_url"]


def test_a_start_whose_answer_was_lost_starts_no_second_run(serve: Serve, asked: Order) -> None:
    actions = Actions(answers_lost=1)
    system = opened(serve, actions)
    with pytest.raises(Unavailable):
        system.start(asked)
    run = system.start(asked)
    assert system.start(asked) == run
    assert (len(actions.runs), run.handle) == (1, "train.yml/100")


def test_an_older_server_is_asked_again_without_what_it_does_not_know(
    serve: Serve, asked: Order
) -> None:
    actions = Actions(details=False, slow_to_list=True)
    system = opened(serve, actions)
    run = system.start(asked)
    assert (run.handle, len(actions.runs)) == ("train.yml/%3F", 1)
    assert system.look(run) == run
    actions.slow_to_list = False
    assert system.look(run).handle == "train.yml/100"


STEPS = [
    {
        "name": "train",
        "steps": [
            {"name": "Load", "status": "completed", "conclusion": "success"},
            {"name": "Fit", "status": "in_progress", "conclusion": None},
        ],
    }
]
BROKEN = [{"name": "train", "steps": [{"name": "Fit", "conclusion": "failure"}]}]


@pytest.mark.parametrize(
    ("told", "jobs", "state", "detail"),
    [
        ({"status": "waiting"}, [], RunState.ASKED, ""),
        ({"status": "in_progress"}, STEPS, RunState.RUNNING, "in train: Fit"),
        ({"status": "completed", "conclusion": "success"}, STEPS, RunState.DONE, ""),
        ({"status": "completed", "conclusion": "cancelled"}, [], RunState.CANCELLED, ""),
        ({"status": "completed", "conclusion": "timed_out"}, [], RunState.FAILED, "timed out"),
        (
            {"status": "completed", "conclusion": "failure"},
            BROKEN,
            RunState.FAILED,
            "failure in train: Fit",
        ),
    ],
)
def test_its_states(
    told: dict[str, Any],
    jobs: list[dict[str, Any]],
    state: RunState,
    detail: str,
    serve: Serve,
    asked: Order,
) -> None:
    actions = Actions(jobs=jobs)
    system = opened(serve, actions)
    run = system.start(asked)
    actions.runs[0] |= told
    seen = system.look(run)
    assert (seen.state, seen.detail) == (state, detail)
    actions.runs.clear()
    assert system.look(run).state is RunState.LOST


def test_refusals_and_systems_that_misbehave(
    serve: Serve,
    hanging: str,
    garbage: str,
    failing: str,
    asked: Order,
    order: MakeOrder,
) -> None:
    with pytest.raises(Unavailable, match="answers 401: Bad credentials"):
        GitHubActions("acme/models", "guess", url=serve(Actions())).start(asked)
    with pytest.raises(Unavailable, match="Unexpected inputs") as raised:
        opened(serve, Actions()).start(order("train.yml", colour="red"))
    assert not raised.value.retry
    said = {
        hanging: "did not answer in time",
        garbage: "no JSON",
        failing: "answers 500: the database is away",
    }
    for url, words in said.items():
        with pytest.raises(Unavailable, match=words):
            GitHubActions("acme/models", "secret", url=url, timeout=0.1).start(asked)


def test_a_run_that_is_none(serve: Serve, odd: str, asked: Order) -> None:
    run = opened(serve, Actions()).start(asked)
    with pytest.raises(Unavailable, match="not what it documents"):
        GitHubActions("acme/models", "secret", url=odd).look(run)
