"""A progress bar for the demo's first start: one line that is rewritten, or lines in a log."""

import time
from typing import TextIO

WIDTH = 28


class Progress:
    """`show` what is being done and how far it is (0 to 1); it never goes back."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._began = time.monotonic()
        self._share = 0.0
        self._last = ""

    def show(self, what: str, share: float) -> None:
        self._share = max(self._share, min(share, 1.0))
        if self._out.isatty():
            filled = round(WIDTH * self._share)
            bar = "█" * filled + "░" * (WIDTH - filled)
            seconds = time.monotonic() - self._began
            self._out.write(f"\r\x1b[K  {bar} {self._share:4.0%}  {seconds:3.0f} s  {what}")
        elif what != self._last:
            self._out.write(f"{self._share:4.0%}  {what}\n")
        self._last = what
        self._out.flush()

    def done(self, what: str) -> None:
        self.show(what, 1.0)
        self._out.write("\n")
        self._out.flush()
