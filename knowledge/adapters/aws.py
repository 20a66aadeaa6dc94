"""Clients of AWS, and what they raise in our own words.

boto3 takes half a second to import and only who uses AWS needs it, so it is loaded at the first
request. Credentials are found as boto3 finds them: environment, profile, container, instance.
"""

from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

from knowledge.errors import BadArgs, Unavailable

T = TypeVar("T")

MISSING = ("404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "ResourceNotFound")
"""Codes by which a service says that there is no such thing; they may end in "Exception"."""
MISSING_WORDS = ("does not exist", "not found", "could not find", "failed to satisfy constraint")
"""SageMaker says so in a ValidationException's text; a name that breaks its pattern is no name."""
STRANGERS = (
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
)
DENIED = ("403", "AccessDenied", "UnauthorizedOperation")
THROTTLED = ("RequestLimitExceeded", "SlowDown", "Throttling", "ThrottledException",
             "TooManyRequests")  # fmt: skip


class Missing(Exception):
    """AWS says that there is no such thing."""


class Aws:
    """Makes requests of services in one region; safe on many threads.

    `system` is what errors name; `endpoints` replaces the address of a service ("s3",
    "sagemaker"). `timeout` is in seconds and counts for connecting and for each read; there is one
    second try.
    """

    def __init__(
        self,
        system: str,
        region: str = "",
        endpoints: Mapping[str, str] | None = None,
        timeout: float = 5.0,
    ) -> None:
        self._system = system
        self._region = region
        self._endpoints = {k: v for k, v in (endpoints or {}).items() if v}
        self._timeout = timeout
        self._lock = Lock()
        self._clients: dict[str, Any] = {}

    def ask(self, service: str, request: Callable[[Any], T]) -> T:
        """Make one request of a service's client. Raises Unavailable, or Missing where the thing
        is not there."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return request(self._client(service))
        except ClientError as error:
            raise self._answered(error) from error
        except BotoCoreError as error:
            raise self._failed(service, error) from error

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._connect(service)
        return self._clients[service]

    def _connect(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=self._timeout,
            read_timeout=self._timeout,
            retries={"mode": "standard", "total_max_attempts": 2},
            # MinIO and tests have no DNS name for each bucket.
            s3={"addressing_style": "path"} if service in self._endpoints else None,
        )
        # The session that boto3 shares is not safe on several threads; one of our own is, here.
        session = boto3.Session(botocore_session=_session())
        return session.client(
            service,
            region_name=self._region or None,
            endpoint_url=self._endpoints.get(service),
            config=config,
        )

    def _answered(self, error: Any) -> Exception:
        """Of an answer that says no."""
        said = error.response.get("Error", {})
        code, text = str(said.get("Code", "")), str(said.get("Message", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        name = code.removesuffix("Exception")
        if name in MISSING or (name.startswith("Validation") and _says(text, MISSING_WORDS)):
            return Missing(text)
        if name in STRANGERS:
            why = "it refused Tandem's credentials"
            return Unavailable(self._system, why, retry=False)
        if name in DENIED:
            why = f"Tandem's role may not do {error.operation_name}"
            return Unavailable(self._system, why, retry=False)
        if name in THROTTLED or status == 429:
            return Unavailable(self._system, "it asks for fewer requests")
        if status >= 500 or not code:
            return Unavailable(self._system, "it answered with an error of its own")
        why = f"it refused {error.operation_name}: {text or code}"
        return Unavailable(self._system, why, retry=False)

    def _failed(self, service: str, error: Exception) -> Unavailable:
        """Of a request without an answer."""
        from botocore import exceptions as errors

        if isinstance(error, errors.ConnectTimeoutError | errors.ReadTimeoutError):
            return Unavailable(self._system, f"no answer within {self._timeout:g} s")
        if isinstance(error, errors.HTTPClientError | errors.ConnectionError):
            place = self._endpoints.get(service) or f"{service} in {self._region or 'its region'}"
            return Unavailable(self._system, f"cannot be reached at {place}")
        credentials = (
            errors.NoCredentialsError,
            errors.PartialCredentialsError,
            errors.CredentialRetrievalError,
            errors.TokenRetrievalError,
            errors.ProfileNotFound,
        )
        if isinstance(error, credentials):
            why = "no credentials were found; give Tandem a role, a profile or AWS_ACCESS_KEY_ID"
            return Unavailable(self._system, why, retry=False)
        if isinstance(error, errors.NoRegionError):
            return Unavailable(self._system, "no region is set", retry=False)
        return Unavailable(self._system, f"its client failed: {error}")


def _session() -> Any:
    """A session of botocore that reads the descriptions of services where others read them."""
    from botocore.session import get_session

    session = get_session()
    session.register_component("data_loader", _descriptions())
    return session


@cache
def _descriptions() -> Any:
    """The descriptions of services, megabytes of JSON that are parsed once."""
    from botocore.loaders import create_loader

    return create_loader()


def split_s3(address: str, field: str = "address") -> tuple[str, str]:
    """ "s3://bucket/a/b" is ("bucket", "a/b"). Raises BadArgs naming `field`."""
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc:
        raise BadArgs(field, f"{address!r} is no S3 address", "Write s3://bucket/path")
    return parts.netloc, parts.path.strip("/")


def _says(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text.lower() for word in words)
