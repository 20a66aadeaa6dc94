"""Steps that are one HTTP request, to origins that the runners' file names.

The address is resolved once, checked, and that very address is connected to: a name cannot lead to
another machine between the check and the call. Redirects are not followed.
"""

import ipaddress
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

import httpx

from knowledge.errors import Unavailable, UserError
from knowledge.ports.remediation import Ended, Outcome, Place
from knowledge.runbooks.actions import Action, Http
from knowledge.runbooks.runners_file import SETTING, HostSpec, HttpSpec, origin_of

POLL_S = 0.05
CONNECT_S = 5.0
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses of IPv6 that a gateway turns into ones of IPv4 (RFC 6052)."""
Resolve = Callable[[str, int], list[str]]
"""The addresses of a host's name. Raises OSError."""


def resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    body: object = None


@dataclass(frozen=True)
class HttpRunner:
    """`ports.Runner`. `headers` gives the secret headers of an origin."""

    spec: HttpSpec
    headers: Mapping[str, Mapping[str, str]]
    most_bytes: int
    resolve: Resolve = resolve

    def facts(self, action: Action) -> str:
        for request in _requests(action):
            self._host(request)
        return ""

    def can_try(self, action: Action) -> bool:
        return _http(action).dry_url is not None

    def try_out(self, action: Action, place: Place) -> Outcome:
        http = _http(action)
        if http.dry_url is None:
            raise UserError("This step has no dry run: give it a dry_url.")
        return self._send(_Request(http.dry_method, http.dry_url), (), place)

    def run(self, action: Action, place: Place) -> Outcome:
        http = _http(action)
        return self._send(_Request(http.method, http.url, http.body), http.expect, place)

    def _host(self, request: _Request) -> HostSpec:
        """The entry that allows it. Raises UserError."""
        origin = origin_of(request.url)
        known = [host for host in self.spec.host if host.url == origin]
        if not known:
            raise UserError(f"{origin} may not be called; {SETTING} names no such [[http.host]].")
        path = unquote(urlsplit(request.url).path) or "/"
        for host in known:
            if request.method in host.methods and any(fnmatchcase(path, p) for p in host.paths):
                return host
        raise UserError(
            f"{request.method} {path} may not be called at {origin}; {SETTING} allows there "
            f"{', '.join(known[0].methods)} on {', '.join(known[0].paths)}."
        )

    def _send(self, request: _Request, expect: tuple[int, ...], place: Place) -> Outcome:
        host = self._host(request)
        address = self._address(host)
        client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(place.time_limit.total_seconds(), connect=CONNECT_S),
        )
        answers: queue.Queue[Outcome | Unavailable] = queue.Queue()

        def call() -> None:
            try:
                answers.put(self._call(client, request, host, address, expect))
            except httpx.HTTPError as error:
                answers.put(_translated(error, request))
            except RuntimeError:  # The client was closed under it: nobody waits any more.
                return

        threading.Thread(target=call, daemon=True).start()
        try:
            return _wait(answers, place)
        finally:
            client.close()

    def _call(
        self,
        client: httpx.Client,
        request: _Request,
        host: HostSpec,
        address: str,
        expect: tuple[int, ...],
    ) -> Outcome:
        url = httpx.URL(request.url)
        named = url.host
        pinned = url.copy_with(host=address)
        default = {"http": 80, "https": 443}[url.scheme]
        headers = {
            "User-Agent": "tandem-runbook",
            "Accept": "application/json, text/plain, */*",
            "Accept-Encoding": "identity",
            **self.headers.get(host.url, {}),
            "Host": named if url.port in (None, default) else f"{named}:{url.port}",
        }
        with client.stream(
            request.method,
            pinned,
            headers=headers,
            json=request.body,
            extensions={"sni_hostname": named},
        ) as response:
            body, more = _bounded(response.iter_raw(), self.most_bytes)
        good = response.status_code in expect if expect else response.is_success
        text = _told(response, body, more)
        return Outcome(Ended.DONE if good else Ended.FAILED, text, response.status_code)

    def _address(self, host: HostSpec) -> str:
        """One of its addresses, all of which must be allowed. Raises UserError, Unavailable."""
        parts = urlsplit(host.url)
        name = parts.hostname or ""
        try:
            addresses = self.resolve(name, parts.port or 80)
        except OSError as error:
            raise Unavailable(name, "its name leads to no address") from error
        if not addresses:
            raise Unavailable(name, "its name leads to no address")
        for text in addresses:
            if not host.private and not _is_public(text):
                raise UserError(
                    f"{name} leads to {text}, which is a private address; {SETTING} allows that "
                    "with `private = true`."
                )
        return addresses[0]


def _is_public(address: str) -> bool:
    """Also addresses of IPv4 in those of IPv6 are looked at as what they lead to."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        within = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            within = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if within is not None:
            return within.is_global
    return found.is_global and not found.is_multicast


def _http(action: Action) -> Http:
    if not isinstance(action, Http):
        raise TypeError(f"{action.kind} is no HTTP step")
    return action


def _requests(action: Action) -> Iterator[_Request]:
    http = _http(action)
    yield _Request(http.method, http.url)
    if http.dry_url is not None:
        yield _Request(http.dry_method, http.dry_url)


def _bounded(chunks: Iterator[bytes], most: int) -> tuple[bytes, bool]:
    """What came, and whether there was more than may come."""
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > most:
            return bytes(found[:most]), True
    return bytes(found), False


def _told(response: httpx.Response, body: bytes, more: bool) -> str:
    first = f"HTTP {response.status_code} {response.reason_phrase}".rstrip()
    if response.has_redirect_location:
        first += f" to {response.headers['location']} (not followed)"
    text = body.decode("utf-8", "replace")
    if "json" in response.headers.get("content-type", "") and not more:
        text = _pretty(text)
    return "\n".join(filter(None, (first, text, "[the rest is left out]" if more else "")))


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _wait(answers: "queue.Queue[Outcome | Unavailable]", place: Place) -> Outcome:
    until = time.monotonic() + place.time_limit.total_seconds()
    sent = "The request was sent; what it did there is not known."
    while True:
        try:
            answer = answers.get(timeout=POLL_S)
        except queue.Empty:
            if place.stop():
                return Outcome(Ended.CANCELLED, sent)
            if time.monotonic() > until:
                return Outcome(Ended.TIMED_OUT, sent)
            continue
        if isinstance(answer, Unavailable):
            return Outcome(Ended.FAILED, str(answer))
        return answer


def _translated(error: httpx.HTTPError, request: _Request) -> Unavailable:
    host = urlsplit(request.url).netloc
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Unavailable(host, "it cannot be reached; nothing was sent")
    if isinstance(error, httpx.TimeoutException):
        return Unavailable(host, "it took too long; what it did is not known")
    return Unavailable(host, f"the call broke off: {error}; what it did is not known")
