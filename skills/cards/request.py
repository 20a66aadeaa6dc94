"""Pure: the one card of a request to move a champion, edited in place as it is decided.

What changes for users, how much better, what stands in the way, who must decide. It is drawn from
the request as it is stored, with the evidence that was frozen in it, and never from the present
world: everybody who looks at it sees what is voted on.
"""

from collections.abc import Sequence
from dataclasses import replace

from knowledge.promotion.deciding import CHANGED, TANDEM, Tally, expires_at
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import failing, overridable
from knowledge.promotion.policy import DEFAULT_POLICY, Policy
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_time
from knowledge.records import (
    Approval,
    ApprovalStatus,
    CanaryState,
    Event,
    Gate,
    GateResult,
    Purpose,
)
from skills.cards.moves import review_button
from skills.cards.request_evidence import (
    SHOWN_METRICS,
    features_line,
    gates_section,
    lineage_section,
    metric_table,
    model_card_section,
    prompt_section,
    sources,
    unknown_section,
)
from skills.cards.request_words import (
    callees,
    name_of,
    question,
    say_deciders,
    say_votes,
    say_watch,
    sides,
    so_far,
    story,
    unchecked,
    what_changes,
    who_asks,
)
from skills.cards.wording import People, clock, count, cut, listed, same, say_deed
from skills.contract import (
    Button,
    Call,
    Form,
    FormField,
    Line,
    Picture,
    Reply,
    Section,
    Style,
    Tone,
)

HASH_SHOWN = 12


def request_card(
    approval: Approval,
    evidence: Evidence | None,
    policy: Policy = DEFAULT_POLICY,
    people: People = same,
    pictures: tuple[Picture, ...] = (),
    stand: Tally | None = None,
) -> Reply:
    """The card as the request stands. `evidence` is what was frozen in it; None for requests of
    before there was any. `stand` is how the votes of one that waits stand; without it, each is
    taken to count."""
    if approval.status is ApprovalStatus.PENDING:
        standing = stand or unchecked(approval, policy)
        return _waiting(approval, evidence, policy, people, pictures, standing)
    return _decided(approval, policy, people, pictures)


def _waiting(
    approval: Approval,
    evidence: Evidence | None,
    policy: Policy,
    people: People,
    pictures: tuple[Picture, ...],
    stand: Tally,
) -> Reply:
    stopping = stand.prevented
    text = [
        _changed(approval),
        what_changes(approval, evidence),
        who_asks(approval),
        _stands_in_the_way(stopping),
    ]
    return Reply(
        title=f"{question(approval)}{so_far(stand)}",
        text="\n".join(filter(None, text)),
        tone=_waiting_tone(approval),
        fields={
            "Approvals": say_votes(approval, policy, stand),
            "Who decides": say_deciders(approval, policy, people),
            "Until": say_time(expires_at(approval)),
        },
        table=metric_table(evidence, approval.gates, SHOWN_METRICS) if evidence else None,
        sections=_filled(_evidence(approval, evidence)),
        pictures=pictures,
        sources=sources((evidence.challenger,)) if evidence else (),
        buttons=_vote_buttons(approval, stand, policy),
        calls=callees(approval, policy),
        footer=_footer(approval),
        about=approval.id,
    )


def _decided(
    approval: Approval,
    policy: Policy,
    people: People,
    pictures: tuple[Picture, ...],
) -> Reply:
    """What became of it; stands where the question stood."""
    worse = _is_worse(approval)
    return Reply(
        title=_ending(approval),
        text="\n".join(filter(None, (_watch(approval), *story(approval)))),
        tone=Tone.BAD if worse else _tone(approval),
        fields=_review(approval, policy, people),
        sections=_filled((gates_section(approval.gates),)),
        pictures=pictures if approval.status is ApprovalStatus.MOVING else (),
        buttons=_after(approval),
        footer=_footer(approval),
        about=approval.id,
    )


def _filled(sections: Sequence[Section]) -> tuple[Section, ...]:
    return tuple(section for section in sections if section.lines)


def _evidence(approval: Approval, evidence: Evidence | None) -> tuple[Section, ...]:
    gates = gates_section(approval.gates)
    if evidence is None:
        return (gates,)
    return (
        gates,
        prompt_section(evidence),
        features_line(evidence),
        lineage_section((evidence.challenger,)),
        model_card_section(evidence),
        unknown_section(evidence),
    )


def _changed(approval: Approval) -> str:
    """What is not as it was when it was asked: the last time the evidence was frozen anew."""
    anew = [event for event in approval.timeline if event.kind == CHANGED]
    if not anew:
        return ""
    last = anew[-1]
    return f"*Changed since it was asked ({clock(last.at)} UTC), please look again:* {last.text}"


def _stands_in_the_way(stopping: Sequence[Gate]) -> str:
    if not stopping:
        return ""
    names = ", ".join(gate.name for gate in stopping)
    return f"*It cannot be approved as it is: {names} {'fails' if len(stopping) == 1 else 'fail'}.*"


def _waiting_tone(approval: Approval) -> Tone:
    results = {gate.result for gate in approval.gates}
    if GateResult.FAIL in results or approval.purpose is Purpose.EMERGENCY:
        return Tone.BAD
    changed = any(event.kind == CHANGED for event in approval.timeline)
    return Tone.WARNING if changed or GateResult.WARN in results else Tone.NEUTRAL


def _footer(approval: Approval) -> str:
    asked = f"{approval.id} · asked {say_time(approval.created_at)}"
    if not approval.evidence_hash:
        return asked
    return f"{asked} · evidence {approval.evidence_hash[:HASH_SHOWN]}, frozen as shown"


# Endings -------------------------------------------------------------------------------------

_WORDS = {
    ApprovalStatus.MOVING: "approved, being moved",
    ApprovalStatus.FAILED: "approved, not moved",
    ApprovalStatus.CHANGES: "sent back for changes",
    ApprovalStatus.EXPIRED: "ended without a decision",
}
_TONES = {
    ApprovalStatus.APPROVED: Tone.GOOD,
    ApprovalStatus.FAILED: Tone.BAD,
    ApprovalStatus.EXPIRED: Tone.WARNING,
    ApprovalStatus.CHANGES: Tone.WARNING,
}


def _ending(approval: Approval) -> str:
    """ "fraud-model v7: approved", "fraud-model: rolled back to v6"."""
    version = show_version(approval.version)
    if _is_worse(approval):
        return f"{name_of(approval)}: worse since it serves"
    if approval.status is ApprovalStatus.APPROVED and approval.purpose is not Purpose.PROMOTION:
        how = " in an emergency" if approval.purpose is Purpose.EMERGENCY else ""
        return f"{approval.model}: rolled back to {version}{how}"
    word = _WORDS.get(approval.status, approval.status.value)
    if approval.purpose is not Purpose.PROMOTION:
        return f"{approval.model}, back to {version}: {word}"
    return f"{name_of(approval)}: {word}"


def _tone(approval: Approval) -> Tone:
    if _needs_review(approval):
        return Tone.WARNING
    return _TONES.get(approval.status, Tone.NEUTRAL)


def _is_worse(approval: Approval) -> bool:
    canary = approval.canary
    return (
        approval.status is ApprovalStatus.APPROVED
        and canary is not None
        and canary.state is CanaryState.WORSE
    )


def _needs_review(approval: Approval) -> bool:
    return (
        approval.purpose is Purpose.EMERGENCY
        and approval.status is ApprovalStatus.APPROVED
        and not approval.reviewed_by
    )


def _review(approval: Approval, policy: Policy, people: People) -> dict[str, str]:
    """Of an emergency: whether somebody looked at it afterwards."""
    if approval.purpose is not Purpose.EMERGENCY or approval.decided_at is None:
        return {}
    if approval.reviewed_by:
        return {"Reviewed by": people(approval.reviewed_by)}
    if approval.status is not ApprovalStatus.APPROVED:
        return {}
    until = say_time(approval.decided_at + policy.review_within)
    return {"Review": f"by somebody else, before {until}"}


def _watch(approval: Approval) -> str:
    if approval.canary is None or approval.status is not ApprovalStatus.APPROVED:
        return ""
    canary = approval.canary
    rolled_back = f" {canary.acted} rolls it back." if canary.acted else ""
    return say_watch(approval, canary) + rolled_back


# Buttons -------------------------------------------------------------------------------------


def vote_args(approval: Approval) -> dict[str, str]:
    """What a button of this card carries: the request, and which evidence stands on the card."""
    return {"approval": approval.id, "saw": approval.evidence_hash}


def _vote_buttons(approval: Approval, stand: Tally, policy: Policy) -> tuple[Button, ...]:
    if not stand.prevented:
        yes: tuple[Button, ...] = (_approve(approval, stand),)
    elif overridable(stand.prevented, policy):
        yes = (_override(approval, stand.prevented),)
    else:
        yes = ()
    return (*yes, _reject(approval), _ask_changes(approval), details_button(approval))


def _approve(approval: Approval, stand: Tally, label: str = "Approve") -> Button:
    return Button(
        label,
        Call("approve", vote_args(approval)),
        style=Style.PRIMARY,
        confirm=_confirm(approval, stand),
    )


def _confirm(approval: Approval, stand: Tally) -> str:
    """Exactly what the click does. Slack takes 300 characters."""
    new, old = show_version(approval.version), show_version(approval.champion)
    instead = f"from {old} to {new}" if old else f"to {new}; there is none now"
    move = f"moves the champion of {approval.model} {instead}, for all users"
    if approval.status is ApprovalStatus.FAILED:
        return cut(f"This tries again: it {move}. The registry is looked at first.", 300)
    number = len(stand.approvals) + 1
    if number < stand.needed:
        return cut(f"This is vote {number} of {stand.needed}. The last one {move}.", 300)
    roles = stand.missing_roles
    signed = f". It waits for {listed(roles)} to sign off, unless that is you" if roles else ""
    return cut(f"This {move}{signed}.", 300)


def _reject(approval: Approval) -> Button:
    reason = FormField("reason", "Why not?", hint="Shown on the card and kept", multiline=True)
    return Button(
        "Reject",
        Call("reject", vote_args(approval)),
        style=Style.DANGER,
        form=Form("Reject the request", (reason,), submit="Reject"),
    )


def _ask_changes(approval: Approval) -> Button:
    what = FormField("reason", "What should change?", hint="Shown on the card", multiline=True)
    return Button(
        "Ask for changes",
        Call("ask_changes", vote_args(approval)),
        form=Form("Ask for changes", (what,), submit="Send back"),
    )


def _override(approval: Approval, stopping: Sequence[Gate]) -> Button:
    names = ", ".join(gate.name for gate in stopping)
    why = FormField("reason", "Why in spite of it?", hint="Kept in the record", multiline=True)
    text = f"You approve although this fails: {cut(names, 200)}. Only people whom the policy names."
    return Button(
        "Override",
        Call("override", vote_args(approval)),
        style=Style.DANGER,
        form=Form("Override a gate", (why,), submit="Override", text=text),
    )


def details_button(approval: Approval) -> Button:
    return Button("Details", Call("gate_detail", {"approval": approval.id}))


def _after(approval: Approval) -> tuple[Button, ...]:
    """What can be done next, by how it ended."""
    status = Button("Show model", Call("model_status", {"model": approval.model}))
    details = details_button(approval)
    match approval.status:
        case ApprovalStatus.MOVING:
            return (details,)
        case ApprovalStatus.FAILED:
            again = _approve(approval, unchecked(approval, DEFAULT_POLICY), "Try again")
            return (again, status, details)
        case ApprovalStatus.APPROVED:
            return (*_review_button(approval), *_way_back(approval), status, details)
    return (Button("Ask again", _ask_again(approval)), status, details)


def _ask_again(approval: Approval) -> Call:
    skill = "promotion" if approval.purpose is Purpose.PROMOTION else "rollback"
    return Call(skill, {"model": approval.model, "version": approval.version})


def _review_button(approval: Approval) -> tuple[Button, ...]:
    if not _needs_review(approval):
        return ()
    return (review_button(approval),)


def _way_back(approval: Approval) -> tuple[Button, ...]:
    """Going back is a request as well; when it is worse, it comes first and says why."""
    canary = approval.canary
    taken_over = canary is not None and (canary.state is CanaryState.ENDED or canary.acted)
    if not approval.champion or taken_over:
        return ()
    args = {"model": approval.model, "version": approval.champion}
    if approval.purpose is not Purpose.PROMOTION:
        # "Roll back" would lead to the version that was just taken away.
        return (
            Button(f"Ask for {show_version(approval.champion)} again", Call("promotion", args)),
        )
    if not _is_worse(approval):
        return (Button("Roll back", Call("rollback", args)),)
    old = show_version(approval.champion)
    because = {**args, "reason": f"{show_version(approval.version)} is worse since it serves"}
    return (
        Button(f"Roll back to {old}", Call("rollback", because), style=Style.DANGER),
        Button("Emergency rollback", Call("rollback", {**because, "emergency": True})),
    )


# Refusals, and the thread --------------------------------------------------------------------


def refusal_card(evidence: Evidence, gates: Sequence[Gate], skill: str) -> Reply:
    """Why no request was made; for the one who asked."""
    version = evidence.challenger.version
    stopping = failing(gates)
    names = ", ".join(gate.name for gate in stopping)
    what = "a gate fails" if len(stopping) == 1 else f"{count(len(stopping), 'gate')} fail"
    args = {"model": version.model, "version": version.version}
    return Reply(
        title=f"{version.model} {show_version(version.version)}: not ready to be asked for",
        text=f"No request was made, because {what} that nobody may override: {names}.",
        tone=Tone.BAD,
        table=metric_table(evidence, gates, SHOWN_METRICS),
        sections=_filled(
            (gates_section(gates), lineage_section(sides(evidence)), unknown_section(evidence))
        ),
        sources=sources(sides(evidence)),
        buttons=(
            Button("Check again", Call(skill, args)),
            Button("Other versions", Call("model_status", {"model": version.model})),
        ),
    )


def request_update(approval: Approval, events: Sequence[Event], people: People = same) -> Reply:
    """New entries of a request's time line, for its thread."""
    day = approval.created_at.date()
    lines = tuple(Line(f"{clock(e.at, day)} {_say(e, people)}") for e in events)
    return Reply(
        title=f"{approval.id} · {count(len(lines), 'update')}",
        tone=_waiting_tone(approval) if _is_open(approval) else _tone(approval),
        sections=(Section(lines=lines),),
    )


def _say(event: Event, people: People) -> str:
    """What Tandem did itself is told without a name."""
    return event.text if event.actor == TANDEM else say_deed(event, people)


def _is_open(approval: Approval) -> bool:
    return approval.status is ApprovalStatus.PENDING


def with_note(card: Reply, note: str) -> Reply:
    """The card with a sentence before its text."""
    return replace(card, text=f"{note}\n{card.text}" if card.text else note)
