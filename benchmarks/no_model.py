"""The bot with an embedder that is never there; `benchmarks.memory` starts it.

Every bot is in this state until its model is loaded: routing and search go by words.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import NoReturn

from bot.build import Bot
from bot.log import set_up
from bot.settings import read_settings
from bot.verbs.run import Server, serve
from knowledge.errors import Unavailable


class NoEmbedder:
    """`Embedder` that is out of reach."""

    name = "none"
    dimensions = 384
    ready = False

    def encode(self, texts: Sequence[str]) -> NoReturn:
        raise Unavailable("embedder", "there is none in this benchmark")


def ready(_: Bot, server: Server) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.leave)


if __name__ == "__main__":
    settings = read_settings()
    set_up(settings.tandem_log_level)
    asyncio.run(serve(settings, ready, embedder=NoEmbedder()))
    os._exit(0)
