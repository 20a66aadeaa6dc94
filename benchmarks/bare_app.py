"""An app that acknowledges and does nothing else, to compare with; `benchmarks.acks` starts it.

python benchmarks/bare_app.py bolt      Bolt's AsyncApp in Socket Mode
python benchmarks/bare_app.py socket    a WebSocket without Bolt: what the playground itself costs
"""

import asyncio
import json
import os
import re
import sys

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def bolt() -> None:
    app = AsyncApp(token=os.environ["SLACK_BOT_TOKEN"])
    app.client.base_url = os.environ["SLACK_API_URL"]

    @app.command(re.compile(".*"))
    async def command(ack: AsyncAck) -> None:
        await ack()

    handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    await handler.start_async()  # type: ignore[no-untyped-call]


async def socket() -> None:
    client = AsyncWebClient(base_url=os.environ["SLACK_API_URL"])
    opened = await client.apps_connections_open(app_token=os.environ["SLACK_APP_TOKEN"])
    async with aiohttp.ClientSession() as session, session.ws_connect(str(opened["url"])) as link:
        async for message in link:
            envelope = json.loads(message.data).get("envelope_id")
            if envelope:
                await link.send_json({"envelope_id": envelope})


if __name__ == "__main__":
    asyncio.run({"bolt": bolt, "socket": socket}[sys.argv[1]]())
