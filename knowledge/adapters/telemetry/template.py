"""Queries with `$service` and `$window` in them: PromQL and LogQL.

A service's name may come from an alert, so from anywhere. It only ever stands inside a quoted
string, escaped for that string, and where the string is a regular expression, for that as well.
"""

import re

LONGEST_NAME = 200
"""Characters of a service's name; what is longer is no name."""

_LITERAL = re.compile(
    r"""(?P<operator>=~|!~|\|~)?(?P<space>\s*)"""
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)""",
    re.DOTALL,
)
_SERVICE = re.compile(r"\$service\b")
_WINDOW = re.compile(r"\$window\b")
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def is_name(service: str) -> bool:
    """Whether a service can be called so: printable, and not too long."""
    return 0 < len(service) <= LONGEST_NAME and service.isprintable()


def check_template(template: str) -> str:
    """The template itself. Raises ValueError with the remedy."""
    if not _SERVICE.search(template):
        raise ValueError("it does not say $service, so it would be the same for every service")
    outside = _LITERAL.sub(lambda match: _in_backticks(match[0], match["text"]), template)
    if _SERVICE.search(outside):
        raise ValueError('write $service inside quotes, as in service="$service"')
    return template


def fill(template: str, service: str, window_s: float) -> str:
    """The query for one service, with `$window` as a length of time in seconds."""

    def put(match: re.Match[str]) -> str:
        text = match["text"]
        named = _escaped_pattern(service) if match["operator"] else service
        inside = _SERVICE.sub(lambda _: _escaped(named, text[0]), text)
        return f"{match['operator'] or ''}{match['space']}{inside}"

    return _LITERAL.sub(put, _WINDOW.sub(f"{max(1, round(window_s))}s", template))


def quoted(text: str) -> str:
    """A string of PromQL, LogQL and TraceQL."""
    return f'"{_escaped(text, chr(34))}"'


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")


def _escaped_pattern(text: str) -> str:
    """For RE2, which knows fewer escapes than Python's `re.escape` makes."""
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", text)


def _in_backticks(whole: str, text: str) -> str:
    """Strings in backticks know no escapes, so nothing may be put into them."""
    return whole if text.startswith("`") else ""
