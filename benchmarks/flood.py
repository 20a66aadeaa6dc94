"""A steady storm of alerts from a process of its own, to measure other things beside it.

    python -m benchmarks.flood PORT [--rate 1000] [--batch 64] [--load mixed]

Sends Alertmanager webhooks, made as for `benchmarks.intake`, at a pace that does not depend on how
soon they are answered, until it is terminated; then prints how many alerts were accepted and the
seconds that took. A rate of 0 is as fast as they are answered.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path

from benchmarks.intake import Alerts, post, webhooks

ROOT = Path(__file__).parents[1]
PREPARED = 20_000
"""Alerts written beforehand; after them the storm repeats what it said."""
CONNECTIONS = 16
_START_S = 60.0


@dataclass
class Flood:
    """The running sender; `accepted` and `seconds` are known once it ended."""

    process: "subprocess.Popen[str]"
    accepted: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Alerts accepted a second."""
        return self.accepted / self.seconds if self.seconds else 0.0

    def end(self) -> None:
        """Idempotent."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            said, _ = self.process.communicate(timeout=_START_S)
            told = json.loads(said.strip().splitlines()[-1])
            self.accepted, self.seconds = told["accepted"], told["seconds"]


@contextmanager
def flooding(port: int, rate: int, batch: int = 64, load: str = "mixed") -> Iterator[Flood]:
    """Alerts come in at `rate` a second while the block runs."""
    command = [
        *(sys.executable, "-m", "benchmarks.flood", str(port)),
        *("--rate", str(rate), "--batch", str(batch), "--load", load),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    flood = Flood(process)
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "sending":
            raise RuntimeError("the sender did not start")
        yield flood
    finally:
        flood.end()


async def send(port: int, rate: int, batch: int, load: str) -> tuple[int, float]:
    """Until SIGTERM. Raises RuntimeError when a webhook is refused."""
    alerts = iter(Alerts(load == "all new", datetime.now(UTC), seed=2))
    bodies = cycle(webhooks(alerts, PREPARED, batch))
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    print("sending", flush=True)
    start = time.perf_counter()
    sent = [0]

    async def connection(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for turn in count(number, CONNECTIONS):
            with contextlib.suppress(TimeoutError):
                wait = start + turn * batch / rate - time.perf_counter() if rate else 0.0
                await asyncio.wait_for(over.wait(), max(0.0, wait))
            if over.is_set():
                break
            await post(reader, writer, next(bodies))
            sent[0] += 1
        writer.close()

    await asyncio.gather(*(connection(number) for number in range(CONNECTIONS)))
    return sent[0] * batch, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--load", choices=["mixed", "all new"], default="mixed")
    args = parser.parse_args()
    accepted, seconds = asyncio.run(send(args.port, args.rate, args.batch, args.load))
    print(json.dumps({"accepted": accepted, "seconds": seconds}))


if __name__ == "__main__":
    main()
