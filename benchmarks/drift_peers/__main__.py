"""Drift at the defaults of five tools, on the same frames, in one run.

    python -m benchmarks.drift_peers --setup --environments DIR   install the peers, once
    python -m benchmarks.drift_peers --environments DIR           the table
    python -m benchmarks.drift_peers --environments DIR --rows 5000 --only tandem --only evidently

Each peer lives in a virtual environment of its own (they disagree on numpy, and Evidently needs
pandas < 3) and runs in a process of its own, with its usage statistics switched off. CPU seconds
are those of one comparison once both frames are in memory; peak memory is the process's. A
materially drifted frame has ten columns that moved and fifteen that did not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.drift_peers.frames import MOVED, materially_drifted, undrifted
from knowledge.records import Frame

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = ("evidently", "nannyml", "alibi", "whylogs")
OURS = "tandem"
ENVIRONMENTS = Path.home() / ".cache" / "tandem" / "drift_peers"
SIZES = (200, 1000, 5000, 50_000, 1_000_000)
KINDS = {"undrifted": undrifted, "drifted": materially_drifted}
TIMEOUT_S = 3600
QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "WHYLOGS_NO_ANALYTICS": "True"}


@dataclass(frozen=True)
class Outcome:
    """One comparison by one tool; empty of numbers where it failed."""

    cpu_s: float = 0.0
    peak_mb: float = 0.0
    flagged: frozenset[str] = frozenset()
    profile_s: float = 0.0
    """Ours only: the reference's profile, made once and kept."""
    bare_s: float = 0.0
    problem: str = ""


def set_up(environments: Path) -> None:
    for peer in PEERS:
        place = environments / peer
        if not (place / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        needs = str(HERE / "requirements" / f"{peer}.txt")
        pip = [str(place / "bin" / "pip"), "install", "--quiet", "--requirement", needs]
        subprocess.run(pip, check=True)
        print(f"{peer}: installed", flush=True)


def ask(tool: str, environments: Path, files: tuple[Path, Path]) -> Outcome:
    paths = [str(path) for path in files]
    if tool == OURS:
        command = [sys.executable, "-m", "benchmarks.drift_peers.ours", *paths]
    else:
        python = str(environments / tool / "bin" / "python")
        command = [python, str(HERE / "runners" / f"{tool}.py"), *paths]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **QUIET},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return Outcome(problem=f"not done in {TIMEOUT_S} s")
    except subprocess.CalledProcessError as error:
        return Outcome(problem=(error.stderr.strip().splitlines() or ["failed"])[-1][:80])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return Outcome(**{**found, "flagged": frozenset(found["flagged"])})


def write(frames: tuple[Frame, Frame], folder: Path) -> tuple[Path, Path]:
    files = folder / "reference.parquet", folder / "current.parquet"
    for frame, file in zip(frames, files, strict=True):
        pq.write_table(pa.table(dict(frame)), file)
    return files


def show(kind: str, rows: int, tool: str, outcomes: Sequence[Outcome]) -> None:
    """One row of the table: the mean of some frames; memory is the largest."""
    failed = [outcome.problem for outcome in outcomes if outcome.problem]
    if failed:
        print(f"| {rows:,} | {kind} | {tool} | {failed[0]} | | | | |", flush=True)
        return
    cpu = sum(outcome.cpu_s for outcome in outcomes) / len(outcomes)
    peak = max(outcome.peak_mb for outcome in outcomes)
    moved = frozenset(MOVED) if kind == "drifted" else frozenset()
    false = sum(len(outcome.flagged - moved) for outcome in outcomes) / len(outcomes)
    found = sum(len(outcome.flagged & moved) for outcome in outcomes) / len(outcomes)
    share = f"{found:g} of {len(moved)}" if moved else ""
    print(
        f"| {rows:,} | {kind} | {tool} | {cpu:.3f} | {peak:,.0f} | {false:g} of {25 - len(moved)} "
        f"| {share} |",
        flush=True,
    )
    if tool == OURS and rows >= 50_000:
        profile, bare = (
            sum(getattr(outcome, name) for outcome in outcomes) / len(outcomes)
            for name in ("profile_s", "bare_s")
        )
        print(f"| {rows:,} | {kind} | profile of the reference, once | {profile:.3f} | | | |")
        print(f"| {rows:,} | {kind} | bare numpy | {bare:.3f} | | | |", flush=True)


def compare_all(
    tools: Sequence[str],
    kinds: Sequence[str],
    sizes: Iterable[int],
    frames: int,
    environments: Path,
) -> None:
    print("| rows | frames | tool | CPU s | peak MB | falsely flagged | found |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for rows in sizes:
        for kind in kinds:
            outcomes: dict[str, list[Outcome]] = {tool: [] for tool in tools}
            for seed in range(frames if rows <= 5000 else 1):
                with tempfile.TemporaryDirectory() as folder:
                    files = write(KINDS[kind](rows, seed), Path(folder))
                    for tool in tools:
                        outcomes[tool].append(ask(tool, environments, files))
            for tool in tools:
                show(kind, rows, tool, outcomes[tool])


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.drift_peers", description=__doc__)
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, metavar="DIR")
    parser.add_argument("--setup", action="store_true", help="install the peers and stop")
    parser.add_argument("--rows", type=int, action="append", metavar="N", help=f"default: {SIZES}")
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--frames", type=int, default=3, help="of each kind up to 5,000 rows")
    parser.add_argument("--only", action="append", choices=[OURS, *PEERS], metavar="TOOL")
    args = parser.parse_args()
    if args.setup:
        set_up(args.environments)
        return
    tools, kinds = args.only or [OURS, *PEERS], args.kind or list(KINDS)
    compare_all(tools, kinds, args.rows or SIZES, args.frames, args.environments)


if __name__ == "__main__":
    main()
