"""The socket to Slack, with a wire in between."""

import asyncio

from benchmarks.faults.wire import Wire
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.settings import Settings
from bot.slack.manifest import manifest
from bot.slack.way_in import WayIn, make_app
from skills.registry import BUILTIN

SOON_S = 8.0
"""The client of the SDK by itself needs ten or more."""


async def test_a_socket_that_is_reset_is_opened_again_soon() -> None:
    playground = Playground(manifest=manifest(BUILTIN))
    with RunningPlayground(playground) as running:
        port = int(running.url.rpartition(":")[2])
        with Wire(("127.0.0.1", port)) as wire:
            playground.base_url = f"http://127.0.0.1:{wire.port}"
            settings = Settings(
                slack_bot_token=running.bot_token,
                slack_app_token=running.app_token,
                slack_api_url=f"{playground.base_url}/api/",
            )
            way_in = WayIn(settings, make_app(settings))
            await way_in.open()
            try:
                before = wire.connections
                await asyncio.to_thread(wire.cut)
                async with asyncio.timeout(SOON_S):
                    while wire.connections < before + 2 or not way_in.connected():
                        await asyncio.sleep(0.02)
            finally:
                await way_in.close()
