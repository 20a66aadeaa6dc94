"""`tandem settings`: list every setting, as docs/reference/settings.md does."""

import argparse

from pydantic import SecretStr

from bot.settings import Settings
from bot.verbs import Parsers


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("settings", help="list every setting")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    print(table())
    return 0


def table() -> str:
    """Markdown: variable, default, what it is for."""
    lines = ["| variable | default | what it is for |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        value = f"`{shown}`" if shown not in ("", None) else ""
        lines.append(f"| `{name.upper()}` | {value} | {field.description} |")
    return "\n".join(lines)
