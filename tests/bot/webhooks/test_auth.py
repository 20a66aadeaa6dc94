"""Who may send. Vectors are those that the vendors and the specification publish, or made here by
another way than the code's."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest

from bot.webhooks.auth import (
    Anyone,
    Auth,
    Hmac,
    Received,
    Secret,
    basic,
    bearer,
    header,
    parameter,
    shared_token,
    vendor,
)
from skills.testing import NOON

BODY = '{"name": "Grüße"}'.encode()
OLD, NEW = b"old secret", b"new secret"
SECONDS = str(int(NOON.timestamp()))


def request(body: bytes = BODY, query: dict[str, str] | None = None, **headers: str) -> Received:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Received(body, named, query or {}, NOON)


def hex_of(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def base64_of(secret: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode()


def pair(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def of(name: str, *secrets: bytes, timestamp_header: str = "") -> Auth:
    return vendor(name, secrets or (NEW,), timestamp_header, timedelta(minutes=5))


def accepts(auth: Auth, received: Received) -> bool:
    assert isinstance(auth, Anyone | Secret | Hmac)
    return auth.reason(received) == ""


# Secrets that are carried


@pytest.mark.parametrize(
    ("auth", "headers", "accepted"),
    [
        (Secret((NEW,), (bearer,)), {"authorization": "Bearer new secret"}, True),
        (Secret((NEW,), (bearer,)), {"authorization": "bearer new secret"}, True),
        (Secret((NEW,), (bearer,)), {"authorization": pair("x", "new secret")}, False),
        (Secret((NEW, OLD), (bearer,)), {"authorization": "Bearer old secret"}, True),
        (Secret((NEW,), (bearer,)), {"authorization": "Bearer old secret"}, False),
        (Secret((NEW,), (bearer,)), {"authorization": "Bearer new secre"}, False),
        (Secret((NEW,), (bearer,)), {"authorization": "Bearer "}, False),
        (Secret((NEW,), (bearer,)), {}, False),
        (Secret((b"ops:pw:x",), (basic,)), {"authorization": pair("ops", "pw:x")}, True),
        (Secret((b"ops:pw",), (basic,)), {"authorization": pair("dev", "pw")}, False),
        (Secret((b"ops:pw",), (basic,)), {"authorization": "Basic !"}, False),
        (Secret((b"ops:pw",), (basic,)), {"authorization": "Basic /w=="}, False),
        (Secret((NEW,), (header("X-Api-Key"),)), {"x-api-key": "new secret"}, True),
        (Secret((NEW,), (header("X-Api-Key"),)), {"x-api-key": "é"}, False),
        (shared_token("new secret"), {"authorization": pair("any", "new secret")}, True),
        (shared_token("new secret"), {"authorization": "Bearer new secret"}, True),
        (shared_token("new secret"), {}, False),
        (shared_token(""), {}, True),
    ],
)
def test_a_secret_that_is_carried(auth: Auth, headers: dict[str, str], accepted: bool) -> None:
    assert accepts(auth, request(**headers)) is accepted


def test_a_secret_in_the_query() -> None:
    auth = Secret((NEW,), (parameter("auth_token"),))
    assert accepts(auth, request(query={"auth_token": "new secret"}))
    assert not accepts(auth, request(query={"token": "new secret"}))


def test_the_reason_and_the_value_show_no_secret() -> None:
    for auth in (Secret((NEW,), (bearer,)), of("github")):
        assert isinstance(auth, Secret | Hmac)
        shown = repr(auth) + auth.reason(request(authorization="Bearer old secret"))
        assert "new secret" not in shown
        assert "old secret" not in shown


# The vendors' signatures


def test_githubs_own_example() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    auth = of("github", b"It's a Secret to Everybody")
    assert accepts(auth, request(b"Hello, World!", x_hub_signature_256=signature))
    assert not accepts(auth, request(b"Hello, World?", x_hub_signature_256=signature))
    assert not accepts(auth, request(b"Hello, World!", x_hub_signature_256=signature[7:]))


def test_the_example_of_standard_webhooks() -> None:
    auth = vendor(
        "standard-webhooks",
        (b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",),
        "",
        timedelta(days=36_500),
    )
    signed = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert accepts(auth, Received(b'{"test": 2432232314}', signed, {}, NOON))
    other = {**signed, "webhook-id": "msg_other"}
    assert not accepts(auth, Received(b'{"test": 2432232314}', other, {}, NOON))


MLFLOW = {"x-mlflow-delivery-id": "d-1", "x-mlflow-timestamp": SECONDS}
SIGNED = b"d-1." + SECONDS.encode() + b"." + BODY


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (of("pagerduty"), {"x-pagerduty-signature": "v1=" + hex_of(NEW, BODY)}),
        (
            of("pagerduty"),
            {"x-pagerduty-signature": f"v1={hex_of(OLD, BODY)},v1={hex_of(NEW, BODY)}"},
        ),
        (of("pagerduty", NEW, OLD), {"x-pagerduty-signature": "v1=" + hex_of(OLD, BODY)}),
        (of("sentry"), {"sentry-hook-signature": hex_of(NEW, BODY)}),
        (of("sentry"), {"sentry-hook-signature": hex_of(NEW, BODY).upper()}),
        (of("github"), {"x-hub-signature-256": "sha256=" + hex_of(NEW, BODY)}),
        (of("gitlab"), {"x-gitlab-token": "new secret"}),
        (of("launchdarkly"), {"x-ld-signature": hex_of(NEW, BODY)}),
        (of("grafana"), {"x-grafana-alerting-signature": hex_of(NEW, BODY)}),
        (
            of("grafana", timestamp_header="X-Grafana-Alerting-Timestamp"),
            {
                "x-grafana-alerting-timestamp": SECONDS,
                "x-grafana-alerting-signature": hex_of(NEW, SECONDS.encode() + b":" + BODY),
            },
        ),
        (of("mlflow"), {**MLFLOW, "x-mlflow-signature": "v1," + base64_of(NEW, SIGNED)}),
    ],
)
def test_a_vendors_signature(auth: Auth, headers: dict[str, str]) -> None:
    assert accepts(auth, Received(BODY, headers, {}, NOON))
    carried = isinstance(auth, Secret)  # GitLab's says nothing about the body
    assert accepts(auth, Received(BODY + b" ", headers, {}, NOON)) is carried
    assert not accepts(auth, Received(BODY, {}, {}, NOON))
    broken = {name: value[:-2] for name, value in headers.items()}
    assert not accepts(auth, Received(BODY, broken, {}, NOON))


@pytest.mark.parametrize(
    ("minutes", "accepted"), [(0, True), (-4, True), (4, True), (-6, False), (6, False)]
)
def test_a_recorded_request_is_refused_when_it_is_sent_again(minutes: int, accepted: bool) -> None:
    auth = of("grafana", timestamp_header="X-Time")
    signed_at = str(int((NOON + timedelta(minutes=minutes)).timestamp()))
    signature = hex_of(NEW, signed_at.encode() + b":" + BODY)
    headers = {"x-time": signed_at, "x-grafana-alerting-signature": signature}
    assert accepts(auth, Received(BODY, headers, {}, NOON)) is accepted


@pytest.mark.parametrize("time", ["", "soon", "1e400", "-1"])
def test_a_signed_time_that_is_none_is_refused(time: str) -> None:
    auth = of("grafana", timestamp_header="X-Time")
    signature = hex_of(NEW, time.encode() + b":" + BODY)
    headers = {"x-time": time, "x-grafana-alerting-signature": signature}
    assert not accepts(auth, Received(BODY, headers, {}, NOON))


def test_a_signature_of_ones_own_choosing() -> None:
    auth = Hmac(
        (NEW,),
        "X-Signature",
        algorithm="sha512",
        encoding="base64",
        prefix="t=",
        signed="v0:{timestamp}:{body}:end",
        timestamp_header="X-Time",
    )
    message = b"v0:" + SECONDS.encode() + b":" + BODY + b":end"
    digest = base64.b64encode(hmac.new(NEW, message, hashlib.sha512).digest()).decode()
    assert accepts(auth, request(x_signature=f"t={digest}", x_time=SECONDS))
    assert not accepts(auth, request(x_signature=digest, x_time=SECONDS))


def test_what_a_body_holds_is_no_template() -> None:
    """Else a sender could have its own headers signed in a place that it chooses."""
    body = b'{"note": "{timestamp}"}'
    auth = Hmac((NEW,), "X-S", signed="{timestamp}.{body}", timestamp_header="X-Time")
    signature = hex_of(NEW, SECONDS.encode() + b"." + body)
    assert accepts(auth, request(body, x_s=signature, x_time=SECONDS))


def test_many_signatures_are_not_all_tried() -> None:
    right = "v1=" + hex_of(NEW, BODY)
    headers = {"x-pagerduty-signature": ",".join(["v1=00"] * 1000 + [right])}
    assert not accepts(of("pagerduty"), Received(BODY, headers, {}, NOON))


def test_a_vendor_that_signs_nothing() -> None:
    with pytest.raises(KeyError):
        of("splunk")
