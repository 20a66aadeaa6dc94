"""Pure: the evidence of a request as parts of a card: metrics side by side, gates, features,
lineage. What it shows was frozen at the request; texts from outside are data."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from knowledge.promotion.comparison import (
    MetricChange,
    compare,
    evaluations,
    more_is_better,
    shared_data,
)
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_gain, say_interval, say_number, say_origin, say_time
from knowledge.records import Difference, Evaluation, Gate, GateResult, Kind
from skills.cards.wording import count, cut
from skills.contract import Line, Section, Source, Table

SHOWN_METRICS = 6
SHOWN_FEATURES = 4
SHOWN_DIFF = 16
CARD_CHARACTERS = 160
LINE_CHARACTERS = 220
_SIGNS: Mapping[GateResult, str] = {
    GateResult.FAIL: ":red_circle:",
    GateResult.WARN: ":large_yellow_circle:",
    GateResult.PASS: ":large_green_circle:",
}
_WORDS: Mapping[GateResult, str] = {
    GateResult.FAIL: "fails",
    GateResult.WARN: "warns",
    GateResult.PASS: "passes",
}


# Metrics -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One metric of both; `difference` where a gate weighed it on the same rows."""

    change: MetricChange
    difference: Difference | None = None
    more_is_better: bool | None = True
    """None where its name does not tell."""

    @property
    def interval(self) -> str:
        """ "better by 0.012 to 0.019", or empty."""
        if self.difference is None:
            return ""
        less = None if self.more_is_better is None else not self.more_is_better
        return say_interval(self.difference.low, self.difference.high, less)


@dataclass(frozen=True)
class Comparison:
    rows: tuple[Row, ...]
    comparable: bool
    """False where they were measured on different data."""
    same_data: bool
    """True where that is known: a data set of one digest."""


def side_by_side(evidence: Evidence, gates: Iterable[Gate]) -> Comparison:
    """The metrics of both versions, the primary one first."""
    weighed = {g.difference.metric: g.difference for g in gates if g.difference is not None}
    nothing = Evaluation("", "", {})
    new = next(iter(evaluations(evidence.challenger.version)), nothing)
    if evidence.champion is None:
        return Comparison(_rows({}, new.metrics, evidence, weighed), False, False)
    shared = shared_data(evidence.champion.version, evidence.challenger.version)
    if shared is not None:
        old, new = shared
        return Comparison(_rows(old.metrics, new.metrics, evidence, weighed), True, True)
    old = next(iter(evaluations(evidence.champion.version)), nothing)
    comparable = not (old.digest and new.digest)
    return Comparison(_rows(old.metrics, new.metrics, evidence, weighed), comparable, False)


def _rows(
    old: Mapping[str, float],
    new: Mapping[str, float],
    evidence: Evidence,
    weighed: Mapping[str, Difference],
) -> tuple[Row, ...]:
    policy = evidence.policy
    return tuple(
        Row(c, weighed.get(c.metric), more_is_better(c.metric, policy))
        for c in compare(old, new, policy)
    )


def metric_table(evidence: Evidence, gates: Iterable[Gate], most: int) -> Table | None:
    """The first `most` metrics side by side, with intervals where there are any."""
    found = side_by_side(evidence, gates)
    rows = found.rows[:most]
    new_name = show_version(evidence.challenger.version.version)
    if not rows:
        return None
    if evidence.champion is None:
        alone = tuple((r.change.metric, say_number(r.change.challenger)) for r in rows)
        return Table(("metric", new_name), alone, right=(new_name,))
    old_name = f"{show_version(evidence.champion.version.version)} (champion)"
    header = ("metric", old_name, new_name, "difference")
    cells = [
        (
            r.change.metric,
            say_number(r.change.champion),
            say_number(r.change.challenger),
            _difference(r.change, found.comparable),
        )
        for r in rows
    ]
    if not any(r.interval for r in rows):
        return Table(header, tuple(cells), right=header[1:])
    wide = tuple((*c, r.interval or "–") for c, r in zip(cells, rows, strict=True))
    return Table((*header, "95% interval"), wide, right=(*header[1:], "95% interval"))


def _difference(change: MetricChange, comparable: bool) -> str:
    if not comparable:
        return "other data"
    return "–" if change.gain is None else say_gain(change.gain)


# Gates ---------------------------------------------------------------------------------------

_UNDER = "↳ "
"""Before what stands under a gate: chats drop spaces at the beginning of a line."""


def gates_section(gates: Sequence[Gate]) -> Section:
    """What fails first, then what warns, a line each; what passes in one line."""
    lines = [_gate_line(g) for r in (GateResult.FAIL, GateResult.WARN) for g in _with(gates, r)]
    passing = _with(gates, GateResult.PASS)
    if passing:
        names = ", ".join(g.name for g in passing)
        said = f"{_SIGNS[GateResult.PASS]} {_passes(len(passing))}: {names}"
        lines.append(Line(cut(said, 2 * LINE_CHARACTERS)))
    return Section(f"Gates: {say_counts(gates)}", tuple(lines))


def _passes(number: int) -> str:
    return "passes" if number == 1 else f"{number} pass"


def say_counts(gates: Sequence[Gate]) -> str:
    """ "1 fails, 2 warn, 6 pass"."""
    said = []
    for result, one in _WORDS.items():
        number = len(_with(gates, result))
        if number:
            said.append(f"{number} {one if number == 1 else _PLURAL[result]}")
    return ", ".join(said)


_PLURAL: Mapping[GateResult, str] = {
    GateResult.FAIL: "fail",
    GateResult.WARN: "warn",
    GateResult.PASS: "pass",
}


def gate_lines(gates: Sequence[Gate]) -> tuple[Line, ...]:
    """Every gate in full, with what a click shows."""
    found: list[Line] = []
    for result in _WORDS:
        for gate in _with(gates, result):
            found += [_gate_line(gate), *(Line(f"{_UNDER}{text}") for text in gate.more)]
    return tuple(found)


def _with(gates: Iterable[Gate], result: GateResult) -> tuple[Gate, ...]:
    return tuple(g for g in gates if g.result is result)


def _gate_line(gate: Gate) -> Line:
    word = f"*{_WORDS[gate.result]}* {gate.name}"
    return Line(cut(f"{_SIGNS[gate.result]} {word}: {gate.detail}", 2 * LINE_CHARACTERS))


# Features and prompts ------------------------------------------------------------------------


def features_section(evidence: Evidence, most: int = SHOWN_FEATURES) -> Section:
    """The features that matter most to the new version, and how much they did before. Shares of
    all importance, since versions need not measure it on one scale."""
    new = shares(evidence.challenger.details.importances)
    old = shares(evidence.champion.details.importances) if evidence.champion is not None else {}
    first = sorted(new, key=lambda name: (-new[name], name))[:most]
    lines = [Line(f"{name}: {new[name]:.0%}{_moved(name, new, old)}") for name in first]
    gone = sorted((n for n in old if n not in new), key=lambda n: (-old[n], n))[:most]
    if gone:
        lines.append(Line(f"not used any more: {', '.join(gone)}"))
    return Section("Most important features", tuple(lines), bullets=True)


def features_line(evidence: Evidence, most: int = SHOWN_FEATURES) -> Section:
    """The same in one line, for the card."""
    lines = features_section(evidence, most).lines
    said = "; ".join(line.text for line in lines)
    return Section("Most important features", (Line(said),)) if said else Section()


def shares(importances: Mapping[str, float]) -> dict[str, float]:
    known = {n: v for n, v in importances.items() if math.isfinite(v) and v > 0}
    whole = sum(known.values())
    return {name: value / whole for name, value in known.items()} if whole else {}


def _moved(name: str, new: Mapping[str, float], old: Mapping[str, float]) -> str:
    if not old:
        return ""
    if name not in old:
        return " (new)"
    same = f"{new[name]:.0%}" == f"{old[name]:.0%}"
    return " (as before)" if same else f" (was {old[name]:.0%})"


def prompt_section(evidence: Evidence, most: int = SHOWN_DIFF) -> Section:
    """What changes in a prompt's text, as a unified diff; empty for models."""
    if evidence.kind is not Kind.PROMPT or evidence.champion is None:
        return Section()
    old, new = evidence.champion.details.text, evidence.challenger.details.text
    if not (old or new):
        return Section()
    diff = list(unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm=""))[2:]
    if not diff:
        return Section("The prompt", (Line("its text is the same"),))
    # Backticks would end the block: the text is data.
    shown = [cut(line.replace("`", "'"), LINE_CHARACTERS) for line in diff[:most]]
    more = len(diff) - len(shown)
    rest = f"\n{count(more, 'more line')}" if more else ""
    return Section(
        "What changes in the prompt", (Line("```\n" + "\n".join(shown) + f"\n```{rest}"),)
    )


# Where it comes from -------------------------------------------------------------------------


def lineage_section(sides: Sequence[Side]) -> Section:
    lines = tuple(Line(_origin(side), (source_key(side),)) for side in sides)
    return Section("Lineage", lines, bullets=True)


def source_key(side: Side) -> str:
    return f"v{side.version.version}"


def sources(sides: Sequence[Side]) -> tuple[Source, ...]:
    return tuple(
        Source(
            source_key(side),
            f"{side.version.model} {show_version(side.version.version)}",
            side.version.url,
        )
        for side in sides
    )


def _origin(side: Side) -> str:
    version, details = side.version, side.details
    parts = [f"registered {say_time(version.created_at)}"]
    trained = details.trained_on or version.tags.get("trained_on", "")
    if trained:
        parts.append(f"trained on {trained}")
    data = [f"{e.dataset} ({e.digest[:8]})" for e in evaluations(version) if e.digest]
    if data:
        parts.append(f"measured on {', '.join(data[:2])}")
    parts += [f"{name} `{cut(value, 40)}`" for name, value in _source(side).items()]
    if details.artifact:
        parts.append(f"files `{details.artifact.removeprefix('sha256:')[:12]}`")
    said = f"{show_version(version.version)}: {', '.join(parts)}"
    described = f". {' '.join(version.description.split())}" if version.description else ""
    return cut(said + described, 2 * LINE_CHARACTERS)


_TAGS = {"git_commit": "git commit", "data_version": "data version"}
"""Tags of a version that tell where it comes from, where its details do not."""


def _source(side: Side) -> dict[str, str]:
    told = {name: value for name, value in side.details.source.items() if value}
    for tag, name in _TAGS.items():
        if tag in side.version.tags:
            told.setdefault(name, side.version.tags[tag])
    if side.version.run_id:
        told.setdefault("training run", side.version.run_id)
    return {name: say_origin(value) for name, value in told.items()}


def model_card_section(evidence: Evidence, most: int = CARD_CHARACTERS) -> Section:
    """Its first words; without headings, which say little."""
    words = [line for line in evidence.challenger.details.card.splitlines() if line.strip()]
    plain = " ".join(line.strip() for line in words if not line.lstrip().startswith("#"))
    return Section("Model card", (Line(cut(plain, most)),)) if plain else Section()


def unknown_section(evidence: Evidence) -> Section:
    """What could not be asked, and why."""
    told = [f"{what}: {why}" for what, why in evidence.problems.items()]
    told += [problem for problem in evidence.challenger.details.problems if problem not in told]
    return Section("Not known", tuple(Line(cut(t, LINE_CHARACTERS)) for t in told), bullets=True)
