"""What a request's card leaves out: every gate with its figures, all metrics, the model card."""

from pydantic import BaseModel, Field

from knowledge.promotion.evidence import Evidence
from knowledge.records import Approval, Gate
from skills.cards.request_evidence import (
    features_section,
    gate_lines,
    lineage_section,
    metric_table,
    model_card_section,
    prompt_section,
    say_counts,
    sources,
    unknown_section,
)
from skills.cards.request_words import name_of, sides, story
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    NotFound,
    Reply,
    Section,
    Skill,
)

MOST_METRICS = 60
MOST_FEATURES = 20
MOST_DIFF = 80
CARD_CHARACTERS = 2_500


class Args(BaseModel):
    approval: str = Field(description="the request's id")
    gate: str = Field("", description="only this gate")


def run(ctx: Context, args: Args) -> Reply:
    approval = ctx.approvals.get(args.approval)
    gates = _wanted(approval, args.gate)
    evidence = ctx.promoting.thaw(approval)
    checked = Section(f"Gates: {say_counts(gates)}", gate_lines(gates))
    rest = () if args.gate or evidence is None else _in_full(evidence)
    decided = Section("Decision", tuple(map(Line, story(approval))), bullets=True)
    sections = (checked, *rest, *(() if args.gate else (decided,)))
    return Reply(
        title=f"{name_of(approval)}: {args.gate or 'the evidence in full'}",
        table=metric_table(evidence, approval.gates, MOST_METRICS)
        if evidence and not args.gate
        else None,
        sections=tuple(s for s in sections if s.lines),
        sources=sources(sides(evidence)) if evidence else (),
        buttons=(Button("Send me the evidence", Call("evidence", {"approval": approval.id})),)
        if approval.evidence
        else (),
        footer=_frozen(approval, evidence),
        audience=Audience.ASKER,
    )


def _wanted(approval: Approval, name: str) -> tuple[Gate, ...]:
    """Raises NotFound."""
    if not name:
        return approval.gates
    found = tuple(gate for gate in approval.gates if gate.name == name)
    if not found:
        raise NotFound.among("gate", name, (gate.name for gate in approval.gates))
    return found


def _in_full(evidence: Evidence) -> tuple[Section, ...]:
    return (
        prompt_section(evidence, MOST_DIFF),
        features_section(evidence, MOST_FEATURES),
        lineage_section(sides(evidence)),
        model_card_section(evidence, CARD_CHARACTERS),
        unknown_section(evidence),
    )


def _frozen(approval: Approval, evidence: Evidence | None) -> str:
    if evidence is None:
        return f"{approval.id}: no evidence was kept with it."
    return (
        f"{approval.id}, frozen {evidence.at:%Y-%m-%d %H:%M} UTC. SHA-256 {approval.evidence_hash}"
    )


skill = Skill(
    name="gate_detail",
    summary="Show the gates and the evidence of a request in full",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)
