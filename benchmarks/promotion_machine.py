"""Is a champion ever moved twice, without a quorum, or a decision lost? Long random interleavings.

The state machine of tests/knowledge/promoting/machine.py, against its oracle, for many more and
longer runs than the tests have time for. Prints what happened, by kind; a violation ends it with
the shortest steps that lead there.

    python -m benchmarks.promotion_machine [--runs 1000] [--steps 60] [--seed 1]
"""

import argparse
import logging
import sys
import time
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.knowledge.promoting.machine import PromotionMachine


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    logging.getLogger("tandem").setLevel(logging.ERROR)
    started = time.monotonic()
    run_state_machine_as_test(
        seed(args.seed)(PromotionMachine),
        settings=settings(
            max_examples=args.runs,
            stateful_step_count=args.steps,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    took = time.monotonic() - started
    print(f"{args.runs} interleavings of at most {args.steps} steps, seed {args.seed}: ", end="")
    print(f"no violation, {took:.0f} s\n")
    for what, times in sorted(PromotionMachine.counts.items()):
        print(f"{times:8,}  {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
