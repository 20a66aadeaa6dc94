"""Are groups treated as alike as the champion treats them?

demographic parity   share answered positive, of one group against all others
equal opportunity    the same of the rows that are positive (Hardt, Price and Srebro 2016)

`knowledge.performance.fairness` has the formulas and intervals; docs/how-to/gates.md says what a
gap does not show.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from knowledge.errors import BadArgs
from knowledge.performance import Gap, compare_groups
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.significance import Pair, pair

Figure = Literal["selection rate", "true positive rate", "false positive rate", "calibration"]
Sizes = Mapping[tuple[str, str, str], float]


class FairnessSettings(Settings):
    columns: tuple[str, ...] = Field(
        (), description="columns of groups; else those of the model's data settings"
    )
    figures: tuple[Figure, ...] = Field(
        ("selection rate", "true positive rate"),
        min_length=1,
        description="what is compared; also `false positive rate`, `calibration`",
    )
    most: float = Field(0.1, ge=0, le=1, description="largest gap that is let pass")
    wider: float = Field(
        0.05, ge=0, le=1, description="by how much a gap may be wider than the champion's"
    )
    strict: bool = Field(
        False, description="a gap over `most` prevents also where the champion's is as wide"
    )


def _fairness(evidence: Evidence, settings: FairnessSettings) -> Finding | None:
    columns = settings.columns or evidence.groups
    if evidence.champion is None or not columns:
        return Finding(Held.MOOT, "no columns of groups are named for this model")
    try:
        rows = pair(evidence)
        new = _gaps(rows, columns, settings, challenger=True)
        old = {_key(g): abs(g.difference) for g in _gaps(rows, columns, settings)}
    except BadArgs as error:
        return Finding(Held.UNKNOWN, f"groups cannot be compared: {error.problem}")
    if not new:
        return Finding(
            Held.UNKNOWN,
            f"no group of {', '.join(columns)} has rows enough, or the answers are not yes or no",
        )
    return _judged(new, old, settings)


def _gaps(
    rows: Pair, columns: Sequence[str], settings: FairnessSettings, *, challenger: bool = False
) -> list[Gap]:
    answers = rows.challenger if challenger else rows.champion
    found = compare_groups(answers, rows.frame, columns).gaps
    wanted = [gap for gap in found if gap.figure in settings.figures]
    return sorted(wanted, key=lambda g: (-abs(g.difference), g.column, g.group))


def _judged(new: Sequence[Gap], old: Sizes, settings: FairnessSettings) -> Finding:
    more = tuple(f"{gap.sentence}{_say_before(gap, old)}" for gap in new[:20])
    sure = [gap for gap in new if gap.low > 0 or gap.high < 0]
    over = [gap for gap in sure if abs(gap.difference) > settings.most]
    for gap in sure:
        size, before = abs(gap.difference), old.get(_key(gap))
        if before is not None and size - before > settings.wider:
            limit = f"{settings.wider:.2f} wider is allowed"
            return Finding(Held.NO, f"{_say(gap, old)}; at most {limit}", more=more)
        if gap in over and (settings.strict or before is None or size >= before):
            return Finding(Held.NO, f"{_say(gap, old)}; at most {settings.most:.2f}", more=more)
    if over:
        says = f"{_say(over[0], old)}: over {settings.most:.2f}, but narrower than the champion's"
        return Finding(Held.NOTE, says, more=more)
    return Finding(Held.YES, f"largest gap: {_say(new[0], old)}", more=more)


def _say(gap: Gap, old: Sizes) -> str:
    return (
        f"{gap.column} {gap.group}, {gap.figure} {gap.value:.2f} against {gap.others:.2f} "
        f"(gap {abs(gap.difference):.2f}{_say_before(gap, old)})"
    )


def _say_before(gap: Gap, old: Sizes) -> str:
    before = old.get(_key(gap))
    return "" if before is None else f", the champion's {before:.2f}"


def _key(gap: Gap) -> tuple[str, str, str]:
    return gap.column, gap.group, gap.figure


fairness = GateSpec(
    "fairness",
    "No group is treated less like the others than the limit and the champion allow",
    _fairness,
    FairnessSettings,
)
