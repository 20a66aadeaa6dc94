"""What words say: names of rules and severities, as public rule collections use them."""

import re
from functools import lru_cache

MOST_NAME = 200


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


URGENT = _words(
    "critical crit page fatal emergency disaster error high urgent alert sev1 sev2 p1 p2 1 2"
)
"""Severities for which somebody is woken."""
INFORMATION = _words("info information informational none ok debug notice low p5 sev5")
HEARTBEATS = _words("watchdog infoinhibitor deadmansswitch deadmanssnitch")
"""Rules that fire to show that alerting works."""

_SYMPTOMS = _words(
    """error errors failure failing failed 5xx 500 503 latency slow slowness timeout timeouts
    unavailable unavailability down unreachable outage crash crashing crashlooping looping loop
    unhealthy ready refused rejected dropped loss burn burnrate budget slo sli availability
    saturation saturated exhausted exhaustion throughput retry retries probe health healthcheck
    connection connections pool queue lag backlog oom oomkilled killed restart restarts restarting
    degraded drop spike exceptions exception deadlock stuck anomaly blackhole p50 p90 p95 p99 rps
    qps apdex response mismatch lost partition unresponsive stalled circuit breaker abort aborted"""
)
_CHORES = _words(
    """certificate cert certs tls ssl expire expires expiry expiring expiration renewal backup
    backups snapshot snapshots cron cronjob job jobs config configuration reload drift clock skew
    ntp quota overcommit version outdated deprecated upgrade update updates patch reboot license
    watchdog heartbeat inhibitor rule rules scrape exporter compaction retention orphan orphaned
    unused cost hpa autoscaler maxed throttling throttled inode inodes disk filesystem volume
    almost predicted predict fill vacuum autovacuum bloat dependency vulnerability cve audit policy
    lint secret rotation token log logs rotate image pull registry housekeeping cleanup stale old
    age"""
)
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+[a-z]*")


@lru_cache(maxsize=20_000)
def name_tokens(name: str) -> frozenset[str]:
    """Words of an alert's name: "KubePodNotReady" -> kube, pod, not, ready."""
    return frozenset(t.lower() for t in _TOKEN.findall(name[:MOST_NAME]))


def name_bias(name: str) -> float:
    """What a rule's name alone says, in nats: above 0 it sounds like a symptom people feel, below
    like a chore. A few alerts outweigh it."""
    tokens = name_tokens(name)
    return 0.5 * max(-2, min(2, len(tokens & _SYMPTOMS) - len(tokens & _CHORES)))
