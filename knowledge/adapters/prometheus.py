"""Prometheus over its HTTP API v1."""

from datetime import UTC, datetime
from time import monotonic
from typing import Any

import httpx
import numpy as np
import orjson

from knowledge.addresses import without_login
from knowledge.errors import Unavailable, UserError
from knowledge.records import Sample, Series

MOST_POINTS = 11_000
"""Prometheus refuses a range query that would give more points per series."""
CONNECTIONS = 32
"""Questions at a time; more wait for a connection, within their timeout."""


class Prometheus:
    """The Metrics port. Values that are not numbers (NaN) are left out; infinities are kept.

    Raises UserError for a query that Prometheus rejects, with its own words, and Unavailable when
    it cannot be reached, is too slow or answers something else.
    """

    def __init__(
        self,
        url: str,
        timeout: float = 10.0,
        client: httpx.Client | None = None,
        *,
        name: str = "prometheus",
        token: str = "",
    ) -> None:
        """`timeout` in seconds, for one question; `client` when it needs its own headers or
        transport; `name` is what messages call it; `token` is sent as a bearer token."""
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._name = name
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = client or httpx.Client(timeout=timeout, limits=limits, headers=headers)
        self.warnings: tuple[str, ...] = ()
        """What Prometheus warned of in its last answer, for `tandem doctor` and the log."""

    def instant(self, query: str, at: datetime) -> list[Sample]:
        data = self._ask("query", {"query": query, "time": str(at.timestamp())})
        kind, result = data["resultType"], data["result"]
        if kind == "vector":
            samples = [_sample(one["metric"], one["value"]) for one in result]
        elif kind == "scalar":
            samples = [_sample({}, result)]
        else:
            raise UserError(f"{query!r} gives a {kind}; a monitor needs a vector or a scalar.")
        return [sample for sample in samples if not np.isnan(sample.value)]

    def range(self, query: str, start: datetime, end: datetime, step_s: float) -> list[Series]:
        """The step is made longer where it would give more points than Prometheus allows."""
        step = max(step_s, (end - start).total_seconds() / (MOST_POINTS - 1))
        data = self._ask(
            "query_range",
            {
                "query": query,
                "start": str(start.timestamp()),
                "end": str(end.timestamp()),
                "step": str(step),
            },
        )
        series = [_series(one["metric"], one["values"]) for one in data["result"]]
        return [one for one in series if len(one.times)]

    def close(self) -> None:
        self._client.close()

    def _ask(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        # POST, since a query may be longer than a URL may be.
        try:
            response, content = self._posted(f"{self._url}/api/v1/{path}", form)
        except httpx.TimeoutException as error:
            raise Unavailable(self._name, f"took longer than {self._timeout:g} s") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            where = "PROMETHEUS_URL" if self._name == "prometheus" else f"source {self._name!r}"
            raise UserError(
                f"{where}: {without_login(self._url)!r} is not a URL: {error}"
            ) from error
        except httpx.HTTPError as error:
            where = without_login(self._url)
            raise Unavailable(self._name, f"{where} does not answer: {error}") from error
        answer = self._json(response, content)
        if answer.get("status") == "success" and isinstance(answer.get("data"), dict):
            self.warnings = tuple(answer.get("warnings") or ())
            return dict(answer["data"])
        message = answer.get("error") or f"HTTP {response.status_code}"
        if answer.get("errorType") in ("bad_data", "execution"):
            raise UserError(f"Prometheus rejects {form['query']!r}: {message}")
        retry = response.status_code >= 500 or response.status_code == 429
        raise Unavailable(self._name, str(message), retry=retry)

    def _posted(self, url: str, form: dict[str, str]) -> tuple[httpx.Response, bytes]:
        """The answer and what is in it, within the timeout: the client counts its own from byte to
        byte, so that an answer that drips would hold a thread for ever."""
        until = monotonic() + self._timeout
        content = bytearray()
        with self._client.stream("POST", url, data=form) as response:
            for part in response.iter_bytes():
                content += part
                if monotonic() > until:
                    raise httpx.ReadTimeout("its answer drips", request=response.request)
        return response, bytes(content)

    def _json(self, response: httpx.Response, content: bytes) -> dict[str, Any]:
        """Proxies answer with pages of HTML: that is no Prometheus, whatever its status."""
        try:
            answer = orjson.loads(content)
        except ValueError as error:
            where = without_login(str(response.url))
            why = f"{where} answers HTTP {response.status_code} without JSON"
            raise Unavailable(self._name, f"{why}; is this a Prometheus?") from error
        return answer if isinstance(answer, dict) else {}


def _sample(labels: dict[str, str], pair: list[Any]) -> Sample:
    # float() reads Prometheus's "NaN", "+Inf" and "-Inf".
    return Sample(labels, datetime.fromtimestamp(float(pair[0]), UTC), float(pair[1]))


def _series(labels: dict[str, str], pairs: list[list[Any]]) -> Series:
    points = np.array([(float(at), float(value)) for at, value in pairs], dtype=np.float64)
    points = points.reshape(-1, 2)
    kept = points[~np.isnan(points[:, 1])]
    return Series(labels, kept[:, 0], kept[:, 1])
