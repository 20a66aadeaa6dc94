"""JSON over HTTP for the adapters of other services: one request, its failures in our words."""

from collections.abc import Mapping
from functools import cache
from ssl import SSLContext
from typing import Any

import httpx

from knowledge.addresses import without_login
from knowledge.errors import Unavailable

TIMEOUT_S = 10.0
_WORDS = 300


class Refused(Unavailable):
    """The service answered, with a status that says no."""

    def __init__(self, system: str, why: str, status: int, *, retry: bool) -> None:
        super().__init__(system, why, retry=retry)
        self.status = status


class Rest:
    """A service's REST API under one base URL. Thread safe.

    Raises Unavailable with the service's own words; `retry` is True where waiting can help: it does
    not answer, is too busy (429) or failed itself (5xx).
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float = TIMEOUT_S,
    ) -> None:
        self.system = system
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._auth = auth
        self._timeout = timeout

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON, or {} where it has none. `content` goes out as it is, for what is
        signed; `headers` join those of every request."""
        response = self.send(method, path, body, params, content=content, headers=headers)
        answer = _json(response)
        if answer is None and response.content.strip():
            raise Unavailable(self.system, "its answer is no JSON; check its address")
        return {} if answer is None else answer

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        *,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer as it came, where its headers count. Raises Refused for a status of 400 and
        more, or of a redirection."""
        try:
            # A connection of its own: requests are rare, and there is nothing to close.
            response = httpx.request(
                method,
                f"{self.base_url}{path}",
                json=body,
                content=content,
                data=form,
                params=params,
                headers={**self._headers, **(headers or {})},
                auth=self._auth,
                timeout=self._timeout,
                verify=_trusted(),
            )
        except httpx.TimeoutException as error:
            raise Unavailable(self.system, "it did not answer in time") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            why = f"{without_login(self.base_url)!r} is not its address"
            raise Unavailable(self.system, why, retry=False) from error
        except httpx.HTTPError as error:
            why = f"it cannot be reached ({type(error).__name__})"
            raise Unavailable(self.system, why) from error
        if response.is_success:
            return response
        raise Refused(
            self.system,
            _why(response, _json(response)),
            response.status_code,
            retry=_may_heal(response),
        )


@cache
def _trusted() -> SSLContext:
    """Made once: reading the certificates takes longer than a request."""
    return httpx.create_ssl_context()


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _may_heal(response: httpx.Response) -> bool:
    if response.status_code == 403:
        # GitHub refuses with 403 where others say 429.
        limited = response.headers.get("x-ratelimit-remaining") == "0"
        return limited or "retry-after" in response.headers
    return response.status_code in (408, 425, 429) or response.status_code >= 500


def _why(response: httpx.Response, answer: Any) -> str:
    said = _said(answer)
    wait = response.headers.get("retry-after", "")
    waits = f", asks to wait {wait} s" if wait.isdigit() else ""
    return f"answers {response.status_code}{waits}" + (f": {said[:_WORDS]}" if said else "")


def _said(answer: Any) -> str:
    """What services put their reasons into: PagerDuty, Opsgenie, Jira, ServiceNow, GitHub;
    Airflow ("detail"), Argo and Kubeflow ("message")."""
    if not isinstance(answer, dict):
        return ""
    error, detail = answer.get("error"), answer.get("detail")
    parts = [
        str(answer.get("message") or ""),
        detail if isinstance(detail, str) else "",
        error if isinstance(error, str) else "",
        *(
            (str(error.get("message") or ""), str(error.get("detail") or ""))
            if isinstance(error, dict)
            else ()
        ),
        *_listed(answer.get("errorMessages")),
        *(_listed(detail) if isinstance(detail, list) else ()),
        *_listed(answer.get("errors")),
    ]
    return "; ".join(part for part in parts if part)


def _listed(errors: Any) -> list[str]:
    if isinstance(errors, dict):
        return [f"{field}: {problem}" for field, problem in errors.items()]
    if isinstance(errors, list):
        return [
            " ".join(str(e[k]) for k in ("field", "message", "msg", "code") if e.get(k))
            if isinstance(e, dict)
            else str(e)
            for e in errors
        ]
    return []
