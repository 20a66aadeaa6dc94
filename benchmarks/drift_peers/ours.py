"""Tandem on two files, and the bare numpy that no tool can do without; run in its own process.

    python -m benchmarks.drift_peers.ours REFERENCE CURRENT

Both frames are in memory before the clock starts, as they are for the peers.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.drift import bare_numpy
from knowledge.adapters.frames import read_frame
from knowledge.drift import compare, profile


def main() -> None:
    reference, current = (read_frame(path) for path in sys.argv[1:3])
    # scipy is loaded once per process, as the peers load it before their clock starts.
    compare(profile({"x": np.arange(300.0)}), {"x": np.arange(300.0)})
    profile_s, known = _timed(lambda: profile(reference))
    cpu_s, report = _timed(lambda: compare(known, current))
    at = np.linspace(0, 1, 1024)
    edges = {n: np.nanquantile(v, at) for n, v in reference.items() if v.dtype.kind == "f"}
    bare_s, _ = _timed(lambda: bare_numpy(current, edges))
    unsound = {finding.column for finding in report.quality if finding.breaks}
    flagged = sorted({column.name for column in report.drifted} | unsound)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"cpu_s": cpu_s, "profile_s": profile_s, "bare_s": bare_s, "peak_mb": peak_mb}
    print(json.dumps(found | {"flagged": flagged}))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    done = work()
    return time.process_time() - start, done


if __name__ == "__main__":
    main()
