"""Logging: one line per event on standard error, with secrets kept out.

A line says to which trace it belongs (`knowledge.tracing`): by that id the lines of one request of
a person, or of one webhook, are found, and its spans.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from knowledge.on_behalf import behalf
from knowledge.tracing import trace

_SECRET = re.compile(
    r"xox[abeprs]-[\w-]+|xapp-[\w-]+|(?<=://)[^/@\s:]*:[^/\s]+(?=@)"
    r"|(?<=bearer )\S+|(?<=authorization: basic )[A-Za-z0-9+/=_-]+"
    r"|gh[pousr]_\w{16,}|github_pat_\w{20,}|glpat-[\w-]{12,}|sk-[\w-]{12,}|(?:AKIA|ASIA)\w{12,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=[?&])(?P<name>[\w-]*(?:token|secret|password|passwd|api_?key|signature))=[^&\s\"']+",
    re.IGNORECASE | re.DOTALL,
)
"""Tokens by how they begin; what follows a scheme; logins in addresses, and what is given to them
by name."""

Format = Literal["text", "json"]


def masked(text: str) -> str:
    """The text without tokens, and without names and passwords in URLs."""
    return _SECRET.sub(lambda found: f"{found['name']}=***" if found["name"] else "***", text)


class _Text(logging.Formatter):
    """For people."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        return f"{line} trace={trace().id}" if trace().id else line

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _Json(logging.Formatter):
    """One object a line. `trace` and `span` are there inside a trace, `turn`, `user` and `skill`
    while a person's request is answered, `error` with an exception."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        asked, here = behalf(), trace()
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "thread": record.threadName,
            "trace": here.id,
            "span": here.span,
            "turn": asked.turn,
            "user": asked.user,
            "skill": asked.purpose,
            "error": self.formatException(record.exc_info) if record.exc_info else "",
        }
        # Masked value by value: what is masked must not reach over the end of a text.
        return json.dumps({k: masked(str(v)) for k, v in line.items() if v}, ensure_ascii=False)


def set_up(level: str, kind: Format = "text") -> None:
    """Log to standard error; libraries only speak when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    text = _Text("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_Json() if kind == "json" else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tandem").setLevel(level.upper())
