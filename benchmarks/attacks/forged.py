"""Requests that were not sent by whom they claim to be from: Slack, every source, MLflow, runs."""

import hashlib
import hmac
import random
import string
import time
from base64 import b64encode
from collections.abc import Callable, Iterator

from benchmarks.attacks.asgi import ask
from benchmarks.attacks.signing import SENDERS, Sender, Signed, slack, slash
from benchmarks.attacks.tally import Answer, Class, Row, seeded
from benchmarks.attacks.world import SECRETS, World

OLD_S = (301.0, 360.0, 3600.0, 86_400.0, -301.0, -360.0, -86_400.0)
"""How old a signed time is; minus for one that is still to come."""
_NO_TIMES = (
    "",
    "now",
    "1e9",
    "-1",
    "0",
    "9" * 400,
    "١٧٧٢٧١٢٠٠٠",
    "0x5f5e100",
    "NaN",
    "inf",
    "\x00",
)
_HEX = "0123456789abcdef"


def _noise(rng: random.Random, number: int, alphabet: str = string.printable[:94]) -> str:
    return "".join(rng.choices(alphabet, k=number))


# Slack -----------------------------------------------------------------------------------------


def forged_slack(secret: str, rng: random.Random, user: str) -> Iterator[tuple[str, Signed]]:
    """Endless: each case and its request. All are refused."""
    while True:
        body = slash(user, f"list {_noise(rng, 5)}")
        other = slash(user, "resolve INC-1")
        good = slack(secret, body)
        stamp = dict(good.headers)["X-Slack-Request-Timestamp"]
        signature = dict(good.headers)["X-Slack-Signature"]
        cut = rng.randrange(3, len(signature))
        flipped = rng.choice(_HEX.replace(signature[cut], ""))
        yield "another secret", slack(_noise(rng, 32), body)
        yield "the empty secret", slack("", body)
        yield "the name of the secret", slack("SLACK_SIGNING_SECRET", body)
        yield "another body", Signed(good.path, other, good.headers)
        yield "a longer body", Signed(good.path, body + b"&text=x", good.headers)
        yield "no signature", good.without("X-Slack-Signature")
        yield "no time", good.without("X-Slack-Request-Timestamp")
        yield "old", slack(secret, body, rng.choice(OLD_S))
        yield (
            "replayed under a new time",
            good.with_header(
                "X-Slack-Request-Timestamp", str(int(stamp) + rng.choice((-1, 1, 60, 299)))
            ),
        )
        yield "no time at all", good.with_header("X-Slack-Request-Timestamp", rng.choice(_NO_TIMES))
        yield (
            "one digit off",
            good.with_header("X-Slack-Signature", signature[:cut] + flipped + signature[cut + 1 :]),
        )
        yield "cut short", good.with_header("X-Slack-Signature", signature[:cut])
        yield "version 1", good.with_header("X-Slack-Signature", "v1=" + signature[3:])
        yield "no version", good.with_header("X-Slack-Signature", signature[3:])
        yield "not ASCII", good.with_header("X-Slack-Signature", "v0=ä" + signature[4:])
        yield "noise", good.with_header("X-Slack-Signature", "v0=" + _noise(rng, 64, _HEX))
        # What a careless reader would take: the last of two headers, or both joined.
        yield (
            "two signatures",
            Signed(
                good.path,
                other,
                (*good.headers[:2], ("X-Slack-Signature", "v0=" + "0" * 64), good.headers[2]),
            ),
        )
        yield (
            "two times",
            Signed(
                good.path,
                body,
                (("X-Slack-Request-Timestamp", str(int(stamp) - 400)), *good.headers),
            ),
        )
        yield "algorithm none", good.with_header("X-Slack-Signature", "none")
        yield "SHA-1", good.with_header("X-Slack-Signature", _sha1(secret, stamp, body))


def _sha1(secret: str, stamp: str, body: bytes) -> str:
    message = f"v0:{stamp}:".encode() + body
    return "v0=" + hmac.new(secret.encode(), message, hashlib.sha1).hexdigest()


async def _slack(world: World, row: Row, inputs: int) -> None:
    rng = seeded("slack")
    cases = forged_slack(world.playground.signing_secret, rng, world.people["ada"])
    await _all_refused(world, row, cases, inputs)


async def _all_refused(
    world: World, row: Row, cases: Iterator[tuple[str, Signed]], inputs: int
) -> None:
    for _, (case, request) in zip(range(inputs), cases, strict=False):
        answer = await post(world, request)
        row.saw(answer, f"{request.path}: {case}", let_in=answer.status < 300)


async def post(world: World, request: Signed, method: str = "POST") -> Answer:
    return await ask(world.app, method, request.path, request.headers, request.body, request.query)


# Webhooks --------------------------------------------------------------------------------------


def forged_webhooks(rng: random.Random) -> Iterator[tuple[str, Signed]]:
    """Endless, every sender in turn."""
    while True:
        for sender in SENDERS:
            yield from _of(sender, rng)
        yield from _of_azure(rng)


def _of(sender: Sender, rng: random.Random) -> Iterator[tuple[str, Signed]]:
    secret = SECRETS[sender.of]
    good = sender.signed()
    others = [s for name, s in SECRETS.items() if name != sender.of]
    yield "another's secret", sender.signed(secret=rng.choice(others))
    yield "noise for a secret", sender.signed(secret=_noise(rng, len(secret)))
    yield "most of the secret", sender.signed(secret=secret[:-1])
    yield "more than the secret", sender.signed(secret=secret + rng.choice(_HEX))
    yield "the secret in other case", sender.signed(secret=secret.swapcase())
    yield "the variable's name", sender.signed(secret=f"ATTACK_{sender.of.upper()}")
    yield "nothing", Signed(sender.path, good.body, good.headers[:1])
    name, value = good.headers[1]
    yield "an empty header", good.with_header(name, "")
    yield "half a header", good.with_header(name, value[: len(value) // 2])
    yield "not ASCII", good.with_header(name, value[:-1] + "é")
    yield "many", good.with_header(name, ",".join(_noise(rng, 64, _HEX) for _ in range(30)))
    if value.startswith(("Bearer ", "Basic ")):
        rest = value.partition(" ")[2]
        yield "another scheme", good.with_header(name, f"Digest {rest}")
        yield "no scheme", good.with_header(name, rest)
        yield (
            "in the address",
            Signed(
                sender.path,
                good.body,
                good.headers[:1],
                f"token={secret}&access_token={secret}".encode(),
            ),
        )
        yield "as a cookie", good.without(name).with_header("Cookie", f"token={secret}")
        yield "broken base64", good.with_header(name, f"Basic {rest}=")
    if "sign" in name.lower():
        yield "another body", Signed(sender.path, good.body.replace(b"e", b"E", 1), good.headers)
        yield "another address", Signed(_another(sender, rng), good.body, good.headers)
        yield "signed without the key", good.with_header(name, _plain_hash(good.body))
    if sender.timed:
        yield "old", sender.signed(late_s=rng.choice(OLD_S))
        stamp = good.headers[2][0]
        fresh = str(int(time.time()) + rng.choice((-2, 2, 100)))
        yield "replayed under a new time", sender.signed(late_s=900).with_header(stamp, fresh)
        yield "no time at all", good.with_header(stamp, rng.choice(_NO_TIMES))
        yield "no time header", good.without(stamp)
    if len(good.headers) > 3:
        yield "another delivery", good.with_header(good.headers[3][0], "d-2")
        yield "no delivery", good.without(good.headers[3][0])


def _another(sender: Sender, rng: random.Random) -> str:
    return rng.choice([s.path for s in SENDERS if s.of != sender.of])


def _plain_hash(body: bytes) -> str:
    digest = hashlib.sha256(body)
    return f"v1={digest.hexdigest()} v1,{b64encode(digest.digest()).decode()}"


def _of_azure(rng: random.Random) -> Iterator[tuple[str, Signed]]:
    secret, good = SECRETS["azure"], SENDERS[0].signed()
    queries: list[tuple[str, bytes]] = [
        ("no token", b""),
        ("an empty token", b"token="),
        ("another name", f"Token={secret}".encode()),
        ("part of it", f"token={secret[:-1]}".encode()),
        ("other case", f"token={secret.lower()}".encode()),
        ("a list", f"token[]={secret}".encode()),
        ("the first of two", f"token={secret}&token={_noise(rng, 8, _HEX)}".encode()),
        ("twice encoded", f"token={secret}".replace("-", "%252D").encode()),
        ("with a NUL", f"token={secret}%00".encode()),
    ]
    for case, query in queries:
        yield case, Signed("/signals/azure", good.body, good.headers[:1], query)
    in_header = Signed(
        "/signals/azure", good.body, (*good.headers[:1], ("Authorization", f"Bearer {secret}"))
    )
    yield "as a bearer", in_header


async def _webhooks(world: World, row: Row, inputs: int) -> None:
    await _all_refused(world, row, forged_webhooks(seeded("webhooks")), inputs)


# Everything else -------------------------------------------------------------------------------


def unproven(rng: random.Random) -> Iterator[tuple[str, Signed]]:
    """Without a token to what is guarded by one, under every spelling of its address."""
    bases = ("/metrics", "/signals/", "/changes", "/mlflow", f"/training/{'f' * 32}")
    spell: tuple[Callable[[str], str], ...] = (
        str,
        str.upper,
        lambda p: p + "/",
        lambda p: "/" + p,
        lambda p: p.replace("/", "//"),
        lambda p: "/." + p,
        lambda p: "/x/.." + p,
        lambda p: p.replace("e", "%65"),
        lambda p: p + ";a=b",
        lambda p: p + "%00",
        lambda p: p + "/..%2fhealthz",
    )
    while True:
        base = rng.choice(bases)
        if base == "/signals/":
            base += rng.choice(("alertmanager", "nobody", "monitor", _noise(rng, 12)))
        token = rng.choice(
            ("", "Bearer ", "Bearer null", f"Bearer {_noise(rng, 20)}", "Basic Og==")
        )
        yield token, Signed(rng.choice(spell)(base), b"{}", (("Authorization", token),))


async def _unproven(world: World, row: Row, inputs: int) -> None:
    rng = seeded("unproven")
    methods = ("POST", "GET", "PUT", "HEAD", "DELETE", "TRACE", "OPTIONS", "PATCH")
    for _, (case, request) in zip(range(inputs), unproven(rng), strict=False):
        method = rng.choice(methods)
        answer = await post(world, request, method)
        what = f"{method} {request.path}: {case}"
        row.saw(answer, what, let_in=answer.status < 300)


CLASSES = (
    Class(
        "Slack requests that are forged, replayed, stale",
        "401; nothing reaches Bolt",
        6000,
        _slack,
    ),
    Class(
        "webhooks forged for every source, MLflow and training runs",
        "401 without the reason; nothing stored",
        12000,
        _webhooks,
    ),
    Class(
        "addresses under a token, without it",
        "401, 404 or 405; the same for what is there and what is not",
        4000,
        _unproven,
    ),
)
