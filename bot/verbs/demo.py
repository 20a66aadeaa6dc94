"""`tandem demo`: try everything on this machine, with no key and no workspace."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from bot.demo.run import PAGE_PORT, run_until_interrupted
from bot.verbs import Parsers
from knowledge.errors import UserError


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("demo", help="try everything on this machine")
    parser.add_argument("--port", type=int, default=PAGE_PORT, help="of the page")
    parser.add_argument(
        "--folder", type=Path, default=Path(".demo"), help="where its data is kept between runs"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if find_spec("mlflow.server") is None or find_spec("sklearn") is None:
        raise UserError("The demo needs MLflow and scikit-learn: pip install 'tandem[demo]'")
    run_until_interrupted(args.folder, args.port)
    return 0
