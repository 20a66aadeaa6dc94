"""What holds for every skill, built-in or installed: it is well formed, its examples route home,
no input breaks it, and what it shows fits into Slack."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.ask import Place
from bot.playground.block_rules import view_violations, violations
from bot.route import Router
from bot.slack import blocks, inbound, press, windows
from bot.text_view import draw
from bot.turn import checked, explained
from bot.watching.testing import Values, series, watching_at
from bot.words import ASK, Known, usage
from knowledge.adapters.absent import AbsentTelemetry
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments, MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames, MemoryMetrics
from knowledge.adapters.memory.training import MemoryTrainer
from knowledge.adapters.memory.triage import MemoryTriage
from knowledge.errors import UserError
from knowledge.incidents import open_from
from knowledge.ingest import read_paths
from knowledge.library import SearchLibrary
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor
from knowledge.records import (
    AlertRecord,
    Change,
    Document,
    Incident,
    ModelVersion,
    Signal,
    Term,
    Verdict,
)
from skills.contract import Button, Call, Context, Form, Reply, Role, Skill
from skills.registry import installed
from skills.testing import NOON, context
from tests.knowledge.remediation.world import LAG, begin, remediation_over
from tests.skills.asking import promoting

SKILLS = installed()
BY_NAME = {skill.name: skill for skill in SKILLS}
CONTENT = Path(__file__).parents[2] / "bot" / "demo" / "content"

every_skill = pytest.mark.parametrize("skill", SKILLS, ids=lambda s: s.name)

KNOWN = {
    "incident": "INC-1",
    "service": "checkout",
    "model": "eta-model",
    "version": "3",
    "window": "24h",
    "text": "kafka consumer lag",
    "name": "kafka lag",
    "action": "ack",
    "approval": "1",
    "execution": "EXE-1",
    "step": "1",
    "status": "open",
    "severity": "SEV2",
    "topic": "drift",
    "into": "INC-4",
    "what": "Latency",
    "alert": "Latency",
    "monitor": "p99",
    "query": "latency",
    "preset": "node/node-down",
    "limit": "> 2",
    "every": "1h",
}
"""A value that means something in the worlds below, for arguments of these names."""

MANY = 5
"""Arguments from which not every strange text is tried on each."""
STRANGE = (
    "",
    "   ",
    "INC-999999",
    "no-such-thing",
    "<!channel> <https://example.com|here> & *bold* `code`",
    "</script>'; drop table incidents; --",
    "line\n" * 100,
    "日本語 𝒽𝑒𝓁𝓁ℴ 🚨\u202e\u0000",
    "-1",
    "1e999",
)


# Worlds


def empty_world() -> Context:
    return _context(
        MemoryStore(),
        MemoryModels(),
        MemoryFrames(),
        SearchLibrary(MemoryDocuments(), HashEmbedder(), FlatIndex),
    )


def full_world() -> Context:
    """Open and resolved incidents, a registry, data that drifts, the demo's past incidents."""
    store = MemoryStore()
    for draft in _drafts():
        opened = store.incidents.open(draft)
        store.alerts.record([_recorded(s, opened.id) for s in draft.signals])
    documents = MemoryDocuments()
    documents.put([*_past(), LAG])
    store.documents = documents
    library = SearchLibrary(documents, HashEmbedder(), FlatIndex)
    models = _models()
    promoting(store, models).ask(
        "eta-model", "3", by="U2", by_name="grace <!channel>", reason="*better* " * 300, key="1"
    )
    begin(remediation_over(store, library), group="writer")
    return _context(store, models, _frames(), library, _monitors())


def _context(
    store: MemoryStore,
    models: MemoryModels,
    frames: MemoryFrames,
    library: SearchLibrary,
    monitors: Sequence[AnyMonitor] = (),
) -> Context:
    return context(
        incidents=store.incidents,
        changes=store.changes,
        approvals=store.approvals,
        runs=store.runs,
        moves=store.moves,
        audit=store.audit,
        library=library,
        metrics=MemoryMetrics(),
        models=models,
        frames=frames,
        alerts=store.alerts,
        handovers=store.handovers,
        executions=store.executions,
        uses=store.uses,
        judgements=store.judgements,
        telemetry=AbsentTelemetry(),
        silences=store.silences,
        triage=MemoryTriage(store, lambda: NOON),
        watching=watching_at(NOON, store, monitors, VALUES),
        promoting=promoting(store, models, frames=frames),
        trainer=MemoryTrainer(),
        remediation=remediation_over(store, library),
        skills=SKILLS,
    )


# Hundreds of worlds are made below: what never changes of them is made once.


@cache
def _drafts() -> tuple[Incident, ...]:
    return tuple(map(_draft, range(30)))


def _draft(number: int) -> Incident:
    signal = _signal(number)
    change = Change(f"C{number}", NOON, "deploy", signal.service, "new *rules* <b>", "4.1")
    other = replace(signal, fingerprint=f"g{number}", name="Latency", service=f"s{number}")
    return open_from((signal, other), NOON - timedelta(hours=1), (change,))


@cache
def _past() -> tuple[Document, ...]:
    return tuple(read_paths([CONTENT]).documents)


def _signal(number: int) -> Signal:
    return Signal(
        fingerprint=f"f{number}",
        name="HighErrorRate",
        starts_at=NOON - timedelta(hours=2),
        received_at=NOON - timedelta(hours=2),
        ends_at=NOON - timedelta(hours=1) if number % 3 == 2 else None,
        service=("checkout", "payments", "kafka <&> lag")[number % 3],
        severity="critical",
        summary=f"Error rate is {number} %, see <https://example.com|this> " + "x" * 300,
        description="d" * 3000,
        url="https://example.com/a|b>c",
        labels={"cluster": f"c{number}"},
    )


def _recorded(signal: Signal, incident: str) -> AlertRecord:
    why = (Term("hop", 2.5, "calls <payment> & waits " + "y" * 300), Term("zone", -0.4, "far"))
    return AlertRecord(signal, NOON, 3, incident, Verdict.ATTACHED, why)


def _models() -> MemoryModels:
    def version(number: int, **given: Any) -> ModelVersion:
        return ModelVersion(
            model="eta-model",
            version=str(number),
            created_at=NOON - timedelta(days=10 - number),
            metrics={"rmse": 10.0 - number, "r2": 0.5 + number / 100, "odd metric": 1.0},
            dataset="holdout",
            dataset_digest="d1",
            description="*better* <b>" * 200,
            url="https://mlflow.example.com/#/models/eta-model",
            **given,
        )

    champion = version(2, aliases=("champion",))
    return MemoryModels(
        [version(1), champion, version(3), version(4, tags={"service": "checkout"})]
    )


VALUES: Mapping[str, Values] = {
    "latency": lambda at: {
        series(service=f"s{n} <!channel>"): 9.0 if n == at.hour else 1.0 for n in range(2)
    }
}


def _monitors() -> list[AnyMonitor]:
    strange = "<!channel> *p50* `code` " + "x" * 300
    given: tuple[dict[str, Any], ...] = (
        {"name": "p99", "query": "latency", "above": 5, "every": "1h"},
        {"name": strange, "query": "sum(" * 400, "every": "1h", "tell": ["#ml", "@ada"]},
        *({"name": f"disk-{n}", "query": f"q{n}", "normal": "silence"} for n in range(60)),
    )
    model = ModelMonitor.model_validate({"model": "eta-model"})
    return [*map(MetricMonitor.model_validate, given), model]


def _frames() -> MemoryFrames:
    rng = np.random.default_rng(3)

    def rows(shift: float) -> dict[str, Any]:
        return {f"column {i} <&>": rng.normal(shift, 1, 500) for i in range(12)}

    frames = MemoryFrames()
    frames.set_reference("eta-model", rows(0))
    frames.log("eta-model", NOON - timedelta(hours=1), rows(2))
    return frames


WORLDS = {"empty": empty_world, "full": full_world}


# Form


@every_skill
def test_is_well_formed(skill: Skill[Any]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", skill.name)
    assert re.fullmatch(r"[A-Z][^\n]{8,100}[^\n.]", skill.summary)
    assert skill.hidden or skill.examples
    for example in skill.examples:
        assert example == example.strip()
        assert 0 < len(example) <= 75, "an example is a button's label"
    assert not skill.command or re.fullmatch(r"/[a-z][a-z0-9_-]{0,30}", skill.command)
    assert set(skill.positional) <= set(skill.args.model_fields)
    assert usage(skill).startswith(skill.command)


@every_skill
def test_arguments_are_described(skill: Skill[Any]) -> None:
    for name, field in skill.args.model_fields.items():
        assert field.description, f"{name} has no description"
        assert len(field.description) <= 100
        assert not field.description.endswith(".")
    assert skill.args.model_json_schema()["type"] == "object"


def test_names_commands_and_examples_are_their_own() -> None:
    commands = [s.command for s in SKILLS if s.command]
    examples = [e.lower() for s in SKILLS for e in s.examples]
    for values in ([s.name for s in SKILLS], commands, examples):
        assert len(set(values)) == len(values)


# Routing


@pytest.fixture(scope="module")
def router() -> Router:
    known = Known(("checkout", "payments"), ("eta-model", "fraud", "churn"))
    return Router(SKILLS, known=lambda: known)


EXAMPLES = [(s.name, e) for s in SKILLS if not s.hidden for e in s.examples]
every_example = pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[e for _, e in EXAMPLES])


@every_example
def test_examples_route_home(router: Router, name: str, example: str) -> None:
    routed = router.route(example)
    assert routed.call is not None, routed.step
    assert routed.call.skill == name


@every_example
def test_examples_say_all_that_is_needed(router: Router, name: str, example: str) -> None:
    call = router.route(example).call
    assert call is not None
    checked(BY_NAME[name], call)


# Behaviour


def calls(skill: Skill[Any]) -> Iterator[Call]:
    """With nothing, with what is known, and with each text argument strange in its turn."""
    fields = skill.args.model_fields
    known = {name: KNOWN[name] for name in fields if name in KNOWN}
    yield Call(skill.name)
    yield Call(skill.name, known)
    for name in fields:
        if name in known:
            yield Call(skill.name, {name: known[name]})
        for strange in _turns(fields, name):
            yield Call(skill.name, {**known, name: strange})


def _turns(fields: Iterable[str], name: str) -> Iterator[str]:
    """Every strange text; where there are many arguments, each gets some and each text goes to
    some: pictures are drawn for every call."""
    names = list(fields)
    step = 1 if len(names) <= MANY else 3
    return (text for i, text in enumerate(STRANGE) if (i + names.index(name)) % step == 0)


def answered(skill: Skill[Any], call: Call, ctx: Context) -> Reply:
    """The reply as `bot.turn` would have it: an error a person can mend is a reply, too."""
    try:
        return skill.run(ctx, checked(skill, call))
    except UserError as error:
        return explained(error, call)


def problems(reply: Reply) -> Iterator[str]:
    """What Slack would refuse, wherever the reply is shown."""
    files = [f"F{number}" for number in range(len(reply.pictures))]
    yield from violations(blocks.blocks(reply, files))
    yield from view_violations(blocks.home_view([reply]))
    if not 0 < len(blocks.fallback(reply)) <= 3000:
        yield "fallback text"
    window = windows.opened({**windows.waiting(), "id": "V1", "hash": "1.a"})
    yield from view_violations(windows.answered(window, reply, files))
    for button in buttons(reply):
        if button.form and button.call:
            yield from form_problems(button.form, button.call)


def form_problems(form: Form, call: Call) -> Iterator[str]:
    """What Slack would refuse of the window, and what its preview could not be asked."""
    place = Place("C0123456789", "U0123456789", "1762000000.000100")
    yield from view_violations(blocks.form_view(form, inbound.metadata(call, place)))
    if form.preview is not None:
        look = BY_NAME[form.preview.call.skill]
        if look.needs > Role.READ:
            yield f"the preview {look.name} may change something"
        asked = {*form.preview.call.args, *(f.name for f in form.fields)}
        if not asked <= set(look.args.model_fields):
            yield f"{look.name} does not take {asked - set(look.args.model_fields)}"


def buttons(reply: Reply) -> list[Button]:
    return [*reply.buttons, *(b for section in reply.sections for b in section.buttons)]


@pytest.mark.parametrize("world", WORLDS)
@every_skill
def test_no_input_breaks_it_and_every_reply_fits(skill: Skill[Any], world: str) -> None:
    for call in calls(skill):
        _fits(skill, call, world)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("skill", [s for s in SKILLS if s.form], ids=lambda s: s.name)
def test_its_window_can_be_opened(skill: Skill[Any], world: str) -> None:
    opened = 0
    for call in calls(skill):
        form = _form(skill, call, _kept(world))
        if form is None:
            continue
        opened += 1
        assert not list(form_problems(form, call))
        typed = {field.name: field.initial for field in form.fields if field.initial}
        checked(skill, Call(skill.name, {**call.args, **typed}))
    assert opened or world == "empty"


def _form(skill: Skill[Any], call: Call, ctx: Context) -> Form | None:
    assert skill.form is not None
    try:
        return skill.form(ctx, checked(skill, call))
    except UserError:
        return None


LONG = "a" * 4000


@every_skill
def test_a_very_long_argument_breaks_nothing(skill: Skill[Any]) -> None:
    known = {name: KNOWN[name] for name in skill.args.model_fields if name in KNOWN}
    for name in skill.args.model_fields:
        _fits(skill, Call(skill.name, {**known, name: LONG}), "full")


def _fits(skill: Skill[Any], call: Call, world: str) -> None:
    changes = skill.needs > Role.READ
    ctx = WORLDS[world]() if changes else _kept(world)
    for pressed in (False, True) if changes else (False,):
        reply = answered(skill, call, replace(ctx, via_button=pressed))
        assert reply.title.strip()
        found = list(problems(reply))
        assert not found, f"{call}: {found}"
        assert draw(reply)


_worlds: dict[str, Context] = {}


def _kept(world: str) -> Context:
    """Building a world takes a while; skills that only read may share one."""
    if world not in _worlds:
        _worlds[world] = WORLDS[world]()
    return _worlds[world]


@pytest.mark.parametrize("world", WORLDS)
@every_skill
def test_its_buttons_can_be_pressed(skill: Skill[Any], world: str) -> None:
    nothing, known, *_ = calls(skill)
    for call in (nothing, known):
        for button in buttons(answered(skill, call, WORLDS[world]())):
            _can_be_pressed(button)


def _can_be_pressed(button: Button) -> None:
    """It survives its way through Slack and, with what its form asks, names a skill and all the
    arguments that this needs."""
    if button.call is None:
        assert button.url
        return
    value = press.encode(button.call, button.form, asks=button.asks)
    assert press.decode(value) == (button.call, button.form)
    assert not button.asks or BY_NAME[button.call.skill].form is not None
    if button.call.skill == ASK:
        return
    target = BY_NAME[button.call.skill]
    asked = {f.name: f.initial or "x" for f in (button.form.fields if button.form else ())}
    assert set(asked) <= set(target.args.model_fields)
    checked(target, Call(target.name, {**button.call.args, **asked}))
