"""Logging: one line per event on standard error, with secrets kept out."""

import logging
import re
import sys

_SECRET = re.compile(
    r"xox[abprs]-[\w-]+|xapp-[\w-]+|(?<=Bearer )\S+|(?<=://)[^/@\s:]*:[^/@\s]+(?=@)"
)


def masked(text: str) -> str:
    """The text without tokens, and without names and passwords in URLs."""
    return _SECRET.sub("***", text)


class _Masked(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def set_up(level: str) -> None:
    """Log to standard error; libraries only speak when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masked("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tandem").setLevel(level.upper())
