"""A world in which runbooks are run: the real service over a real store, a library that is a table,
and a runner that does what its step says."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore
from knowledge.errors import NotConnected, NotFound, UserError
from knowledge.incidents import open_from
from knowledge.ports import Library
from knowledge.ports.remediation import Ended, Outcome, Place, Runner
from knowledge.records import (
    Document,
    DocumentKind,
    Execution,
    Filters,
    Hit,
    Incident,
    Judgement,
    Signal,
)
from knowledge.remediation import Parts, Remediations, View
from knowledge.runbooks import Action, parse_runners

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
RUNBOOK = """
# Kafka consumer lag

```toml tandem=parameters
[group]
from = "label:group"
[count]
type = "int"
default = 3
```

1. Look at the lag.

   ```toml tandem=shell
   argv = ["/bin/look", "{group}"]
   reads_only = true
   ```

2. Restart the consumers.

   ```toml tandem=shell
   argv = ["/bin/restart", "{group}", "{count}"]
   dry_argv = ["/bin/restart", "--dry", "{group}"]
   confirm = "Restart them?"
   rollback = "Start them again."
   ```

3. Tell the others.

   ```toml tandem=shell
   argv = ["/bin/tell"]
   ```
"""
LAG = Document(
    "kafka-lag",
    "Kafka consumer lag",
    RUNBOOK,
    DocumentKind.RUNBOOK,
    service="tracking",
    tags=("kafka", "alert:KafkaLag*", "label:team=parcels"),
)
FILE = """
[[runbook]]
id = "kafka-*"

[[runbook]]
id = "guarded"
users = ["U1"]
groups = ["@sre"]
two_people = true
"""
NO_FILTERS = Filters()
ADA, BOB, EVE = "U1", "U2", "U9"


@dataclass
class TableLibrary:
    """`ports.Library` of documents in a table; it finds nothing by search."""

    documents: dict[str, Document] = field(default_factory=dict)
    ready: bool = True

    def get(self, document_id: str) -> Document:
        if document_id not in self.documents:
            raise NotFound.among("document", document_id, self.documents)
        return self.documents[document_id]

    def add(self, documents: Sequence[Document]) -> None:
        self.documents |= {document.id: document for document in documents}

    def similar(
        self,
        text: str,
        k: int = 5,
        kinds: Sequence[DocumentKind] = (),
        exclude: Sequence[str] = (),
        filters: Filters = NO_FILTERS,
        votes: Sequence[Judgement] = (),
    ) -> list[Hit]:
        return []


@dataclass
class TableGroups:
    """`ports.Groups` from a table."""

    table: dict[str, frozenset[str]] = field(default_factory=dict)

    def members(self, group: str) -> frozenset[str]:
        if group not in self.table:
            raise NotFound.among("group", group, self.table)
        return self.table[group]


@dataclass
class Machine:
    """`ports.Runner` and `ports.Runners` of shell steps. /bin/break fails, /bin/wait waits until it
    is let go or told to stop; what was done is remembered."""

    done: list[tuple[str, ...]] = field(default_factory=list)
    fact: str = "v1"
    """What stands outside the runbook: another playbook, say."""
    waiting: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    output: str = "ok"

    def of(self, kind: str) -> Runner:
        if kind != "shell":
            raise NotConnected(f"steps of the kind {kind}", f"[{kind}] in TANDEM_RUNNERS")
        return self

    def facts(self, action: Action) -> str:
        return self.fact

    def can_try(self, action: Action) -> bool:
        return bool(getattr(action, "dry_argv", ()))

    def try_out(self, action: Action, place: Place) -> Outcome:
        return self._do(getattr(action, "dry_argv", ()), place)

    def run(self, action: Action, place: Place) -> Outcome:
        return self._do(getattr(action, "argv", ()), place)

    def _do(self, argv: tuple[str, ...], place: Place) -> Outcome:
        self.done.append(argv)
        match argv[0]:
            case "/bin/break":
                return Outcome(Ended.FAILED, self.output, 3)
            case "/bin/refuse":
                raise UserError("It may not be run.")
            case "/bin/wait":
                self.waiting.set()
                while not self.let_go.wait(0.01):
                    if place.stop():
                        return Outcome(Ended.CANCELLED, "half of it")
        return Outcome(Ended.DONE, f"{self.output}: {' '.join(argv)}", 0)


@dataclass
class World:
    store: MemoryStore | SqlStore
    folder: Path
    library: TableLibrary = field(default_factory=TableLibrary)
    machine: Machine = field(default_factory=Machine)
    groups: TableGroups = field(default_factory=TableGroups)
    now: datetime = NOON
    file: str = FILE
    operators: frozenset[str] = frozenset({ADA, BOB})

    def __post_init__(self) -> None:
        self.library.add([LAG])

    def service(self, **overrides: Any) -> Remediations:
        """Another process over the same store; what it starts is done at once."""
        file = parse_runners(self.file).model_copy(update={"folder": self.folder})
        parts = Parts(
            executions=self.store.executions,
            incidents=self.store.incidents,
            audit=self.store.audit,
            library=self.library,
            runbooks=lambda: list(self.library.documents.values()),
            groups=self.groups,
            runners=self.machine,
            file=file,
            may_operate=lambda user: user in self.operators,
            now=lambda: self.now,
            secrets=frozenset({"hunter2!"}),
            spawn=lambda work: work(),
            beat_s=0.0,
        )
        return Remediations(replace(parts, **overrides))

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def runbook(self, steps: str, id_: str = "kafka-other", **of: Any) -> str:
        """One more runbook; `steps` are argument lists, one a line."""
        blocks = [
            f"{n}. Step.\n\n```toml tandem=shell\n{line}\n```\n"
            for n, line in enumerate(steps.strip().splitlines(), start=1)
        ]
        self.library.add([Document(id_, id_, "\n".join(blocks), DocumentKind.RUNBOOK, **of)])
        return id_

    def incident(self, **labels: str) -> Incident:
        signal = Signal(
            "f1",
            "KafkaLagHigh",
            NOON,
            NOON,
            service="tracking",
            labels={"team": "parcels", **labels},
        )
        return self.store.incidents.open(open_from([signal], NOON))


def remediation_over(store: MemoryStore, library: Library, now: datetime = NOON) -> Remediations:
    """The service over any library, for whom everybody may run everything; nothing really is."""
    parts = Parts(
        executions=store.executions,
        incidents=store.incidents,
        audit=store.audit,
        library=library,
        runbooks=lambda: store.documents.all(DocumentKind.RUNBOOK),
        groups=TableGroups(),
        runners=Machine(),
        file=parse_runners('[[runbook]]\nid = "*"\n'),
        may_operate=lambda user: True,
        now=lambda: now,
        spawn=lambda work: work(),
    )
    return Remediations(parts)


def begin(service: Remediations, runbook: str = LAG.id, **given: Any) -> Execution:
    values = {"group": "writer"} if runbook == LAG.id else {}
    return service.begin(runbook, values | given, by=ADA, by_name="ada")


def digest(view: View, step: int) -> str:
    return view.steps[step - 1].digest


def click(
    service: Remediations,
    act: Callable[..., Execution],
    execution: Execution,
    step: int,
    by: str = ADA,
    saw: str | None = None,
) -> Execution:
    """Press what the card shows now."""
    shown = digest(service.view(execution.id), step) if saw is None else saw
    return act(execution.id, step, saw=shown, by=by, by_name=by)
