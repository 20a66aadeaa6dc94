"""Pure: what can be done with an incident now.

A card has room for five buttons; the others are behind "More", which shows them to the one who
pressed it. A button carries ids only: what it does is decided on the incident as it is then.
"""

from collections.abc import Collection

from knowledge.findings import MODEL_KINDS, findings, lead, model_of
from knowledge.promotion.versions import show_version
from knowledge.records import Approval, Incident, Signal
from skills.cards.wording import count
from skills.contract import Button, Call, Form, FormField, Section, Style

SEVERITY_OPTIONS = (
    ("SEV1", "SEV1: customers cannot work"),
    ("SEV2", "SEV2: customers notice"),
    ("SEV3", "SEV3: we notice"),
    ("SEV4", "SEV4: can wait"),
)


def incident_buttons(incident: Incident) -> tuple[Button, ...]:
    """The likeliest five, by the incident's state."""
    if incident.merged_into:
        into = incident.merged_into
        return (
            Button(f"Show {into}", Call("incident_show", {"incident": into})),
            Button("Time line", _about("incident_timeline", incident)),
        )
    catch_up = Button("Catch me up", _about("incident_summary", incident))
    more = Button("More", _about("incident_more", incident))
    if not incident.is_open:
        return (reopen_button(incident), catch_up, _similar_button(incident), more)
    third = _side_button(incident) if _about_model(incident) else _why_button(incident)
    if incident.acknowledged_by:
        claim = (_resolve_button(incident), _give_back_button(incident))
    else:
        claim = (_acknowledge_button(incident), _resolve_button(incident))
    return (*claim, third, catch_up, more)


def finding_buttons(
    incident: Incident, finding: Signal, promoted: Approval | None = None
) -> tuple[Button, ...]:
    """While Tandem alone noticed it: what to do about the finding, then about the incident.
    `promoted` as `Noticed` has it."""
    more = Button("More", _about("incident_more", incident))
    opinions = (
        Button("Not useful", _about("not_useful", incident)),
        Button("Useful", _about("useful", incident)),
    )
    look = Button("Investigate", _about("finding", incident))
    if not incident.is_open:
        return (look, *opinions, reopen_button(incident), more)
    snooze = Button("Snooze", _about("snooze", incident))
    if incident.acknowledged_by:
        claim = (_resolve_button(incident), _give_back_button(incident))
    else:
        claim = (_acknowledge_button(incident), _resolve_button(incident))
    side = (_side_button(incident),) if _about_model(incident) else ()
    return (look, *side, snooze, *_model_buttons(finding, promoted), *opinions, *claim, more)


def _model_buttons(finding: Signal, promoted: Approval | None = None) -> tuple[Button, ...]:
    """What may mend a model; each is only asked for, and done with rights of its own."""
    model = model_of(finding)
    if not model:
        return ()
    back = f"Ask to go back to the version of {model} that served before?"
    return (
        Button("Retrain", Call("retrain", {"model": model}), asks=True),
        Button("Roll back", Call("rollback", {"model": model}), confirm=back),
        *((_emergency_button(promoted),) if promoted is not None else ()),
    )


def _promotion_button(finding: Signal) -> tuple[Button, ...]:
    model = model_of(finding)
    if not model:
        return ()
    return (Button("Promote another version", Call("promotion", {"model": model})),)


def _emergency_button(promoted: Approval) -> Button:
    """Of a champion so new that it is the likeliest cause."""
    new, old = show_version(promoted.version), show_version(promoted.champion)
    why = FormField("reason", "What is wrong?", hint="Shown to who approves it", multiline=True)
    args = {"model": promoted.model, "version": promoted.champion, "emergency": True}
    text = (
        f"{promoted.id} made {new} champion lately. This asks to go back to {old}; one approver is "
        "enough, and somebody reviews it afterwards."
    )
    form = Form("Emergency rollback", (why,), submit="Ask", text=text)
    return Button("Emergency rollback", Call("rollback", args), style=Style.DANGER, form=form)


def more_sections(
    incident: Incident, installed: Collection[str], *, serves_model: bool = False
) -> tuple[Section, ...]:
    """All else that can be done, by what it is about; only calls of skills that are there.
    `serves_model`: its service answers for a model, whoever noticed it."""
    groups = (
        ("Who is on it", _on_it(incident) if incident.is_open else ()),
        ("What Tandem noticed", _noticed(incident)),
        ("Its alerts", _alerts(incident)),
        ("What is known", _known(incident, serves_model)),
        ("Tell others", _tell(incident)),
    )
    shown = (
        (heading, tuple(b for b in buttons if b.call is None or b.call.skill in installed))
        for heading, buttons in groups
    )
    return tuple(Section(heading, buttons=buttons) for heading, buttons in shown if buttons)


def severity_button(incident: Incident) -> Button:
    choice = FormField(
        "value", "Severity", initial=incident.severity.value, options=SEVERITY_OPTIONS
    )
    return Button(
        "Change severity",
        update_call(incident, "severity"),
        form=Form(f"Severity of {incident.id}", (choice,), submit="Change"),
    )


def reopen_button(incident: Incident) -> Button:
    return Button("Reopen", update_call(incident, "reopen"), confirm=f"Open {incident.id} again?")


def update_call(incident: Incident, action: str, value: str = "") -> Call:
    args = {"incident": incident.id, "action": action}
    return Call("incident_update", args | ({"value": value} if value else {}))


def _noticed(incident: Incident) -> tuple[Button, ...]:
    finding = lead(incident)
    if finding is None:
        return ()
    return (
        Button("Investigate", _about("finding", incident)),
        *((Button("Snooze", _about("snooze", incident)),) if incident.is_open else ()),
        *(_model_buttons(finding) if incident.is_open else ()),
        *_promotion_button(finding),
        Button("Not useful", _about("not_useful", incident)),
        Button("Useful", _about("useful", incident)),
    )


def _on_it(incident: Incident) -> tuple[Button, ...]:
    to_whom = FormField("value", "To whom", hint="A name, @name, or me.")
    assign = Button(
        "Assign",
        update_call(incident, "assign"),
        form=Form(f"Assign {incident.id}", (to_whom,), submit="Assign"),
    )
    take = Button(
        "Take over" if incident.owner else "Assign to me", update_call(incident, "assign", "me")
    )
    page = Button("Page", _about("page", incident))
    claims = (take, assign, severity_button(incident), page)
    return claims if incident.acknowledged_by else (_acknowledge_button(incident), *claims)


def _alerts(incident: Incident) -> tuple[Button, ...]:
    if not incident.signals:
        return (Button("Merge", _about("incident_merge", incident)),)
    splits = (Button("Split", _about("incident_split", incident)),)
    return (
        Button("Why these alerts?", _about("alert_why", incident)),
        Button("Silence", _about("silence", incident)),
        Button("Merge", _about("incident_merge", incident)),
        *(splits if len(incident.signals) > 1 else ()),
    )


def _known(incident: Incident, serves_model: bool) -> tuple[Button, ...]:
    about_model = _about_model(incident)
    return (
        _why_button(incident),
        _similar_button(incident),
        Button("Runbook", _about("runbook", incident)),
        Button("Time line", _about("incident_timeline", incident)),
        Button("Export", _about("incident_export", incident)),
        *((_drift_button(incident),) if about_model else ()),
        *((_side_button(incident),) if about_model or serves_model else ()),
    )


def _tell(incident: Incident) -> tuple[Button, ...]:
    note = FormField("value", "Note", multiline=True)
    add = Button(
        "Add a note",
        update_call(incident, "note"),
        form=Form(f"Note on {incident.id}", (note,), submit="Add"),
    )
    if not incident.is_open:
        return (add,)
    room = Button("Open a channel", _about("incident_channel", incident))
    over = Button("Hand over", _about("handover", incident), asks=True)
    return (
        add,
        Button("Stakeholder update", _about("stakeholder_update", incident)),
        Button("Ticket", _about("ticket", incident)),
        over,
        *(() if incident.channel else (room,)),
    )


def _acknowledge_button(incident: Incident) -> Button:
    return Button("Acknowledge", update_call(incident, "ack"), style=Style.PRIMARY)


def _give_back_button(incident: Incident) -> Button:
    return Button("Unacknowledge", update_call(incident, "unack"))


def _resolve_button(incident: Incident) -> Button:
    fixed = FormField(
        "value",
        "What fixed it?",
        hint="One line helps whoever meets this next time.",
        multiline=True,
        optional=True,
    )
    form = Form(f"Resolve {incident.id}", (fixed,), submit="Resolve", text=_still(incident))
    style = Style.PRIMARY if _looks_over(incident) else Style.PLAIN
    return Button("Resolve", update_call(incident, "resolve"), form=form, style=style)


def _still(incident: Incident) -> str:
    firing = len(incident.firing)
    if not firing:
        return "No alert fires any more."
    return f"{count(firing, 'alert')} {'is' if firing == 1 else 'are'} still firing."


def _looks_over(incident: Incident) -> bool:
    """Somebody has it and nothing fires: resolving is what is left to do."""
    return bool(incident.acknowledged_by) and not incident.firing and bool(incident.signals)


def _similar_button(incident: Incident) -> Button:
    return Button("Similar incidents", _about("similar_incidents", incident))


def _why_button(incident: Incident) -> Button:
    return Button("Why?", _about("root_cause", incident))


def _drift_button(incident: Incident) -> Button:
    """Over the window that the monitor looked at: in a longer one the drift may drown."""
    told = [s for s in findings(incident) if s.kind in MODEL_KINDS]
    windows = [s.labels["window"] for s in told if "window" in s.labels]
    args = {"model": model_of(told[-1]), **({"window": windows[-1]} if windows else {})}
    return Button("Show drift", Call("model_drift", args))


def _side_button(incident: Incident) -> Button:
    return Button("Model or infrastructure?", _about("model_or_infra", incident))


def _about_model(incident: Incident) -> bool:
    return any(s.kind in MODEL_KINDS and model_of(s) for s in findings(incident))


def _about(skill: str, incident: Incident) -> Call:
    return Call(skill, {"incident": incident.id})
