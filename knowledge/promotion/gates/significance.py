"""Is the gain more than chance? By what both versions answered on the same rows."""

from pydantic import Field

from knowledge.errors import BadArgs
from knowledge.performance import say_measure
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.gates.metrics import primary_of
from knowledge.promotion.policy import Mode
from knowledge.promotion.significance import Compared, Pair, compare_on_rows, measure_of, pair
from knowledge.promotion.words import say_interval, say_number
from knowledge.records import Kind


class SignificanceSettings(Settings):
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="of the interval")
    metric: str = Field("", description="the metric that is weighed; else the primary one")


def _significance(evidence: Evidence, settings: SignificanceSettings) -> Finding | None:
    if evidence.champion is None:
        return None
    if evidence.kind is Kind.PROMPT and not evidence.challenger.predictions:
        return Finding(Held.MOOT, "a prompt's scores come without rows")
    metric = settings.metric or primary_of(evidence)
    try:
        rows = pair(evidence)
        measure = measure_of(metric, rows)
        usual = measure or rows.measures()[0]
        found = compare_on_rows(rows, usual, settings.confidence)
    except BadArgs as error:
        return Finding(Held.UNKNOWN, f"whether it is chance cannot be told: {error.problem}")
    name = metric if measure else say_measure(usual)
    return Finding(
        Held.YES if found.gain[1] > 0 else Held.NO,
        _say(found, settings.confidence),
        name,
        _more(found, rows, metric if not measure else ""),
        found.difference(name),
    )


def _say(found: Compared, confidence: float) -> str:
    value, low, high = found.gain
    span = f"({100 * confidence:g}%: {say_interval(low, high)})"
    word = "better" if value >= 0 else "worse"
    size = f"{word} by {say_number(abs(value))} {span}, {found.rows:,} rows"
    if low > 0:
        return size
    return f"{size}: " + ("worse beyond chance" if high < 0 else "not more than chance")


def _more(found: Compared, rows: Pair, instead_of: str) -> tuple[str, ...]:
    lines = [
        f"on these rows {say_number(found.champion)} → {say_number(found.challenger)}",
        f"{found.method}, p = {found.p:.2g}, on {rows.dataset or 'data'} ({rows.digest[:8]})",
    ]
    if instead_of:
        lines.append(f"{instead_of} is not computed from rows, so another measure was weighed")
    return tuple(lines)


significance = GateSpec(
    "significance",
    "The gain is more than chance on the rows that both answered",
    _significance,
    SignificanceSettings,
    Mode.WARN,
)
