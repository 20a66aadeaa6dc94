"""What may be told to people outside: no names, no jargon, no blame."""

import re
from collections.abc import Iterable

from knowledge.summary.blameless import blameless

_JARGON = re.compile(
    r"\b(?:k8s|kubernetes|pods?|nodes?|kubelet|oom\w*|cpu|gpu|xid|heap|pprof|dmesg|kernel|conntrack"
    r"|tcp|tls|dns|nxdomain|cname|soa|ttl|sql|ddl|index(?:es)?|quer(?:y|ies)|deadlock\w*|mutex"
    r"|thread ?pool|goroutines?|cache|caches|cached|stampede|shards?|replicas?|brokers?|partitions?"
    r"|consumers?|kafka|rabbitmq|redis|postgres\w*|mysql|airflow|dag|dags|etl|schema|migration\w*"
    r"|canary|champion|alias\w*|rollback|rolled? back|revert\w*|deploy\w*|hotfix|build|commit"
    r"|merge\w*|flags?|config\w*|endpoints?|api|apis|http|json|regex|cron|lambda|webhook\w*|proxy"
    r"|ingress|vpn|p9\d|qps|rps|psi|mae|auc|drift\w*|inference|embedding\w*|features?|timeouts?"
    r"|failover|failed over|drained|cordon\w*|throttl\w*|rate.?limit\w*|handshake\w*|latency|stderr"
    r"|log|logs|alerts?|sev[1-4])\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[a-z]+_[a-z_]+|\w=\w|`|/\w+/\w+|\b[a-z]+-[a-z-]*\d[\w.-]*|\bv?\d+\.\d+\.\d+\b|\bv\d+\b"
    r"|\b[a-z]+[A-Z]\w+|\b[A-Z][a-z]+[A-Z]\w+|\b[\w-]+\.[a-z]{2,}\b"
)
"""Names of things in a computer: with underscores, digits or capitals inside."""
_KINDS = {
    "A recent change was undone": r"\broll(?:ed|ing)?.?back|\brevert\w*|\bundone\b"
    r"|\bback (?:to|on)\b|\brestored\b|\bis back\b",
    "A recent change was switched off": r"\boff\b|\bdisabled\b|-> ?0\b",
    "We have moved to a backup": r"\bfail(?:ed)?.?over\b|\bbackup\b|\bfallback\b|\brerouted\b"
    r"|\bstandby\b|\bsecond (?:provider|region|site)\b",
    "Part of the system was restarted or replaced": r"\brestart\w*|\breboot\w*|\bkilled\b"
    r"|\bdrained\b|\breplaced\b",
    "We have added capacity": r"\bscal(?:ed|ing)\b|\bresiz\w+|\braised\b|\bincreased\b"
    r"|\bmore (?:pods|nodes|memory|capacity)\b",
    "A fix is in place": r"\bfix\w*|\bpatch\w*|\bhotfix\w*|\bdeployed\b|\breleased\b"
    r"|\brolled out\b",
    "Data that was affected is being redone": r"\brerun|\breran|\breplay\w*|\bbackfill\w*"
    r"|\brebuil\w+",
}
"""What is done in an incident, as it is told to those who do not do it."""
_MEASURES = tuple((re.compile(words, re.IGNORECASE), plain) for plain, words in _KINDS.items())
_ACTION_NOTE = re.compile(r"\s*\(corrected\)")


def measure(text: str) -> str:
    """The kind of measure that a note tells of, in plain words; empty where it is none of them."""
    return next((plain for words, plain in _MEASURES if words.search(text)), "")


def for_outsiders(text: str, people: Iterable[str], service: str = "") -> str:
    """The sentence for people who do not work on it; empty where it says nothing to them."""
    told = blameless(_ACTION_NOTE.sub("", text), people)
    plain = told.replace(service, " ") if service else told
    if not told or _JARGON.search(plain) or _CODE.search(plain) or "an engineer" in told.lower():
        return ""
    return told
