"""Pure: what is said in the channel after a move: a champion that was moved past Tandem, one that
is worse than the one before it, an emergency that nobody has reviewed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from knowledge.promotion import compare, say_gain, say_number, say_time, shared_data, show_version
from knowledge.records import Approval, CanaryState, ModelVersion, Move
from skills.contract import (
    Button,
    Call,
    Form,
    FormField,
    Line,
    Reply,
    Section,
    Source,
    Style,
    Table,
    Tone,
)

People = Callable[[str], str]
MOST_METRICS = 8


@dataclass(frozen=True)
class Around:
    """What is known around a move when its card is drawn."""

    before: ModelVersion | None = None
    after: ModelVersion | None = None
    """None where it is gone from the registry, or could not be asked."""
    champion: str = ""
    """As it was seen last; empty for none."""
    calls: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default_factory=tuple)


def move_card(move: Move, around: Around) -> Reply:
    """A champion that nobody asked for here."""
    return Reply(
        title=f"{move.model}: {_what(move)} outside Tandem",
        text=" ".join(
            filter(None, (_when(move), "Nobody asked for it here.", _since(move, around)))
        ),
        tone=Tone.NEUTRAL if move.answered else Tone.WARNING,
        fields={"Answer": move.answered} if move.answered else {},
        table=_metrics(around),
        sections=(_about(around),) if _about(around).lines else (),
        sources=tuple(
            Source(f"v{v.version}", f"{v.model} {show_version(v.version)}", v.url)
            for v in (around.before, around.after)
            if v is not None and v.url
        ),
        buttons=_answers(move, around),
        calls=() if move.answered else around.calls,
        footer=f"{move.id} · noticed {_how(move)} {say_time(move.noticed_at)}",
    )


def _what(move: Move) -> str:
    """ "champion moved from v6 to v7", "v6 is not champion any more"."""
    if not move.version:
        return f"{show_version(move.before)} is not champion any more, taken away"
    if not move.before:
        return f"{show_version(move.version)} was made champion"
    return f"champion moved from {show_version(move.before)} to {show_version(move.version)}"


def _when(move: Move) -> str:
    if move.since is None or move.since >= move.at:
        return f"At {say_time(move.at)}."
    if move.how == "webhook":
        return f"At {say_time(move.at)}, as the registry says."
    since, at = say_time(move.since), say_time(move.at)
    return f"At {at}." if since == at else f"Between {since} and {at}."


def _how(move: Move) -> str:
    return "by the registry's webhook" if move.how == "webhook" else "by looking at the registry,"


def _since(move: Move, around: Around) -> str:
    if around.champion == move.version:
        return ""
    now = f"{show_version(around.champion)} is" if around.champion else "There is no"
    return f" {now} champion now."


def _about(around: Around) -> Section:
    described = (
        Line(f"{show_version(version.version)}: {version.description}")
        for version in (around.before, around.after)
        if version is not None and version.description
    )
    lines = (*map(Line, around.problems), *described)
    return Section("What is known", lines, bullets=True)


def _metrics(around: Around) -> Table | None:
    """Both versions on the same data, where there is such."""
    if around.before is None or around.after is None:
        return None
    shared = shared_data(around.before, around.after)
    if shared is None:
        return None
    old, new = (show_version(v.version) for v in (around.before, around.after))
    rows = tuple(
        (
            change.metric,
            say_number(change.champion),
            say_number(change.challenger),
            "–" if change.gain is None else say_gain(change.gain),
        )
        for change in compare(shared[0].metrics, shared[1].metrics)[:MOST_METRICS]
    )
    header = ("metric", old, new, "difference")
    return Table(header, rows, right=header[1:]) if rows else None


def _answers(move: Move, around: Around) -> tuple[Button, ...]:
    status = Button("Show model", Call("model_status", {"model": move.model}))
    if move.answered:
        return (status,)
    accept = Button(
        "Accept",
        Call("move_accept", {"move": move.id}),
        form=Form(
            "Accept the move",
            (FormField("reason", "Why is it right?", hint="Kept with the move", multiline=True),),
            submit="Accept",
        ),
    )
    if not move.before or around.champion == move.before:
        return (accept, status)
    restore = Button(
        f"Restore {show_version(move.before)}",
        Call("move_restore", {"move": move.id}),
        style=Style.PRIMARY,
        confirm=f"This asks to make {show_version(move.before)} champion again; somebody else "
        "approves it.",
    )
    return (restore, accept, status)


# A champion that is worse --------------------------------------------------------------------


def worse_card(approval: Approval, people: People, link: str = "") -> Reply:
    """Said in the channel, as an edited card calls nobody."""
    new, old = show_version(approval.version), show_version(approval.champion)
    canary = approval.canary
    readings = canary.readings if canary is not None else ()
    acted = canary.acted if canary is not None else ""
    over = canary is None or bool(acted) or canary.state is not CanaryState.WORSE
    worse = tuple(Line(f"*{reading.says}*") for reading in readings if reading.worse)
    others = tuple(Line(reading.says) for reading in readings if not reading.worse)
    text = f"{acted} rolls it back, as the policy says." if acted else ""
    return Reply(
        title=f"{approval.model} is worse since {new} serves",
        text=text or f"{approval.id} made it champion, asked by {people(approval.requester)}.",
        tone=Tone.WARNING if over else Tone.BAD,
        sections=tuple(
            section
            for section in (
                Section("Worse, and not by chance", worse, bullets=True),
                Section("The other figures", others, bullets=True),
            )
            if section.lines
        ),
        buttons=(
            *(() if over or not approval.champion else _way_back(approval, old)),
            *((Button("Open the request", url=link),) if link else ()),
        ),
        calls=tuple(
            who
            for who in dict.fromkeys((approval.requester, *(v.by for v in approval.votes)))
            if who
        ),
        footer="Compared with the same hours of the days before, or with the hours before.",
    )


def _way_back(approval: Approval, old: str) -> tuple[Button, ...]:
    args = {
        "model": approval.model,
        "version": approval.champion,
        "reason": f"{show_version(approval.version)} is worse since it serves",
    }
    return (
        Button(f"Roll back to {old}", Call("rollback", args), style=Style.DANGER),
        Button("Emergency rollback", Call("rollback", {**args, "emergency": True})),
    )


# An emergency without a review ---------------------------------------------------------------


def unreviewed_card(
    approval: Approval, people: People, calls: tuple[str, ...] = (), link: str = ""
) -> Reply:
    new = show_version(approval.version)
    done = bool(approval.reviewed_by)
    asked = people(approval.requester)
    text = f"Asked by {asked}, approved by {people(approval.decided_by)}: {approval.reason}"
    return Reply(
        title=f"{approval.model}: the emergency rollback to {new} "
        + (f"was reviewed by {people(approval.reviewed_by)}" if done else "is not reviewed yet"),
        text=text,
        tone=Tone.NEUTRAL if done else Tone.WARNING,
        buttons=(
            *(() if done else (review_button(approval),)),
            *((Button("Open the request", url=link),) if link else ()),
        ),
        calls=() if done else calls,
        footer=f"{approval.id} · an approver who neither asked for it nor approved it reviews it.",
    )


def review_button(approval: Approval) -> Button:
    note = FormField(
        "note", "What did you find?", hint="Kept with the request", multiline=True, optional=True
    )
    return Button(
        "Reviewed",
        Call("review", {"approval": approval.id}),
        style=Style.PRIMARY,
        form=Form("Review the emergency", (note,), submit="Reviewed"),
    )
