"""`tandem run`: the bot, by Socket Mode or HTTP events."""

import argparse
import asyncio
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from threading import Thread, Timer
from time import monotonic
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.build import Bot, build
from bot.clock import SteadyClock, utc_now
from bot.desk import WORKERS
from bot.log import set_up
from bot.marks import Marks, read_emojis
from bot.metrics import Metrics, State, Vitals, metrics_route
from bot.mlflow_hook import MlflowHook
from bot.patience import PatientProtocol
from bot.replica import ROLES
from bot.server import Counts, Intakes, SlackEvents, http_app
from bot.settings import Settings, read_settings
from bot.slack import door, listeners
from bot.slack.way_in import WayIn, make_app
from bot.training_reports import TrainingReports
from bot.upkeep.health import Health, Probe, database_of
from bot.verbs import Parsers

log = logging.getLogger("tandem.run")

GC_THRESHOLDS = (5_000, 20, 100)
"""Of new objects, and of rounds of the younger generations. The default is made for small heaps;
with ten times as many, each look held everything up for 0.1 to 0.2 s in a storm."""
LAG_EVERY_S = 0.5
ANSWERS_S = 5
"""How long HTTP requests under way may take to be answered at the end."""
HURRY_S = 10.0
"""What a second SIGTERM leaves to what is under way."""
LAST_RESORT_S = 15.0
"""Beyond all limits: then the process ends, whatever hangs."""


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("run", help="run the bot")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = read_settings()
    settings.require_slack()
    set_up(settings.tandem_log_level, settings.tandem_log_format)
    if asyncio.run(serve(settings, begun=_end_on_signals)):
        return 0
    # The threads of what did not end would be waited for; nobody waits any more.
    logging.shutdown()
    os._exit(1)


Ready = Callable[[Bot, "Server"], None]


def _nobody(bot: Bot, server: "Server") -> None:
    """Nobody has to be told."""


async def serve(
    settings: Settings, ready: Ready = _nobody, *, begun: Ready = _nobody, **overrides: Any
) -> bool:
    """Run until `server.leave()` or `server.drain()`; whether all that was under way has ended.

    `begun` is told when HTTP answers and webhooks are kept, `ready` when Slack can reach us too.
    `overrides` are those of `bot.build.build`; `now` is the machine's clock, whose leaps are not
    believed at once. Raises UserError when Slack refuses the tokens.
    """
    clock = SteadyClock(overrides.pop("now", utc_now))
    bot = await asyncio.to_thread(partial(build, settings, now=clock.now, **overrides))
    clock.leapt = bot.schedule.clock_leapt
    app = make_app(settings)
    way_in = WayIn(settings, app)
    emojis = read_emojis(settings.tandem_timeline_emoji)
    marks = Marks(
        bot.messenger, bot.parts.store.incidents, bot.desk.incident_of, bot.desk.take, emojis
    )
    listeners.register(app, bot.desk, lambda: way_in.bot_user, marks)
    slack_events = None
    if settings.slack_mode == "http":
        signing = settings.slack_signing_secret.get_secret_value()
        slack_events = _once_signed_in(door.endpoint(app, signing), way_in)
    health = _health(settings, bot, way_in)
    bot.wrong = health.works
    http = _http(settings, bot, health, slack_events, clock)
    server = Server(_config(settings, http), drain_s=settings.tandem_drain_seconds)
    stopping = _Stopping(bot, settings.tandem_stop_seconds, server)
    async with stopping, _serving(server), _lag_watched(bot.parts.meters):
        begun(bot, server)
        try:
            if await _first(way_in.open(), server.leaving):
                health.signed_in = True
                log.warning(
                    "Tandem is ready: %s, http://%s:%d",
                    "Socket Mode" if settings.slack_mode == "socket" else "HTTP events",
                    settings.tandem_http_host,
                    settings.tandem_http_port,
                )
                ready(bot, server)
            await server.leaving.wait()
            health.draining = True
        finally:
            await way_in.close()
        await server.grace()
    return stopping.all_ended


def _health(settings: Settings, bot: Bot, way_in: WayIn) -> Health:
    return Health(
        bot.parts.meters.pulse,
        Probe(database_of(bot.health)),
        WORKERS,
        way_in.connected if settings.slack_mode == "socket" else None,
        settings.tandem_stuck_seconds,
    )


def _http(
    settings: Settings,
    bot: Bot,
    health: Health,
    slack_events: SlackEvents | None,
    clock: SteadyClock,
) -> Starlette:
    store, now, meters = bot.parts.store, bot.parts.now, bot.parts.meters
    counts = Counts()
    meters.registry.register(
        State(
            store.inbox,
            store.outbox,
            store.incidents,
            store.alerts,
            store.documents,
            now,
            counts.accepted,
            counts.refused,
        )
    )
    meters.registry.register(
        Vitals(
            meters.pulse,
            checks=health.looked_at,
            ready=lambda: health.is_ready,
            socket=health.socket,
            watchdog=bot.watchdog_silent_s,
            leases=lambda: {role: bot.replica.holds(role) for role in ROLES},
            clock_off_s=lambda: clock.off_s,
        )
    )
    token = settings.tandem_webhook_token.get_secret_value()
    secret = settings.tandem_mlflow_webhook_secret.get_secret_value()
    return http_app(
        Intakes(bot.accept, bot.intake.change, now),
        bot.parts.sources,
        lambda: health.alive().body,
        slack_events,
        counts,
        ready=lambda: health.ready().body,
        spans=meters.spans,
        give_way=bot.desk.lull.give_way,
        more=[
            metrics_route(meters.registry, token),
            TrainingReports(store, store.seen, bot.parts.trainer, now).route,
            MlflowHook(store, store.seen, secret, now).route,
        ],
    )


def _config(settings: Settings, http: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        http,
        host=settings.tandem_http_host,
        port=settings.tandem_http_port,
        log_config=None,
        lifespan="off",
        http=PatientProtocol,
        ws="none",
        timeout_graceful_shutdown=ANSWERS_S,
    )


def _once_signed_in(take: SlackEvents, way_in: WayIn) -> SlackEvents:
    """Without our own id a mention of us cannot be read; Slack sends its events again."""

    async def events(request: Request) -> Response:
        if not way_in.bot_user:
            return JSONResponse({"error": "not signed in to Slack yet"}, 503)
        return await take(request)

    return events


# The end ---------------------------------------------------------------------------------------


class Server(uvicorn.Server):
    """Uvicorn that leaves signals to us: its own way ends the process before our threads are
    done."""

    def __init__(self, config: uvicorn.Config, drain_s: float = 0.0) -> None:
        super().__init__(config)
        self.leaving = asyncio.Event()
        """The end has begun."""
        self.hurried = False
        self._drain_s = drain_s
        self._soon = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def drain(self) -> None:
        """Say that we leave, and go on serving for a while; the second time, hurry."""
        if self.leaving.is_set():
            self.hurried = True
            self._soon.set()
        self.leaving.set()

    def leave(self) -> None:
        """Stop serving now; what is under way is finished."""
        self._soon.set()
        self.leaving.set()

    async def grace(self) -> None:
        """As long as load balancers may still send something."""
        if self._drain_s:
            log.warning("leaving: HTTP answers for %g s more", self._drain_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._soon.wait(), self._drain_s)


def _end_on_signals(bot: Bot, server: Server) -> None:
    """SIGTERM drains, Ctrl-C leaves at once, and the second of either hurries."""
    settings = bot.parts.settings
    limit = settings.tandem_drain_seconds + settings.tandem_stop_seconds + LAST_RESORT_S

    def end(how: Callable[[], None]) -> None:
        if not server.leaving.is_set():
            last = Timer(limit, os._exit, (1,))
            last.daemon = True
            last.start()
        how()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, end, server.drain)
    loop.add_signal_handler(
        signal.SIGINT, lambda: end(server.drain if server.leaving.is_set() else server.leave)
    )


class _Stopping:
    """The bot's threads around a block; the model loads behind. After the block, what is under way
    has so long to end."""

    def __init__(self, bot: Bot, limit_s: float, server: Server) -> None:
        self._bot = bot
        self._limit_s = limit_s
        self._server = server
        self.all_ended = False

    async def __aenter__(self) -> None:
        self._bot.start()
        Thread(target=_warm, args=(self._bot,), name="warm", daemon=True).start()

    async def __aexit__(self, *_: object) -> None:
        # A daemon: what hangs in it must not hold up the end of the process.
        stopping = Thread(target=self._stop, name="stop", daemon=True)
        stopping.start()
        began = monotonic()
        while stopping.is_alive() and monotonic() - began < self._limit():
            await asyncio.sleep(0.02)
        self.all_ended = not stopping.is_alive()
        if not self.all_ended:
            left = [name for _, name in self._bot.parts.meters.pulse.turns()]
            log.error("ended with %d requests unanswered: %s", len(left), ", ".join(left[:20]))

    def _stop(self) -> None:
        self._bot.stop()
        self._bot.parts.meters.spans.close()

    def _limit(self) -> float:
        return min(HURRY_S, self._limit_s) if self._server.hurried else self._limit_s


@asynccontextmanager
async def _serving(server: Server) -> AsyncIterator[None]:
    """HTTP answers inside the block."""
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        serving.add_done_callback(lambda _: server.leave())
        yield
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _lag_watched(meters: Metrics) -> AsyncIterator[None]:
    """How late the event loop comes back, for /metrics."""

    async def watch() -> None:
        while True:
            began = monotonic()
            await asyncio.sleep(LAG_EVERY_S)
            meters.observe_lag(max(monotonic() - began - LAG_EVERY_S, 0.0))

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _first(work: Any, instead: asyncio.Event) -> bool:
    """Whether the work was done before the event came. Raises what it raises."""
    doing, waiting = asyncio.ensure_future(work), asyncio.ensure_future(instead.wait())
    await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for other in (doing, waiting):
        if not other.done():
            other.cancel()
            with suppress(asyncio.CancelledError):
                await other
    if doing.cancelled():
        return False
    doing.result()
    return True


def _warm(bot: Bot) -> None:
    """Load what is slow to load, and keep the garbage collector off it afterwards.

    The model and its libraries are a million objects that stay; looking through them whenever a
    storm had made enough new ones took half of the bot's time.
    """
    bot.parts.warm()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
