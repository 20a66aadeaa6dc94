"""Against a double of Jenkins' remote access API."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from knowledge.adapters.trainers.jenkins import Jenkins
from knowledge.adapters.trainers.system import Order
from knowledge.errors import Unavailable
from knowledge.records import RunState

Serve = Callable[[Any], str]
MakeOrder = Callable[..., Order]
ID = "0c9f" * 8
JOB = "/job/ml/job/train-credit"
Answered = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]


@dataclass
class Controller:
    """One parameterised job in a folder, ml/train-credit."""

    wants_crumb: bool = False
    """As for those who sign in with a password."""
    items: dict[int, dict[str, Any]] = field(default_factory=dict)
    builds: list[dict[str, Any]] = field(default_factory=list)
    answers_lost: int = 0

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> Answered:
        if headers.get("authorization") != "Basic " + b64encode(b"tandem:secret").decode():
            return 401, "<html>Invalid password/token for user: tandem</html>"
        if path == f"{JOB}/buildWithParameters" and method == "POST":
            return self._ask_for(headers, body)
        if path == "/crumbIssuer/api/json":
            if not self.wants_crumb:
                return 404, "<html>Not Found</html>"
            crumb = {"crumb": "c1", "crumbRequestField": "Jenkins-Crumb"}
            return 200, crumb, {"Set-Cookie": "JSESSIONID=s1; Path=/; HttpOnly"}
        if path == "/queue/api/json":
            waiting = [i for i in self.items.values() if "executable" not in i]
            return 200, {"items": waiting}
        if path.startswith("/queue/item/"):
            item = self.items.get(int(path.split("/")[3]))
            return (200, item) if item else (404, "<html>Not Found</html>")
        if path == f"{JOB}/api/json":
            return 200, {"builds": self.builds[::-1]}
        match path.removeprefix(f"{JOB}/").split("/"):
            case [number, "api", "json"] if number.isdecimal():
                found = [b for b in self.builds if b["number"] == int(number)]
                return (200, found[0]) if found else (404, "<html>Not Found</html>")
        return 404, "<html>Not Found</html>"

    def _ask_for(self, headers: Mapping[str, str], form: dict[str, str]) -> Answered:
        proof = (headers.get("jenkins-crumb"), headers.get("cookie"))
        if self.wants_crumb and proof != ("c1", "JSESSIONID=s1"):
            return 403, "<html>No valid crumb was included in the request</html>"
        number = len(self.items) + 7
        parameters = [{"name": name, "value": value} for name, value in form.items()]
        self.items[number] = {
            "id": number,
            "cancelled": False,
            "why": "Waiting for next available executor",
            "actions": [{}, {"parameters": parameters}],
        }
        if self.answers_lost:
            self.answers_lost -= 1
            return 502, None
        return 201, None, {"Location": f"http://jenkins.example/queue/item/{number}/"}

    def run(self, item: int) -> dict[str, Any]:
        """The item leaves the queue and becomes a build."""
        build = {
            "number": 41,
            "url": "https://jenkins.example.com/job/ml/job/train-credit/41/",
            "building": True,
            "result": None,
            "description": None,
            "actions": self.items[item]["actions"],
        }
        self.builds.append(build)
        self.items[item]["executable"] = {"number": 41, "url": build["url"]}
        return build


def opened(serve: Serve, controller: Controller) -> Jenkins:
    return Jenkins(serve(controller), "tandem", "secret")


@pytest.fixture
def asked(order: MakeOrder) -> Order:
    return order("ml/train-credit", days=90, TRAINING_ID=ID)


def test_a_build_is_followed_from_the_queue_to_its_end(serve: Serve, asked: Order) -> None:
    controller = Controller()
    jenkins = opened(serve, controller)
    run = jenkins.start(asked)
    assert (run.state, run.handle) == (RunState.ASKED, "ml%2Ftrain-credit/item%207")
    assert jenkins.look(run).detail == "Waiting for next available executor"
    build = controller.run(7)
    run = jenkins.look(run)
    assert (run.state, run.handle) == (RunState.RUNNING, "ml%2Ftrain-credit/41")
    assert run.url == build["url"]
    build |= {"building": False, "result": "SUCCESS"}
    assert jenkins.look(run).state is RunState.DONE
    build |= {"result": "FAILURE", "description": "AUC fell below the floor"}
    over = jenkins.look(run)
    assert (over.state, over.detail) == (RunState.FAILED, "AUC fell below the floor")
    build |= {"result": "ABORTED", "description": None}
    assert jenkins.look(run).state is RunState.CANCELLED
    controller.builds.clear()
    assert jenkins.look(run).state is RunState.LOST


def test_it_is_asked_for_once_wherever_it_is_by_then(serve: Serve, asked: Order) -> None:
    controller = Controller(answers_lost=1)
    jenkins = opened(serve, controller)
    with pytest.raises(Unavailable):
        jenkins.start(asked)
    assert jenkins.start(asked).handle.endswith("item%207")
    controller.run(7)
    assert jenkins.start(asked).handle.endswith("/41")
    assert len(controller.items) == 1


def test_a_forgotten_item_is_found_by_our_id(serve: Serve, asked: Order) -> None:
    controller = Controller()
    jenkins = opened(serve, controller)
    run = jenkins.start(asked)
    controller.run(7)
    del controller.items[7]
    assert jenkins.look(run).handle.endswith("/41")
    controller.builds.clear()
    assert jenkins.look(run).state is RunState.LOST


def test_one_that_is_taken_out_of_the_queue_is_cancelled(serve: Serve, asked: Order) -> None:
    controller = Controller()
    jenkins = opened(serve, controller)
    run = jenkins.start(asked)
    controller.items[7]["cancelled"] = True
    over = jenkins.look(run)
    assert (over.state, over.detail) == (RunState.CANCELLED, "it was taken out of the queue")


def test_a_crumb_is_fetched_where_one_is_wanted(serve: Serve, asked: Order) -> None:
    controller = Controller(wants_crumb=True)
    assert opened(serve, controller).start(asked).handle.endswith("item%207")


def test_refusals_and_systems_that_misbehave(
    serve: Serve, hanging: str, garbage: str, failing: str, asked: Order, order: MakeOrder
) -> None:
    with pytest.raises(Unavailable, match="answers 401") as raised:
        Jenkins(serve(Controller()), "tandem", "guess").start(asked)
    assert not raised.value.retry
    with pytest.raises(Unavailable, match="answers 404"):
        opened(serve, Controller()).start(order("other", TRAINING_ID=ID))
    said = {
        hanging: "did not answer in time",
        garbage: "no JSON",
        failing: "answers 500: the database is away",
    }
    for url, words in said.items():
        with pytest.raises(Unavailable, match=words):
            Jenkins(url, "tandem", "secret", timeout=0.1).start(asked)


def test_a_build_that_is_none(serve: Serve, odd: str, asked: Order) -> None:
    controller = Controller()
    jenkins = opened(serve, controller)
    run = jenkins.start(asked)
    controller.run(7)
    with pytest.raises(Unavailable, match="not what it documents"):
        Jenkins(odd, "tandem", "secret").look(jenkins.look(run))
