"""Pure: what a question about past incidents limits them to, in words.

"like this on checkout since March, resolved only" compares with the incident at hand and gives the
service checkout, 2026-03-01 on, those that say what fixed them. In a symptom ("timeouts on
checkout") a service stays a word of the symptom; only a date, a severity and "resolved only" are
taken out of it.
"""

import re
from calendar import month_abbr
from dataclasses import replace
from datetime import date, timedelta

from knowledge.errors import BadArgs
from knowledge.incidents import read_severity
from knowledge.records import Filters

_MONTHS = {name.lower(): number for number, name in enumerate(month_abbr) if name}
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*(?:\s+(?P<year>20\d\d))?"
_DAY = r"(?P<day>20\d\d-\d\d-\d\d)"
_PERIOD = r"(?P<alone>20\d\d)|last\s+(?P<unit>week|month|quarter|year)|yesterday"
_WHEN = rf"(?:{_DAY}|{_MONTH}|{_PERIOD})(?![\w:])"
_SINCE = re.compile(rf",?\s*\b(?:since|after)\s+{_WHEN}", re.IGNORECASE)
_UNTIL = re.compile(rf",?\s*\b(?:until|till|before|up to)\s+{_WHEN}", re.IGNORECASE)
_LAST = re.compile(
    r",?\s*\b(?:in|over|within)\s+the\s+(?:last|past)\s+(?P<count>\d+)?\s*"
    r"(?P<unit>day|week|month|quarter|year)s?\b",
    re.IGNORECASE,
)
_RESOLVED = re.compile(
    r",?\s*\b(?:(?:only\s+)?(?:resolved|fixed|solved)(?:\s+ones)?\s+only|"
    r"only\s+(?:the\s+)?(?:resolved|fixed|solved)(?:\s+ones)?|with\s+a\s+(?:known\s+)?fix)\b",
    re.IGNORECASE,
)
_SEVERITY = re.compile(r",?\s*\b(?:only\s+)?sev[- ]?([1-4])s?(?:\s+only)?\b", re.IGNORECASE)
_SERVICE = re.compile(
    r"^(?P<like>.*?\b(?:this|that|it|one|inc-\d+|incidents?|outages?))\s+"
    r"(?:on|for|of|in|at)\s+(?P<service>[\w.-]+)\s*$",
    re.IGNORECASE,
)
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_LIKE_THIS = re.compile(
    r"^(?:(?:have|has|had|did|do|does|was|were|is|are|we|ever|seen|see|find|show|me|any|anything|"
    r"something|similar|like|past|previous|old|earlier|incidents?|outages?|ones?|to|that|this|it|"
    r"happen(?:ed)?|before|please|compare|with)[\s?.,!]*)*$",
    re.IGNORECASE,
)


def read_filters(text: str, today: date) -> tuple[str, Filters]:
    """The text without what limits it, and the limits. The rest is empty where it only points to
    the incident at hand ("like this")."""
    filters = Filters()
    rest, since = _taken(_LAST, text)
    if since:
        days = _DAYS[since["unit"].lower()] * int(since["count"] or 1)
        filters = replace(filters, since=(today - timedelta(days=days)).isoformat())
    rest, since = _taken(_SINCE, rest)
    if since:
        filters = replace(filters, since=_begin(since, today).isoformat())
    rest, until = _taken(_UNTIL, rest)
    if until:
        filters = replace(filters, until=(_begin(until, today) - timedelta(days=1)).isoformat())
    rest, resolved = _taken(_RESOLVED, rest)
    rest, severity = _taken(_SEVERITY, rest)
    filters = replace(
        filters,
        resolved_only=resolved is not None,
        severity=f"SEV{severity[1]}" if severity else "",
    )
    rest = rest.strip(" ,;")
    service = _SERVICE.match(rest)
    if service and _LIKE_THIS.match(service["like"].removesuffix("?")):
        rest, filters = service["like"], replace(filters, service=service["service"])
    return ("" if _LIKE_THIS.match(rest) else rest), filters


def given(service: str, since: str, until: str, severity: str, resolved: bool) -> Filters:
    """Filters given one by one. Raises BadArgs naming the field."""
    for name, value in (("since", since), ("until", until)):
        if value:
            _iso(name, value)
    level = read_severity(severity, "severity").value if severity else ""
    return Filters(service, since, until, level, resolved)


def merged(first: Filters, second: Filters) -> Filters:
    """What `first` says, else what `second` says."""
    return Filters(
        first.service or second.service,
        first.since or second.since,
        first.until or second.until,
        first.severity or second.severity,
        first.resolved_only or second.resolved_only,
    )


def say(filters: Filters) -> str:
    """ "on checkout, since 2026-03-01, resolved only"; empty without limits."""
    parts = (
        f"on {filters.service}" if filters.service else "",
        f"since {filters.since}" if filters.since else "",
        f"until {filters.until}" if filters.until else "",
        filters.severity,
        "resolved only" if filters.resolved_only else "",
    )
    return ", ".join(part for part in parts if part)


def _taken(rule: re.Pattern[str], text: str) -> tuple[str, "re.Match[str] | None"]:
    found = rule.search(text)
    if found is None:
        return text, None
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), found


def _begin(when: "re.Match[str]", today: date) -> date:
    """The first day of what was named; a month without a year is the last one that has begun."""
    if when["day"]:
        return _iso("since", when["day"])
    if when["month"]:
        number = _MONTHS[when["month"].lower()]
        last = today.year if number <= today.month else today.year - 1
        return date(int(when["year"] or last), number, 1)
    if when["alone"]:
        return date(int(when["alone"]), 1, 1)
    return today - timedelta(days=_DAYS[(when["unit"] or "day").lower()])


def _iso(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadArgs(name, f"{value!r} is no date", "Write it as 2026-03-01") from None
