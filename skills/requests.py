"""Asking for a move of the champion, and the card of such a request: what `promotion` and
`rollback` share. The rules are in `knowledge.promotion`."""

from collections.abc import Mapping, Sequence

from knowledge.promotion import (
    DEFAULT_POLICY,
    MetricChange,
    close,
    compare,
    evaluations,
    expires_at,
    failing,
    incident_gate,
    is_expired,
    is_rollback,
    prevented,
    promotion_gates,
    rollback_gates,
    say_gain,
    say_move,
    say_number,
    say_time,
    shared_data,
    show_version,
)
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Evaluation,
    Gate,
    GateResult,
    ModelVersion,
)
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Form,
    FormField,
    Line,
    Reply,
    Section,
    Source,
    Style,
    Table,
    Tone,
    Unavailable,
)

NEWEST = 5
"""How many versions or models are offered as buttons."""


# Choosing ------------------------------------------------------------------------------------


def choose_model(ctx: Context, skill: str, title: str) -> Reply:
    """Offer the registry's models as buttons of this skill."""
    names = ctx.models.names()
    if not names:
        return Reply("The model registry is empty", audience=Audience.ASKER)
    return Reply(
        title,
        text=f"{len(names)} in the registry." if len(names) > NEWEST else "",
        buttons=tuple(Button(n, Call(skill, {"model": n})) for n in names[:NEWEST]),
        audience=Audience.ASKER,
    )


def choose_version(
    model: str, versions: Sequence[ModelVersion], skill: str, title: str, text: str = ""
) -> Reply:
    """Offer the newest versions of a model that are not champion as buttons of this skill."""
    others = [v for v in versions if "champion" not in v.aliases][:NEWEST]
    return Reply(
        title,
        text=text or ("" if others else f"{model} has no version to choose."),
        buttons=tuple(
            Button(
                f"{show_version(v.version)}, {v.created_at:%d %b}",
                Call(skill, {"model": model, "version": v.version}),
            )
            for v in others
        ),
        audience=Audience.ASKER,
    )


# Asking --------------------------------------------------------------------------------------


def gates_now(
    ctx: Context, champion: ModelVersion | None, challenger: ModelVersion, *, rollback: bool
) -> tuple[Gate, ...]:
    """All gates as they stand at this moment."""
    around = (_incidents_now(ctx, challenger),)
    if rollback and champion is not None:
        return rollback_gates(champion, challenger, ctx.now, DEFAULT_POLICY, around)
    return promotion_gates(champion, challenger, ctx.now, DEFAULT_POLICY, around)


def _incidents_now(ctx: Context, version: ModelVersion) -> Gate:
    """The tag `service` of a version names who uses the model; else it is the model's own name."""
    service = version.tags.get("service", version.model)
    try:
        return incident_gate(service, ctx.incidents.find(open_only=True, service=service))
    except Unavailable as error:
        return Gate("incidents", GateResult.WARN, f"could not be checked ({error})")


def ask(
    ctx: Context,
    champion: ModelVersion | None,
    challenger: ModelVersion,
    gates: Sequence[Gate],
    reason: str,
) -> tuple[Approval, bool]:
    """The open request for this move, and whether it is new. One that compared with an earlier
    champion is closed first: its evidence no longer holds."""
    now_champion = champion.version if champion is not None else ""
    for old in open_requests(ctx, challenger.model):
        if old.version != challenger.version:
            continue
        if old.champion == now_champion:
            return old, False
        ctx.approvals.decide(old.id, ApprovalStatus.PENDING, _superseded)
    draft = Approval(
        id="",
        model=challenger.model,
        version=challenger.version,
        champion=now_champion,
        requester=ctx.user.id,
        requester_name=ctx.user.name,
        created_at=ctx.now,
        reason=reason,
        gates=tuple(gates),
    )
    return ctx.approvals.add(draft), True


def _superseded(approval: Approval) -> Approval:
    return close(approval, "the champion changed before anybody decided; it was asked for again")


def open_requests(ctx: Context, model: str = "") -> list[Approval]:
    """Requests that still wait for a decision, newest first."""
    waiting = ctx.approvals.find(model=model, status=ApprovalStatus.PENDING)
    return [a for a in waiting if not is_expired(a, ctx.now)]


# Cards ---------------------------------------------------------------------------------------


def request_card(
    approval: Approval,
    champion: ModelVersion | None,
    challenger: ModelVersion,
    gates: Sequence[Gate],
    *,
    note: str = "",
) -> Reply:
    """A request that waits for its decision, with the evidence for it."""
    stopping = prevented(gates)
    text = [note, _who_asks(approval)]
    if stopping:
        text.append(f"It cannot be approved while a gate fails: {_names(stopping)}.")
    return Reply(
        title=_question(approval),
        text="\n".join(t for t in text if t),
        tone=_tone(gates),
        table=metric_table(champion, challenger),
        sections=evidence(champion, challenger, gates),
        sources=sources(champion, challenger),
        buttons=(() if stopping else (approve_button(approval),)) + (reject_button(approval),),
        footer=(
            f"Request {approval.id}, asked by {approval.requester_name} at "
            f"{say_time(approval.created_at)}. Must be decided by someone else with the approve "
            f"right before {say_time(expires_at(approval))}."
        ),
    )


def refusal_card(
    champion: ModelVersion | None, challenger: ModelVersion, gates: Sequence[Gate], skill: str
) -> Reply:
    """Why no request was made."""
    stopping = failing(gates)
    args = {"model": challenger.model, "version": challenger.version}
    return Reply(
        title=f"{challenger.model} {show_version(challenger.version)}: not ready to be asked for",
        text=f"No request was made, because a gate fails: {_names(stopping)}.",
        tone=Tone.BAD,
        table=metric_table(champion, challenger),
        sections=evidence(champion, challenger, gates),
        sources=sources(champion, challenger),
        buttons=(
            Button("Check again", Call(skill, args)),
            Button("Other versions", Call("model_status", {"model": challenger.model})),
        ),
    )


def approve_button(approval: Approval, label: str = "Approve") -> Button:
    return Button(
        label,
        Call("approve", {"approval": approval.id}),
        style=Style.PRIMARY,
        confirm=f"This moves the alias: {say_move(approval)}.",
    )


def reject_button(approval: Approval) -> Button:
    reason = FormField("reason", "Why not?", hint="Shown on the card and kept", multiline=True)
    return Button(
        "Reject",
        Call("reject", {"approval": approval.id}),
        style=Style.DANGER,
        form=Form("Reject the request", (reason,), submit="Reject"),
    )


def decided_card(approval: Approval, *, already: bool = False) -> Reply:
    """What became of a request; stands where its card stood. `already` is for a late clicker."""
    name = f"{approval.model} {show_version(approval.version)}"
    word = _WORDS.get(approval.status, approval.status.value)
    return Reply(
        title=f"{name}: already {word}" if already else f"{name}: {word}",
        text="\n".join(_story(approval)),
        tone=_TONES.get(approval.status, Tone.NEUTRAL),
        sections=(_gates_section(approval.gates),) if approval.gates else (),
        buttons=_after(approval),
        footer=(
            f"Request {approval.id}, asked by {approval.requester_name} at "
            f"{say_time(approval.created_at)}."
        ),
        replace=True,
    )


_WORDS = {ApprovalStatus.FAILED: "approved, not moved"}
_TONES = {
    ApprovalStatus.APPROVED: Tone.GOOD,
    ApprovalStatus.FAILED: Tone.BAD,
    ApprovalStatus.EXPIRED: Tone.WARNING,
}
_VERBS = {ApprovalStatus.REJECTED: "Rejected", ApprovalStatus.FAILED: "Approved"}


def _story(approval: Approval) -> list[str]:
    """Who decided when and why, and what came of it."""
    story = []
    if approval.decided_by and approval.decided_at is not None:
        verb = _VERBS.get(approval.status, "Approved")
        who = approval.decided_by_name or approval.decided_by
        story.append(f"{verb} by *{who}* at {say_time(approval.decided_at)}.")
    if approval.decision_reason:
        story.append(f"Reason: {approval.decision_reason}")
    if approval.outcome:
        story.append(f"{approval.outcome[0].upper()}{approval.outcome[1:]}.")
    if approval.reason:
        story.append(f"Asked for because: {approval.reason}")
    return story


def _after(approval: Approval) -> tuple[Button, ...]:
    """What can be done next, by how it ended."""
    status = Button("Show model", Call("model_status", {"model": approval.model}))
    again = Call(
        "rollback" if is_rollback(approval) else "promotion",
        {"model": approval.model, "version": approval.version},
    )
    if approval.status is ApprovalStatus.FAILED:
        return (approve_button(approval, "Try again"), status)
    if approval.status is ApprovalStatus.EXPIRED:
        return (Button("Ask again", again), status)
    if approval.status is ApprovalStatus.APPROVED and approval.champion:
        return (status, Button("Roll back", Call("rollback", {"model": approval.model})))
    return (status,)


# Parts ---------------------------------------------------------------------------------------


def metric_table(champion: ModelVersion | None, challenger: ModelVersion) -> Table | None:
    """Metrics side by side where both were measured on the same data, else each for itself."""
    new_name = show_version(challenger.version)
    if champion is None:
        rows = tuple((m, say_number(v)) for m, v in sorted(challenger.metrics.items()))
        return Table(("metric", new_name), rows, right=(new_name,)) if rows else None
    old, new, comparable = _side_by_side(champion, challenger)
    changes = compare(old.metrics, new.metrics)
    if not changes or champion.version == challenger.version:
        return None
    old_name = f"{show_version(champion.version)} (champion)"
    header = ("metric", old_name, new_name, "difference")
    table = tuple(
        (c.metric, say_number(c.champion), say_number(c.challenger), _difference(c, comparable))
        for c in changes
    )
    return Table(header, table, right=(old_name, new_name, "difference"))


def _side_by_side(
    champion: ModelVersion, challenger: ModelVersion
) -> tuple[Evaluation, Evaluation, bool]:
    shared = shared_data(champion, challenger)
    if shared is not None:
        return (*shared, True)
    nothing = Evaluation("", "", {})
    old = next(iter(evaluations(champion)), nothing)
    new = next(iter(evaluations(challenger)), nothing)
    return old, new, not (old.digest and new.digest)


def _difference(change: MetricChange, comparable: bool) -> str:
    if not comparable:
        return "other data"
    return "–" if change.gain is None else say_gain(change.gain)


def evidence(
    champion: ModelVersion | None, challenger: ModelVersion, gates: Sequence[Gate]
) -> tuple[Section, ...]:
    lineage = Section("Lineage", _lineage(champion, challenger), bullets=True)
    return (_gates_section(gates), lineage)


def _gates_section(gates: Sequence[Gate]) -> Section:
    counts = [
        f"{sum(g.result is r for g in gates)} {word}"
        for r, word in _RESULTS.items()
        if any(g.result is r for g in gates)
    ]
    lines = tuple(Line(f"*{_RESULTS[g.result]}* {g.name}: {g.detail}") for g in gates)
    return Section(f"Gates: {', '.join(counts)}", lines, bullets=True)


_RESULTS: Mapping[GateResult, str] = {
    GateResult.FAIL: "fail",
    GateResult.WARN: "warning",
    GateResult.PASS: "pass",
}


def _lineage(champion: ModelVersion | None, challenger: ModelVersion) -> tuple[Line, ...]:
    return tuple(Line(_origin(v), (f"v{v.version}",)) for v in _both(champion, challenger))


def _both(champion: ModelVersion | None, challenger: ModelVersion) -> tuple[ModelVersion, ...]:
    """The versions a card speaks of, each once."""
    if champion is None or champion.version == challenger.version:
        return (challenger,)
    return (champion, challenger)


def _origin(version: ModelVersion) -> str:
    parts = [f"registered {say_time(version.created_at)}"]
    data = [f"{e.dataset} ({e.digest[:8]})" for e in evaluations(version) if e.digest]
    if data:
        parts.append(f"measured on {', '.join(data)}")
    if version.run_id:
        parts.append(f"run `{version.run_id[:8]}`")
    parts += [f"{name} `{version.tags[name]}`" for name in _TAGS if name in version.tags]
    described = f". {version.description}" if version.description else ""
    return f"{show_version(version.version)}: {', '.join(parts)}{described}"


_TAGS = ("git_commit", "trained_on", "data_version")
"""Tags of a version that tell where it comes from."""


def sources(champion: ModelVersion | None, challenger: ModelVersion) -> tuple[Source, ...]:
    return tuple(
        Source(f"v{v.version}", f"{v.model} {show_version(v.version)}", v.url)
        for v in _both(champion, challenger)
    )


def _question(approval: Approval) -> str:
    version = show_version(approval.version)
    if is_rollback(approval):
        return f"Roll {approval.model} back to {version}?"
    return f"Promote {approval.model} {version}?"


def _who_asks(approval: Approval) -> str:
    new, old = show_version(approval.version), show_version(approval.champion)
    move = f"move the champion from {old} to {new}" if old else f"make {new} the first champion"
    because = f" Reason: {approval.reason}" if approval.reason else ""
    return f"*{approval.requester_name}* asks to {move}.{because}"


def _tone(gates: Sequence[Gate]) -> Tone:
    results = {g.result for g in gates}
    if GateResult.FAIL in results:
        return Tone.BAD
    return Tone.WARNING if GateResult.WARN in results else Tone.NEUTRAL


def _names(gates: Sequence[Gate]) -> str:
    return ", ".join(g.name for g in gates)
