"""`tandem promotion`: judge a version by a policy, offline; check a file of policies."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from knowledge.adapters.absent import AbsentFrames, AbsentWatching
from knowledge.adapters.frames import FileFrames
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.version_files import read_predictions, read_versions
from knowledge.errors import UserError
from knowledge.promoting.gather import Gatherer
from knowledge.promotion.canonical import to_json
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.freezing import freeze, is_genuine, thaw
from knowledge.promotion.gates import check_policy, judge
from knowledge.promotion.people import preventing
from knowledge.promotion.policy_file import Policies, read_policies
from knowledge.promotion.versions import show_version
from knowledge.records import Gate, Purpose

PREVENTED = 1


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = parsers.add_parser(
        "promotion",
        help="judge a version by its gates, and check a file of policies",
        description="What the gates say of a version before anybody asks for it: `check` reads "
        "versions from a file (JSON, JSON lines, CSV or Parquet), `again` judges the frozen "
        "evidence of an earlier request once more, `policy` shows what holds for a model.",
    )
    parser.add_argument("what", choices=("check", "again", "policy"), help="which of the three")
    parser.add_argument("file", type=Path, nargs="?", help="versions for check, evidence for again")
    parser.add_argument("--policy", type=Path, metavar="TOML", help="like deploy/promotion.toml")
    parser.add_argument("--model", default="", help="where the file holds several")
    parser.add_argument(
        "--version", default="", metavar="V", help="the one that is asked for (default: the newest)"
    )
    parser.add_argument(
        "--predictions",
        action="append",
        default=[],
        metavar="V=FILE",
        help="what a version answered row by row: columns label, prediction, probability; repeat",
    )
    parser.add_argument(
        "--models", type=Path, metavar="TOML", help="where the model's data is, for drift"
    )
    parser.add_argument("--rollback", action="store_true", help="judge it as a rollback")
    parser.add_argument(
        "--freeze", type=Path, metavar="OUT", help="write the evidence as a request would freeze it"
    )
    parser.add_argument("--hash", default="", help="of the evidence, to prove that it is that one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when nothing prevents it, 1 when a gate does, 2 when the input is wrong."""
    try:
        policies = _policies(args.policy)
        if args.what == "policy":
            return _show_policy(policies, args)
        evidence = _evidence(policies, args)
    except UserError as error:
        print(f"tandem promotion: {error}", file=sys.stderr)
        return 2
    gates = judge(evidence)
    if args.freeze:
        args.freeze.write_text(freeze(evidence, gates).text, "utf-8")
    stopping = preventing(gates, evidence.policy)
    print(_json(evidence, gates) if args.json else _table(evidence, gates, stopping))
    return PREVENTED if stopping else 0


def _policies(path: Path | None) -> Policies:
    return read_policies(path, check_policy) if path else Policies()


def _evidence(policies: Policies, args: argparse.Namespace) -> Evidence:
    if args.file is None:
        raise UserError(f"{args.what} needs a file.")
    return _again(policies, args) if args.what == "again" else _gathered(policies, args)


def _gathered(policies: Policies, args: argparse.Namespace) -> Evidence:
    models = read_versions(args.file)
    names = models.names()
    if not args.model and len(names) > 1:
        raise UserError(f"{args.file} holds {', '.join(names)}: choose one with --model.")
    versions = models.versions(args.model or names[0])
    model = versions[0].model
    read_predictions(models, model, args.predictions)
    version = args.version or versions[0].version
    gatherer = Gatherer(
        models=models,
        frames=FileFrames.from_toml(args.models) if args.models else AbsentFrames(),
        incidents=MemoryStore().incidents,
        watching=AbsentWatching(),
        policies=policies.of,
        served=lambda name, number: args.rollback,
        now=lambda: datetime.now(UTC),
    )
    purpose = Purpose.ROLLBACK if args.rollback else Purpose.PROMOTION
    return gatherer.gather(model, version, purpose)


def _again(policies: Policies, args: argparse.Namespace) -> Evidence:
    """The frozen evidence, under the policy of then or, where one is given, under that."""
    try:
        text = args.file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{args.file} cannot be read: {error}.") from error
    if args.hash and not is_genuine(text, args.hash):
        raise UserError(f"{args.file} is not the evidence of that hash: it was changed.")
    evidence = thaw(text)
    if evidence is None:
        raise UserError(f"{args.file} holds no evidence as Tandem freezes it.")
    if args.policy:
        policy = policies.of(evidence.challenger.version.model)
        return replace(evidence, policy=policy)
    return evidence


def _show_policy(policies: Policies, args: argparse.Namespace) -> int:
    policy = json.loads(to_json(policies.of(args.model or "any model")))
    if args.json:
        print(json.dumps(policy))
        return 0
    width = max(len(name) for name in policy)
    for name, value in policy.items():
        print(f"{name:<{width}}  {json.dumps(value, ensure_ascii=False)}")
    return 0


def _json(evidence: Evidence, gates: Sequence[Gate]) -> str:
    stopping = preventing(gates, evidence.policy)
    champion = evidence.champion
    return json.dumps(
        {
            "model": evidence.challenger.version.model,
            "version": evidence.challenger.version.version,
            "champion": champion.version.version if champion else "",
            "prevented": [gate.name for gate in stopping],
            "gates": [json.loads(to_json(gate)) for gate in gates],
        }
    )


def _table(evidence: Evidence, gates: Sequence[Gate], stopping: Sequence[Gate]) -> str:
    version, champion = evidence.challenger.version, evidence.champion
    against = f", against {show_version(champion.version.version)}" if champion else ""
    width = max((len(gate.name) for gate in gates), default=0)
    lines = [
        f"{version.model} {show_version(version.version)}{against}",
        *(f"{gate.result.value:<4}  {gate.name:<{width}}  {gate.detail}" for gate in gates),
    ]
    if stopping:
        lines.append(f"prevented by {', '.join(gate.name for gate in stopping)}")
    else:
        lines.append("nothing prevents asking for it")
    return "\n".join(lines)
