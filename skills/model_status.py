"""Which version serves, since when, how it is doing, whose it is, and what waits to replace it."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import BaseModel, Field

from knowledge.durations import say_duration
from knowledge.promotion import (
    champion_since,
    primary_metric,
    say_number,
    say_time,
    show_version,
)
from knowledge.records import Approval, ApprovalStatus, Incident, Look, ModelFacts, ModelVersion
from knowledge.windows import Span
from skills.cards.looks import Health, Light, ModelState, ago, figures, health
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    Picture,
    Reply,
    Section,
    Skill,
    Source,
    Table,
    Tone,
)
from skills.model_pictures import Trend, marks, trend_picture
from skills.model_rows import facts, happened
from skills.model_world import incidents_of, looks, monitors, open_incidents, state_of
from skills.requests import NEWEST, open_requests

MOST_METRICS = 3
MOST_ROWS = 10
MOST_FINDINGS = 5
TREND = timedelta(days=14)
_TONES = {
    Light.RED: Tone.BAD,
    Light.AMBER: Tone.WARNING,
    Light.GREEN: Tone.GOOD,
    Light.GREY: Tone.NEUTRAL,
}


class Args(BaseModel):
    model: str = Field("", description="the model's name in the registry; empty for all")


def run(ctx: Context, args: Args) -> Reply:
    return _one(ctx, args.model) if args.model else _all(ctx)


def _one(ctx: Context, model: str) -> Reply:
    versions = ctx.models.versions(model)
    if not versions:
        return Reply(f"{model} has no version yet", audience=Audience.ASKER)
    name = versions[0].model
    # The champion may be older than the versions that are listed.
    champion = ctx.models.champion(name)
    pending = open_requests(ctx, name)
    history = ctx.approvals.find(model=name, status=ApprovalStatus.APPROVED)
    fields = {"champion": "none"}
    if champion is not None:
        fields = _champion_fields(champion, champion_since(history, champion.version))
    about, incidents = facts(ctx, name), open_incidents(ctx)
    state = state_of(ctx, name, incidents, monitors(ctx))
    found = health(state, ctx.now)
    return Reply(
        title=_title(name, champion),
        tone=_tone(found, champion),
        fields=fields | _health_fields(found) | _owners(ctx, about),
        table=_table(versions, champion),
        sections=(
            *_seen(ctx, state.look),
            *_trouble(ctx, state, incidents_of(incidents, name, about)),
            *_pending_section(ctx, pending),
        ),
        pictures=_trend(ctx, name),
        sources=tuple(
            Source(f"v{v.version}", f"{name} {show_version(v.version)}", v.url)
            for v in versions[:NEWEST]
            if v.url
        ),
        buttons=_buttons(name, versions, champion, pending),
        footer=_data_note(champion),
    )


def _tone(found: Health, champion: ModelVersion | None) -> Tone:
    tone = _TONES[found.light]
    return Tone.WARNING if champion is None and tone is not Tone.BAD else tone


def _health_fields(found: Health) -> dict[str, str]:
    return {"state": f"{found.word}. {found.why}" if found.why else found.word}


def _owners(ctx: Context, about: ModelFacts) -> dict[str, str]:
    if not about.owners:
        return {}
    return {"owned by": ", ".join(ctx.people(owner) for owner in about.owners)}


def _seen(ctx: Context, look: Look | None) -> tuple[Section, ...]:
    """The last look's figures; those of its answers say on what ground they stand."""
    if look is None:
        return ()
    lines = [Line(f"{name}: {value}") for name, value in figures(look).items()]
    heading = f"Last look, {ago(look.at, ctx.now)}: {look.verdict}, {look.rows:,} rows"
    return (Section(heading, tuple(lines), bullets=True),)


def _trouble(ctx: Context, state: ModelState, incidents: Sequence[Incident]) -> tuple[Section, ...]:
    """What fires of it, and the open incidents of the model and of its service."""
    told = {s.summary or s.name: s for s in state.findings}
    findings = tuple(
        Line(f"{text} (since {say_time(signal.starts_at)})")
        for text, signal in list(told.items())[:MOST_FINDINGS]
    )
    cases = tuple(
        Line(f"{i.id}, {i.severity.value}: {i.title} ({ago(i.opened_at, ctx.now)})")
        for i in incidents[:MOST_FINDINGS]
    )
    opened = tuple(
        Button(f"Catch me up on {i.id}", Call("incident_summary", {"incident": i.id}))
        for i in incidents[:2]
    )
    sections = []
    if findings:
        sections.append(Section("Not normal now", findings, bullets=True))
    if cases:
        sections.append(Section("Open incidents", cases, bullets=True, buttons=opened))
    return tuple(sections)


def _trend(ctx: Context, model: str) -> tuple[Picture, ...]:
    span = Span(ctx.now - TREND, ctx.now)
    seen = looks(ctx, model, span)
    if not seen:
        return ()
    moved, changes = happened(ctx, model, span.start)
    picture = trend_picture(Trend(model, span, seen, marks(moved, changes)))
    return (picture,) if picture else ()


def _title(name: str, champion: ModelVersion | None) -> str:
    if champion is None:
        return f"{name}: no champion"
    return f"{name}: {show_version(champion.version)} is the champion"


def _champion_fields(champion: ModelVersion, since: Approval | None) -> dict[str, str]:
    fields = {"champion": show_version(champion.version)}
    if since is not None and since.decided_at is not None:
        fields["since"] = f"{say_time(since.decided_at)}, approved by {since.decided_by_name}"
    else:
        fields["since"] = (
            f"not moved through Tandem; the version is from {say_time(champion.created_at)}"
        )
    fields |= {name: say_number(champion.metrics[name]) for name in _columns((champion,))}
    if champion.dataset:
        fields["measured on"] = f"{champion.dataset} ({champion.dataset_digest[:8]})"
    return fields


def _columns(versions: Sequence[ModelVersion]) -> list[str]:
    """The metrics to show: the primary one first, then by name."""
    names = sorted({name for v in versions for name in v.metrics})
    primary = primary_metric(names)
    names.sort(key=lambda n: (n != primary, n))
    return names[:MOST_METRICS]


def _table(versions: Sequence[ModelVersion], champion: ModelVersion | None) -> Table:
    metrics = _columns(versions)
    digest = champion.dataset_digest if champion is not None else ""
    rows = tuple(
        (
            show_version(v.version),
            ", ".join(v.aliases).replace("_", " ") or "–",
            f"{v.created_at:%Y-%m-%d}",
            *(say_number(v.metrics[m]) if m in v.metrics else "–" for m in metrics),
            _data_word(v, digest),
        )
        for v in versions[:MOST_ROWS]
    )
    return Table(("version", "alias", "registered", *metrics, "data"), rows, right=tuple(metrics))


def _data_word(version: ModelVersion, champion_digest: str) -> str:
    if not version.dataset_digest:
        return "not recorded"
    same = version.dataset_digest == champion_digest
    return "same" if same else f"other: {version.dataset or version.dataset_digest[:8]}"


def _pending_section(ctx: Context, pending: Sequence[Approval]) -> tuple[Section, ...]:
    if not pending:
        return ()
    lines = tuple(
        Line(
            f"{show_version(a.version)}, asked by {a.requester_name} "
            f"{say_duration(ctx.now - a.created_at)} ago"
        )
        for a in pending
    )
    return (Section("Waiting for a decision", lines, bullets=True),)


def _buttons(
    name: str,
    versions: Sequence[ModelVersion],
    champion: ModelVersion | None,
    pending: Sequence[Approval],
) -> tuple[Button, ...]:
    """Drift, then the newest version if it is newer than the champion: its open request if there
    is one, else asking for it."""
    buttons = [Button("Show drift", Call("model_drift", {"model": name}))]
    waiting = {a.version for a in pending}
    current = champion.version if champion is not None else ""
    newest = versions[0].version
    if newest != current:
        verb = "Show request for" if newest in waiting else "Promote"
        args = {"model": name, "version": newest}
        buttons.append(Button(f"{verb} {show_version(newest)}", Call("promotion", args)))
    if champion is not None and any("previous_champion" in v.aliases for v in versions):
        buttons.append(Button("Roll back", Call("rollback", {"model": name})))
    buttons.append(Button("Who changed it", Call("audit", {"model": name})))
    return tuple(buttons)


def _data_note(champion: ModelVersion | None) -> str:
    if champion is None or not champion.dataset_digest:
        return "From the model registry. Metrics of different data cannot be compared."
    return "From the model registry. Only metrics measured on the same data can be compared."


def _all(ctx: Context) -> Reply:
    names = ctx.models.names()
    if not names:
        return Reply("The model registry is empty", audience=Audience.ASKER)
    pending = open_requests(ctx)
    rows = tuple(_row(ctx, name, pending) for name in names[:MOST_ROWS])
    more = len(names) - MOST_ROWS
    return Reply(
        title=f"{len(names)} models in the registry" if len(names) > 1 else "1 model",
        table=Table(("model", "champion", "newest", "waiting"), rows),
        buttons=tuple(Button(n, Call("model_status", {"model": n})) for n in names[:NEWEST]),
        footer=f"{more} more are not shown; name one to see it." if more > 0 else "",
    )


def _row(ctx: Context, name: str, pending: Sequence[Approval]) -> tuple[str, str, str, str]:
    champion = ctx.models.champion(name)
    versions = ctx.models.versions(name)
    waiting = [show_version(a.version) for a in pending if a.model == name]
    return (
        name,
        show_version(champion.version) if champion is not None else "none",
        show_version(versions[0].version) if versions else "none",
        ", ".join(waiting) or "–",
    )


skill = Skill(
    name="model_status",
    summary="Show which version of a model serves, its metrics and its history",
    examples=("which version of eta-model is live?", "model status", "metrics of the fraud model"),
    args=Args,
    run=run,
    phrases=(
        "what build of lead-score answers requests today",
        "show me the version history of session-rank",
        "how accurate is basket-size and when was it deployed",
        "which models do we have in the registry?",
        "is a challenger waiting for no-show?",
        "who is champion for churn right now",
        "what is serving in production for the ranking model",
    ),
    command="/model",
)
