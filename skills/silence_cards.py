"""Pure: silences -> Reply. What one would hide, what it is, and which there are."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.records import Matcher, Silence
from knowledge.silences import Effect, Preview, holds, say_matchers
from skills.cards.wording import People, clock, count, cut, same, stamp
from skills.contract import (
    Audience,
    Button,
    Call,
    Form,
    FormField,
    Line,
    Reply,
    Section,
    Style,
    Table,
    Tone,
)

SHOWN = 5
USUAL = ("1h", "4h", "24h")
"""Offered where nobody said how long."""
LOOK_BACK = timedelta(days=7)


def preview_card(
    draft: Silence, found: Preview, asker: str, now: datetime, span: str, hint: str = ""
) -> Reply:
    """What the silence would have hidden in that span, and the button that sets it. `hint`: what to
    say where it would have hidden nothing."""
    what, lasts = say_matchers(draft.matchers), draft.ends_at - draft.starts_at
    nothing = f"It would have hidden nothing lately. {hint}".strip()
    label = f"Silence for {say_duration(lasts)}"
    return Reply(
        title=f"Silence {cut(what, 80)} for {say_duration(lasts)}?",
        text=found.warning or (nothing if not found.hidden else ""),
        tone=Tone.BAD if found.warning else Tone.WARNING if not found.hidden else Tone.NEUTRAL,
        fields=_fields(draft, asker, now) | {span: _say_hidden(found)},
        sections=_would_have_hidden(found),
        buttons=(
            Button(
                label,
                start_call(draft, say_duration(lasts)),
                style=Style.DANGER if found.warning else Style.PRIMARY,
                confirm=f"{found.warning} Set it all the same?" if found.warning else "",
            ),
            change_button(draft, say_duration(lasts)),
        ),
        footer="Hidden alerts are kept, open nothing and page nobody; those of open incidents stay "
        "there. What fires still when the silence ends counts from then on.",
        audience=Audience.ASKER,
    )


def choose_length(draft: Silence, found: Preview, span: str) -> Reply:
    """The same while nobody has said how long."""
    return Reply(
        title=f"Silence {cut(say_matchers(draft.matchers), 80)} for how long?",
        text=found.warning,
        tone=Tone.BAD if found.warning else Tone.NEUTRAL,
        fields={span: _say_hidden(found)},
        sections=_would_have_hidden(found),
        buttons=(
            *(Button(length, _again(draft, length)) for length in USUAL),
            change_button(draft, ""),
        ),
        audience=Audience.ASKER,
    )


def report(matchers: Sequence[Matcher], found: Preview, span: str) -> Reply:
    """What these would have hidden, where nothing can be set: in a terminal."""
    hidden = count(found.hidden, "alert")
    return Reply(
        title=f"{cut(say_matchers(matchers), 120)} would have hidden {hidden}",
        text=found.warning or ("" if found.hidden else "Is each name written as it comes?"),
        tone=Tone.BAD if found.warning else Tone.NEUTRAL,
        fields={span: _say_hidden(found), "Deliveries": f"{found.deliveries:,}"},
        sections=_would_have_hidden(found),
    )


def ask_what(incidents: Sequence[tuple[str, str]]) -> Reply:
    """What should be silent? `incidents` are open ones, (id, title)."""
    return Reply(
        title="Silence what?",
        text="Name a service, an alert or labels: `silence checkout for 2h`, or "
        "`/silence alertname=~'Disk.*' 4h because of the migration`.",
        buttons=(
            Button("Say what", Call("silence"), style=Style.PRIMARY, form=_form("", "2h", "", "")),
            *(
                Button(f"Alerts of {name}", Call("silence", {"incident": name}))
                for name, _ in incidents
            ),
        ),
        audience=Audience.ASKER,
    )


def set_card(silence: Silence, now: datetime, people: People = same, note: str = "") -> Reply:
    """It holds (or will): until when, and how to change that."""
    when = f"until {stamp(silence.ends_at)}"
    if silence.starts_at > now:
        when = f"from {stamp(silence.starts_at)} {when}"
    return Reply(
        title=f"{silence.id} holds {when}",
        text=note,
        tone=Tone.GOOD,
        fields=_fields(silence, people(silence.created_by), now),
        buttons=(end_button(silence, "End it now"), prolong_button(silence)),
    )


def ended_card(silence: Silence, now: datetime, hits: int) -> Reply:
    return Reply(
        title=f"{silence.id} has ended",
        text=f"{say_matchers(silence.matchers)} counts again. It hid {count(hits, 'alert')}.",
        tone=Tone.GOOD,
        fields={"Began": stamp(silence.starts_at), "Ended": stamp(silence.ends_at)},
        audience=Audience.ASKER,
    )


def list_card(
    silences: Sequence[Silence],
    hits: Mapping[str, int],
    now: datetime,
    people: People = same,
) -> Reply:
    """Those that hold and those to come, the next to end first."""
    if not silences:
        return Reply(
            "No silence holds or is to come",
            text="Every alert counts. To silence some: `/silence checkout 2h because deploy`.",
            tone=Tone.GOOD,
            audience=Audience.ASKER,
        )
    ordered = sorted(silences, key=lambda s: (not holds(s, now), s.ends_at))
    active = [s for s in ordered if holds(s, now)]
    mine = [s for s in active if s.kind == "silence"][:SHOWN]
    return Reply(
        title=f"{count(len(active), 'silence')} now, {len(ordered) - len(active)} to come",
        table=Table(
            ("Id", "What", "When", "Who", "Why", "Hidden"),
            tuple(_row(s, hits, now, people) for s in ordered[:50]),
            right=("Hidden",),
        ),
        buttons=tuple(end_button(s, f"End {s.id}") for s in mine),
        footer="Silences that were made in Alertmanager itself are not known here: it does not "
        "send what it hides.",
        audience=Audience.ASKER,
    )


def start_call(draft: Silence, length: str) -> Call:
    return Call("silence_start", _args(draft, length))


def change_button(draft: Silence, length: str) -> Button:
    """The same request in a window, to be changed and previewed again."""
    what = say_matchers(draft.matchers)
    return Button(
        "Change",
        Call("silence"),
        form=_form(what, length or "2h", draft.reason, _start(draft)),
    )


def end_button(silence: Silence, label: str) -> Button:
    return Button(
        label,
        Call("silence_end", {"silence": silence.id}),
        confirm=f"End {silence.id}? Its alerts count again at once.",
    )


def prolong_button(silence: Silence) -> Button:
    lengths = (
        ("1h", "1 hour more"),
        ("4h", "4 hours more"),
        ("24h", "1 day more"),
        ("7d", "7 days more"),
    )
    field = FormField("duration", "How much longer", initial="1h", options=lengths)
    form = Form(f"Prolong {silence.id}"[:24], (field,), submit="Prolong")
    return Button("Prolong", Call("silence_prolong", {"silence": silence.id}), form=form)


def _form(what: str, length: str, reason: str, start: str) -> Form:
    return Form(
        "Silence alerts",
        (
            FormField(
                "match",
                "Which alerts",
                hint="Labels as in Alertmanager: service=checkout alertname=~'Disk.*'",
                initial=what,
                multiline=True,
            ),
            FormField("duration", "How long", hint="30m, 2h, 3d; at most 30 days", initial=length),
            FormField("reason", "Why", initial=reason, optional=True),
            FormField(
                "start",
                "Beginning",
                hint="Empty for now; in 2h, 22:00 or 2026-03-05 22:00 (UTC)",
                initial=start,
                optional=True,
            ),
        ),
        submit="Preview",
        text="Next you see what this would have hidden in the last 7 days.",
    )


def _again(draft: Silence, length: str) -> Call:
    return Call("silence", _args(draft, length))


def _args(draft: Silence, length: str) -> dict[str, str]:
    given = {
        "match": say_matchers(draft.matchers),
        "duration": length,
        "reason": draft.reason,
        "start": _start(draft),
    }
    return {name: value for name, value in given.items() if value}


def _start(draft: Silence) -> str:
    """Empty for "now": the button may be pressed a while later."""
    return "" if draft.starts_at <= draft.created_at else f"{draft.starts_at:%Y-%m-%d %H:%M}"


def _fields(silence: Silence, asker: str, now: datetime) -> dict[str, str]:
    given = {
        "Alerts": say_matchers(silence.matchers),
        "Begins": stamp(silence.starts_at) if silence.starts_at > now else "",
        "Ends": stamp(silence.ends_at),
        "Asked by": asker,
        "Why": silence.reason,
    }
    return {name: cut(text, 300) for name, text in given.items() if text}


def _say_hidden(found: Preview) -> str:
    alerts = f"{found.hidden:,} of {count(found.seen, 'alert')} hidden"
    whole, part = len(found.prevented), len(found.shrunk)
    parts = [
        f"{count(whole, 'incident')} not opened" if whole else "",
        f"{count(part, 'incident')} smaller" if part else "",
    ]
    return ", ".join(filter(None, (alerts, *parts)))


def _would_have_hidden(found: Preview) -> tuple[Section, ...]:
    rules = tuple(Line(f"{name}: {count(n, 'alert')}") for name, n in found.by_rule[:SHOWN])
    services = tuple(Line(f"{name}: {count(n, 'alert')}") for name, n in found.by_service[:SHOWN])
    several = len(found.by_service) > 1
    sections = (
        Section("Incidents it would have hidden", _effects(found.prevented), bullets=True),
        Section("Incidents it would have made smaller", _effects(found.shrunk), bullets=True),
        Section("Rules", rules + _rest(len(found.by_rule)), bullets=True),
        Section("Services", services + _rest(len(found.by_service)), bullets=True)
        if several
        else None,
    )
    return tuple(s for s in sections if s is not None and s.lines)


def _effects(effects: Sequence[Effect]) -> tuple[Line, ...]:
    return tuple(map(_say_effect, effects[:SHOWN])) + _rest(len(effects))


def _say_effect(effect: Effect) -> Line:
    grave = f" {effect.severity}" if effect.severity else ""
    title = f" {cut(effect.title, 80)}" if effect.title else ""
    alerts = f"{effect.hidden} of its {count(effect.alerts, 'alert')}"
    if effect.whole:
        alerts = "its only alert" if effect.hidden == 1 else f"all its {effect.hidden} alerts"
    return Line(f"*{effect.incident}*{grave}{title}: {alerts}")


def _rest(number: int) -> tuple[Line, ...]:
    return (Line(f"and {number - SHOWN:,} more"),) if number > SHOWN else ()


def _row(
    silence: Silence, hits: Mapping[str, int], now: datetime, people: People
) -> tuple[str, ...]:
    day = now.date()
    end = clock(silence.ends_at, day)
    when = f"until {end}" if holds(silence, now) else f"{clock(silence.starts_at, day)} to {end}"
    return (
        silence.id,
        cut(say_matchers(silence.matchers), 120),
        when,
        people(silence.created_by),
        cut(silence.reason, 80) or "–",
        str(hits.get(silence.id, 0)),
    )
