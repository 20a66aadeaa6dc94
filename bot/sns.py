"""Amazon SNS: whether a message is Amazon's, and the confirmation of a subscription.

Certificates and confirmations are fetched only by https from sns.<region>.amazonaws.com.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import logging
import re
import threading
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from bot.webhooks.auth import Received, Sns
from bot.webhooks.fields import Fields, read_object
from bot.webhooks.parsed import Handshake
from knowledge.errors import BadArgs, Unavailable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

log = logging.getLogger("tandem.sns")

TIMEOUT_S = 5.0
"""SNS itself waits for fifteen seconds and then sends again."""
MOST_BYTES = 64 * 2**10
KEEP = timedelta(hours=24)
MOST_CERTIFICATES = 32

_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[\w-]+\.pem")
_VERSIONS = ("1", "2")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(
        ("SubscriptionConfirmation", "UnsubscribeConfirmation"),
        ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
"""What is signed of each kind of message, in this order; Subject only where there is one."""


def is_amazons(url: str) -> bool:
    """Whether an address is SNS's own; all others are never fetched."""
    try:
        parts = urlsplit(url)
        plain = parts.port in (None, 443) and not parts.username and not parts.password
    except ValueError:
        return False
    # What is left out in reading (a line's end) may mean something to who calls it.
    plain = plain and url.isprintable()
    return parts.scheme == "https" and plain and bool(_HOST.fullmatch(parts.hostname or ""))


class SnsVerifier:
    """Checks signatures and confirms subscriptions; safe to call from many threads.

    `trusted` says which addresses may be fetched; a test with a server of its own gives another.
    """

    def __init__(
        self, client: httpx.Client | None = None, trusted: Callable[[str], bool] = is_amazons
    ) -> None:
        self._given = client
        self._trusted = trusted
        self._lock = threading.Lock()
        self._certificates: OrderedDict[str, tuple[datetime, Certificate]] = OrderedDict()

    @cached_property
    def _client(self) -> httpx.Client:
        """Made when it is needed: it reads the certificates of the system, and few have SNS."""
        return self._given or httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)

    def reason(self, auth: Sns, received: Received) -> str:
        """Why the message is not to be believed; empty when it is.

        Raises Unavailable when the certificate cannot be fetched: SNS will send again.
        """
        try:
            message = read_object(received.body, "the message of SNS")
            topic = message.need("TopicArn", remedy="Turn raw message delivery off")
            if topic not in auth.topics:
                return f"the topic {topic!r} is not among the topics of the sources file"
            sent_at = message.moment("Timestamp")
            if sent_at is None or abs(received.at - sent_at) > auth.window:
                return f"it was published at {sent_at}: too old, or a clock is wrong"
            return self._unsigned(message, received.at)
        except BadArgs as error:
            return str(error)

    def confirm(self, handshake: Handshake) -> None:
        """Say yes to a subscription whose message was verified. Raises Unavailable."""
        if handshake.kind != "SubscriptionConfirmation":
            log.warning(
                "SNS: the subscription of %s has ended; subscribe again if that was not meant",
                handshake.topic,
            )
            return
        if not self._trusted(handshake.confirm_url):
            raise BadArgs("SubscribeURL", "it is no address of SNS", "Send the message as SNS does")
        self._fetch(handshake.confirm_url)
        log.info("SNS: the subscription of %s is confirmed", handshake.topic)

    def _unsigned(self, message: Fields, now: datetime) -> str:
        """Why the signature is none of Amazon's; empty when it is."""
        version, kind = message.word("SignatureVersion"), message.word("Type")
        if version not in _VERSIONS or kind not in _SIGNED:
            return f"signature version {version!r} of a {kind!r} is not known"
        url = message.word("SigningCertURL")
        if not (self._trusted(url) and _CERTIFICATE.fullmatch(urlsplit(url).path)):
            return "the certificate's address is none of Amazon's"
        certificate = self._certificate(url, now)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return "the certificate is out of date"
        try:
            return _unproven(certificate, message, version, kind)
        except ValueError:
            return "the signature does not match the message"

    def _certificate(self, url: str, now: datetime) -> "Certificate":
        with self._lock:
            kept = self._certificates.get(url)
        if kept and now - kept[0] < KEEP:
            return kept[1]
        try:
            certificate = _read_certificate(self._fetch(url))
        except ValueError as error:
            raise Unavailable("Amazon SNS", "its certificate cannot be read") from error
        with self._lock:
            self._certificates[url] = (now, certificate)
            while len(self._certificates) > MOST_CERTIFICATES:
                self._certificates.popitem(last=False)
        return certificate

    def _fetch(self, url: str) -> bytes:
        body = bytearray()
        try:
            with self._client.stream("GET", url) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable("Amazon SNS", f"it answers {answer.status_code}")
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise Unavailable("Amazon SNS", "its answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable("Amazon SNS", f"out of reach: {type(error).__name__}") from error
        return bytes(body)


def _read_certificate(pem: bytes) -> "Certificate":
    """Raises ValueError."""
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(pem)


def _unproven(certificate: "Certificate", message: Fields, version: str, kind: str) -> str:
    """Why the signature is not that of the certificate's key; empty when it is. Raises ValueError.

    cryptography takes 8 MB, and few have SNS: it is imported with the first message."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        return "the certificate holds no RSA key"
    # Version 1 of SNS's signatures is SHA-1; who wants 2 says so to SNS.
    digest = SHA1() if version == "1" else SHA256()  # noqa: S303
    try:
        signature = b64decode(message.text("Signature"), validate=True)
        key.verify(signature, _signed(message.values, kind), PKCS1v15(), digest)
    except InvalidSignature:
        return "the signature does not match the message"
    return ""


def _signed(message: Mapping[str, Any], kind: str) -> bytes:
    """Each name and its value on lines of their own. Raises ValueError where one is no text."""
    lines: list[str] = []
    for name in _SIGNED[kind]:
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise ValueError(name)
        lines += (name, value)
    return "".join(f"{line}\n" for line in lines).encode()
