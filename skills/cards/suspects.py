"""Pure: a ranking of suspects -> Reply. How sure it is stands in words and in numbers, and what
speaks against a suspect stands beside what speaks for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from knowledge.causes.ranking import Clue, ClueKind, Ranking, Suspect
from knowledge.diagnosis import Gathered
from knowledge.diagnosis.gather import MOVE
from knowledge.records import Change
from skills.cards.cause import say_change
from skills.cards.wording import LINE_LIMIT, clock, cut
from skills.contract import Button, Call, Line, Reply, Section, Source, Style, Tone

SHOWN_CLUES, SHOWN_AGAINST, SHOWN_OTHERS, SHOWN_CHANGES = 5, 3, 2, 3
MOST_CAUSE = 200
_LIKELY, _SUREST = 0.5, 0.99
_WORTH_TELLING, _WORTH_NAMING = 0.1, 0.01
_SURE = (
    (0.8, "very likely"),
    (_LIKELY, "likely"),
    (0.25, "possible"),
    (0.0, "no more than a guess"),
)


def suspects_card(ranking: Ranking, found: Gathered, link: Callable[[str], str]) -> Reply:
    """The likeliest suspect with its clues, the next ones with their best, what was looked at and
    what was missing. `link` gives an incident's address, or nothing."""
    if not ranking.suspects:
        return _nobody(ranking, found)
    first = ranking.suspects[0]
    others = [s for s in ranking.suspects if _home(s) != _home(first)]
    links = _links(found, first, link)
    sections = (
        _for(first, links, found),
        _against(first, links),
        *(_other(suspect, number, found) for number, suspect in enumerate(_homes(others), 2)),
    )
    sure = belief(ranking, _home(first))
    return Reply(
        title=f"{found.about}: {'probably' if sure >= _LIKELY else 'perhaps'} {first.component}",
        text=_summary(first, sure, found),
        tone=Tone.WARNING if sure >= _LIKELY else Tone.NEUTRAL,
        sections=tuple(
            s for s in (*sections, _changes(first, found), _missing(ranking)) if s.lines
        ),
        sources=tuple(links.values()),
        buttons=_next_steps(first, found),
        footer=_looked_at(ranking),
    )


def how_sure(probability: float) -> str:
    """ "very likely (84 %)"."""
    words = next(words for least, words in _SURE if probability >= least)
    return f"{words} ({_share(probability)})"


def _share(probability: float) -> str:
    """Never certain: the evidence may mislead in ways that it does not show."""
    return f"{min(probability, _SUREST) * 100:.0f} %"


def cause_of(suspect: Suspect, changes: Sequence[Change]) -> str:
    """What is written down when a person says that this was it: the component, and the change that
    is blamed for it."""
    blamed = _blamed(suspect, changes)
    what = f"{suspect.component}: {say_change(blamed).replace('*', '')}" if blamed else ""
    return cut(what or suspect.component, MOST_CAUSE)


def belief(ranking: Ranking, service: str) -> float:
    """In the service or any part of it."""
    return min(sum(s.probability for s in ranking.suspects if _home(s) == service), 1.0)


def _home(suspect: Suspect) -> str:
    return suspect.part_of or suspect.component


def _homes(others: Sequence[Suspect]) -> list[Suspect]:
    """The first of each service, with the belief in all of it."""
    shares: dict[str, float] = {}
    for suspect in others:
        shares[_home(suspect)] = shares.get(_home(suspect), 0.0) + suspect.probability
    firsts = {_home(suspect): suspect for suspect in reversed(others)}
    ranked = sorted(firsts, key=lambda name: -shares[name])[:SHOWN_OTHERS]
    return [
        replace(firsts[name], probability=shares[name])
        for name in ranked
        if shares[name] >= _WORTH_NAMING
    ]


def _summary(suspect: Suspect, sure: float, found: Gathered) -> str:
    began = f"It began at {clock(found.onset, found.until.date())} UTC."
    shared = sure - suspect.probability >= _WORTH_TELLING
    what, alone = _kind(suspect), ""
    if shared and suspect.part_of:
        what += f", or all of {suspect.part_of}"
        alone = f"; {_share(suspect.probability)} for the pod alone"
    elif shared:
        what = " or a part of it"
    return f"*{suspect.component}*{what}: {how_sure(sure)}{alone}. {began}"


def _kind(suspect: Suspect) -> str:
    whose = f" of {suspect.part_of}" if suspect.part_of else ""
    return f" ({suspect.kind}{whose})" if suspect.kind else ""


def _for(suspect: Suspect, links: Mapping[str, Source], found: Gathered) -> Section:
    clues = [clue for clue in suspect.clues if clue.weight > 0][:SHOWN_CLUES]
    lines = tuple(_line(clue, links) for clue in clues)
    return Section("What speaks for it", lines, True, buttons=_was_it(suspect, found))


def _against(suspect: Suspect, links: Mapping[str, Source]) -> Section:
    clues = [clue for clue in suspect.clues if clue.weight < 0]
    worst = sorted(clues, key=lambda clue: clue.weight)[:SHOWN_AGAINST]
    lines = tuple(_line(clue, links) for clue in worst)
    nothing = (Line("Nothing that was looked at. That is no proof."),)
    return Section("What speaks against it", lines or nothing, bullets=bool(lines))


def _other(suspect: Suspect, number: int, found: Gathered) -> Section:
    return Section(
        f"{number}. {suspect.component}{_kind(suspect)}: {how_sure(suspect.probability)}",
        tuple(Line(cut(clue.text, LINE_LIMIT)) for clue in suspect.clues[:1]),
        buttons=_was_it(suspect, found),
    )


def _changes(suspect: Suspect, found: Gathered) -> Section:
    """What was changed on it lately and is not among its clues; where nothing was, on others."""
    told = {source for clue in suspect.clues for source in clue.sources}
    on_it = [c for c in found.changes if _same(c.service, suspect, found) and c.id not in told]
    rest = [c for c in found.changes if c.id not in told] if not on_it else []
    shown = (on_it or rest)[:SHOWN_CHANGES]
    heading = f"Changed lately on {suspect.component}" if on_it else "Changed lately elsewhere"
    day = found.onset.date()
    lines = (
        Line(cut(f"{clock(c.at, day)} {say_change(c)}: {c.summary}", LINE_LIMIT)) for c in shown
    )
    return Section(heading, tuple(lines), bullets=True)


def _same(service: str, suspect: Suspect, found: Gathered) -> bool:
    pod = found.catalogue.pods.get(suspect.component)
    name = found.catalogue.canonical(service) or service
    return name in (suspect.component, pod.service if pod else "")


def _missing(ranking: Ranking) -> Section:
    lines = tuple(Line(cut(line, LINE_LIMIT)) for line in ranking.missing)
    return Section("What could not be looked at", lines, bullets=True)


def _looked_at(ranking: Ranking) -> str:
    seen = ", ".join(ranking.looked_at) or "nothing"
    return (
        f"Looked at {seen}. The shares are belief, not proof; the rest is for what is not listed."
    )


def _line(clue: Clue, links: Mapping[str, Source]) -> Line:
    keys = tuple(dict.fromkeys(links[s].key for s in clue.sources if s in links))
    return Line(cut(clue.text, LINE_LIMIT), keys[:2])


def _links(found: Gathered, suspect: Suspect, link: Callable[[str], str]) -> dict[str, Source]:
    """Source of each id that the shown clues rest on and that has an address."""
    urls = {s.id or s.fingerprint: ("alert", s.url) for s in found.signals}
    urls |= {c.id: (c.kind, c.url) for c in found.changes}
    urls |= {
        h.document.id: (h.document.id, h.document.url or link(h.document.id)) for h in found.past
    }
    shown = [clue for clue in suspect.clues if clue.weight > 0][:SHOWN_CLUES]
    shown += [clue for clue in suspect.clues if clue.weight < 0]
    ids = dict.fromkeys(s for clue in shown for s in clue.sources[:2] if urls.get(s, ("", ""))[1])
    return {
        id_: Source(f"S{number}", urls[id_][0], urls[id_][1]) for number, id_ in enumerate(ids, 1)
    }


def _was_it(suspect: Suspect, found: Gathered) -> tuple[Button, ...]:
    if found.incident is None or not found.incident.id or found.incident.cause:
        return ()
    cause = cause_of(suspect, found.changes)
    args = {"incident": found.incident.id, "cause": cause}
    ask = f"Write down “{cause}” as the cause of {found.incident.id}?"
    return (Button("This was it", Call("cause_found", args), confirm=ask),)


def _next_steps(suspect: Suspect, found: Gathered) -> tuple[Button, ...]:
    blamed = _blamed(suspect, found.changes)
    back: tuple[Button, ...] = ()
    if blamed is not None and blamed.kind == MOVE:
        call = Call("rollback", {"model": blamed.service})
        ask = f"Ask to go back to the version of {blamed.service} that served before?"
        back = (Button(f"Roll back {blamed.service}"[:75], call, Style.DANGER, confirm=ask),)
    if found.incident is None:
        listed = Call("incident_list", {"service": found.service})
        return (*back, _runbook({"name": suspect.component}), Button("Its incidents", listed))
    about = {"incident": found.incident.id}
    return (
        *back,
        _runbook(about),
        Button("Similar incidents", Call("similar_incidents", about)),
        Button("Look again", Call("root_cause", about)),
    )


def _runbook(args: Mapping[str, str]) -> Button:
    return Button("Runbook", Call("runbook", args))


def _blamed(suspect: Suspect, changes: Sequence[Change]) -> Change | None:
    """The change that speaks most for it."""
    clues = [clue for clue in suspect.clues if clue.kind is ClueKind.CHANGE and clue.weight > 0]
    best = max(clues, key=lambda clue: clue.weight, default=None)
    by_id = {change.id: change for change in changes}
    return by_id.get(best.sources[0]) if best and best.sources else None


def _nobody(ranking: Ranking, found: Gathered) -> Reply:
    text = "No alert, metric, change or past incident points anywhere."
    return Reply(
        title=f"{found.about}: no suspect",
        text=text if found.signals or found.changes else "There is nothing to go by yet.",
        sections=tuple(s for s in (_missing(ranking),) if s.lines),
        footer=_looked_at(ranking),
        buttons=(
            (Button("Similar incidents", Call("similar_incidents", {"incident": found.about})),)
            if found.incident
            else (Button("Its incidents", Call("incident_list", {"service": found.service})),)
        ),
    )
