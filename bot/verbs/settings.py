"""`tandem settings`: list every setting, as docs/reference/settings.md does."""

import argparse

from pydantic import SecretStr

from bot.settings import Settings, is_secret
from bot.verbs import Parsers


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("settings", help="list every setting")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    print(table())
    return 0


def table() -> str:
    """Markdown: variable, default, what it is for; a star where a file may hold it."""
    lines = ["| variable | default | what it is for |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        value = f"`{shown}`" if shown not in ("", None) else ""
        star = " \\*" if is_secret(name, field) else ""
        lines.append(f"| `{name.upper()}`{star} | {value} | {field.description} |")
    return "\n".join(lines)
