"""A stand-in for Prometheus and Alertmanager where Debian's are not installed.

It speaks the parts of Prometheus's HTTP API that Tandem uses (instant and range queries of plain
selectors), evaluates the demo's rules, and sends Alertmanager's version 4 webhook. It holds half an
hour of history in memory, asks `past` for what was before, and is for the demo alone.
"""

import logging
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isfinite
from threading import Lock
from typing import Any
from zlib import crc32

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.demo.rules import RULES, Rule, filled
from bot.demo.world import Reading

log = logging.getLogger("tandem.demo.standin")

KEEP = timedelta(minutes=30)
LOOKBACK_S = 300.0
NEVER = "0001-01-01T00:00:00Z"

_SELECTOR = re.compile(r"\s*([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?\s*")
_MATCHER = re.compile(r'\s*(\w+)\s*=\s*"([^"]*)"\s*')

Key = tuple[str, tuple[tuple[str, str], ...]]


class Unreadable(ValueError):
    """A query beyond plain selectors."""


@dataclass
class Alert:
    """One series beyond one rule's limit."""

    rule: Rule
    labels: dict[str, str]
    since: datetime
    value: float
    fired: datetime | None = None
    ended: datetime | None = None


@dataclass
class StandIn:
    """Call `tick()` every second or two; `app()` is the HTTP side."""

    read: Callable[[datetime], list[Reading]]
    webhook: str
    own_url: str
    token: str = ""
    past: Callable[[str, datetime], list[Reading]] = lambda name, at: []
    """Readings of one metric at a moment before the stand-in was started."""
    _history: dict[Key, deque[tuple[float, float]]] = field(default_factory=dict)
    _alerts: dict[tuple[str, Key], Alert] = field(default_factory=dict)
    _unsent: dict[tuple[str, Key], Alert] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def tick(self, now: datetime) -> None:
        """Scrape, evaluate, send."""
        found = self.read(now)
        with self._lock:
            for name, labels, value in found:
                self._keep((name, tuple(sorted(labels.items()))), now, value)
                for rule in RULES:
                    if rule.metric == name:
                        self._evaluate(rule, dict(labels), value, now)
        self._send()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v1/query", self._query, methods=["GET", "POST"]),
                Route("/api/v1/query_range", self._range, methods=["GET", "POST"]),
                Route("/-/healthy", lambda _: PlainTextResponse("stand-in is healthy\n")),
                Route("/", self._front),
                Route("/graph", self._front),
            ]
        )

    def _keep(self, key: Key, now: datetime, value: float) -> None:
        points = self._history.setdefault(key, deque())
        points.append((now.timestamp(), value))
        while points[0][0] < now.timestamp() - KEEP.total_seconds():
            points.popleft()

    def _evaluate(self, rule: Rule, labels: dict[str, str], value: float, now: datetime) -> None:
        key = (rule.name, (rule.metric, tuple(sorted(labels.items()))))
        alert = self._alerts.get(key)
        if not rule.breached(value):
            if alert is not None:
                del self._alerts[key]
                if alert.fired:
                    alert.ended = now
                    self._unsent[key] = alert
            return
        if alert is None:
            alert = self._alerts[key] = Alert(rule, labels, now, value)
        alert.value = value
        if alert.fired is None and now - alert.since >= rule.lasting:
            alert.fired = now
            self._unsent[key] = alert

    def _send(self) -> None:
        """One webhook a service, as grouping by service would; what fails is sent again later."""
        with self._lock:
            waiting = dict(self._unsent)
        groups: dict[str, list[tuple[tuple[str, Key], Alert]]] = {}
        for key, alert in waiting.items():
            groups.setdefault(alert.labels.get("service", ""), []).append((key, alert))
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        for service, alerts in groups.items():
            body = self._payload(service, [alert for _, alert in alerts])
            try:
                httpx.post(self.webhook, json=body, headers=headers, timeout=5).raise_for_status()
            except httpx.HTTPError as error:
                log.warning("the webhook did not get through: %s", error)
                continue
            with self._lock:
                for key, alert in alerts:
                    if self._unsent.get(key) is alert:
                        del self._unsent[key]

    def _payload(self, service: str, alerts: list[Alert]) -> dict[str, Any]:
        group = {"service": service} if service else {}
        firing = any(a.ended is None for a in alerts)
        return {
            "version": "4",
            "groupKey": f'{{}}:{{service="{service}"}}',
            "truncatedAlerts": 0,
            "status": "firing" if firing else "resolved",
            "receiver": "tandem",
            "groupLabels": group,
            "commonLabels": group,
            "commonAnnotations": {},
            "externalURL": self.own_url,
            "alerts": [self._alert(a) for a in alerts],
        }

    def _alert(self, alert: Alert) -> dict[str, Any]:
        labels = {"alertname": alert.rule.name, "severity": alert.rule.severity, **alert.labels}
        identity = ";".join(f"{k}={v}" for k, v in sorted(labels.items()))
        return {
            "status": "resolved" if alert.ended else "firing",
            "labels": labels,
            "annotations": {
                "summary": filled(alert.rule.summary, alert.labels, alert.value),
                "description": filled(alert.rule.description, alert.labels, alert.value),
                "runbook_url": alert.rule.runbook,
            },
            "startsAt": _iso(alert.fired or alert.since),
            "endsAt": _iso(alert.ended) if alert.ended else NEVER,
            "generatorURL": f"{self.own_url}/graph?g0.expr={alert.rule.metric}",
            "fingerprint": f"{crc32(identity.encode()):08x}{crc32(identity[::-1].encode()):08x}",
        }

    async def _query(self, request: Request) -> Response:
        given = await _given(request)
        try:
            at = _number({"time": str(datetime.now(UTC).timestamp()), **given}, "time")
            chosen = self._chosen(given.get("query", ""))
        except Unreadable as error:
            return _bad(str(error))
        result = [
            {"metric": _metric(key), "value": [at, f"{value:.6g}"]}
            for key, points in chosen
            if (value := _value_at(points, at)) is not None
        ]
        return _good("vector", result)

    async def _range(self, request: Request) -> Response:
        given = await _given(request)
        try:
            start, end, step = (_number(given, name) for name in ("start", "end", "step"))
            chosen = self._chosen(given.get("query", ""))
        except Unreadable as error:
            return _bad(str(error))
        if step <= 0 or (end - start) / step > 11_000:
            return _bad("exceeded maximum resolution of 11,000 points per timeseries")
        moments = [start + step * i for i in range(int((end - start) / step) + 1)]
        began = min((points[0][0] for _, points in chosen), default=end)
        before = self._before(chosen, [t for t in moments if t < began])
        result = []
        for key, points in chosen:
            known = before.get(key, []) + [
                (t, v) for t in moments if t >= began and (v := _value_at(points, t)) is not None
            ]
            if known:
                result.append(
                    {"metric": _metric(key), "values": [[t, f"{v:.6g}"] for t, v in known]}
                )
        return _good("matrix", result)

    def _chosen(self, query: str) -> list[tuple[Key, list[tuple[float, float]]]]:
        found = _SELECTOR.fullmatch(query)
        if found is None:
            raise Unreadable(f"this stand-in reads plain selectors only, not {query!r}")
        wanted = []
        for part in filter(None, (found[2] or "").split(",")):
            matcher = _MATCHER.fullmatch(part)
            if matcher is None:
                raise Unreadable(f'this stand-in reads label="value" only, not {part!r}')
            wanted.append((matcher[1], matcher[2]))
        with self._lock:
            return [
                (key, list(points))
                for key, points in self._history.items()
                if key[0] == found[1] and set(wanted) <= set(key[1])
            ]

    def _before(
        self, chosen: list[tuple[Key, list[tuple[float, float]]]], moments: list[float]
    ) -> dict[Key, list[tuple[float, float]]]:
        """The series' points at those moments, as the world has them."""
        wanted = {key for key, _ in chosen}
        found: dict[Key, list[tuple[float, float]]] = {}
        for name in {key[0] for key in wanted}:
            for moment in moments:
                for metric, labels, value in self.past(name, datetime.fromtimestamp(moment, UTC)):
                    key = (metric, tuple(sorted(labels.items())))
                    if key in wanted:
                        found.setdefault(key, []).append((moment, value))
        return found

    async def _front(self, _: Request) -> Response:
        return PlainTextResponse(
            "This is the demo's stand-in for Prometheus: it answers /api/v1/query and "
            "/api/v1/query_range. Install Debian's prometheus to see the real one here.\n"
        )


async def _given(request: Request) -> Mapping[str, str]:
    form = await request.form() if request.method == "POST" else {}
    return {**request.query_params, **{k: str(v) for k, v in form.items()}}


def _number(given: Mapping[str, str], name: str) -> float:
    try:
        number = float(given[name])
    except (KeyError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise Unreadable(f'invalid parameter "{name}": a number is needed')
    return number


def _value_at(points: list[tuple[float, float]], at: float) -> float | None:
    past = [v for t, v in points if at - LOOKBACK_S < t <= at]
    return past[-1] if past else None


def _metric(key: Key) -> dict[str, str]:
    return {"__name__": key[0], **dict(key[1])}


def _good(kind: str, result: list[dict[str, Any]]) -> Response:
    return JSONResponse({"status": "success", "data": {"resultType": kind, "result": result}})


def _bad(why: str) -> Response:
    return JSONResponse({"status": "error", "errorType": "bad_data", "error": why}, 400)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
