"""The demo: everything on one machine, with no key and no workspace.

It starts the playground (in this process), Northwind's simulated services, a real MLflow with a
real model, Prometheus and Alertmanager (Debian's if installed, else a stand-in), and the bot itself
as it would run against Slack. Ctrl-C ends all of it.
"""

import logging
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.clock import utc_now
from bot.demo import registry
from bot.demo.files import LEADS, write_files
from bot.demo.panel import DemoPanel
from bot.demo.processes import Children, Served, free_port
from bot.demo.progress import Progress
from bot.demo.remedies import deploy_routes
from bot.demo.standin import StandIn
from bot.demo.world import Breakage, World, backfill, exposition, past, readings
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.slack.manifest import manifest
from knowledge.errors import UserError
from skills.registry import BUILTIN

log = logging.getLogger("tandem.demo")

PAGE_PORT = 8030
TICK_S = 1.0
LOG_EVERY = timedelta(seconds=3)
LOG_ROWS = 30
"""Predictions logged each time: ten a second, a busy small model."""
LANDS_AFTER = timedelta(seconds=30)
"""When a flight's true time is known: hours in life, half a minute here."""
WARM_UP_ROWS = 3_000
"""Written at the start, so that the monitor's short window has data from the first minute."""
FIRST = "latency"
FIRST_AFTER_S = 6.0
BY_HAND, BY_HAND_VERSION = "by-hand", "3"
"""What breaks by itself, and how long after the page was first opened."""

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True)
class Ports:
    """All on loopback."""

    page: int
    bot: int
    metrics: int
    mlflow: int
    prometheus: int
    alertmanager: int

    @classmethod
    def take(cls, page: int) -> "Ports":
        return cls(page, *(free_port() for _ in range(5)))


class Demo:
    """One run of the demo in `folder`; `run()` returns when it was told to stop."""

    def __init__(self, folder: Path, page_port: int = PAGE_PORT) -> None:
        self.folder = folder.resolve()
        self.ports = Ports.take(free_port(page_port))
        self.world = World()
        self.children = Children(self.folder / "logs")
        self.webhook_token = token_hex(16)
        self.real = all(map(shutil.which, ("prometheus", "prometheus-alertmanager")))
        self.stop = Event()
        self._playground = Playground(
            manifest=manifest(BUILTIN),
            groups=(LEADS,),
            panel=DemoPanel(self.world, utc_now, self._broke, self._links(), self._notes()),
        )

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.mlflow}"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.ports.page}"

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Raises UserError when a part does not start; whatever was started is ended."""
        progress = Progress(sys.stderr)
        with ExitStack() as stack:
            stack.callback(self.children.stop)
            stack.callback(self.stop.set)
            progress.show("writing settings", 0.02)
            self.folder.mkdir(parents=True, exist_ok=True)
            write_files(self.folder, self.ports, self.webhook_token, self._people(), utc_now())
            progress.show("starting MLflow", 0.05)
            self._start_mlflow()
            progress.show("starting the playground and Northwind's services", 0.1)
            stack.enter_context(RunningPlayground(self._playground, port=self.ports.page))
            stack.callback(Served(self._exporter(), self.ports.metrics).stop)
            self._start_telemetry(stack)
            self._wait_for_mlflow(progress)
            registry.seed(
                self.mlflow_url,
                self.folder / "data",
                lambda what, share: progress.show(what, 0.4 + 0.4 * share),
            )
            progress.show("writing the prediction log", 0.82)
            registry.renew_champion(self.mlflow_url)
            registry.renew_log(self.folder / "data", utc_now(), WARM_UP_ROWS)
            progress.show("starting the bot", 0.86)
            self._start_bot(progress)
            progress.done("ready")
            for work in (self._log_predictions, self._break_first, self._watch):
                Thread(target=work, name=work.__name__, daemon=True).start()
            ready()
            self.stop.wait()

    def _start_mlflow(self) -> None:
        command = [
            sys.executable, "-m", "mlflow", "server",
            "--host", "127.0.0.1", "--port", str(self.ports.mlflow),
            "--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}",
            "--artifacts-destination", str(self.folder / "artifacts"),
            "--workers", "1",
        ]  # fmt: skip
        # Its runner of background jobs is seven processes more, and nothing here uses them.
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        self.children.start("mlflow", command, quiet)

    def _wait_for_mlflow(self, progress: Progress) -> None:
        self.children.wait_for(
            f"{self.mlflow_url}/health",
            120,
            lambda share: progress.show("waiting for MLflow", 0.12 + 0.28 * min(1, share * 3)),
        )

    def _start_telemetry(self, stack: ExitStack) -> None:
        if self.real:
            self._start_prometheus()
            return
        own_url = f"http://127.0.0.1:{self.ports.prometheus}"
        webhook = f"http://127.0.0.1:{self.ports.bot}/signals/alertmanager"
        stand_in = StandIn(
            lambda now: readings(self.world, now), webhook, own_url, self.webhook_token, past
        )
        stack.callback(Served(stand_in.app(), self.ports.prometheus).stop)
        Thread(target=self._tick, args=(stand_in,), name="stand-in", daemon=True).start()

    def _start_prometheus(self) -> None:
        host = "127.0.0.1"
        # What an earlier run saw would fire again at once.
        for name in ("alertmanager", "prometheus"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.children.start(
            "alertmanager",
            [
                "prometheus-alertmanager",
                f"--config.file={self.folder / 'alertmanager.yml'}",
                f"--storage.path={self.folder / 'alertmanager'}",
                f"--web.listen-address={host}:{self.ports.alertmanager}",
                f"--web.external-url=http://{host}:{self.ports.alertmanager}",
                "--cluster.listen-address=",
            ],
            {},
        )
        self._write_past()
        self.children.start(
            "prometheus",
            [
                "prometheus",
                f"--config.file={self.folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.folder / 'prometheus'}",
                f"--web.listen-address={host}:{self.ports.prometheus}",
                f"--web.external-url=http://{host}:{self.ports.prometheus}",
                "--storage.tsdb.retention.time=30d",
            ],
            {},
        )

    def _write_past(self) -> None:
        """A week of orders, so that there is a usual for the monitor to learn. Without promtool
        it learns from what it sees."""
        if not shutil.which("promtool"):
            return
        text = self.folder / "past.txt"
        text.write_text(backfill(utc_now(), f"127.0.0.1:{self.ports.metrics}"))
        # One block a day: with blocks of two hours it takes eight times as long.
        blocks = ["tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics"]
        try:
            subprocess.run(  # noqa: S603 our own command
                ["promtool", *blocks, "--quiet", str(text), str(self.folder / "prometheus")],  # noqa: S607
                check=True,
                capture_output=True,
                timeout=60,
            )
        except (subprocess.SubprocessError, OSError) as error:
            log.warning("no history was written: %s", error)

    def _start_bot(self, progress: Progress) -> None:
        secrets = self._playground.secrets
        given = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "TANDEM_WEBHOOK_TOKEN", "DATABASE_URL")
        env = {
            # Files that this shell names for its own bot would contradict what is set here.
            **{f"{name}_FILE": "" for name in given},
            "SLACK_BOT_TOKEN": secrets.bot_token,
            "SLACK_APP_TOKEN": secrets.app_token,
            "SLACK_API_URL": f"{self.page}/api/",
            "TANDEM_SLACK_MODE": "socket",
            "TANDEM_CHANNEL": "#incidents",
            "TANDEM_OPERATORS": self._ids("ada", "ben", "chloe", "dev"),
            "TANDEM_APPROVERS": self._ids("chloe", "dev"),
            "TANDEM_HTTP_PORT": str(self.ports.bot),
            "TANDEM_WEBHOOK_TOKEN": self.webhook_token,
            "DATABASE_URL": f"sqlite:///{self.folder / 'tandem.db'}",
            "TANDEM_QUIET": "10",
            "TANDEM_DRAIN_SECONDS": "0",
            "TANDEM_LIBRARY": f"{CONTENT},{self.folder / 'runbooks'}",
            "TANDEM_RUNNERS": str(self.folder / "runners.toml"),
            "TANDEM_CATALOGUE": str(self.folder / "catalogue.toml"),
            "TANDEM_ONCALL": str(self.folder / "oncall.toml"),
            "TANDEM_MODELS": str(self.folder / "models.toml"),
            "TANDEM_MONITORS": str(self.folder / "monitors.toml"),
            "TANDEM_TELEMETRY": str(self.folder / "telemetry.toml"),
            "TANDEM_PROMOTION": str(self.folder / "promotion.toml"),
            "PROMETHEUS_URL": f"http://127.0.0.1:{self.ports.prometheus}",
            "MLFLOW_TRACKING_URI": self.mlflow_url,
        }
        # The playground forgets all messages when it ends, so the bot's memory of them goes too.
        for file in self.folder.glob("tandem.db*"):
            file.unlink()
        self.children.start("bot", [sys.executable, "-m", "bot", "run"], env)
        self.children.wait_for(
            f"http://127.0.0.1:{self.ports.bot}/readyz",
            60,
            lambda share: progress.show("starting the bot", 0.86 + 0.14 * share),
        )

    def _people(self) -> dict[str, str]:
        users = self._playground.workspace.users.values()
        return {u.name: u.id for u in users if not u.is_bot}

    def _ids(self, *names: str) -> str:
        return ",".join(user_id for name, user_id in self._people().items() if name in names)

    def _exporter(self) -> Starlette:
        async def metrics(_: Request) -> Response:
            return PlainTextResponse(exposition(readings(self.world, utc_now())))

        return Starlette(routes=[Route("/metrics", metrics), *deploy_routes(self.world, utc_now)])

    def _tick(self, stand_in: StandIn) -> None:
        while not self.stop.wait(TICK_S):
            stand_in.tick(utc_now())

    def _log_predictions(self) -> None:
        while not self.stop.wait(LOG_EVERY.total_seconds()):
            now = utc_now()
            drift = self.world.strength(registry.MODEL, "drift", now)
            registry.append_predictions(
                self.folder / "data", now, LOG_ROWS, drift, LOG_EVERY, in_the_air=True
            )
            registry.land(self.folder / "data", now - LANDS_AFTER)

    def _break_first(self) -> None:
        """Within a minute of opening the page a visitor sees a card arrive."""
        while not self._playground.stream.watched:
            if self.stop.wait(0.5):
                return
        if not self.stop.wait(FIRST_AFTER_S) and not self.world.active(utc_now()):
            self._broke(self.world.break_(FIRST, utc_now()))

    def _watch(self) -> None:
        """A part that dies is told to whoever looks at the terminal."""
        while not self.stop.wait(2):
            try:
                self.children.check()
            except UserError as error:
                print(f"\n  {error}\n  The rest goes on; Ctrl-C ends it.", file=sys.stderr)
                return

    def _broke(self, breakage: Breakage) -> None:
        """A bad deploy is also a change that the bot is told of, as a pipeline would."""
        if breakage.id == BY_HAND:
            self._move_by_hand()
        if not breakage.change:
            return
        service, version, summary = breakage.change.split(" ", 2)
        body = {"service": service, "version": version, "summary": summary, "author": "ines"}
        headers = {"Authorization": f"Bearer {self.webhook_token}"}
        url = f"http://127.0.0.1:{self.ports.bot}/changes"
        try:
            httpx.post(url, json=body, headers=headers, timeout=5).raise_for_status()
        except httpx.HTTPError as error:
            log.warning("the bot was not told of the deploy: %s", error)

    def _move_by_hand(self) -> None:
        """As anybody may who can write to MLflow."""
        url = f"{self.mlflow_url}/api/2.0/mlflow/registered-models/alias"
        body = {"name": registry.MODEL, "alias": "champion", "version": BY_HAND_VERSION}
        try:
            httpx.post(url, json=body, timeout=10).raise_for_status()
        except httpx.HTTPError as error:
            log.warning("the champion was not moved: %s", error)

    def _links(self) -> list[tuple[str, str]]:
        links = [("MLflow", self.mlflow_url)]
        prometheus = f"http://127.0.0.1:{self.ports.prometheus}"
        if self.real:
            alertmanager = f"http://127.0.0.1:{self.ports.alertmanager}"
            return [*links, ("Prometheus", prometheus), ("Alertmanager", alertmanager)]
        return [*links, ("Prometheus (stand-in)", prometheus)]

    def _notes(self) -> list[dict[str, str]]:
        if self.real:
            words = "Debian's Prometheus and Alertmanager"
        else:
            words = "a built-in stand-in; install prometheus and prometheus-alertmanager for real"
        return [{"label": "Metrics and alerts", "value": words, "level": "info"}]


def run_until_interrupted(folder: Path, page_port: int) -> None:
    """The `tandem demo` verb. Ctrl-C and SIGTERM end it and everything it started."""
    demo = Demo(folder, page_port)
    signal.signal(signal.SIGTERM, lambda *_: demo.stop.set())
    signal.signal(signal.SIGINT, lambda *_: demo.stop.set())
    began = time.monotonic()

    def ready() -> None:
        print(
            f"\n  Tandem is ready after {time.monotonic() - began:.0f} s. Open this page:\n\n"
            f"      {demo.page}\n\n"
            "  You are Ada, on call at Northwind Parcel. Something will break in a moment.\n"
            f"  Logs are in {demo.folder / 'logs'}. Ctrl-C ends everything.\n",
            flush=True,
        )

    demo.run(ready)
    print("Everything has ended.")
