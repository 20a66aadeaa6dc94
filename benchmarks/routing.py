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

from benchmarks.figure import Figure, Worst, print_json
from bot.parts import make_embedder
from bot.route import CHANGING, NONE, corpus
from bot.route_model import Encode, Wordings, fit
from bot.settings import read_settings
from bot.verbs.route import make_router
from skills.registry import installed

FIGURES = {
    "accuracy_strict": "strict",
    "accuracy_lenient": "lenient",
    "macro_f1_strict": "macro-F1",
    "slot_exact_match": "slots",
    "false_action_any": "false action",
    "false_action_state_changing": "changing",
}


OWN = Path(__file__).with_name("routing_own.jsonl")
"""Written before the router was tried on them; the ones it missed were then learned from."""
OWN_ROWS = [json.loads(line) for line in OWN.read_text("utf-8").splitlines()]


def judged(scorer: Path, data: Path, *what: str) -> list[float]:
    """The scorer's figures. Raises CalledProcessError."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, str(scorer), "--data", str(data), "--json", out.name, *what]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        result = json.loads(Path(out.name).read_text())
    return [float(result[key]) for key in FIGURES]


def scored(scorer: Path, data: Path, *options: str) -> list[float]:
    """For `tandem route` with the options."""
    return judged(scorer, data, "--", sys.executable, "-m", "bot", "route", *options)


def worst(data: Path, *options: str) -> list[Worst]:
    """Those whose skill is wrong, the surest first."""
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    router = make_router(embedder=True, llm="--llm" in options)
    missed = []
    for row in rows:
        got = router.route(row["text"], row["context"]["in_incident_thread"] or "")
        if got.skill not in (row["skill"], *row["acceptable"]):
            why = f"{row['skill']} taken for {got.skill} ({got.confidence:.2f}): {row['text']}"
            missed.append((got.confidence, Worst("routing", row["id"], " ".join(why.split()))))
    return [case for _, case in sorted(missed, key=lambda pair: -pair[0])]


def left_out(encode: Encode | None) -> tuple[float, float, float]:
    """Accuracy, and the share of none rows taken for any skill and for a changing one."""
    texts, labels = corpus(installed())
    model = fit(Wordings(texts), labels, encode)
    guess = np.array(model.labels)[model.loo.argmax(axis=1)]
    truth = np.array(labels)
    wrong = guess[truth == NONE]
    changing = np.isin(wrong, sorted(CHANGING)).mean()
    return float((guess == truth).mean()), float((wrong != NONE).mean()), float(changing)


def figures(scorer: Path, data: Path, *options: str) -> list[Figure]:
    """The scorer's figures beside those of its keyword baseline, and of our own utterances."""
    found = scored(scorer, data, *options)
    plain = judged(scorer, data, "--baseline", "keyword")
    own = scored(scorer, OWN, *options)
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    nones = sum(row["skill"] == NONE for row in rows)
    named = dict(zip(FIGURES.values(), zip(found, plain, strict=True), strict=True))
    return [
        *(
            Figure(f"routing: {label}", *named[name][:1], cases, named[name][1], aim)
            for label, name, cases, aim in (
                ("strict accuracy", "strict", len(rows), ">= .80"),
                ("lenient accuracy", "lenient", len(rows), ""),
                ("slots of those that are right", "slots", len(rows) - nones, ">= .80"),
                ("any skill on none rows", "false action", nones, "<= .05"),
                ("changing skill on none rows", "changing", nones, "0"),
            )
        ),
        Figure("routing: strict accuracy, our own utterances", own[0], len(OWN_ROWS)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scorer", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--llm", action="store_true", help="ask the configured LLM when unsure")
    parser.add_argument("--json", action="store_true", help="figures for `make eval`")
    args = parser.parse_args()
    options = ("--llm",) if args.llm else ()
    if args.json:
        print_json(figures(args.scorer, args.data, *options), worst(args.data, *options))
        return
    if args.scorer and args.data:
        print("| router | " + " | ".join(FIGURES.values()) + " |")
        for name, given in (("words", ("--no-embedder",)), ("words and vectors", options)):
            row = scored(args.scorer, args.data, *given)
            print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in row) + " |")
    print("| classifier alone, leave one out | accuracy | none as any | none as changing |")
    for name, encode in (
        ("words", None),
        ("words and vectors", make_embedder(read_settings()).encode),
    ):
        print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in left_out(encode)) + " |")


if __name__ == "__main__":
    main()
