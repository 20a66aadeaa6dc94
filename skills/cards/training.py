"""Pure: the card of a training run, and what its thread is told."""

from collections.abc import Sequence

from knowledge.promotion import show_version
from knowledge.records import Event, Run, RunState
from knowledge.training import is_over, never_started, say_run
from skills.cards.wording import LINE_LIMIT, cut, stamp
from skills.contract import (
    Button,
    Call,
    Form,
    FormField,
    Line,
    Reply,
    Section,
    Style,
    Tone,
)

NOTHING_CHANGES = "Nothing changes for users until a version is promoted."
_REASON, _DETAIL = 500, 300
_TONES = {
    RunState.DONE: Tone.GOOD,
    RunState.FAILED: Tone.BAD,
    RunState.CANCELLED: Tone.WARNING,
    RunState.LOST: Tone.WARNING,
}
_ENDED_BADLY = (RunState.FAILED, RunState.CANCELLED, RunState.LOST)


def training_card(run: Run) -> Reply:
    """How it stands, what it was given, and what can be done now."""
    training = run.training
    parameters = " ".join(f"{name}={value}" for name, value in training.parameters.items())
    fields = {
        "asked by": training.by_name,
        "trained by": run.system,
        "parameters": cut(parameters, _DETAIL),
        "served then": show_version(training.champion) if training.champion else "",
        _detail_name(run.state): cut(run.detail, _DETAIL),
        "new version": show_version(run.version) if run.version else "",
    }
    return Reply(
        title=_title(run),
        text=cut(training.reason, _REASON),
        tone=_TONES.get(run.state, Tone.NEUTRAL),
        fields={name: text for name, text in fields.items() if text},
        buttons=_buttons(run),
        footer=f"run {training.id[:8]}, asked {stamp(training.at)} · {NOTHING_CHANGES}",
    )


def training_update(run: Run, events: Sequence[Event]) -> Reply:
    """News for its thread. Who asked is called when it is over: it may have taken hours."""
    ended = is_over(run) or run.state is RunState.LOST
    return Reply(
        title=_title(run),
        tone=_TONES.get(run.state, Tone.NEUTRAL),
        sections=(Section(lines=tuple(Line(cut(e.text, LINE_LIMIT)) for e in events)),),
        buttons=_buttons(run) if ended else (),
        calls=(run.training.by,) if ended else (),
    )


def _ask_for_promotion(run: Run) -> Button:
    model, version = run.training.model, run.version
    why = f"trained again: {run.training.reason}"
    reason = FormField(
        "reason", "Why", hint="Shown to those who decide", initial=cut(why, _DETAIL), optional=True
    )
    text = f"{model} {show_version(version)} is compared with the champion, and others decide."
    return Button(
        "Ask for promotion",
        Call("promotion", {"model": model, "version": version}),
        style=Style.PRIMARY,
        form=Form("Ask for promotion", (reason,), submit="Ask", text=text),
    )


def _title(run: Run) -> str:
    if never_started(run):
        return f"{run.training.model}: training was not started"
    return f"{run.training.model}: training {say_run(run)}"


def _detail_name(state: RunState) -> str:
    return "why" if state in _ENDED_BADLY else "now"


def _buttons(run: Run) -> tuple[Button, ...]:
    model = run.training.model
    page = (Button("Open the run", url=run.url),) if run.url else ()
    if run.state is RunState.DONE and run.version:
        return (
            _ask_for_promotion(run),
            Button("Compare", Call("model_status", {"model": model})),
            *page,
        )
    if run.state in _ENDED_BADLY:
        return (Button("Train again", Call("retrain", {"model": model}), asks=True), *page)
    return page
