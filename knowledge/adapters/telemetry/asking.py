"""JSON over HTTP from the services that keep telemetry, within bounds of size and time.

Only the host that the file names is asked: redirections are not followed, and proxies of the
environment are not used.
"""

import base64
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from ssl import SSLContext
from typing import Any, TypeVar

import httpx
import orjson

from knowledge.adapters.rest import Refused
from knowledge.addresses import without_login
from knowledge.errors import TandemError, Unavailable

MOST_BYTES = 64 * 2**20
"""Of one answer."""
AT_ONCE = 8
"""Questions to one service at a time."""
MOST_SECONDS = 15.0
"""For all questions of one call; those under way then end in their own time, unheard."""
MOST_FAILURES = 3
"""After so many questions that failed, the others are not asked any more."""
_WORDS = 300

K = TypeVar("K")
T = TypeVar("T")

log = logging.getLogger(__name__)


def log_failure(words: str) -> None:
    """Where nobody else is told what was left out."""
    log.warning("telemetry: %s", words)


def open_client(
    timeout: float,
    headers: Mapping[str, str] | None = None,
    most_bytes: int = MOST_BYTES,
) -> httpx.Client:
    """`timeout` in seconds is for a whole answer; httpx's own count from byte to byte."""
    transport = _Bounded(timeout, most_bytes)
    # Sizes are counted as they come, so nothing may be packed.
    fixed = {"Accept": "application/json", "Accept-Encoding": "identity"}
    return httpx.Client(
        timeout=timeout,
        transport=transport,
        headers={**fixed, **(headers or {})},
        trust_env=False,
        follow_redirects=False,
    )


def signed_in(token: str = "", user: str = "", password: str = "", key: str = "") -> dict[str, str]:
    """The header that says who asks: by a token, a name and password, or Elasticsearch's key."""
    if token:
        return {"Authorization": f"Bearer {token}"}
    if key:
        return {"Authorization": f"ApiKey {key}"}
    if user:
        both = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {both}"}
    return {}


class Asker:
    """One service. Thread safe. Raises Unavailable with the service's own words (Refused where it
    answers with a status that says no)."""

    def __init__(self, system: str, url: str, client: httpx.Client) -> None:
        self.system = system
        self._url = url.rstrip("/")
        self._client = client

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        return self._ask("GET", path, params, None)

    def post(
        self, path: str, body: Mapping[str, Any], params: Mapping[str, str | int] | None = None
    ) -> dict[str, Any]:
        return self._ask("POST", path, params, body)

    def close(self) -> None:
        self._client.close()

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        try:
            response = self._client.request(
                method,
                f"{self._url}{path}",
                params=params,
                json=None if body is None else dict(body),
            )
        except httpx.TimeoutException as error:
            raise Unavailable(self.system, "it did not answer in time") from error
        except TooLarge as error:
            raise Unavailable(self.system, str(error), retry=False) from error
        except httpx.HTTPError as error:
            why = f"{without_login(self._url)} cannot be reached ({type(error).__name__})"
            raise Unavailable(self.system, why) from error
        if not response.is_success:
            raise self._refused(response)
        answer = _json(response)
        if not isinstance(answer, dict):
            where = without_login(self._url)
            why = f"{where} answers something else than JSON objects; check its address"
            raise Unavailable(self.system, why, retry=False)
        return answer

    def _refused(self, response: httpx.Response) -> Refused:
        status = response.status_code
        if response.is_redirect:
            where = without_login(self._url)
            why = f"{where} leads elsewhere ({status}), which is not followed; check its address"
            return Refused(self.system, why, status, retry=False)
        said = _said(_json(response)) or response.text.strip()
        words = f"answers {status}" + (f": {said[:_WORDS]}" if said else "")
        return Refused(self.system, words, status, retry=status in (408, 425, 429) or status >= 500)


@contextmanager
def known_shape(system: str) -> Iterator[None]:
    """Around the reading of an answer. Raises Unavailable where it is not built as documented."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        why = f"its answer is not built as its documentation says ({type(error).__name__})"
        raise Unavailable(system, why, retry=False) from error


class TooLarge(httpx.TransportError):
    """An answer of more bytes than are read."""


def ask_all(
    questions: Mapping[K, Callable[[], T]],
    *,
    at_once: int = AT_ONCE,
    seconds: float = MOST_SECONDS,
    most_failures: int = MOST_FAILURES,
    system: str = "telemetry",
) -> tuple[dict[K, T], list[TandemError]]:
    """The answers there are, and what went wrong with the others. Where too many are Unavailable,
    or all together take too long, the rest is not asked."""
    answers: dict[K, T] = {}
    failures: list[TandemError] = []
    patience = _Patience(most_failures)
    pool = ThreadPoolExecutor(max_workers=max(1, min(at_once, len(questions))))
    try:
        asked = {
            pool.submit(copy_context().run, patience.ask, ask): key
            for key, ask in questions.items()
        }
        for future in as_completed(asked, timeout=seconds):
            try:
                answers[asked[future]] = future.result()
            except _NotAsked:
                continue
            except TandemError as error:
                failures.append(error)
    except TimeoutError:
        patience.end()
        failures.append(Unavailable(system, f"not all was read within {seconds:g} s"))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return answers, failures


class _NotAsked(Exception):
    """Too much had failed before."""


class _Patience:
    """Counts failures over threads."""

    def __init__(self, most_failures: int) -> None:
        self._left = most_failures
        self._lock = threading.Lock()

    def ask(self, ask: Callable[[], T]) -> T:
        if self._left <= 0:
            raise _NotAsked
        try:
            return ask()
        except Unavailable:
            with self._lock:
                self._left -= 1
            raise

    def end(self) -> None:
        with self._lock:
            self._left = 0


@cache
def _trusted() -> SSLContext:
    """Made once: reading the certificates takes longer than a request."""
    return httpx.create_ssl_context()


class _Bounded(httpx.HTTPTransport):
    """Answers that are too large or come too slowly are given up."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        super().__init__(verify=_trusted(), limits=httpx.Limits(max_connections=AT_ONCE))
        self._seconds = seconds
        self._most_bytes = most_bytes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + self._seconds
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _BoundedStream(response.stream, self._most_bytes, until)
        return response


class _BoundedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, most_bytes: int, until: float) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for chunk in self._stream:
            read += len(chunk)
            if read > self._most_bytes:
                large = f"its answer is larger than {self._most_bytes / 2**20:g} MB; ask for less"
                raise TooLarge(large)
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("its answer takes too long")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _json(response: httpx.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except ValueError:
        return None


def _said(answer: Any) -> str:
    """What services put their reasons into: Elasticsearch ("error.reason"), Jaeger ("errors"),
    Prometheus and Loki ("error")."""
    if not isinstance(answer, dict):
        return ""
    error = answer.get("error")
    if isinstance(error, dict):
        causes = [error, *(c for c in error.get("root_cause") or () if isinstance(c, dict))]
        return "; ".join(dict.fromkeys(str(c["reason"]) for c in causes if c.get("reason")))
    listed = [e for e in answer.get("errors") or () if isinstance(e, dict)]
    said = [str(error or answer.get("message") or ""), *(str(e.get("msg") or "") for e in listed)]
    return "; ".join(part for part in said if part)
