"""Faults, made again and again, and counted.

    python -m benchmarks.faults                             all of them, some 25 minutes
    python -m benchmarks.faults --only database             those whose name has the word
    python -m benchmarks.faults --quick                     few times each, short outages
    python -m benchmarks.faults --full                      Slack is down for the whole ten minutes
    python -m benchmarks.faults --write benchmarks/faults.md

The exit code is 1 where the promise was not kept.
"""

import argparse
import json
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.faults import scenarios as of
from benchmarks.faults.decisions import mlflow_killed
from benchmarks.faults.neighbours import language_model, prometheus
from benchmarks.faults.promise import Found
from benchmarks.faults.replicas import holders_cut_off, holders_killed
from benchmarks.faults.report import report
from benchmarks.faults.scenarios import Row, Scenario
from benchmarks.faults.wire import HTTP_NONSENSE, Trouble

MINUTE = 60.0


def catalogue(quick: bool, full: bool) -> Mapping[str, Scenario]:
    """Every fault by the name that `--only` looks in."""
    kills, falls = (5, 2) if quick else (100, 10)
    outage = 10.0 if quick else 600.0 if full else 120.0
    short = 8.0 if quick else 30.0
    blind = 30.0 if quick else 200.0
    long = "ten minutes" if full else f"{outage:g} s"

    def wire(trouble: Trouble, nonsense: bytes = b"") -> Scenario:
        return partial(
            of.slack,
            f"the way to Slack: {trouble.value}",
            lambda w: w.slack.trouble(trouble, nonsense=nonsense),
            short,
            "did not take",
        )

    return {
        "bot killed": partial(of.bot_killed, kills),
        "bot ended politely": of.left_politely,
        "database killed": partial(of.database_killed, falls),
        "database hangs": partial(of.database_wire, Trouble.HANG, short),
        "database cut": partial(of.database_wire, Trouble.CUT, short),
        "disk full": of.disk_full,
        "clock forward": partial(of.clock_jumps, 60 * MINUTE),
        "clock back": partial(of.clock_jumps, -60 * MINUTE),
        "poison": of.poison,
        "deadly": of.deadly,
        "slack down": partial(
            of.slack, f"Slack down for {long}", lambda w: w.troubles.down(), outage, "did not take"
        ),
        "slack slow": partial(
            of.slack, "Slack slow: 4 s a call", lambda w: w.troubles.slow(4.0), short
        ),
        "slack late": partial(
            of.slack,
            "Slack does it and answers after 20 s",
            lambda w: w.troubles.late(20.0, share=0.5),
            2 * short,
        ),
        "slack 429": partial(
            of.slack,
            "Slack answers 429",
            lambda w: w.troubles.limited(retry_after=5),
            short,
        ),
        "slack 500": partial(
            of.slack,
            "Slack answers 500 to every second call",
            lambda w: w.troubles.failing(share=0.5),
            short,
        ),
        "slack lost": partial(
            of.slack,
            "Slack does it and answers 500, every third call",
            lambda w: w.troubles.lost(share=0.33),
            short,
        ),
        "slack sockets": partial(
            of.slack,
            "Slack drops sockets every 3 s",
            lambda w: w.troubles.drop_sockets(every_s=3.0),
            short,
        ),
        "slack cut": partial(of.sockets_cut, 3.0, 3 if quick else 10),
        "slack hangs": wire(Trouble.HANG),
        "slack garbage": wire(Trouble.GARBAGE, HTTP_NONSENSE),
        "slack trickle": wire(Trouble.TRICKLE),
        "slack loses answers": wire(Trouble.LOSE),
        "prometheus hangs": partial(prometheus, Trouble.HANG, blind),
        "prometheus garbage": partial(prometheus, Trouble.GARBAGE, blind),
        "prometheus trickle": partial(prometheus, Trouble.TRICKLE, blind),
        "llm hangs": partial(language_model, Trouble.HANG),
        "llm garbage": partial(language_model, Trouble.GARBAGE),
        "llm trickle": partial(language_model, Trouble.TRICKLE),
        "mlflow killed": partial(mlflow_killed, falls),
        "replicas killed": partial(holders_killed, falls),
        "replicas cut off": partial(holders_cut_off, 1 if quick else 3),
        "replicas hang": partial(holders_cut_off, 1 if quick else 3, Trouble.HANG),
        "events twice": partial(of.events, twice=True),
        "events late": partial(of.events, jitter_s=5.0, late_s=2.0),
    }


def run(name: str, scenario: Scenario) -> Row:
    """One fault. One that cannot be done is a row that says so."""
    began = time.monotonic()
    try:
        row = scenario()
    except Exception as error:  # noqa: BLE001 the other faults are still to be done
        traceback.print_exc()
        row = Row(name, 0, Found(problems=(f"{type(error).__name__}: {error}",)), 0.0)
    said = "kept" if row.kept else "BROKEN"
    print(
        f"{said:6} {row.fault}: recovered in {row.recovery_s:.0f} s, {row.found},"
        f" {time.monotonic() - began:.0f} s in all {row.notes}",
        flush=True,
    )
    for problem in row.found.problems[:10]:
        print(f"       {problem}", flush=True)
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.faults")
    parser.add_argument("--only", default="", help="faults whose name has these words")
    parser.add_argument("--quick", action="store_true", help="few times each, short outages")
    parser.add_argument("--full", action="store_true", help="Slack is down for ten minutes")
    parser.add_argument("--write", type=Path, help="write the report into this file")
    parser.add_argument("--keep", type=Path, help="add each row to this file of JSON lines")
    parser.add_argument("--from", dest="kept", type=Path, help="report these rows, do nothing")
    args = parser.parse_args(arguments)
    # So that a campaign that is ended ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if args.kept:
        rows = read_rows(args.kept)
    else:
        chosen = {n: s for n, s in catalogue(args.quick, args.full).items() if args.only in n}
        rows = []
        for name, scenario in chosen.items():
            rows.append(run(name, scenario))
            if args.keep:
                with args.keep.open("a") as file:
                    print(json.dumps(asdict(rows[-1])), file=file)
    if args.write:
        args.write.write_text(report(rows, datetime.now(UTC)))
    return 0 if all(row.kept for row in rows) else 1


def read_rows(path: Path) -> list[Row]:
    """What `--keep` wrote; the last row of each fault counts."""
    rows: dict[str, Row] = {}
    for line in path.read_text().splitlines():
        given = json.loads(line)
        found = Found(**{**given["found"], "problems": tuple(given["found"]["problems"])})
        row = replace(Row(**{**given, "found": found}))
        rows[row.fault] = row
    return list(rows.values())


if __name__ == "__main__":
    sys.exit(main())
