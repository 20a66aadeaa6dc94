"""The skills that are here: built-in ones, and those that installed packages offer."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

from knowledge.errors import UserError
from skills.alert_why import skill as alert_why
from skills.audit import skill as audit
from skills.cause_found import skill as cause_found
from skills.contract import Skill
from skills.evidence_show import skill as evidence
from skills.finding import skill as finding
from skills.gate_detail import skill as gate_detail
from skills.handover import handover, handover_answer
from skills.help import skill as help_
from skills.incident_channel import skill as incident_channel
from skills.incident_export import skill as incident_export
from skills.incident_list import skill as incident_list
from skills.incident_merge import skill as incident_merge
from skills.incident_more import skill as incident_more
from skills.incident_open import skill as incident_open
from skills.incident_show import skill as incident_show
from skills.incident_split import skill as incident_split
from skills.incident_summary import skill as incident_summary
from skills.incident_timeline import skill as incident_timeline
from skills.incident_update import skill as incident_update
from skills.investigate import skill as investigate
from skills.model_drift import skill as model_drift
from skills.model_or_infra import skill as model_or_infra
from skills.model_status import skill as model_status
from skills.monitor_backtest import monitor_preview
from skills.monitor_backtest import skill as monitor_backtest
from skills.monitor_edit import monitor_create, monitor_remove, monitor_tune
from skills.monitor_pause import monitor_pause, monitor_resume
from skills.monitors import skill as monitors
from skills.move_answers import move_accept, move_restore
from skills.my_models import skill as my_models
from skills.my_requests import skill as my_requests
from skills.not_related import skill as not_related
from skills.not_useful import skill as not_useful
from skills.not_useful import useful
from skills.oncall import skill as oncall
from skills.page import skill as page
from skills.postmortem import skill as postmortem
from skills.promotion import promotion
from skills.raise_bar import bar_keep
from skills.raise_bar import skill as raise_bar
from skills.requests import skill as request
from skills.retrain import skill as retrain
from skills.review import skill as review
from skills.rollback import skill as rollback
from skills.root_cause import skill as root_cause
from skills.runbook import skill as runbook
from skills.runbook_run import skill as runbook_run
from skills.runbook_steps import (
    runbook_cancel,
    runbook_dry,
    runbook_end,
    runbook_execution,
    runbook_skip,
    runbook_step,
)
from skills.shift_handover import skill as shift_handover
from skills.silence import silence_start
from skills.silence import skill as silence
from skills.silences import silence_end, silence_prolong
from skills.silences import skill as silences
from skills.similar_incidents import skill as similar_incidents
from skills.similar_judged import helped, unlike
from skills.snooze import skill as snooze
from skills.snooze import snooze_start
from skills.stakeholder_update import skill as stakeholder_update
from skills.stats import skill as stats
from skills.ticket import skill as ticket
from skills.timeline_add import skill as timeline_add
from skills.usage import skill as usage
from skills.votes import approve, ask_changes, override, reject

BUILTIN: tuple[Skill[Any], ...] = (
    incident_summary,
    similar_incidents,
    investigate,
    root_cause,
    cause_found,
    incident_list,
    incident_update,
    incident_open,
    incident_show,
    incident_more,
    incident_merge,
    incident_split,
    incident_timeline,
    incident_export,
    timeline_add,
    alert_why,
    not_related,
    finding,
    snooze,
    snooze_start,
    not_useful,
    helped,
    unlike,
    useful,
    raise_bar,
    bar_keep,
    oncall,
    page,
    incident_channel,
    stakeholder_update,
    postmortem,
    shift_handover,
    ticket,
    runbook,
    runbook_run,
    runbook_dry,
    runbook_step,
    runbook_cancel,
    runbook_skip,
    runbook_end,
    runbook_execution,
    model_drift,
    model_or_infra,
    handover,
    handover_answer,
    model_status,
    my_models,
    my_requests,
    promotion,
    request,
    approve,
    reject,
    ask_changes,
    override,
    gate_detail,
    evidence,
    rollback,
    review,
    move_restore,
    move_accept,
    retrain,
    monitors,
    monitor_create,
    monitor_tune,
    monitor_pause,
    monitor_resume,
    monitor_remove,
    monitor_backtest,
    monitor_preview,
    silence,
    silence_start,
    silences,
    silence_end,
    silence_prolong,
    audit,
    stats,
    usage,
    help_,
)

GROUP = "tandem.skills"


def installed() -> tuple[Skill[Any], ...]:
    """Built-in skills and those of other packages. Raises UserError when two have one name."""
    offered = [entry.load() for entry in entry_points(group=GROUP)]
    return unique([*BUILTIN, *offered])


def unique(skills: Sequence[Skill[Any]]) -> tuple[Skill[Any], ...]:
    """Raises UserError when two have one name, or something that is no Skill is offered."""
    names: set[str] = set()
    for skill in skills:
        if not isinstance(skill, Skill):
            raise UserError(f"{skill!r} is offered as a skill but is no skills.contract.Skill")
        if skill.name in names:
            raise UserError(f"Two skills are named {skill.name!r}; uninstall one of them.")
        names.add(skill.name)
    return tuple(skills)
