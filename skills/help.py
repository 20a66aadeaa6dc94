"""help: what the bot can do, with examples that can be clicked."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from skills.contract import Button, Call, Context, Line, NotFound, Reply, Section, Skill

ASK = "ask"
"""The Call of a button that stands for words: handled as if its text had been typed."""

GROUPS = (
    (
        "Incidents",
        (
            "incident_summary",
            "similar_incidents",
            "root_cause",
            "incident_list",
            "incident_update",
            "runbook",
            "postmortem",
            "shift_handover",
            "silence",
            "silences",
            "silence_end",
            "oncall",
            "page",
            "incident_channel",
            "stakeholder_update",
            "ticket",
        ),
    ),
    (
        "Models",
        ("model_drift", "model_status", "model_or_infra", "promotion", "rollback", "retrain"),
    ),
    (
        "Monitors",
        (
            *("monitors", "monitor_create", "monitor_tune", "monitor_backtest"),
            *("monitor_pause", "monitor_resume", "monitor_remove"),
        ),
    ),
    ("Records", ("audit", "stats", "usage")),
)
"""Skills by subject, in the order of their use; what stands nowhere is put under "More"."""

TOGETHER = 4
"""Skills that share a section and a row of buttons."""
MOST_SKILLS = 60
"""A screen of Slack: 50 blocks, of which a section takes two (its lines, its buttons)."""
LABEL_CHARACTERS = 75


class Args(BaseModel):
    topic: str = Field("", description="a skill or its command, e.g. drift")


def run(ctx: Context, args: Args) -> Reply:
    shown = [s for s in ctx.skills if s.ready and not s.hidden]
    if args.topic.strip():
        return _one(_find(args.topic, shown))
    sections = tuple(
        section for heading, names in _grouped(shown) for section in _sections(heading, names)
    )
    return Reply(
        title="What I can do",
        text="Ask in your own words, in a channel with a mention or in a direct message. "
        "Press an example to try it.",
        sections=sections,
        footer="More on one of them: /tandem help drift",
    )


def _grouped(skills: Sequence[Skill[Any]]) -> list[tuple[str, list[Skill[Any]]]]:
    by_name = {s.name: s for s in skills if s.name != "help"}
    groups = [(head, [by_name.pop(n) for n in names if n in by_name]) for head, names in GROUPS]
    groups.append(("More", list(by_name.values())))
    room = MOST_SKILLS
    cut = []
    for heading, members in groups:
        cut.append((heading, members[:room]))
        room -= len(members[:room])
    return [(heading, members) for heading, members in cut if members]


def _sections(heading: str, skills: Sequence[Skill[Any]]) -> list[Section]:
    """A few skills a section, with an example of each; the first one under the group's heading."""
    parts = [skills[i : i + TOGETHER] for i in range(0, len(skills), TOGETHER)]
    return [
        Section(
            heading=heading if i == 0 else "",
            lines=tuple(Line(_line(skill)) for skill in part),
            bullets=True,
            buttons=tuple(_example(skill.examples[0]) for skill in part if skill.examples),
        )
        for i, part in enumerate(parts)
    ]


def _line(skill: Skill[Any]) -> str:
    return f"{skill.summary}" + (f"  `{skill.command}`" if skill.command else "")


def _example(text: str) -> Button:
    label = text if len(text) <= LABEL_CHARACTERS else text[: LABEL_CHARACTERS - 1] + "…"
    return Button(label, Call(ASK, {"text": text}))


def _find(topic: str, skills: Sequence[Skill[Any]]) -> Skill[Any]:
    """By name, command or a word of either. Raises NotFound with the nearest."""
    wanted = topic.strip().lower().lstrip("/").replace(" ", "_")
    names = {s.name: s for s in skills}
    commands = {s.command.lstrip("/"): s for s in skills if s.command}
    found = names.get(wanted) or commands.get(wanted)
    if found is None:
        parts = [s for s in skills if wanted in s.name.split("_")]
        found = parts[0] if parts else None
    if found is None:
        raise NotFound.among("topic", topic.strip(), [*names, *commands])
    return found


def _one(skill: Skill[Any]) -> Reply:
    fields = skill.args.model_fields
    lines = tuple(
        Line(
            f"`{name}` {field.description or ''}".rstrip()
            + ("" if field.is_required() else " (optional)")
        )
        for name, field in fields.items()
    )
    sections = (Section("Arguments", lines, bullets=True),) if lines else ()
    return Reply(
        title=skill.name.replace("_", " ").capitalize(),
        text=f"{skill.summary}." + (f"\n`{usage(skill)}`" if skill.command else ""),
        sections=sections,
        buttons=tuple(_example(e) for e in skill.examples),
        footer=_right(skill),
    )


def usage(skill: Skill[Any]) -> str:
    """How the skill's command is written: "/drift <model> [window]"; empty without a command."""
    if not skill.command:
        return ""
    fields = skill.args.model_fields
    names = skill.positional or tuple(fields)
    return " ".join(
        (skill.command, *(f"<{n}>" if fields[n].is_required() else f"[{n}]" for n in names))
    )


def _right(skill: Skill[Any]) -> str:
    return {1: "", 2: "For operators.", 3: "For approvers."}[skill.needs]


skill = Skill(
    name="help",
    summary="Say what the bot can do",
    examples=("what can you do?", "help with drift"),
    args=Args,
    run=run,
    command="/tandem",
)
