"""One pure parser per source of webhooks, and one per source of changes.

A new one is a module and a line in `registry`. `source_file` reads who may send what.
"""

from bot.webhooks.parsed import Handshake, Parsed, ParsedChanges, Parser, Refused
from bot.webhooks.registry import CHANGE_PARSERS, PARSERS, parser_for
from bot.webhooks.source_file import parse_sources
from bot.webhooks.sources import Sources, built_in, read, read_changes

__all__ = [
    "CHANGE_PARSERS",
    "PARSERS",
    "Handshake",
    "Parsed",
    "ParsedChanges",
    "Parser",
    "Refused",
    "Sources",
    "built_in",
    "parse_sources",
    "parser_for",
    "read",
    "read_changes",
]
