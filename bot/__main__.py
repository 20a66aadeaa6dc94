"""The `tandem` command: one verb a module of `bot.verbs`, imported when it is asked for."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from knowledge.errors import TandemError

VERBS = {
    "run": "run the bot",
    "demo": "try everything on this machine: no key, no workspace",
    "chat": "talk to the bot in this terminal, no Slack",
    "doctor": "say what is configured, reachable and missing",
    "settings": "list every setting",
    "manifest": "print the Slack app manifest",
    "route": "JSON lines of messages -> which skill they ask for",
    "oncall": "say who is on call by a file of rotations",
    "signals": "show what a webhook's payload becomes",
    "replay": "run recorded alerts through the bot: which cards, and when",
    "stats": "figures of recorded alerts and of past incidents, from files",
    "silence": "what a silence would have hidden of recorded alerts",
    "similar": "find similar past incidents and runbooks in a file",
    "usage": "tokens and cost of the language model, and what is left of its limits",
    "library": "show what is read from post-mortems, runbooks and exports of other systems",
    "rca": "rank what may have caused a failure, from files",
    "side": "model or infrastructure: which side is at fault, from a file of signals",
    "incident": "show, list by time or export incidents from files",
    "summarise": "summarise incidents from files",
    "monitors": "check a file of monitors, list it, or try it on the past",
    "telemetry": "show what is read of a service: metrics, logs, traces",
    "runbook": "check, show and go through runbooks with runnable steps",
    "detect": "find what is wrong in series from files",
    "drift": "compare two data sets: what moved, and does it matter",
    "performance": "judge a model's answers: realised, estimated, by segment and group",
    "promotion": "judge a version by its gates, and check a file of policies",
    "backup": "write all that Tandem keeps into one file, while it runs",
    "restore": "put a backup in the place of what the database holds",
    "migrate-store": "copy everything from SQLite into an empty PostgreSQL",
    "audit": "prove that the audit record was not rewritten; export it",
    "vectors": "embed the router's phrases again (for developers)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 failed, 2 called wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    verb = next((word for word in given if not word.startswith("-")), "")
    parser = argparse.ArgumentParser(
        "tandem", description="A Slack bot for the people who keep systems and models alive."
    )
    parsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, words in VERBS.items():
        if name == verb:
            # Only the verb that is asked for is imported: the others' libraries take seconds.
            import_module(f"bot.verbs.{name.replace('-', '_')}").register(parsers)
        else:
            parsers.add_parser(name, help=words)
    args = parser.parse_args(given)
    try:
        return int(args.run(args))
    except TandemError as error:
        print(f"tandem {verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
