"""`tandem runbook`: check, show and go through a runbook with runnable steps, from its file."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.access import Rights
from bot.settings import Settings, read_settings
from knowledge.adapters.absent import AbsentGroups
from knowledge.adapters.configured import environment
from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments, MemoryStore
from knowledge.adapters.runners import open_runners
from knowledge.adapters.sql import open_store
from knowledge.durations import say_duration
from knowledge.errors import UserError
from knowledge.ingest import parse_markdown
from knowledge.library import SearchLibrary
from knowledge.ports import Audit
from knowledge.records import Document, DocumentKind, Execution, StepState
from knowledge.remediation import Parts, Remediations, StepView, say_progress
from knowledge.runbooks import Prose, Runbook, RunnersFile, read_runbook, read_runners
from knowledge.runbooks.runners_file import SETTING
from skills.contract import Role

Ask = Callable[[str], str]
TERMINAL = "terminal"


def register(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the subparsers of the `tandem` command."""
    parser = parsers.add_parser(
        "runbook",
        help="check, show and go through runbooks with runnable steps",
        description="Runbooks are Markdown; a step that can be run is a block `toml tandem=<kind>` "
        "(docs/how-to/runbooks.md). `check` says what is wrong and where; `show` lists the steps; "
        "`run` goes through one: --dry makes the dry runs only, without it each step is asked for.",
    )
    parser.add_argument("what", choices=("check", "show", "run"), help="which of the three")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Markdown")
    parser.add_argument("--runners", type=Path, metavar="TOML", help=f"instead of {SETTING}")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="values",
        metavar="NAME=VALUE",
        help="fill in a parameter; repeat",
    )
    parser.add_argument("--dry", action="store_true", help="dry runs only; nothing is changed")
    parser.add_argument("--as", default="", dest="user", metavar="USER", help="your user id")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, ask: Ask = input) -> int:
    """0 when all is well, 1 when something is wrong or failed, 2 when it is called wrongly."""
    match args.what:
        case "check":
            return max([_check(file) for file in args.files])
        case "show":
            print("\n\n".join(_shown(_read(file)) for file in args.files))
            return 0
    try:
        return _Going(args, ask).through()
    except UserError as error:
        print(f"tandem runbook: {error}", file=sys.stderr)
        return 2


# Check and show ------------------------------------------------------------------------------


def _check(file: Path) -> int:
    try:
        runbook = _read(file)
    except UserError as error:
        print(error)
        return 1
    for problem in runbook.problems:
        print(problem)
    if runbook.problems:
        return 1
    kinds = Counter(step.kind for step in runbook.steps)
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    steps = len(runbook.steps)
    print(f"{file}: {steps} runnable step{'' if steps == 1 else 's'}{f' ({told})' if told else ''}")
    return 0


def _read(file: Path) -> Runbook:
    """Raises UserError naming the file."""
    document, first_line = _document(file)
    return read_runbook(document, str(file), first_line)


def _document(file: Path) -> tuple[Document, int]:
    """The runbook as the library has it, and the line of the file where its text begins."""
    try:
        text = file.read_text("utf-8-sig")
        document = parse_markdown(text, file.stem, DocumentKind.RUNBOOK)
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not UTF-8; save it as UTF-8 text.") from None
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    return document, text[: text.find(document.text)].count("\n") + 1


def _shown(runbook: Runbook) -> str:
    lines = [runbook.title, "=" * len(runbook.title)]
    for parameter in runbook.parameters:
        told = ", ".join(filter(None, (parameter.description, parameter.bounds)))
        lines.append(f"  {{{parameter.name}}}  {told}")
    for part in runbook.parts:
        if isinstance(part, Prose):
            lines.append(part.text.strip("\n"))
            continue
        what = "changes something" if part.changes else "only looks"
        limit = say_duration(part.timeout)
        lines.append(f"  > step {part.number} ({part.kind}, {what}, {limit} at most)")
        lines.append(f"  > {part.action.shown}")
    return "\n".join([*lines, *(f"! {problem}" for problem in runbook.problems)])


# Run -----------------------------------------------------------------------------------------


@dataclass
class _Going:
    """Through one runbook, step by step, in the terminal."""

    args: argparse.Namespace
    ask: Ask

    def through(self) -> int:
        """Raises UserError."""
        if len(self.args.files) != 1:
            raise UserError("give one runbook to run.")
        if not (self.args.dry or self.args.user):
            raise UserError("--as: missing; say who runs it, or give --dry for dry runs only.")
        settings = read_settings()
        document, _ = _document(self.args.files[0])
        runners = self.args.runners or settings.tandem_runners
        if runners is None:
            raise UserError(f"{SETTING} is not set. Set it, or give --runners FILE.")
        user = self.args.user or TERMINAL
        with ExitStack() as stack:
            audit = self._audit(settings, stack)
            service = self._service(settings, document, read_runners(runners), audit)
            return self._gone_through(service, document, user)

    def _audit(self, settings: Settings, stack: ExitStack) -> Audit:
        """What is run for real is in the bot's own audit record; the rest is forgotten."""
        if self.args.dry:
            return MemoryStore().audit
        store = open_store(settings.database_url)
        stack.callback(store.close)
        return store.audit

    def _gone_through(self, service: Remediations, document: Document, user: str) -> int:
        execution = service.begin(document.id, self._values(), by=user, by_name=user)
        good = all(self._step(service, execution, step) for step in _steps(service, execution))
        ended = service.end(execution.id, by=user, by_name=user)
        print(f"\n{say_progress(ended)}")
        return 0 if good else 1

    def _service(
        self, settings: Settings, document: Document, file: RunnersFile, audit: Audit
    ) -> Remediations:
        store = MemoryStore()
        documents = MemoryDocuments()
        documents.put([document])
        rights = Rights.read(settings.tandem_operators, settings.tandem_approvers)
        runners = open_runners(file, environment)
        parts = Parts(
            executions=store.executions,
            incidents=store.incidents,
            audit=audit,
            library=SearchLibrary(documents, HashEmbedder(), FlatIndex),
            runbooks=lambda: [document],
            groups=AbsentGroups(),
            runners=runners,
            file=file,
            may_operate=lambda who: self.args.dry or rights.role(who) >= Role.OPERATE,
            now=lambda: datetime.now(UTC),
            secrets=runners.secrets,
            spawn=lambda work: work(),
        )
        return Remediations(parts)

    def _values(self) -> dict[str, str]:
        pairs = [text.partition("=") for text in self.args.values]
        wrong = next((name for name, equals, _ in pairs if not equals), None)
        if wrong is not None:
            raise UserError(f"--set: {wrong!r} is no NAME=VALUE.")
        return {name.strip(): value for name, _, value in pairs}

    def _step(self, service: Remediations, execution: Execution, step: StepView) -> bool:
        """False where going on makes no sense."""
        print(f"\nStep {step.step.number}: {step.step.title}\n  {step.action.shown}")
        if step.problem:
            print(f"  It cannot be run: {step.problem}")
            return False
        tried = step.can_try and step.step.changes and self._tried(service, execution, step)
        number = step.step.number
        if self.args.dry or not self._agreed(step, tried):
            service.skip(execution.id, number, by=self._user, by_name=self._user)
            return tried or not (step.can_try and step.step.changes)
        now = _now(service, execution, number)
        service.run(execution.id, number, saw=now.digest, by=self._user, by_name=self._user)
        run = _now(service, execution, number).run
        _print_output(run.state.value, run.output)
        return run.state is StepState.DONE

    def _tried(self, service: Remediations, execution: Execution, step: StepView) -> bool:
        number = step.step.number
        service.try_out(execution.id, number, saw=step.digest, by=self._user, by_name=self._user)
        run = _now(service, execution, number).run
        good = run.state is StepState.DRY
        _print_output("dry run" if good else "the dry run failed", run.dry_output)
        return good

    def _agreed(self, step: StepView, tried: bool) -> bool:
        if step.needs_try and not tried:
            return False
        question = step.action.confirm or f"Run step {step.step.number}?"
        return self.ask(f"  {question} [y/N] ").strip().lower() in ("y", "yes")

    @property
    def _user(self) -> str:
        return str(self.args.user or TERMINAL)


def _steps(service: Remediations, execution: Execution) -> Iterator[StepView]:
    """Each as it is when its turn comes."""
    for number in range(1, len(execution.steps) + 1):
        yield _now(service, execution, number)


def _now(service: Remediations, execution: Execution, number: int) -> StepView:
    return service.view(execution.id).steps[number - 1]


def _print_output(title: str, text: str) -> None:
    lines: Sequence[str] = text.split("\n") if text else ()
    print(f"  -- {title}", *(f"     {line}" for line in lines), sep="\n")
