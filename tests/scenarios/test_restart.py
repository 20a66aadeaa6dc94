"""`tandem run` as a process, ended politely and rudely: it loses nothing and says nothing twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running_world import TOKEN, settings_for
from servers import BotProcess, clean_environment, free_port, register_model
from test_incident import alert, batch, trouble

from bot.__main__ import main
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.shown import Message
from bot.slack.manifest import manifest
from skills.registry import BUILTIN

CHANNEL = "#incidents"
BOTH = pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])


@pytest.fixture(scope="module")
def playground() -> Iterator[RunningPlayground]:
    with RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=50)) as running:
        yield running


@pytest.fixture
def bot(playground: RunningPlayground, tmp_path: Path) -> Iterator[BotProcess]:
    """Not started yet. Its embedder is out of reach, which nothing here needs."""
    port = free_port()
    settings = settings_for(
        playground,
        tmp_path,
        port,
        "socket",
        tandem_embedder="openai:none",
        openai_base_url=f"http://127.0.0.1:{free_port()}/v1",
    )
    running = BotProcess({k.upper(): str(v) for k, v in settings.items()}, tmp_path, port)
    yield running
    running.close()


def send(bot: BotProcess, *alerts: dict[str, object]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{bot.url}/signals/alertmanager"
    answer = httpx.post(url, json=batch(*alerts), headers=headers, verify=False)
    assert answer.status_code == 202


def signs(service: str, *, ended: bool = False) -> list[dict[str, object]]:
    alerts: list[dict[str, object]] = trouble(service, ended=ended)["alerts"]
    return alerts


def cards(playground: RunningPlayground, service: str) -> list[Message]:
    shown = playground.client("ada").read(CHANNEL)
    return [m for m in shown if service in m.text_shown and "*Alerts*" in m.text_shown]


def card(playground: RunningPlayground, service: str, wanted: str = "*Alerts*") -> Message:
    """The one card of the service, once it says what is wanted."""
    playground.client("ada").wait_for(
        lambda m: service in m.text_shown and wanted in m.text_shown and "*Alerts*" in m.text_shown,
        channel=CHANNEL,
        timeout=120,
    )
    (only,) = cards(playground, service)
    return only


@BOTH
def test_a_restart_posts_nothing_twice_and_edits_what_it_posted(
    playground: RunningPlayground, bot: BotProcess, how: signal.Signals
) -> None:
    service = f"basket-{how.name.lower()}"
    bot.start()
    send(bot, *signs(service))
    first = card(playground, service)
    playground.client("ben").click(first, "Acknowledge")
    card(playground, service, "acknowledged by ben")
    code = bot.end(how)
    assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)

    bot.start()
    send(bot, *signs(service), alert(service, "PodNotReady"))
    grown = card(playground, service, "3 firing")
    assert grown.ts == first.ts
    assert "acknowledged by ben" in grown.text_shown
    send(bot, *signs(service, ended=True), alert(service, "PodNotReady", ended=True))
    assert card(playground, service, "resolved on its own").ts == first.ts


@BOTH
def test_alerts_accepted_just_before_the_end_become_cards(
    playground: RunningPlayground, bot: BotProcess, how: signal.Signals
) -> None:
    services = [f"{name}-{how.name.lower()}" for name in ("pricing", "tracking", "depot")]
    bot.start()
    for service in services:
        send(bot, *signs(service))
    bot.end(how)
    bot.start()
    # One more, so that what came before it has had its turn.
    send(bot, *signs(f"search-{how.name.lower()}"))
    for service in (*services, f"search-{how.name.lower()}"):
        card(playground, service)
    # None stands twice. A card may name another's service, where their trouble began together.
    shown = {m.ts: m.text_shown for service in services for m in cards(playground, service)}
    titles = [text.partition(" · ")[0] for text in shown.values()]
    assert len(titles) == len(set(titles))


@pytest.mark.mlflow
def test_what_was_asked_before_the_restart_is_decided_after_it(
    playground: RunningPlayground, bot: BotProcess, mlflow_uri: str
) -> None:
    from mlflow.tracking import MlflowClient

    model = register_model(mlflow_uri, 2.0, 1.0)
    bot.env = {**bot.env, "MLFLOW_TRACKING_URI": mlflow_uri}
    dev, chloe = playground.client("dev"), playground.client("chloe")
    bot.start()
    dev.command(f"/promote {model} 2", channel="#ml-models")
    asked = chloe.wait_for(
        lambda m: "Approve" in m.buttons and model in m.text_shown,
        channel="#ml-models",
        timeout=120,
    )
    bot.end(signal.SIGKILL)

    bot.start()
    chloe.click(asked, "Approve")
    decided = chloe.wait_until(asked, lambda m: "Approve" not in m.buttons, timeout=120)
    assert "chloe" in decided.text_shown
    # The vote is on the card before the registry has answered.
    chloe.wait_until(asked, lambda m: "Approved by *chloe*" in m.text_shown, timeout=120)
    champion = MlflowClient(mlflow_uri, mlflow_uri).get_model_version_by_alias(model, "champion")
    assert str(champion.version) == "2"


def test_a_missing_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        env=clean_environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "SLACK_BOT_TOKEN" in line


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1", "TANDEM_SLACK_MODE": "socket"}, "SLACK_APP_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ({"TANDEM_HTTP_PORT": "many"}, "TANDEM_HTTP_PORT"),
    ],
)
def test_whichever_setting_is_missing_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    missing: str,
) -> None:
    """As above, without a process of its own."""
    wanted = {**clean_environment(tmp_path), **given}
    for name in os.environ.keys() - wanted.keys():
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert missing in line


def test_a_token_that_slack_refuses_is_named(playground: RunningPlayground, tmp_path: Path) -> None:
    given = {"SLACK_BOT_TOKEN": "xoxb-wrong", "SLACK_APP_TOKEN": "xapp-wrong"}
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        env={**clean_environment(tmp_path), **given, "SLACK_API_URL": playground.api_url},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 1
    assert "SLACK_BOT_TOKEN" in ended.stderr.splitlines()[-1]
