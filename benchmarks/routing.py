"""Routing: the scorer's figures by words alone and with the embedder, and leave-one-out figures
of the classifier over the router's own phrases.

python -m benchmarks.routing --scorer EVAL_ROUTING.PY --data UTTERANCES.JSONL
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bot.parts import make_embedder
from bot.route import CHANGING, NONE, corpus
from bot.route_model import Encode, Wordings, fit
from bot.settings import read_settings
from skills.registry import installed

FIGURES = {
    "accuracy_strict": "strict",
    "accuracy_lenient": "lenient",
    "macro_f1_strict": "macro-F1",
    "slot_exact_match": "slots",
    "false_action_any": "false action",
    "false_action_state_changing": "changing",
}


def scored(scorer: Path, data: Path, *options: str) -> list[float]:
    """The scorer's figures for `tandem route` with the options. Raises CalledProcessError."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, str(scorer), "--data", str(data), "--json", out.name, "--"]
        verb = [sys.executable, "-m", "bot", "route", *options]
        subprocess.run([*command, *verb], check=True, stdout=subprocess.DEVNULL)
        result = json.loads(Path(out.name).read_text())
    return [float(result[key]) for key in FIGURES]


def left_out(encode: Encode | None) -> tuple[float, float, float]:
    """Accuracy, and the share of none rows taken for any skill and for a changing one."""
    texts, labels = corpus(installed())
    model = fit(Wordings(texts), labels, encode)
    guess = np.array(model.labels)[model.loo.argmax(axis=1)]
    truth = np.array(labels)
    wrong = guess[truth == NONE]
    changing = np.isin(wrong, sorted(CHANGING)).mean()
    return float((guess == truth).mean()), float((wrong != NONE).mean()), float(changing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scorer", type=Path)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    if args.scorer and args.data:
        print("| router | " + " | ".join(FIGURES.values()) + " |")
        for name, options in (("words", ("--no-embedder",)), ("words and vectors", ())):
            row = scored(args.scorer, args.data, *options)
            print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in row) + " |")
    print("| classifier alone, leave one out | accuracy | none as any | none as changing |")
    for name, encode in (
        ("words", None),
        ("words and vectors", make_embedder(read_settings()).encode),
    ):
        print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in left_out(encode)) + " |")


if __name__ == "__main__":
    main()
