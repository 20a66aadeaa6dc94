"""Runs the steps of runbooks: shown, tried, clicked, and each of them once.

A click is dealt with in this order: may this person run this runbook; is the runbook still the one
that was begun; is the step the one that was shown (its digest, with the playbook's own text); has
it been tried first. Then RUNNING is stored, and only who stored it runs the step. A crash leaves
RUNNING, which becomes UNKNOWN when nobody has said for a minute that it is still at it; nothing is
ever run again by itself.
"""

import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from time import monotonic

from knowledge.errors import (
    BadArgs,
    NotFound,
    Overtaken,
    TandemError,
    Unavailable,
    UserError,
)
from knowledge.incidents import record
from knowledge.ports import Audit, Executions, Groups, Incidents, Library
from knowledge.ports.remediation import Ended, Outcome, Place, Runner, Runners
from knowledge.records import (
    AuditEntry,
    Document,
    DocumentKind,
    Execution,
    Incident,
    StepRun,
    StepState,
)
from knowledge.remediation import moving
from knowledge.remediation.masking import mask, tail
from knowledge.remediation.rights import check_right
from knowledge.remediation.views import Offer, StepView, View
from knowledge.runbooks import (
    Action,
    Runbook,
    RunnersFile,
    Step,
    filled,
    fits,
    known_values,
    read_runbook,
    step_digest,
    text_digest,
)
from knowledge.runbooks.runners_file import SETTING

log = logging.getLogger("tandem.remediation")

EXECUTION, EXECUTION_THREAD = "execution", "execution-thread"
TELL = (EXECUTION, EXECUTION_THREAD)
"""Deliveries that a changed execution puts into the outbox."""
BEAT_S = 2.0
"""How often whoever runs a step says so, and looks whether it shall end."""
STOP_S = 10.0
"""What an orderly stop waits for programs to end."""
MOST = 200

Probe = Callable[[str], None]
"""Called at each step's end with its name; a test may stop the process there."""
Spawn = Callable[[Callable[[], None]], None]


def no_probe(step: str) -> None:
    """What runs outside tests."""


def in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="runbook step", daemon=True).start()


@dataclass(frozen=True)
class Parts:
    """What the service works with."""

    executions: Executions
    incidents: Incidents
    audit: Audit
    library: Library
    runbooks: Callable[[], Iterable[Document]]
    """All runbooks of the library."""
    groups: Groups
    runners: Runners
    file: RunnersFile
    may_operate: Callable[[str], bool]
    now: Callable[[], datetime]
    secrets: frozenset[str] = frozenset()
    """Values that are never shown."""
    spawn: Spawn = in_a_thread
    probe: Probe = no_probe
    beat_s: float = BEAT_S


@dataclass(frozen=True)
class _Ready:
    """A step that a person may start."""

    execution: Execution
    view: StepView
    runner: Runner

    @property
    def number(self) -> int:
        return self.view.step.number


class Remediations:
    """`ports.Remediation`. Safe to share by threads, and between replicas over one store."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._executions = parts.executions
        self._most = parts.file.limits.at_once
        self._under_way = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._beginning = threading.Lock()

    # What can be run -------------------------------------------------------------------------

    def offers(self, incident: Incident) -> tuple[Offer, ...]:
        found = [self._offer(document) for document in self._parts.runbooks()]
        meant = [offer for offer in found if fits(offer.runbook, incident)]
        return tuple(sorted(meant, key=lambda o: (not o.runnable, o.document.title)))

    def offer(self, document_id: str) -> Offer:
        return self._offer(self._runbook_document(document_id))

    def _offer(self, document: Document) -> Offer:
        runbook = _parsed(document)
        return Offer(document, runbook, self._why_not(runbook))

    def _why_not(self, runbook: Runbook) -> str:
        if runbook.problems:
            return f"its steps are not right: {runbook.problems[0]}"
        if not runbook.steps:
            return ""
        if self._parts.file.rules(runbook.id) is None:
            return f"{SETTING} names it in no [[runbook]]"
        for kind in dict.fromkeys(step.kind for step in runbook.steps):
            try:
                self._parts.runners.of(kind)
            except Unavailable as error:
                return str(error)
        return ""

    def _runbook_document(self, document_id: str) -> Document:
        document = self._parts.library.get(document_id)
        if document.kind is not DocumentKind.RUNBOOK:
            raise NotFound("runbook", document_id)
        return document

    # Beginning -------------------------------------------------------------------------------

    def begin(
        self,
        document_id: str,
        values: Mapping[str, str],
        *,
        by: str,
        by_name: str,
        incident: str = "",
        channel: str = "",
    ) -> Execution:
        offer = self.offer(document_id)
        if not offer.runnable:
            why = offer.why_not or "it has no runnable steps"
            raise UserError(f"{offer.document.title} cannot be run: {why}.")
        self._check_right(offer.document.id, by)
        about = self._parts.incidents.get(incident) if incident else None
        known = known_values(about) if about is not None else {}
        draft = Execution(
            id="",
            runbook=offer.document.id,
            title=offer.document.title,
            digest=offer.runbook.digest,
            text=offer.document.text,
            started_at=self._parts.now(),
            started_by=by,
            incident=about.id if about is not None else "",
            channel=channel,
            values=tuple(filled(offer.runbook.parameters, values, known).items()),
            steps=tuple(StepRun(step.number) for step in offer.runbook.steps),
        )
        with self._beginning:
            return self._opened(draft)

    def _opened(self, draft: Execution) -> Execution:
        """One is open of a runbook in an incident. Another replica may open one in this moment: of
        two the older stays."""
        there = self._open_ones(draft)
        if there:
            return there[0]
        opened = self._executions.open(draft, TELL)
        oldest = self._open_ones(draft)[0]
        if oldest.id != opened.id:
            shut = partial(moving.closed, by=moving.TANDEM, now=self._parts.now())
            self._executions.change(opened.id, shut, TELL)
            return oldest
        text = f"began the runbook {draft.title} ({opened.id})"
        self._note(opened, draft.started_by, text)
        return opened

    def _open_ones(self, draft: Execution) -> list[Execution]:
        """Oldest first."""
        found = self._executions.find(
            incident=draft.incident, runbook=draft.runbook, open_only=True, limit=MOST
        )
        same = [e for e in found if e.incident == draft.incident]
        return sorted(same, key=lambda e: int(re.sub(r"\D", "", e.id) or 0))

    # Looking ---------------------------------------------------------------------------------

    def view(self, execution_id: str) -> View:
        execution = self._executions.get(execution_id)
        runbook = self._read(execution)
        problem = self._changed_since(execution) if execution.is_open else ""
        steps = tuple(self._step_view(execution, step, problem) for step in runbook.steps)
        return View(execution, runbook, steps, problem)

    def _read(self, execution: Execution) -> Runbook:
        """As it was when it was begun."""
        document = Document(
            execution.runbook, execution.title, execution.text, DocumentKind.RUNBOOK
        )
        return _parsed(document)

    def _changed_since(self, execution: Execution) -> str:
        try:
            document = self._runbook_document(execution.runbook)
        except NotFound:
            return "the runbook is not there any more"
        if text_digest(document.text) != execution.digest:
            return "the runbook was changed since this was begun; end this and begin again"
        return ""

    def _step_view(self, execution: Execution, step: Step, problem: str) -> StepView:
        run = moving.step_run(execution, step.number)
        spec = self._parts.file.rules(execution.runbook)
        two = step.changes and (step.action.two_people or (spec is not None and spec.two_people))
        shown = StepView(step, step.action, run, two_people=two, problem=problem)
        try:
            action = step.action.filled(dict(execution.values))
            shown = replace(shown, action=action)
            if problem or not execution.is_open:
                return shown
            runner = self._parts.runners.of(step.kind)
            digest = step_digest(step, action, runner.facts(action))
            can_try = runner.can_try(action)
        except (TandemError, KeyError) as error:
            return replace(shown, problem=str(error))
        fresh = run.state is StepState.DRY and run.shown == digest
        needs = step.changes and can_try and not step.action.no_dry_run and not fresh
        return replace(shown, digest=digest, can_try=can_try, needs_try=needs)

    # Clicks ----------------------------------------------------------------------------------

    def try_out(
        self, execution_id: str, step: int, *, saw: str, by: str, by_name: str
    ) -> Execution:
        ready = self._ready(execution_id, step, saw, by)
        if not ready.view.can_try:
            raise UserError(f"Step {step} has no dry run.")
        now = self._parts.now()
        change = partial(moving.try_began, number=step, digest=saw, by=by, now=now)
        return self._started(ready, change, lambda begun: self._try(begun, now, by))

    def run(self, execution_id: str, step: int, *, saw: str, by: str, by_name: str) -> Execution:
        ready = self._ready(execution_id, step, saw, by)
        if ready.view.needs_try:
            raise UserError(f"Step {step} changes something: make its dry run first.")
        if ready.view.two_people and not self._has_second(ready, by):
            now = self._parts.now()
            change = partial(moving.approved, number=step, digest=saw, by=by, now=now)
            return self._executions.change(ready.execution.id, change, TELL)
        started = self._parts.now()
        first = ready.view.run.approved_by

        def begin(stored: Execution) -> Execution:
            if ready.view.two_people and moving.step_run(stored, step).approved_by != first:
                raise Overtaken("Its approvals changed meanwhile. Look at it again.")
            return moving.began(stored, step, saw, by, started)

        return self._started(ready, begin, lambda begun: self._run(begun, started, by))

    def _started(
        self,
        ready: _Ready,
        intent: Callable[[Execution], Execution],
        work: Callable[[_Ready], None],
    ) -> Execution:
        """Store what is about to be done, then do it behind. Raises Overtaken where somebody else
        was first, Unavailable where too much is under way."""
        self._take()
        try:
            execution = self._executions.change(ready.execution.id, intent, TELL)
            self._parts.probe("intent stored")
        except BaseException:
            self._give_back()
            raise

        def act() -> None:
            try:
                work(replace(ready, execution=execution))
            finally:
                self._give_back()

        self._parts.spawn(act)
        return execution

    def _take(self) -> None:
        with self._changed:
            if self._stopping:
                raise Unavailable("runbooks", "the bot is being stopped")
            if self._under_way >= self._most:
                why = f"{self._most} steps are under way; wait for one to end"
                raise Unavailable("runbooks", why)
            self._under_way += 1

    def _give_back(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        """End what is under way, and wait until that is recorded. Nothing is begun any more."""
        with self._changed:
            self._stopping = True
            self._changed.wait_for(lambda: not self._under_way, timeout=STOP_S)

    def cancel(self, execution_id: str, *, by: str, by_name: str) -> Execution:
        execution = self._executions.get(execution_id)
        self._check_right(execution.runbook, by)
        change = partial(moving.cancelled, by=by, now=self._parts.now())
        return self._executions.change(execution.id, change, TELL)

    def skip(self, execution_id: str, step: int, *, by: str, by_name: str) -> Execution:
        execution = self._executions.get(execution_id)
        self._check_right(execution.runbook, by)
        self._read(execution).step(step)
        change = partial(moving.skipped, number=step, by=by, now=self._parts.now())
        return self._executions.change(execution.id, change, TELL)

    def end(self, execution_id: str, *, by: str, by_name: str) -> Execution:
        execution = self._executions.get(execution_id)
        self._check_right(execution.runbook, by)
        change = partial(moving.closed, by=by, now=self._parts.now())
        ended = self._executions.change(execution.id, change, TELL)
        self._note(ended, by, f"ended {ended.id}: {say_progress(ended)}")
        shutil.rmtree(self._folder(ended), ignore_errors=True)
        return ended

    def _ready(self, execution_id: str, number: int, saw: str, by: str) -> _Ready:
        """Raises Denied, Overtaken, UserError."""
        execution = self._executions.get(execution_id)
        self._check_right(execution.runbook, by)
        view = self.view(execution.id)
        view.runbook.step(number)
        step = view.steps[number - 1]
        if step.problem:
            raise UserError(f"Step {number} cannot be run: {step.problem.rstrip('.')}.")
        if not saw:
            raise BadArgs("saw", "it is missing", "Press the button on the execution's card.")
        if view.execution.is_open and saw != step.digest:
            raise Overtaken(
                "Not counted: the step is not as it was on the card you pressed. Look at it again.",
                step.digest,
            )
        return _Ready(view.execution, step, self._parts.runners.of(step.step.kind))

    def _has_second(self, ready: _Ready, by: str) -> bool:
        """Whether somebody else with the right agreed before. Raises UserError for the first one
        pressing twice."""
        run = ready.view.run
        first = run.approved_by if run.shown == ready.view.digest else ""
        if first == by:
            raise UserError(
                f"Step {ready.number} takes two people: somebody else who may run it must press."
            )
        if not first:
            return False
        self._check_right(ready.execution.runbook, first)
        return True

    def _check_right(self, runbook: str, user: str) -> None:
        spec = self._parts.file.rules(runbook)
        named = spec.groups if spec is not None and user not in spec.users else ()
        members = {group: self._parts.groups.members(group) for group in named}
        check_right(spec, user, members, self._parts.may_operate)

    # Behind ----------------------------------------------------------------------------------

    def _try(self, ready: _Ready, began: datetime, by: str) -> None:
        outcome = self._carried_out(ready, ready.runner.try_out)
        change = partial(
            moving.try_ended,
            number=ready.number,
            began=began,
            outcome=outcome,
            now=self._parts.now(),
        )
        self._stored(ready, change, by, "dry run", outcome)

    def _run(self, ready: _Ready, started: datetime, by: str) -> None:
        outcome = self._carried_out(ready, ready.runner.run)
        self._parts.probe("step carried out")
        change = partial(
            moving.ended,
            number=ready.number,
            started_at=started,
            outcome=outcome,
            now=self._parts.now(),
        )
        self._stored(ready, change, by, "step", outcome)
        if ready.view.step.changes:
            shown = f"{ready.view.action.shown}: {outcome.ended.value}"
            told = f"{ready.execution.id} step {ready.number}: {mask(shown, self._parts.secrets)}"
            self._note(ready.execution, by, told)

    def _carried_out(self, ready: _Ready, act: Callable[[Action, Place], Outcome]) -> Outcome:
        """Raises nothing: whatever goes wrong is how the step ended."""
        limit = min(ready.view.step.timeout, self._parts.file.limits.step)
        try:
            folder = self._folder(ready.execution)
            place = Place(folder, limit, self._stop(ready))
            outcome = act(ready.view.action, place)
        except TandemError as error:
            outcome = Outcome(Ended.FAILED, str(error))
        except Exception:
            log.exception("%s step %d", ready.execution.id, ready.number)
            outcome = Outcome(Ended.FAILED, _BROKEN)
        return replace(outcome, output=tail(mask(outcome.output, self._parts.secrets)))

    def _stop(self, ready: _Ready) -> Callable[[], bool]:
        """Says now and then that somebody is at it, and asks whether it shall end."""
        looked = 0.0
        stop = False

        def asked() -> bool:
            nonlocal looked, stop
            if self._stopping:
                return True
            if stop or monotonic() - looked < self._parts.beat_s:
                return stop
            looked = monotonic()
            beat = partial(moving.seen, number=ready.number, now=self._parts.now())
            try:
                stored = self._executions.change(ready.execution.id, beat)
            except TandemError as error:
                log.warning("%s: %s", ready.execution.id, error)
                return False
            stop = bool(moving.step_run(stored, ready.number).cancelled_by)
            return stop

        return asked

    def _stored(
        self,
        ready: _Ready,
        change: Callable[[Execution], Execution],
        by: str,
        what: str,
        outcome: Outcome,
    ) -> None:
        entry = AuditEntry(
            at=self._parts.now(),
            actor=by,
            skill="runbook_dry" if what == "dry run" else "runbook_step",
            args={"execution": ready.execution.id, "step": ready.number, "ended": True},
            outcome=outcome.ended.value,
            detail=mask(ready.view.action.shown, self._parts.secrets),
            place=ready.execution.channel,
            saw=ready.view.digest,
        )
        try:
            self._executions.change(ready.execution.id, change, TELL)
            self._parts.audit.add(entry)
        except TandemError:
            # It is done; that it could not be stored is found as UNKNOWN by `reconcile`.
            log.exception("%s step %d is not stored", ready.execution.id, ready.number)

    def _note(self, execution: Execution, by: str, text: str) -> None:
        """On the time line of its incident."""
        if not execution.incident:
            return
        noted = partial(record, kind="runbook", by=by, now=self._parts.now(), text=text)
        try:
            self._parts.incidents.change(execution.incident, noted, tell=("card", "thread"))
        except TandemError as error:
            log.warning("%s is not told of %s: %s", execution.incident, execution.id, error)

    def _folder(self, execution: Execution) -> Path:
        """The execution's own folder, for nobody else to read."""
        base = self._parts.file.folder or _temporary()
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if base.stat().st_uid != os.getuid():
            raise Unavailable("runbooks", f"{base} is somebody else's folder", retry=False)
        stamp = f"{execution.started_at:%Y%m%d%H%M%S}"
        folder = base / f"{execution.id}-{stamp}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    # What was interrupted --------------------------------------------------------------------

    def reconcile(self) -> None:
        """Give up what nobody is at any more. For the start and for every few seconds."""
        for execution in self._executions.find(open_only=True, limit=MOST):
            if moving.given_up(execution, self._parts.now()) != execution:
                change = partial(moving.given_up, now=self._parts.now())
                self._executions.change(execution.id, change, TELL)


def _temporary() -> Path:
    """Where everybody may write, others could have made a folder of any name before us."""
    return Path(tempfile.gettempdir()) / f"tandem-runbooks-{os.getuid()}"


@lru_cache(maxsize=500)
def _parsed(document: Document) -> Runbook:
    """Cards of incidents look through all runbooks."""
    return read_runbook(document)


def say_progress(execution: Execution) -> str:
    """ "3 of 5 steps done, 1 failed"."""
    counts = {
        state: sum(step.state is state for step in execution.steps)
        for state in StepState
        if state.is_over
    }
    done = counts.pop(StepState.DONE)
    others = [f"{number} {state.value}" for state, number in counts.items() if number]
    return ", ".join([f"{done} of {len(execution.steps)} steps done", *others])


_BROKEN = "Something went wrong on my side; it is in my log. Look whether it had its effect."
EVERY = timedelta(seconds=15)
"""How often `reconcile` is to be called."""
