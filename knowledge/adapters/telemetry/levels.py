"""Levels of log lines, as sources write them, in one way."""

_LEVELS = {
    "warn": "warning",
    "err": "error",
    "crit": "critical",
    "emerg": "critical",
    "emergency": "critical",
    "alert": "critical",
    "fatal": "critical",
    "panic": "critical",
    "information": "info",
    "informational": "info",
    "notice": "info",
    "unknown": "",
    "unspecified": "",
}
_NUMBERED = ("trace", "debug", "info", "warning", "error", "critical")


def level_of(text: object) -> str:
    """Lower case; "" where the source does not say. OpenTelemetry's "ERROR2" is an error."""
    word = str(text or "").strip().lower().rstrip("0123456789")
    return _LEVELS.get(word, word)


def level_of_number(number: int) -> str:
    """OpenTelemetry's severity numbers: 1-4 trace, 5-8 debug ... 21-24 fatal; 0 is unspecified."""
    return _NUMBERED[(number - 1) // 4] if 1 <= number <= 24 else ""
