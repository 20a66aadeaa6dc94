"""The settings' file of webhook sources -> `Sources`; secrets come from the environment."""

import os
from pathlib import Path

from dotenv import dotenv_values

from bot.settings import Settings
from bot.webhooks import Sources, built_in, parse_sources
from knowledge.errors import UserError
from knowledge.secret_files import find_secret


def make_sources(settings: Settings) -> Sources:
    """Raises UserError that names file, source, field and remedy."""
    token = settings.tandem_webhook_token.get_secret_value()
    if settings.tandem_sources is None:
        return built_in(token)
    return load_sources(settings.tandem_sources, token)


def load_sources(path: Path, token: str = "", *, secrets: bool = True) -> Sources:
    """Read a file. `secrets=False` looks up none of them: for trying a payload."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UserError(f"TANDEM_SOURCES: {path} cannot be read: {why}.") from error
    # As the settings: the environment, then a .env file in the folder where Tandem starts.
    written = dotenv_values(".env")
    return parse_sources(
        text,
        str(path),
        lambda name: find_secret(name, os.environ, written),
        token,
        secrets=secrets,
    )
