"""One MLflow server: its own client, made when it is first needed, and its failures in our words.

`timeout` is in whole seconds and counts for each try; there is one second try, so a server that
hangs is given up after about twice that. MLflow's client reads both from its process-wide
environment variables, so the instance made last sets them for all. Credentials come from MLflow's
own MLFLOW_TRACKING_USERNAME, _PASSWORD and _TOKEN.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

from knowledge.errors import Unavailable

SYSTEM = "mlflow"
REFUSED = ("401", "403")

T = TypeVar("T")


class Missing(Exception):
    """The server says that there is no such thing."""


class Server:
    """Thread safe."""

    def __init__(self, tracking_uri: str, timeout: int = 5) -> None:
        self.uri = tracking_uri.rstrip("/")
        self._timeout = timeout
        self._lock = Lock()
        self._client: Any = None

    def ask(self, request: Callable[[Any], T]) -> T:
        """Make one request; raises Unavailable, or Missing where the thing is not there."""
        with self.translated():
            return request(self._connect())

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What MLflow's client raises inside the block becomes Unavailable or Missing; so does
        what comes of reading an answer that is not what its API promises."""
        its_own, not_its_message = _errors()
        try:
            yield
        except its_own as error:
            code = getattr(error, "error_code", "")
            raise self._said(str(error), str(code)) from error
        except OSError as error:  # requests' own errors derive from it
            raise self._said(str(error), "") from error
        except ImportError as error:  # the client of a cloud's storage
            why = f"the package {error.name} is not installed here"
            raise Unavailable(SYSTEM, why, retry=False) from error
        except (not_its_message, AttributeError, LookupError, TypeError, ValueError) as error:
            raise Unavailable(SYSTEM, "its answer makes no sense") from error

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _client(self.uri, self._timeout)
        return self._client

    def _said(self, text: str, code: str) -> Unavailable | Missing:
        if code == "RESOURCE_DOES_NOT_EXIST" or "404 Client Error" in text:
            return Missing()
        if code in ("PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED") or any(
            f"error code {status}" in text or f"{status} Client Error" in text for status in REFUSED
        ):
            return Unavailable(SYSTEM, "it refused Tandem's credentials", retry=False)
        if "timed out" in text:
            return Unavailable(SYSTEM, f"no answer within {self._timeout} s")
        answered = "error code" in text or "error responses" in text
        if "Connection" in text and not answered:
            return Unavailable(SYSTEM, f"cannot be reached at {self.uri}")
        return Unavailable(SYSTEM, "it answered with an error of its own")


_IMPORTING = Lock()


def _errors() -> tuple[type[Exception], type[Exception]]:
    """What the client raises. It takes two seconds to import, and only who has an MLflow needs it;
    imported by two threads at once, its parts find each other half made."""
    with _IMPORTING:
        from google.protobuf.json_format import Error  # type: ignore[import-untyped]
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient  # noqa: F401 the rest of it, while nobody else does

        return MlflowException, Error


def _client(uri: str, timeout: int) -> Any:
    from mlflow.environment_variables import (
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES,
        MLFLOW_HTTP_REQUEST_TIMEOUT,
    )
    from mlflow.tracking import MlflowClient

    # Its own defaults, two minutes and seven tries, would hold a person's click for long.
    MLFLOW_HTTP_REQUEST_TIMEOUT.set(timeout)
    MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(1)
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    return MlflowClient(tracking_uri=uri, registry_uri=uri)
