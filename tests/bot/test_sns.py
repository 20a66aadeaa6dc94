"""SNS messages signed with a certificate made here, fetched from a double of Amazon's server."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.sns import MOST_BYTES, SnsVerifier, is_amazons
from bot.webhooks.auth import Received, Sns
from bot.webhooks.parsed import Handshake
from knowledge.errors import BadArgs, Unavailable
from skills.testing import NOON

TOPIC = "arn:aws:sns:eu-central-1:123456789012:tandem"
HOST = "https://sns.eu-central-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0a1b2c.pem"
CONFIRM = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
AUTH = Sns((TOPIC,))


def certificate_of(key: Any, *, over: bool = False) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=7,
        not_valid_before=NOON - timedelta(days=300),
        not_valid_after=NOON + timedelta(days=-1 if over else 60),
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Amazon:
    """Serves what is in `pages` and remembers what was asked for."""

    pages: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.broken:
            raise httpx.ConnectError("no route", request=request)
        page = self.pages.get(str(request.url))
        return httpx.Response(404) if page is None else httpx.Response(200, content=page)

    def verifier(self, **given: Any) -> SnsVerifier:
        return SnsVerifier(httpx.Client(transport=httpx.MockTransport(self.answer)), **given)


@pytest.fixture
def amazon(key: rsa.RSAPrivateKey) -> Amazon:
    return Amazon({CERTIFICATE: certificate_of(key), CONFIRM: b"<ConfirmSubscriptionResponse/>"})


Signer = Callable[..., Received]


@pytest.fixture
def signed(key: rsa.RSAPrivateKey) -> Signer:
    """Build a message, sign it as Amazon documents, then put `forged` fields over it."""

    def build(
        kind: str = "Notification",
        version: str = "1",
        forged: dict[str, Any] | None = None,
        **given: Any,
    ) -> Received:
        message = {
            "Type": kind,
            "MessageId": "165545c9",
            "TopicArn": TOPIC,
            "Message": '{"AlarmName": "checkout-5xx"}',
            "Timestamp": "2026-03-05T11:58:00.000Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **({} if kind == "Notification" else {"SubscribeURL": CONFIRM, "Token": "2336412f37"}),
            **given,
        }
        ours = (
            ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
            if kind == "Notification"
            else ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        )
        text = "".join(f"{name}\n{message[name]}\n" for name in ours if name in message)
        digest = SHA1() if version == "1" else SHA256()
        message["Signature"] = b64encode(key.sign(text.encode(), PKCS1v15(), digest)).decode()
        return Received(json.dumps({**message, **(forged or {})}).encode(), {}, {}, NOON)

    return build


# Signatures


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("Notification", {}),
        ("Notification", {"Subject": 'ALARM: "checkout" in Frankfurt'}),
        ("Notification", {"Message": "lines\nand ünïcode"}),
        ("SubscriptionConfirmation", {}),
        ("UnsubscribeConfirmation", {}),
    ],
)
def test_what_amazon_signed_is_believed(
    amazon: Amazon, signed: Signer, version: str, kind: str, given: dict[str, str]
) -> None:
    assert amazon.verifier().reason(AUTH, signed(kind, version, **given)) == ""


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"Message": '{"AlarmName": "another"}'}, "does not match"),
        ({"Subject": "added"}, "does not match"),
        ({"Timestamp": "2026-03-05T11:59:00.000Z"}, "does not match"),
        ({"Type": "SubscriptionConfirmation"}, "does not match"),
        ({"Signature": "AAAA"}, "does not match"),
        ({"Signature": "no base64!"}, "does not match"),
        ({"Signature": None}, "does not match"),
        ({"SignatureVersion": "2"}, "does not match"),
        ({"SignatureVersion": "3"}, "is not known"),
        ({"SignatureVersion": []}, "SignatureVersion"),
        ({"Message": 7}, "does not match"),
        ({"Type": "Letter"}, "is not known"),
        ({"TopicArn": "arn:aws:sns:eu-central-1:999:theirs"}, "is not among the topics"),
        ({"TopicArn": None}, "TopicArn"),
        ({"Timestamp": "2026-03-05T10:00:00.000Z"}, "too old"),
        ({"Timestamp": ""}, "too old"),
        ({"Timestamp": "soon"}, "Timestamp"),
        ({"SigningCertURL": "https://sns.evil.example/SimpleNotificationService-a.pem"}, "none of"),
        ({"SigningCertURL": f"{HOST}/other.pem"}, "none of Amazon's"),
        ({"SigningCertURL": ["x"]}, "SigningCertURL"),
    ],
)
def test_what_was_changed_or_made_up_is_not(
    amazon: Amazon, signed: Signer, forged: dict[str, Any], why: str
) -> None:
    assert why in amazon.verifier().reason(AUTH, signed(forged=forged))
    assert set(amazon.asked) <= {CERTIFICATE}, "no other address is ever fetched"


def test_a_body_that_is_no_message(amazon: Amazon) -> None:
    assert "body" in amazon.verifier().reason(AUTH, Received(b"[", {}, {}, NOON))


@pytest.mark.parametrize(
    "page",
    [
        certificate_of(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        certificate_of(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["of another key", "of another kind"],
)
def test_a_certificate_that_did_not_sign_it(amazon: Amazon, signed: Signer, page: bytes) -> None:
    amazon.pages[CERTIFICATE] = page
    assert amazon.verifier().reason(AUTH, signed())


def test_a_certificate_out_of_date(amazon: Amazon, signed: Signer, key: rsa.RSAPrivateKey) -> None:
    amazon.pages[CERTIFICATE] = certificate_of(key, over=True)
    assert "out of date" in amazon.verifier().reason(AUTH, signed())


def test_a_certificate_is_fetched_once_a_day(amazon: Amazon, signed: Signer) -> None:
    verifier = amazon.verifier()
    for _ in range(3):
        assert not verifier.reason(AUTH, signed())
    assert amazon.asked == [CERTIFICATE]
    tomorrow = NOON + timedelta(days=1)
    late = signed(Timestamp=tomorrow.isoformat())
    assert not verifier.reason(AUTH, Received(late.body, {}, {}, tomorrow))
    assert amazon.asked == [CERTIFICATE] * 2


def test_amazon_out_of_reach_is_for_later(amazon: Amazon, signed: Signer) -> None:
    amazon.broken = True
    with pytest.raises(Unavailable, match="out of reach"):
        amazon.verifier().reason(AUTH, signed())


@pytest.mark.parametrize("page", [None, b"<html>", b"x" * (MOST_BYTES + 1)])
def test_a_certificate_that_is_none_is_for_later(
    amazon: Amazon, signed: Signer, page: bytes | None
) -> None:
    amazon.pages = {} if page is None else {CERTIFICATE: page}
    with pytest.raises(Unavailable):
        amazon.verifier().reason(AUTH, signed())


# Addresses


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        (CERTIFICATE, True),
        ("https://sns.cn-north-1.amazonaws.com.cn/a.pem", True),
        ("https://sns.eu-central-1.amazonaws.com:443/a.pem", True),
        ("http://sns.eu-central-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com:8443/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com.evil.example/a.pem", False),
        ("https://evil.example/sns.eu-central-1.amazonaws.com", False),
        ("https://sns.a.b.amazonaws.com/a.pem", False),
        ("https://bucket.s3.amazonaws.com/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com@evil.example/a.pem", False),
        ("https://user@sns.eu-central-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-central-1.amazonaws.com:port/a.pem", False),
        ("https://[", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_addresses_of_amazons_own(url: str, ours: bool) -> None:
    assert is_amazons(url) is ours


# Subscriptions


def shake(url: str = CONFIRM, kind: str = "SubscriptionConfirmation") -> Handshake:
    return Handshake(kind, TOPIC, url, "2336412f37")


def test_a_subscription_is_confirmed_at_its_address(amazon: Amazon) -> None:
    amazon.verifier().confirm(shake())
    assert amazon.asked == [CONFIRM]


def test_the_end_of_a_subscription_asks_nothing(
    amazon: Amazon, caplog: pytest.LogCaptureFixture
) -> None:
    amazon.verifier().confirm(shake(kind="UnsubscribeConfirmation"))
    assert amazon.asked == []
    assert "has ended" in caplog.text
    assert "2336412f37" not in caplog.text


def test_another_address_is_never_fetched(amazon: Amazon) -> None:
    with pytest.raises(BadArgs, match="no address of SNS"):
        amazon.verifier().confirm(shake("http://169.254.169.254/latest"))
    assert amazon.asked == []


def test_a_server_of_ones_own_may_be_trusted(amazon: Amazon) -> None:
    own = "http://127.0.0.1:4566/confirm"
    amazon.pages[own] = b"yes"
    amazon.verifier(trusted=lambda url: url.startswith("http://127.0.0.1")).confirm(shake(own))
    assert amazon.asked == [own]


def test_a_confirmation_that_fails_is_for_later(amazon: Amazon) -> None:
    amazon.pages = {}
    with pytest.raises(Unavailable, match="404"):
        amazon.verifier().confirm(shake())
