"""What texts must not reach: other machines (SSRF), other queries (SQL, PromQL), other files, and
from a page on the internet the playground."""

import ast
import json
import random
import re
import sqlite3
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.attacks.asgi import ask
from benchmarks.attacks.drawn import _pressed
from benchmarks.attacks.forged import post
from benchmarks.attacks.nasty import TEXTS, altered, text
from benchmarks.attacks.presses import incident
from benchmarks.attacks.signing import SENDERS
from benchmarks.attacks.tally import Class, Row, seeded
from benchmarks.attacks.world import World
from bot.playground.app import build_app
from bot.slack import web
from bot.sns import SnsVerifier, is_amazons
from bot.webhooks.auth import Received, Sns
from knowledge.adapters.sql_metrics import SqlMetrics
from knowledge.adapters.telemetry.template import fill, is_name, quoted
from skills.registry import BUILTIN

_EVIL = ("evil.example", "169.254.169.254", "127.0.0.1", "[::1]", "10.0.0.1", "0x7f.1", "localhost")
_REAL = "sns.eu-central-1.amazonaws.com"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:tandem"


# Addresses -------------------------------------------------------------------------------------


def _addresses(rng: random.Random, real: str) -> Iterator[str]:
    """Endless: what looks like the real host and is another one."""
    shapes = (
        "https://{evil}/{real}",
        "https://{real}.{evil}/x.pem",
        "https://{real}@{evil}/x.pem",
        "https://{evil}#@{real}/x",
        "https://{evil}?{real}",
        "https://{evil}\\@{real}/",
        "https://{real}:{real}@{evil}/",
        "http://{real}/x.pem",
        "ftp://{real}/x.pem",
        "file://{real}/etc/passwd",
        "//{real}/x",
        "https:///{real}",
        "https://{real}:8443/x.pem",
        "https://{real}:0x1bb/x",
        "https://x{real}/",
        "https://{real}\u3002{evil}/",
        "https://{real}\uff0e{evil}/",
        "https://[{real}]/",
        "https://[::ffff:{evil}]/",
        "https://{evil}/\r\nHost: {real}",
        "gopher://{evil}/",
        "https://{real}%2f{evil}/",
        "https://{real}%00.{evil}/",
        "javascript://{real}/%0aalert(1)",
    )
    while True:
        shape, evil = rng.choice(shapes), rng.choice(_EVIL)
        yield shape.format(evil=evil, real=real)
        yield altered(rng, f"https://{real}/").replace(real, evil)


async def _lookalikes(world: World, row: Row, inputs: int) -> None:
    rng = seeded("addresses")
    for _, url in zip(range(inputs // 2), _addresses(rng, _REAL), strict=False):
        good = row.attempt(lambda url=url: is_amazons(url), url)  # type: ignore[misc]
        if good and not _is_below(url, r"sns\.[a-z0-9-]+\.amazonaws\.com"):
            row.enters(f"taken for Amazon's: {url!r}")
    base = "https://slack.com/api/"
    for _, url in zip(range(inputs // 2), _addresses(rng, "hooks.slack.com"), strict=False):
        good = row.attempt(lambda url=url: web.is_slacks(url, base), url)  # type: ignore[misc]
        if good and not _is_below(url, r"[a-z0-9-]+\.slack\.com"):
            row.enters(f"taken for Slack's: {url!r}")


def _is_below(url: str, hosts: str) -> bool:
    """By what would be called: httpx's own reading of the address."""
    try:
        read = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    plain = read.scheme == "https" and read.port is None and not read.userinfo
    return plain and bool(re.fullmatch(hosts, read.host))


async def _forged_sns(world: World, row: Row, inputs: int) -> None:
    """Messages that Amazon did not sign; whatever they name, only Amazon may be asked."""
    rng = seeded("sns")
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(rng.choice((200, 302, 404)), content=b"-----BEGIN CERTIFICATE-----")

    now = datetime.now(UTC)
    auth = Sns((TOPIC,))
    urls = _addresses(rng, _REAL)
    for _ in range(inputs):
        verifier = SnsVerifier(httpx.Client(transport=httpx.MockTransport(answer)))
        own = f"https://{_REAL}/SimpleNotificationService-{text(rng)[:20]}.pem"
        message: dict[str, Any] = {
            "Type": rng.choice(("Notification", "SubscriptionConfirmation", text(rng))),
            "TopicArn": rng.choice((TOPIC, TOPIC, TOPIC + "x", TOPIC.upper(), text(rng))),
            "MessageId": "m",
            "Message": json.dumps({"AlarmName": "x"}),
            "Timestamp": (now - timedelta(minutes=rng.choice((0, 0, 70, -70)))).isoformat(),
            "SignatureVersion": rng.choice(("1", "2", "0", "")),
            "Signature": rng.choice((b64encode(rng.randbytes(256)).decode(), "", text(rng))),
            "SigningCertURL": rng.choice((next(urls), own)),
            "SubscribeURL": next(urls),
            "Token": "t",
        }
        body = json.dumps(message).encode()
        case = f"SNS: {message['SigningCertURL']!r}"
        received = Received(body, {}, {}, now)
        why = row.attempt(lambda v=verifier, r=received: v.reason(auth, r), case)  # type: ignore[misc]
        if why == "":
            row.enters(case)
    for host in {*asked} - {_REAL}:
        row.enters(f"{host} was asked for a certificate")


@contextmanager
def _trap() -> Iterator[tuple[str, list[str]]]:
    """A server that nobody has a reason to call; who does, stands in the list."""
    calls: list[str] = []

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET
        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Trap) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", calls
        server.shutdown()


async def _fetched(world: World, row: Row, inputs: int) -> None:
    """Alerts, changes and notes whose every address leads to a trap; then everything reads them."""
    incident_id = await incident(world)
    with _trap() as (url, calls):
        for number in range(inputs):
            address = f"{url}/{number}"
            told = {"name": f"Trap{number}", "service": "checkout", "severity": "critical"}
            words = dict.fromkeys(
                ("url", "runbook_url", "summary", "description", "value"), address
            )
            sender = next(s for s in SENDERS if s.path == "/signals/generic")
            body = {**told, **words, "labels": {"dashboard": address, "host": "127.0.0.1"}}
            answer = await post(world, sender.signed(json.dumps(body).encode()))
            row.saw(answer, address)
        for name in ("timeline_add", "stakeholder_update"):
            _pressed(world, name, {"incident": incident_id, "text": url, "url": url, "user": "x"})
        for skill in BUILTIN:
            if skill.needs > 1 or skill.name in ("stats", "promotion", "rollback"):
                continue
            given = dict.fromkeys(skill.args.model_fields, url) | {"incident": incident_id}
            known = {n: v for n, v in given.items() if n in skill.args.model_fields}
            row.inputs += 1
            _pressed(world, skill.name, known)
        for call in calls:
            row.enters(f"{call} was fetched")


# Queries ---------------------------------------------------------------------------------------

_TEMPLATES = (
    'sum(rate(http_requests_total{service="$service",code=~"5.."}[$window]))',
    "up{service='$service'} or up{pod=~\"$service-.*\"}",
    '{app="$service"} |= "error" |~ "$service"',
    'avg(x{a!~"^$service$", b!="$service"})',
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
_BREAKERS = (
    *(
        '"} or vector(1) or up{a="',
        "a\\",
        'a\\"',
        "a'",
        "'} or up{a='",
        "x|.*",
        ".*",
        "(",
        "[",
        "x$",
    ),
    *(
        "a\nb",
        "a`b",
        "${x}",
        "$service",
        "$window",
        "a\\\\",
        '\\"} or up{a="',
        "x{",
        "}",
        "a#b",
        "(?i)x",
    ),
)


async def _promql(world: World, row: Row, inputs: int) -> None:
    """A name only ever stands inside a string, as itself."""
    rng = seeded("promql")
    for _ in range(inputs):
        template = rng.choice(_TEMPLATES)
        name = rng.choice((*_BREAKERS, *TEXTS)) + rng.choice(("", *_BREAKERS))
        row.inputs += 1
        if not is_name(name):
            continue
        query, plain = fill(template, name, 60), fill(template, "x", 60)
        if _STRING.sub('""', query) != _STRING.sub('""', plain):
            row.enters(f"{name!r} leaves its string in {query!r}")
        told = ast.literal_eval(quoted(name))
        if told != name:
            row.enters(f"{name!r} comes back as {told!r}")


async def _sql(world: World, row: Row, inputs: int) -> None:
    """Through every search of the store, and questions to a database that try to write."""
    rng = seeded("sql")
    store = world.bot.parts.store
    searches: tuple[Callable[[str], object], ...] = (
        lambda t: store.incidents.find(service=t),
        lambda t: store.incidents.get(t),
        lambda t: store.alerts.find(incident=t),
        lambda t: store.audit.find(actor=t, skill=t),
        lambda t: store.approvals.find(model=t),
        lambda t: store.approvals.get(t),
        lambda t: store.runs.find(model=t),
        lambda t: store.runs.get(t),
        lambda t: store.moves.find(model=t),
        lambda t: store.silences.get(t),
        lambda t: store.documents.get(t),
        lambda t: store.outbox.find_posted(t, t),
        lambda t: world.bot.parts.library.similar(t, 3),
    )
    for _ in range(inputs):
        given = rng.choice((*_INJECTED, text(rng)))
        search = rng.choice(searches)
        found = row.attempt(lambda s=search, g=given: s(g), given)  # type: ignore[misc]
        if isinstance(found, list) and found and given in _INJECTED and search is not searches[-1]:
            row.enters(f"{given!r} finds {len(found)}")
    _questions(row)


_INJECTED = (
    *(
        "' OR '1'='1",
        "' OR 1=1 --",
        "x' UNION SELECT * FROM audit --",
        "'; DROP TABLE incident; --",
    ),
    *(
        "%",
        "_%",
        "*",
        "x') OR ('1'='1",
        '" OR ""="',
        "\\' OR 1=1 --",
        "1 OR 1=1",
        "INC-%",
        "%%",
        "__",
    ),
)
_WRITES = (
    "DELETE FROM t",
    "DROP TABLE t",
    "UPDATE t SET value = 0",
    "INSERT INTO t VALUES (9)",
    "SELECT 1 AS value; DELETE FROM t",
    "WITH x AS (SELECT 1) DELETE FROM t",
    "/* SELECT */ DELETE FROM t",
    "-- SELECT\nDELETE FROM t",
    "SELECT load_extension('x') AS value",
    "ATTACH DATABASE '/tmp/x.db' AS x",
    "PRAGMA writable_schema = 1",
    "VACUUM INTO '/tmp/tandem-attack.db'",
    "SELECT writefile('/tmp/tandem-attack', 'x') AS value",
    "SELECT readfile('/etc/passwd') AS value",
    "CREATE TABLE u AS SELECT * FROM t",
    "REPLACE INTO t VALUES (1)",
)


def _questions(row: Row) -> None:
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "facts.db"
        with closing(sqlite3.connect(path)) as base:
            base.executescript("CREATE TABLE t (value REAL); INSERT INTO t VALUES (1), (2);")
        metrics = SqlMetrics("facts", f"sqlite:///{path}")
        for query in _WRITES:
            row.attempt(lambda q=query: metrics.instant(q, datetime.now(UTC)), query)  # type: ignore[misc]
        metrics.close()
        with closing(sqlite3.connect(path)) as base:
            rows = base.execute("SELECT value FROM t").fetchall()
            tables = base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if rows != [(1.0,), (2.0,)] or tables != 1 or Path("/tmp/tandem-attack.db").exists():
            row.enters(f"a question wrote: {rows}, {tables} tables")


# Files -----------------------------------------------------------------------------------------


async def _paths(world: World, row: Row, inputs: int) -> None:
    """Addresses that climb out of what is served."""
    rng = seeded("paths")
    pages = build_app(world.playground.playground)
    climbs = ("../", "..%2f", "%2e%2e/", "..%5c", "....//", "%252e%252e/", "..;/", "/", "\\..\\")
    aims = ("etc/passwd", "app.py", "bot/log.py", ".env", "proc/self/environ", "tandem.db")
    for _ in range(inputs):
        climb = "".join(rng.choices(climbs, k=rng.randint(1, 8))) + rng.choice(aims)
        base = rng.choice(("/assets/", "/play/file/", "/archives/x/", "/signals/", "/training/"))
        app = pages if base in ("/assets/", "/play/file/", "/archives/x/") else world.app
        answer = await ask(app, "GET", base + climb, (("Host", "127.0.0.1:5000"),))
        told = b"root:x" in answer.body or b"import " in answer.body or b"HOME=" in answer.body
        row.saw(answer, base + climb, let_in=told)


# The playground ----------------------------------------------------------------------------------

_HOSTS = (
    *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1@evil.example"),
    *("0.0.0.0", "127.0.0.2", "169.254.169.254", "[::1", "[::ffff:127.0.0.1]", "2130706433", ""),
    *(
        "localhost:80@evil.example",
        "evil.example#localhost",
        "evil.example/localhost",
        "loc\x00alhost",
    ),
    *("evil.example:80:localhost", "локалхост", "127.1", "0x7f.0.0.1", "localhost,evil.example"),
)
_ORIGINS = (
    *("http://evil.example", "null", "http://localhost.evil.example", ""),
    *("http://127.0.0.1:5001", "file://", "http://127.0.0.1:5000@evil.example", "http://[::1", "x"),
)


async def _rebound(world: World, row: Row, inputs: int) -> None:
    """A page elsewhere that would act here: another Host (DNS rebinding), another Origin."""
    rng = seeded("rebinding")
    app = build_app(world.playground.playground)
    paths = (
        "/play/say",
        "/play/command",
        "/play/state",
        "/",
        "/play/group",
        "/api/chat.postMessage",
    )
    for number in range(inputs):
        path, method = rng.choice(paths), rng.choice(("GET", "POST", "OPTIONS"))
        if number % 2:
            headers = [("Host", rng.choice(_HOSTS)), ("Content-Type", "text/plain")]
        else:
            headers = [("Host", "127.0.0.1:5000"), ("Origin", rng.choice(_ORIGINS[:-1]))]
            headers = [(n, v) for n, v in headers if v] if headers[1][1] else [("Host", "x")]
        answer = await ask(app, method, path, headers, b'{"user":"ada","text":"x"}')
        row.saw(answer, f"{method} {path} {headers}", let_in=answer.status != 403)
        shared = [v for n, v in answer.headers if n.lower() == b"access-control-allow-origin"]
        if shared:
            row.enters(f"{path} is shared with {shared}")


CLASSES = (
    Class(
        "addresses that look like Amazon's or Slack's",
        "never fetched, never posted to",
        6000,
        _lookalikes,
    ),
    Class(
        "SNS messages that Amazon did not sign",
        "refused; nobody but Amazon is asked for a certificate",
        3000,
        _forged_sns,
    ),
    Class(
        "addresses of a trap in alerts, changes, notes, runbooks",
        "0 requests to the trap",
        300,
        _fetched,
        changes=True,
        quick=False,
    ),
    Class("PromQL and LogQL in names of services", "stays inside its string", 8000, _promql),
    Class(
        "SQL in every search, and questions that write",
        "finds nothing, changes nothing",
        3000,
        _sql,
    ),
    Class("paths that climb out of what is served", "404", 2000, _paths),
    Class(
        "the playground called by other pages (DNS rebinding, other origins)",
        "403; nothing is shared",
        2000,
        _rebound,
    ),
)
