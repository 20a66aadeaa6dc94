"""Pure: the card of an execution of a runbook, and what its thread is told.

Each button carries the digest of the step that the card shows: pressed on an older card, after the
runbook or a playbook was changed, it counts for nothing.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from knowledge.durations import say_duration
from knowledge.records import Event, Execution, StepState
from knowledge.remediation.service import say_progress
from knowledge.remediation.views import Offer, StepView, View
from skills.cards.wording import LINE_LIMIT, People, clock, cut, same, stamp
from skills.contract import Button, Call, Line, Reply, Section, Style, Tone

SHOWN_OFFERS = 2
_CONFIRM, _SHOWN = 280, 600
_TRIED_LINES, _OUTPUT_LINES, _OUTPUT = 8, 30, 2_000
_RULED, _RULE = re.compile(r"([-*=#_])\1{9,}"), 8
"""Rules that tools draw across a terminal are wider than a thread."""
_BAD = (StepState.FAILED, StepState.TIMED_OUT, StepState.UNKNOWN)
_AGAIN = (*_BAD, StepState.CANCELLED)


def execution_card(view: View, people: People = same) -> Reply:
    """Where it stands, what comes next and what pressing does."""
    execution = view.execution
    values = ", ".join(f"{name} = {value}" for name, value in execution.values)
    fields = {
        "Runbook": execution.runbook,
        "Incident": execution.incident,
        "Begun by": people(execution.started_by),
        "Filled in": cut(values, LINE_LIMIT),
    }
    steps = tuple(Line(_say_step(step, people)) for step in view.steps)
    focus = _focus(view) if execution.is_open else None
    return Reply(
        title=cut(f"{execution.id} · {execution.title}", 140),
        text=_say_state(view),
        tone=_tone(view),
        fields={name: text for name, text in fields.items() if text},
        sections=(Section("Steps", steps), *(() if focus is None else (_detail(focus),))),
        buttons=_buttons(view, focus) if execution.is_open else (),
        footer=f"begun {stamp(execution.started_at)}"
        + (f" · ended {stamp(execution.ended_at)}" if execution.ended_at else ""),
        about=execution.id,
    )


def execution_update(execution: Execution, events: Sequence[Event], people: People = same) -> Reply:
    """News for its thread: what was done, and what it wrote."""
    lines = [line for event in events for line in _say_event(event, people)]
    last = events[-1].text.partition("\n")[0] if events else ""
    return Reply(
        title=cut(f"{execution.id}: {last}", 140),
        tone=Tone.WARNING if "not known" in last or "failed" in last else Tone.NEUTRAL,
        sections=(Section(lines=tuple(map(Line, lines))),),
    )


def run_button(offer: Offer, incident: str = "") -> Button:
    """Begins it; a window asks first where there is something to fill in."""
    args = {"name": offer.document.id, **({"incident": incident} if incident else {})}
    call = Call("runbook_run", args)
    if offer.runbook.parameters:
        return Button("Run it", call, style=Style.PRIMARY, asks=True)
    return Button("Run it", call, style=Style.PRIMARY)


def run_buttons(
    offers: Sequence[Offer], incident: str, begun: Collection[str] = ()
) -> tuple[Button, ...]:
    """For the card of an incident: those that can be run, but for the ones begun already."""
    return tuple(
        replace(run_button(offer, incident), label=cut(f"Run: {offer.document.title}", 70))
        for offer in offers
        if offer.runnable and offer.document.id not in begun
    )[:SHOWN_OFFERS]


def open_executions(executions: Sequence[Execution], people: People = same) -> tuple[str, ...]:
    """One line each for the card of the incident."""
    return tuple(
        cut(
            f"{e.id} {e.title}: {say_progress(e)}, begun by {people(e.started_by)}",
            LINE_LIMIT,
        )
        for e in executions
    )


def _say_state(view: View) -> str:
    if not view.execution.is_open:
        return f"Ended: {say_progress(view.execution)}."
    if view.problem:
        return f"Nothing of it can be run: {view.problem}."
    busy = view.busy
    if busy is not None:
        doing = "runs" if busy.run.state is StepState.RUNNING else "is tried"
        return f"Step {busy.step.number} {doing}. Its output comes into the thread."
    current = view.current
    return f"{say_progress(view.execution)}." + ("" if current else " End it when you are through.")


def _tone(view: View) -> Tone:
    states = {step.run.state for step in view.steps}
    if StepState.UNKNOWN in states or view.problem:
        return Tone.WARNING
    if StepState.FAILED in states or StepState.TIMED_OUT in states:
        return Tone.BAD
    return Tone.GOOD if states == {StepState.DONE} else Tone.NEUTRAL


def _say_step(view: StepView, people: People) -> str:
    run = view.run
    said: list[str] = [run.state.value]
    if run.seen_at is not None and run.state is not StepState.RUNNING:
        said = ["dry run under way"]
    if run.by and run.state is not StepState.WAITING:
        said.append(f"by {people(run.by)}")
    if run.ended_at is not None and run.state.is_over:
        said.append(clock(run.ended_at))
    if run.state in _BAD and run.exit_code is not None:
        said.append(f"({run.exit_code})")
    changes = "" if view.step.changes else ", only looks"
    return cut(
        f"{view.step.number}. {view.step.title} ({view.step.kind}{changes}): {' '.join(said)}",
        LINE_LIMIT,
    )


def _focus(view: View) -> StepView | None:
    """The step that is looked at now: what runs, else what went wrong last, else what comes."""
    if view.busy is not None:
        return view.busy
    over = [step for step in view.steps if step.run.state.is_over]
    if over and over[-1].run.state in _AGAIN:
        return over[-1]
    return view.current


def _detail(view: StepView) -> Section:
    action = view.action
    limit = say_duration(view.step.timeout)
    what = "changes something" if view.step.changes else "changes nothing"
    lines = [f"`{_plain(cut(action.shown, _SHOWN))}`", f"It {what}; ended after {limit} at most."]
    if view.problem:
        lines.append(f"It cannot be run: {view.problem}")
    if view.two_people:
        lines.append("It takes two people who may run it.")
    if action.no_dry_run:
        lines.append(f"Without a dry run: {action.no_dry_run}")
    if action.rollback:
        lines.append(f"To take it back: {action.rollback}")
    if view.run.state is StepState.UNKNOWN:
        lines.append("It was running when the bot stopped. Find out whether it had its effect.")
    shown = view.run.dry_output if view.run.state is StepState.DRY else view.run.output
    lines += _output(shown, _TRIED_LINES)
    return Section(f"Step {view.step.number}: {view.step.title}", tuple(map(Line, lines)))


def _buttons(view: View, focus: StepView | None) -> tuple[Button, ...]:
    execution = view.execution
    ids = {"execution": execution.id}
    end = Button(
        "End", Call("runbook_end", ids), confirm=f"End {execution.id}? {say_progress(execution)}."
    )
    if view.busy is not None:
        return (
            Button("Cancel the step", Call("runbook_cancel", ids), style=Style.DANGER),
            Button("Look again", Call("runbook_execution", ids)),
        )
    found: list[Button] = []
    shown = {step.step.number: step for step in (focus, view.current) if step is not None}
    for step in shown.values():
        found += _step_buttons(execution, step)
    return (*found[:4], end)


def _step_buttons(execution: Execution, view: StepView) -> list[Button]:
    """Only a dry run where that comes first."""
    number = view.step.number
    ids = {"execution": execution.id, "step": number}
    pressed = {**ids, "saw": view.digest}
    over = view.run.state.is_over
    skip = [] if over else [Button(f"Skip step {number}", Call("runbook_skip", ids))]
    if not view.digest or view.problem:
        return skip
    again = " again" if over else ""
    tries = Button(f"Dry run of step {number}{again}", Call("runbook_dry", pressed))
    if view.needs_try:
        return [Button(tries.label, tries.call, style=Style.PRIMARY), *skip]
    label = f"Run step {number}{again}"
    if view.two_people:
        first = view.run.approved_by and view.run.shown == view.digest
        label += " (second of two)" if first else " (first of two)"
    runs = Button(
        label,
        Call("runbook_step", pressed),
        style=Style.DANGER if view.step.changes else Style.PRIMARY,
        confirm=_confirm(view),
    )
    return [runs, *skip]


def _confirm(view: StepView) -> str:
    if not view.step.changes:
        return ""
    asked = view.action.confirm or f"Run step {view.step.number}, {view.step.title}?"
    unknown = (
        " It may have been done already: nobody knows what came of it."
        if view.run.state is StepState.UNKNOWN
        else ""
    )
    return cut(f"{asked}{unknown} {view.action.shown}", _CONFIRM)


def _say_event(event: Event, people: People) -> list[str]:
    first, _, output = event.text.partition("\n")
    by = "" if event.actor == "tandem" else f" ({people(event.actor)})"
    return [f"{clock(event.at)} {cut(first, LINE_LIMIT)}{by}", *_output(output, _OUTPUT_LINES)]


def _output(text: str, most: int) -> list[str]:
    """Its last lines as one block of code."""
    lines = [line for line in text.rstrip().split("\n") if line.strip()]
    shown: list[str] = []
    for line in reversed(lines[-most:]):
        kept = cut(_plain(_RULED.sub(r"\1" * _RULE, line)).rstrip(), LINE_LIMIT)
        if sum(map(len, shown)) + len(kept) > _OUTPUT:
            break
        shown.insert(0, kept)
    if not shown:
        return []
    before = len(lines) - len(shown)
    left = [f"[{before} lines before]"] if before else []
    return [*left, "\n".join(("```", *shown, "```"))]


def _plain(text: str) -> str:
    """Inside marks of code, on one line."""
    return " ".join(text.split("\n")).replace("`", "'")
