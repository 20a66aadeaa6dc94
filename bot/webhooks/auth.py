"""Pure: was this webhook sent by whom it claims to be from? One value for each way to tell.

A check gives the reason why not, or nothing. The reason is for our log and never for the sender.
Secrets are compared in constant time, and all of them each time, so that two may be valid while
one is being replaced.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.webhooks.fields import Fields
from knowledge.errors import BadArgs

MLFLOW_DELIVERY = "X-MLflow-Delivery-Id"
WINDOW = timedelta(minutes=5)
"""How old or how early a signed time may be; what is older may have been recorded and replayed."""
SNS_WINDOW = timedelta(hours=1)
"""SNS signs the time of publishing and tries to deliver for up to an hour after it."""


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    body: bytes
    """As it was sent, before it is inflated."""
    headers: Mapping[str, str]
    """Looked up in lower case."""
    query: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class Anyone:
    """Nothing is checked."""

    needs_body = False

    def reason(self, received: Received) -> str:
        return ""


Way = Callable[[Received], str | None]
"""Where a request carries its secret; None where it carries none."""


def bearer(received: Received) -> str | None:
    scheme, _, given = received.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def basic(received: Received) -> str | None:
    """ "user:password" """
    scheme, _, given = received.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(given, validate=True).decode()
    except ValueError:
        return None


def password(received: Received) -> str | None:
    """Basic authentication where the user's name does not matter."""
    pair = basic(received)
    return None if pair is None else pair.partition(":")[2]


def header(name: str) -> Way:
    lower = name.lower()
    return lambda received: received.headers.get(lower)


def parameter(name: str) -> Way:
    return lambda received: received.query.get(name)


@dataclass(frozen=True)
class Secret:
    """The request carries one of these secrets in one of these ways."""

    secrets: tuple[bytes, ...] = field(repr=False)
    ways: tuple[Way, ...] = (bearer,)
    needs_body = False

    def reason(self, received: Received) -> str:
        given = [text for way in self.ways if (text := way(received)) is not None]
        if not given:
            return "it carries no secret where one is expected"
        return "" if _any_equal(given, self.secrets) else "the secret is another one"


@dataclass(frozen=True)
class Hmac:
    """A header signs the body with a secret that both sides know.

    `signed` is what is signed: "{body}", "{timestamp}:{body}", "{id}.{timestamp}.{body}".
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    """What each signature begins with: "sha256=", "v1="."""
    separator: str = ""
    """What stands between several signatures; senders put two while a secret is replaced."""
    signed: str = "{body}"
    timestamp_header: str = ""
    id_header: str = ""
    window: timedelta = WINDOW
    needs_body = True

    def reason(self, received: Received) -> str:
        given = self._signatures(received.headers.get(self.header.lower(), ""))
        if not given:
            return f"the header {self.header} is missing or holds no signature"
        if why := self._stale(received):
            return why
        message = self._message(received)
        expected = tuple(self._signature(secret, message) for secret in self.secrets)
        return "" if _any_equal(given, expected) else "the signature does not match the body"

    def _signatures(self, text: str) -> list[str]:
        parts = text.split(self.separator) if self.separator else [text]
        found = [p.strip() for p in parts]
        found = [p.removeprefix(self.prefix) for p in found if p.startswith(self.prefix)]
        return [p.lower() if self.encoding == "hex" else p for p in found if p]

    def _stale(self, received: Received) -> str:
        if not self.timestamp_header:
            return ""
        text = received.headers.get(self.timestamp_header.lower(), "")
        try:
            signed_at = Fields({"at": text}).moment("at")
        except BadArgs:
            signed_at = None
        if signed_at is None:
            return f"the header {self.timestamp_header} is missing or no time"
        if abs(received.at - signed_at) > self.window:
            return f"it was signed at {signed_at.isoformat()}: too old, or a clock is wrong"
        return ""

    def _message(self, received: Received) -> bytes:
        before, _, after = self.signed.partition("{body}")
        told = {
            "{timestamp}": received.headers.get(self.timestamp_header.lower(), ""),
            "{id}": received.headers.get(self.id_header.lower(), ""),
        }
        for name, text in told.items():
            before, after = before.replace(name, text), after.replace(name, text)
        return before.encode() + received.body + after.encode()

    def _signature(self, secret: bytes, message: bytes) -> bytes:
        digest = hmac.digest(secret, message, self.algorithm)
        return digest.hex().encode() if self.encoding == "hex" else b64encode(digest)


@dataclass(frozen=True)
class Sns:
    """Amazon SNS signs each message with a certificate of its own; `bot.sns` checks it.

    Anyone may have a topic of his own signed by Amazon, so the topics that count are listed.
    """

    topics: tuple[str, ...]
    window: timedelta = SNS_WINDOW
    needs_body = True


Auth = Anyone | Secret | Hmac | Sns


def shared_token(token: str) -> Auth:
    """TANDEM_WEBHOOK_TOKEN: as bearer token or as password; empty means no check."""
    return Secret((token.encode(),), (bearer, password)) if token else Anyone()


# The vendors' own signatures


def vendor(name: str, secrets: tuple[bytes, ...], timestamp_header: str, window: timedelta) -> Auth:
    """Raises KeyError for a vendor that signs nothing that is known here."""
    if name == "grafana" and timestamp_header:
        return Hmac(
            secrets,
            "X-Grafana-Alerting-Signature",
            signed="{timestamp}:{body}",
            timestamp_header=timestamp_header,
            window=window,
        )
    return _VENDORS[name](secrets, window)


def signed_with_id(
    secrets: tuple[bytes, ...],
    signature: str,
    timestamp: str,
    delivery: str,
    window: timedelta = WINDOW,
) -> Hmac:
    """`v1,` and the base64 HMAC-SHA256 of "<delivery>.<time>.<body>", in headers of these names."""
    return Hmac(
        secrets,
        signature,
        encoding="base64",
        prefix="v1,",
        separator=" ",
        signed="{id}.{timestamp}.{body}",
        timestamp_header=timestamp,
        id_header=delivery,
        window=window,
    )


def mlflow(secrets: tuple[bytes, ...], window: timedelta = WINDOW) -> Hmac:
    """https://mlflow.org/docs/latest/ml/webhooks/"""
    names = ("X-MLflow-Signature", "X-MLflow-Timestamp", MLFLOW_DELIVERY)
    return signed_with_id(secrets, *names, window)


def _standard_webhooks(secrets: tuple[bytes, ...], window: timedelta) -> Auth:
    keys = tuple(_standard_key(secret) for secret in secrets)
    names = ("webhook-signature", "webhook-timestamp", "webhook-id")
    return signed_with_id(keys, *names, window)


def _standard_key(secret: bytes) -> bytes:
    """The key inside "whsec_<base64>"; another text is the key itself."""
    if not secret.startswith(b"whsec_"):
        return secret
    try:
        return b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except ValueError:
        return secret


_VENDORS: Mapping[str, Callable[[tuple[bytes, ...], timedelta], Auth]] = {
    # https://developer.pagerduty.com/docs/verifying-webhook-signatures
    "pagerduty": lambda s, w: Hmac(s, "X-PagerDuty-Signature", prefix="v1=", separator=","),
    # https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
    "sentry": lambda s, w: Hmac(s, "Sentry-Hook-Signature"),
    # https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    "github": lambda s, w: Hmac(s, "X-Hub-Signature-256", prefix="sha256="),
    # https://docs.gitlab.com/user/project/integrations/webhooks/
    "gitlab": lambda s, w: Secret(s, (header("X-Gitlab-Token"),)),
    # https://grafana.com/docs/grafana/latest/alerting/configure-notifications/
    "grafana": lambda s, w: Hmac(s, "X-Grafana-Alerting-Signature"),
    # https://launchdarkly.com/docs/api/webhooks
    "launchdarkly": lambda s, w: Hmac(s, "X-LD-Signature"),
    "mlflow": mlflow,
    # https://www.standardwebhooks.com; GitLab's signing tokens too
    "standard-webhooks": _standard_webhooks,
}
VENDORS = (*_VENDORS, "sns")


def _any_equal(given: list[str], expected: tuple[bytes, ...]) -> bool:
    """All pairs are compared, so that the time says nothing about which one was near."""
    texts = [text.encode("utf-8", "replace") for text in given[:_MOST]]
    equal = [hmac.compare_digest(text, one) for text in texts for one in expected]
    return any(equal)


_MOST = 8
"""Signatures of one header that are looked at."""
