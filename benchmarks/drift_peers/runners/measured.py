"""Reads two frames, times one comparison of them and prints what came of it.

Runs in a peer's own environment: nothing of Tandem may be imported here.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Collection
from typing import Any

import pandas as pd

Compare = Callable[[pd.DataFrame, pd.DataFrame], Collection[str]]
"""Reference and current data -> the columns that it says have drifted."""


def run(compare: Compare) -> None:
    reference, current = (_read(path) for path in sys.argv[1:3])
    start = time.process_time()
    flagged = compare(reference, current)
    show(time.process_time() - start, flagged)


def show(cpu_s: float, flagged: Collection[str], **more: Any) -> None:
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": cpu_s, "peak_mb": peak_mb, "flagged": sorted(flagged), **more}))


def _read(path: str) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    for name in frame.select_dtypes("bool"):
        frame[name] = frame[name].astype(str)
    return frame
