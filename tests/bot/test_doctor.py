"""Each finding's words for what is configured, missing and broken, with the playground as Slack."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.demo.processes import Children, Served, free_port
from bot.doctor import Finding, State, examine
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.settings import Settings
from bot.slack.manifest import manifest
from knowledge.errors import Unavailable, UserError
from skills.registry import BUILTIN

PROBES = (
    "database",
    "library",
    "models file",
    "monitors file",
    "registry",
    "prometheus",
    "telemetry",
    "oncall file",
    "tickets",
    "trainers",
    "runners",
    "embedder",
)


def works() -> None:
    """A probe that finds nothing wrong."""


def fails() -> None:
    raise Unavailable("http://ops:pa55@host", "does not answer at http://ops:pa55@host")


def settings(**given: Any) -> Settings:
    """As given, and nothing of this machine."""
    return Settings(_env_file=None, **{"slack_bot_token": "", "openai_model": "", **given})


def findings(probe: Callable[[], None] = works, /, **given: Any) -> dict[str, Finding]:
    return {f.subject: f for f in examine(settings(**given), dict.fromkeys(PROBES, probe))}


@pytest.fixture(scope="module")
def slack() -> Iterator[RunningPlayground]:
    with RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=None)) as running:
        yield running


def connected(slack: RunningPlayground, **given: Any) -> dict[str, Finding]:
    return findings(
        slack_bot_token=slack.bot_token,
        slack_api_url=slack.api_url,
        **{"slack_app_token": slack.app_token, **given},
    )


def nowhere() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as once:
        return f"http://127.0.0.1:{once.getsockname()[1]}/"


# Slack ---------------------------------------------------------------------------------------


def test_without_a_token_it_says_where_to_get_one_and_what_works_without() -> None:
    found = findings()["Slack"]
    assert (found.state, found.words) == (State.BROKEN, "SLACK_BOT_TOKEN is not set")
    assert "tandem manifest" in found.remedy
    assert "make demo" in found.remedy


def test_a_good_token_says_as_whom_and_where(slack: RunningPlayground) -> None:
    found = connected(slack)
    assert found["Slack"] == Finding("Slack", State.OK, "signed in to Northwind Parcel as @tandem")
    assert found["Way in"].state is State.OK
    assert "Slack scopes" not in found


def test_a_wrong_token_is_told_with_slacks_word(slack: RunningPlayground) -> None:
    found = findings(slack_bot_token="xoxb-wrong", slack_api_url=slack.api_url)["Slack"]
    assert (found.state, found.words) == (
        State.BROKEN,
        "Slack refuses the bot token: invalid_auth",
    )
    assert "OAuth & Permissions" in found.remedy


@pytest.mark.parametrize("given", ["", "nonsense/"], ids=["nowhere", "nonsense"])
def test_a_slack_out_of_reach_is_told(given: str) -> None:
    url = given or nowhere()
    found = findings(slack_bot_token="xoxb-1", slack_api_url=url)["Slack"]
    assert found.state is State.BROKEN
    assert f"cannot reach {url}" in found.words
    assert "SLACK_API_URL" in found.remedy


def test_missing_scopes_are_named() -> None:
    poor = manifest(BUILTIN)
    poor["oauth_config"]["scopes"]["bot"].remove("files:write")
    with RunningPlayground(Playground(manifest=poor)) as running:
        found = connected(running)["Slack scopes"]
    assert (found.state, found.words) == (State.WARN, "missing: files:write")
    assert found.remedy


@pytest.mark.parametrize(
    ("given", "state", "words"),
    [
        ({}, State.OK, "Socket Mode"),
        ({"slack_app_token": "xoxb-mixed-up"}, State.BROKEN, "needs SLACK_APP_TOKEN (xapp-...)"),
        ({"slack_app_token": ""}, State.BROKEN, "neither SLACK_APP_TOKEN nor SLACK_SIGNING"),
        (
            {"slack_app_token": "", "slack_signing_secret": "s"},
            State.OK,
            "HTTP events at http://127.0.0.1:8080/slack/events",
        ),
    ],
)
def test_the_way_in(
    slack: RunningPlayground, given: dict[str, str], state: State, words: str
) -> None:
    found = connected(slack, **given)["Way in"]
    assert found.state is state
    assert words in found.words
    assert bool(found.remedy) is (state is not State.OK)


# People, webhooks, parts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "subject", "state", "words"),
    [
        ({}, "Approvers", State.WARN, "nobody may approve"),
        ({"tandem_approvers": "U1,U2"}, "Approvers", State.OK, "U1,U2"),
        ({}, "Webhooks", State.OK, "from this machine only"),
        ({"tandem_http_host": "0.0.0.0"}, "Webhooks", State.WARN, "from anyone"),
        (
            {"tandem_http_host": "0.0.0.0", "tandem_webhook_token": "t0ken"},
            "Webhooks",
            State.OK,
            "http://0.0.0.0:8080/signals/alertmanager, with a token",
        ),
        ({}, "Database", State.OK, "sqlite:///tandem.db"),
        ({"database_url": "postgresql://t:pa55@db/x"}, "Database", State.OK, "://***@db/x"),
        ({}, "Prometheus", State.OFF, "not configured"),
        ({"prometheus_url": "http://p:9090"}, "Prometheus", State.OK, "http://p:9090"),
        ({}, "Model registry (MLflow)", State.OFF, "not configured"),
        ({"mlflow_tracking_uri": "http://m"}, "Model registry (MLflow)", State.OK, "http://m"),
        ({}, "Monitors", State.OFF, "not configured"),
        ({"tandem_monitors": "m.toml"}, "Monitors", State.OK, "m.toml"),
        ({}, "Model data", State.OFF, "not configured"),
        ({}, "Past incidents and runbooks", State.OFF, "not configured"),
        ({}, "Embedder", State.OK, "minilm"),
        ({}, "Language model", State.OFF, "everything works without one"),
    ],
)
def test_what_is_configured_and_what_is_not(
    given: dict[str, str], subject: str, state: State, words: str
) -> None:
    found = findings(**given)[subject]
    assert found.state is state
    assert words in found.words
    assert bool(found.remedy) is (state is not State.OK), "a remedy for all that is not well"


SOURCES = """
{only}
[sources.azure]
auth = "{auth}"
{more}
"""


@pytest.mark.parametrize(
    ("file", "given", "state", "words"),
    [
        (("", "none", ""), {}, State.OK, "from this machine only"),
        (("", "none", ""), {"tandem_http_host": "::"}, State.WARN, "/signals/azure, "),
        (
            ("", "none", ""),
            {"tandem_http_host": "0.0.0.0", "tandem_webhook_token": "t0ken"},
            State.WARN,
            "others can reach 0.0.0.0: /signals/azure",
        ),
        (
            ("only_listed = true", "bearer", 'token_env = "PATH"'),
            {"tandem_http_host": "0.0.0.0"},
            State.OK,
            "each sender authenticated",
        ),
        (("", "bearer", 'token_env = "NOT_SET_ANYWHERE"'), {}, State.BROKEN, "is not set"),
    ],
)
def test_senders_that_prove_nothing_are_named(
    tmp_path: Path, file: tuple[str, str, str], given: dict[str, str], state: State, words: str
) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(SOURCES.format(only=file[0], auth=file[1], more=file[2]))
    found = findings(tandem_sources=path, **given)["Webhooks"]
    assert found.state is state
    assert words in found.words
    assert bool(found.remedy) is (state is not State.OK)


def test_what_is_broken_is_told_and_no_password_is_shown() -> None:
    given = {"prometheus_url": "http://p", "mlflow_tracking_uri": "http://m"}
    found = findings(fails, **given)
    broken = [f.subject for f in found.values() if f.state is State.BROKEN]
    expected = ["Slack", "Database", "Prometheus", "Model registry (MLflow)", "Embedder"]
    assert broken == expected
    assert "http://***@host: does not answer" in found["Prometheus"].words
    assert not any("pa55" in f.words for f in found.values())


def test_each_part_is_examined_once_and_one_that_fails_stops_no_other() -> None:
    def refuses() -> None:
        raise UserError("not so")

    assert list(findings(refuses)) == list(findings(works))


# The language model --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An OpenAI-compatible list of models that wants a key."""

    async def models(request: Request) -> Response:
        good = request.headers.get("authorization") == "Bearer good"
        return JSONResponse({"data": []}, 200 if good else 401)

    port = free_port()

    def up(_: Request) -> Response:
        return Response("up")

    served = Served(Starlette(routes=[Route("/v1/models", models), Route("/", up)]), port)
    children = Children(tmp_path_factory.mktemp("logs"))
    children.wait_for(f"http://127.0.0.1:{port}/", 20, lambda share: None)
    yield f"http://127.0.0.1:{port}/v1"
    served.stop()


@pytest.mark.parametrize(
    ("key", "state", "words"),
    [("good", State.OK, "small at http://127"), ("bad", State.WARN, "answers 401")],
)
def test_a_language_model_is_asked_whether_it_takes_the_key(
    endpoint: str, key: str, state: State, words: str
) -> None:
    given = {"openai_model": "small", "openai_base_url": endpoint, "openai_api_key": key}
    found = findings(**given)["Language model"]
    assert found.state is state
    assert words in found.words


@pytest.mark.parametrize(
    "url", [nowhere(), "nonsense", "http://["], ids=["nowhere", "nonsense", "broken"]
)
def test_a_language_model_out_of_reach_is_a_warning_only(url: str) -> None:
    found = findings(openai_model="small", openai_base_url=url)["Language model"]
    assert found.state is State.WARN
    assert "cannot reach" in found.words
    assert "OPENAI_BASE_URL" in found.remedy


def test_on_call_and_tickets_are_off_until_they_are_named() -> None:
    found = findings()
    assert {found[name].state for name in ("On call", "Paging", "Tickets")} == {State.OFF}
    assert "deploy/oncall.toml" in found["On call"].remedy


def test_on_call_and_tickets_that_work_and_that_do_not() -> None:
    given = {"tandem_oncall": Path("oncall.toml"), "jira_url": "https://jira.example.com"}
    assert findings(**given)["On call"].state is State.OK
    assert findings(**given)["Tickets"].words == "Jira https://jira.example.com"
    broken = findings(fails, **given)
    assert {broken[name].state for name in ("On call", "Tickets")} == {State.BROKEN}


def test_pagers_are_named_and_not_tried() -> None:
    both = findings(pagerduty_routing_key="r" * 32, opsgenie_api_key="k")["Paging"]
    assert both.words == "PagerDuty and Opsgenie; not tried, it would wake somebody"
    short = findings(pagerduty_routing_key="r" * 20)["Paging"]
    assert (short.state, short.words) == (
        State.BROKEN,
        "PAGERDUTY_ROUTING_KEY has 20 characters, not 32",
    )


def test_training_is_off_until_it_is_named_and_says_what_is_wrong_with_its_file() -> None:
    off = findings()["Training"]
    assert (off.state, off.remedy.partition(" for")[0]) == (
        State.OFF,
        "Name a file in TANDEM_TRAINERS",
    )
    named = Path("trainers.toml")
    assert findings(tandem_trainers=named)["Training"].words == "trainers.toml"
    assert findings(tandem_retrain_url="https://t.example")["Training"].state is State.OK
    assert findings(fails, tandem_trainers=named)["Training"].state is State.BROKEN


def test_runbooks_are_shown_only_until_runners_are_named() -> None:
    off = findings()["Runbooks"]
    assert off.state is State.OFF
    assert "TANDEM_RUNNERS" in off.remedy
    named = Path("runners.toml")
    assert findings(tandem_runners=named)["Runbooks"].state is State.OK
    assert findings(fails, tandem_runners=named)["Runbooks"].state is State.BROKEN
