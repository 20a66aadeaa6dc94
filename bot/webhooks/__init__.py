"""One pure parser per source of webhooks. A new one is a module and a line here."""

from collections.abc import Mapping

from bot.webhooks import alertmanager
from bot.webhooks.parsed import Parsed, Parser, Refused
from knowledge.errors import NotFound

__all__ = ["PARSERS", "Parsed", "Parser", "Refused", "parser_for"]

PARSERS: Mapping[str, Parser] = {"alertmanager": alertmanager.parse}
"""By the last part of the address: POST /signals/alertmanager."""


def parser_for(source: str) -> Parser:
    """Raises NotFound with the sources there are."""
    try:
        return PARSERS[source]
    except KeyError:
        raise NotFound.among("source of signals", source, PARSERS) from None
