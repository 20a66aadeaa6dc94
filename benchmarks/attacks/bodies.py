"""Bodies that are too large, too deep, packed too well, or not what they say; all from senders
whose token is good, as those come further."""

import asyncio
import gzip
import json
import random
import zlib
from collections.abc import Iterator

from benchmarks.attacks.asgi import ask
from benchmarks.attacks.nasty import NUMBERS, TEXTS
from benchmarks.attacks.signing import SENDERS, slack
from benchmarks.attacks.tally import Class, Row, seeded
from benchmarks.attacks.world import SECRETS, World
from bot.webhooks.sources import MOST_BYTES

TOKEN = ("Authorization", f"Bearer {SECRETS['webhook']}")
GZIP = ("Content-Encoding", "gzip")
_PATHS = tuple(s.path for s in SENDERS if s.of == "webhook")
FEW = 100
"""Inputs of a sample: what takes seconds by itself is for whole runs."""
_MEMBER = gzip.compress(b'{"alerts": []}')

Case = tuple[str, tuple[tuple[str, str], ...], bytes | list[bytes]]


def _deep() -> Iterator[Case]:
    for depth in (1_000, 100_000, 1_000_000):
        yield f"{depth} lists", (), b"[" * depth
        yield f"{depth} lists that end", (), b"[" * depth + b"]" * depth
        yield f"{depth} objects", (), b'{"a":' * depth
        yield f"{depth} inside an alert", (), b'{"alerts":[{"labels":{"a":' + b"[" * depth


def _large() -> Iterator[Case]:
    yield "one byte too many", (), b" " * (MOST_BYTES + 1)
    yield "in chunks", (), [b" " * 2**20] * 9
    yield "said to be huge", (("Content-Length", "99999999999999999999999"),), b"{}"
    yield "said to be negative", (("Content-Length", "-1"),), b"{}"
    yield "said in other digits", (("Content-Length", "٩٩٩٩٩٩٩٩٩"),), b"{}"
    yield "a number of a million digits", (), b'{"version":' + b"9" * 10**6 + b"}"
    yield "a number with an exponent", (), b'{"alerts":[{"startsAt":1e' + b"9" * 100 + b"}]}"
    many = ",".join(f'"k{n}":1' for n in range(400_000))
    yield "half a million names", (), f"{{{many}}}".encode()
    yield "one name a million times", (), b"{" + b'"a":1,' * 10**6 + b'"a":1}'
    yield "a million alerts", (), b'{"alerts":[' + b"{}," * 10**6 + b"{}]}"
    yield (
        "labels without end",
        (),
        json.dumps({"alerts": [{"labels": {f"l{n}": "x" for n in range(100_000)}}]}).encode(),
    )
    yield "one long text", (), json.dumps({"name": "a" * 8_000_000}).encode()


def _packed() -> Iterator[Case]:
    bomb = gzip.compress(b" " * 500_000_000, 9)
    yield "a bomb", (GZIP,), bomb
    yield "a bomb in a bomb", (GZIP,), gzip.compress(bomb)
    yield "two members", (GZIP,), _MEMBER + _MEMBER
    yield "a thousand members", (GZIP,), _MEMBER * 1000
    yield "something behind it", (GZIP,), _MEMBER + b"x"
    yield "half of it", (GZIP,), _MEMBER[: len(_MEMBER) // 2]
    yield "nothing", (GZIP,), b""
    yield "zlib", (GZIP,), zlib.compress(b"{}")
    yield "bare deflate", (GZIP,), zlib.compress(b"{}")[2:-4]
    yield "not packed", (GZIP,), b"{}"
    yield "packed twice", (("Content-Encoding", "gzip, gzip"),), gzip.compress(_MEMBER)
    for encoding in ("br", "zstd", "deflate", "compress", "gzip;q=1", "GZIP\x00", "x" * 5000):
        yield encoding[:20], (("Content-Encoding", encoding),), _MEMBER


def _odd(rng: random.Random) -> Iterator[Case]:
    """Endless: small ones."""
    while True:
        name, value = rng.choice(TEXTS), rng.choice((*NUMBERS, *TEXTS))
        alert = {
            "labels": {"alertname": rng.choice(TEXTS), name[:200]: value},
            "annotations": {"summary": rng.choice(TEXTS)},
            "startsAt": rng.choice(("2026-03-05T12:00:00Z", *TEXTS)),
            "status": rng.choice(("firing", "resolved", value)),
        }
        whole = {"name": rng.choice(TEXTS), "status": value, "alerts": [alert], name: value}
        yield "nasty values", (), json.dumps(whole).encode()
        text = json.dumps(whole, ensure_ascii=False)
        yield "as they are", (), text.encode("utf-8", "surrogatepass")
        yield "in UTF-16", (), text.encode("utf-16", "surrogatepass")
        yield "in UTF-32", (), text.encode("utf-32", "surrogatepass")
        yield "with a mark", (), b"\xef\xbb\xbf" + text.encode("utf-8", "replace")
        yield "not JSON's numbers", (), b'{"alerts":[{"labels":NaN,"startsAt":-Infinity}]}'
        yield "twice the same", (), b'{"alerts":[],"alerts":{},"alerts":[{}]}'
        yield "another type", (("Content-Type", name.replace("\n", "")[:60]),), b"{}"
        yield "a form", (("Content-Type", "multipart/form-data"),), b"payload=%7B%7D"
        packed = gzip.compress(json.dumps(whole).encode())
        cut = bytearray(packed)
        cut[rng.randrange(len(cut))] ^= 1 << rng.randrange(8)
        yield "packed and damaged", (GZIP,), bytes(cut)


async def _bodies(world: World, row: Row, inputs: int) -> None:
    rng = seeded("bodies")
    # What is large costs a second each: once to each of a few addresses, the rest is small.
    heavy = [*_deep(), *_large(), *_packed()] if inputs > FEW else []
    for number, (case, headers, body) in enumerate(heavy):
        await _send(world, row, _PATHS[number % len(_PATHS)], case, headers, body)
    for _, (case, headers, body) in zip(range(inputs), _odd(rng), strict=False):
        await _send(world, row, rng.choice(_PATHS), case, headers, body)
    if inputs > FEW:
        await _to_slack(world, row)
    await _cut_off(world, row, min(inputs, 200))


async def _send(
    world: World,
    row: Row,
    path: str,
    case: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes | list[bytes],
) -> None:
    answer = await ask(world.app, "POST", path, (TOKEN, *headers), body)
    large = sum(map(len, body)) if isinstance(body, list) else len(body)
    row.saw(answer, f"{path}: {case}", let_in=answer.status < 300 and large > MOST_BYTES)


async def _to_slack(world: World, row: Row) -> None:
    """Without a signature size is all that is looked at; with one, it must be read in time."""
    secret = world.playground.signing_secret
    for case, headers, body in (*_deep(), *_large()):
        content = body if isinstance(body, bytes) else b"".join(body)
        json_type = ("Content-Type", "application/json")
        unsigned = await ask(world.app, "POST", "/slack/events", (json_type, *headers), content)
        row.saw(unsigned, f"/slack/events: {case}", let_in=unsigned.status < 400)
        if len(content) < 2_000_000:
            signed = slack(secret, content, content=json_type)
            told = await ask(world.app, "POST", "/slack/events", signed.headers, content)
            row.saw(told, f"/slack/events, signed: {case}", let_in=told.status < 300)


async def _cut_off(world: World, row: Row, inputs: int) -> None:
    """The sender is gone before all of it was there."""
    for path in [*_PATHS, "/slack/events", "/mlflow", "/training/x"] * (inputs // 12 + 1):
        answer = await ask(world.app, "POST", path, (TOKEN,), [b'{"alerts": ['], hangs_up=True)
        row.saw(answer, f"{path}: cut off", let_in=answer.status < 300)
    await asyncio.sleep(0)


CLASSES = (
    Class(
        "bodies too large, too deep, packed too well, or not what they say",
        "400, 413 or 415, or what could be read of them",
        6000,
        _bodies,
        changes=True,
    ),
)
