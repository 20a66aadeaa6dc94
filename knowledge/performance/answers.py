"""What a model answered and what was true, read from a table's columns.

Bad values are told apart from missing ones: a label that is not known yet is no fault, a
probability of 8.2 is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadArgs
from knowledge.records import ColumnRoles, Frame

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OUTSIDE = 0.01
"""Up to this share of probabilities outside 0-1 are left out; more, and it is another quantity."""
ROUNDING = 1e-6
MOST_CLASSES = 100
CODES = 20
"""So few whole numbers, where the model answers with the same ones, are classes."""
_TRUE = ("1", "true", "yes", "y", "positive")


class Task(StrEnum):
    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


@dataclass(frozen=True, eq=False)
class Answers:
    """Rows of a model's log, all arrays of the same length n.

    `truth` and `answer` are (n,): the index of a class (binary: 1 is positive) or a value; NaN
    where unknown. `scores` is (n, k): k is 1 for the positive class of a binary task, the number
    of classes for several, 0 where there are no probabilities; NaN in rows without.
    """

    task: Task
    classes: tuple[str, ...]
    """Binary: (negative, positive). Empty for a regression."""
    truth: Floats
    answer: Floats
    scores: Floats
    notes: tuple[str, ...] = ()
    """What was left out and why, in words."""

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def labelled(self) -> Bools:
        return ~np.isnan(self.truth)

    @property
    def answered(self) -> Bools:
        """Rows with everything the model should have said."""
        said = ~np.isnan(self.answer)
        return said & ~np.isnan(self.scores).any(axis=1) if self.scores.shape[1] else said

    @property
    def coverage(self) -> float:
        """The share of rows whose truth is known."""
        return float(self.labelled.mean()) if len(self) else 0.0

    def take(self, rows: Bools) -> "Answers":
        return replace(
            self, truth=self.truth[rows], answer=self.answer[rows], scores=self.scores[rows]
        )


def read_answers(frame: Frame, roles: ColumnRoles, like: Answers | None = None) -> Answers:
    """The answers in a frame.

    `like`, the reference's answers, says which task and classes it is; without it both are told
    from the labels. Raises BadArgs that names the field of the model's settings, the problem and
    the remedy.
    """
    rows = max((len(values) for values in frame.values()), default=0)
    if like is None and (not roles.label or roles.label not in frame):
        raise _no_column("label", roles.label, frame)
    task = like.task if like else _task(frame, roles)
    if task is Task.REGRESSION:
        return _regression(frame, roles, rows)
    classes = like.classes if like else _classes(frame, roles, task)
    notes: list[str] = []
    scores = _scores(frame, roles, task, classes, rows, notes)
    truth = _coded(frame.get(roles.label), task, classes, rows)
    _note_unknown_labels(frame.get(roles.label), truth, roles.label, notes)
    answer = _answer(frame, roles, task, classes, scores)
    return Answers(task, classes, truth, answer, scores, tuple(notes))


def _task(frame: Frame, roles: ColumnRoles) -> Task:
    if roles.task:
        try:
            return Task(roles.task.lower())
        except ValueError:
            known = ", ".join(Task)
            raise BadArgs("task", f"{roles.task!r} is none", f"There are {known}") from None
    if roles.probabilities:
        return Task.MULTICLASS
    if roles.probability:
        return Task.BINARY
    _, names = _texts(frame[roles.label])
    if len(names) <= 2 or roles.positive:
        return Task.BINARY
    values = frame[roles.label]
    if values.dtype.kind == "O" and any(isinstance(v, str) for v in values):
        return Task.MULTICLASS
    answers = _texts(frame[roles.prediction])[1] if roles.prediction in frame else []
    whole = len(names) <= CODES and all(name.lstrip("-").isdigit() for name in names)
    return Task.MULTICLASS if whole and answers and set(answers) <= set(names) else Task.REGRESSION


def _classes(frame: Frame, roles: ColumnRoles, task: Task) -> tuple[str, ...]:
    names = sorted(_texts(frame[roles.label])[1])
    if len(names) < 2:
        what = f"is {names[0]!r} throughout" if names else "is never known"
        raise BadArgs(
            "label", f"`{roles.label}` {what} in the reference", "Two classes are needed to judge"
        )
    if task is Task.MULTICLASS:
        classes = tuple(sorted({*names, *roles.probabilities}))
        if len(classes) > MOST_CLASSES:
            raise BadArgs(
                "label",
                f"`{roles.label}` has {len(classes):,} classes; at most {MOST_CLASSES} are judged",
                'Is it a number? Then set task = "regression"',
            )
        return classes
    if len(names) > 2:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise BadArgs(
            "label",
            f"`{roles.label}` has {len(names)} values ({shown}); a binary task has two",
            'Set task = "multiclass" or "regression"',
        )
    positive = roles.positive or next((n for n in names if n.lower() in _TRUE), "")
    if positive not in names:
        problem = f"there is no label {positive!r}" if positive else "it is not given"
        said = " and ".join(repr(n) for n in names)
        raise BadArgs("positive", f"{problem}; labels are {said}", "Name the one that is positive")
    return next(n for n in names if n != positive), positive


def _scores(
    frame: Frame,
    roles: ColumnRoles,
    task: Task,
    classes: Sequence[str],
    rows: int,
    notes: list[str],
) -> Floats:
    if task is Task.BINARY:
        name = roles.probability
        if not name and _is_score(frame.get(roles.prediction)):
            name = roles.prediction
        if not name:
            return np.empty((rows, 0))
        return _probability(frame, name, notes)[:, None]
    if not roles.probabilities:
        return np.empty((rows, 0))
    missing = [c for c in classes if c not in roles.probabilities]
    if missing:
        raise BadArgs("probabilities", f"none is given for {missing[0]!r}", "Name a column for it")
    columns = [_probability(frame, roles.probabilities[c], notes) for c in classes]
    return np.stack(columns, axis=1)


def _probability(frame: Frame, name: str, notes: list[str]) -> Floats:
    if name not in frame:
        raise _no_column("probability", name, frame)
    values = _numbers(frame[name], "probability", name)
    known = values[~np.isnan(values)]
    outside = (known < -ROUNDING) | (known > 1 + ROUNDING)
    share = float(outside.mean()) if len(known) else 0.0
    if share > OUTSIDE:
        raise BadArgs(
            "probability",
            f"`{name}` holds values from {known.min():.3g} to {known.max():.3g}; probabilities "
            "lie in 0 to 1",
            "Name the column of the probability, not of log-odds or margins",
        )
    if share:
        notes.append(f"{_rows(int(outside.sum()))} left out: `{name}` is outside 0 to 1")
    if len(values) - len(known):
        notes.append(f"{_rows(len(values) - len(known))} left out: no `{name}`")
    bad = (values < -ROUNDING) | (values > 1 + ROUNDING)
    return np.where(bad, np.nan, np.clip(values, 0.0, 1.0))


def _answer(
    frame: Frame, roles: ColumnRoles, task: Task, classes: Sequence[str], scores: Floats
) -> Floats:
    given = frame.get(roles.prediction)
    if given is not None and not (task is Task.BINARY and _is_score(given)):
        return _coded(given, task, classes, len(given))
    if not scores.shape[1]:
        raise _no_column("prediction", roles.prediction, frame)
    known = ~np.isnan(scores).any(axis=1)
    best = scores[:, 0] >= 0.5 if task is Task.BINARY else np.argmax(scores, axis=1)
    return np.where(known, best.astype(np.float64), np.nan)


def _is_score(values: NDArray[Any] | None) -> bool:
    """Does a column of answers hold probabilities, and not classes?"""
    if values is None or values.dtype.kind != "f":
        return False
    known = values[np.isfinite(values)]
    between = (known > 0) & (known < 1)
    return bool(between.any() and (known >= 0).all() and (known <= 1).all())


def _coded(values: NDArray[Any] | None, task: Task, classes: Sequence[str], rows: int) -> Floats:
    """Class indices of a column; NaN where it is missing or no class."""
    if values is None:
        return np.full(rows, np.nan)
    codes, names = _texts(values)
    index = {name: float(i) for i, name in enumerate(classes)}
    if task is Task.BINARY and not set(names) <= set(classes):
        # A label of 0 and 1 beside an answer of false and true.
        index |= _other_spellings(classes, index)
    table = np.array([*(index.get(name, np.nan) for name in names), np.nan])
    return np.asarray(table[codes], dtype=np.float64)


def _other_spellings(classes: Sequence[str], index: Mapping[str, float]) -> dict[str, float]:
    if classes[1].lower() not in _TRUE:
        return {}
    pairs = [("0", "1"), ("0.0", "1.0"), ("false", "true"), ("no", "yes"), ("n", "y")]
    spelled = {word: float(i) for pair in pairs for i, word in enumerate(pair)}
    return {word: i for word, i in spelled.items() if word not in index}


def _note_unknown_labels(
    values: NDArray[Any] | None, truth: Floats, name: str, notes: list[str]
) -> None:
    if values is None:
        return
    codes, names = _texts(values)
    unknown = np.isnan(truth) & (codes >= 0)
    if unknown.any():
        example = names[int(codes[unknown][0])]
        notes.append(
            f"{_rows(int(unknown.sum()))} left out: `{name}` holds {example!r}, "
            "which the reference does not know"
        )


def _regression(frame: Frame, roles: ColumnRoles, rows: int) -> Answers:
    if roles.prediction not in frame:
        raise _no_column("prediction", roles.prediction, frame)
    answer = _numbers(frame[roles.prediction], "prediction", roles.prediction)
    truth = np.full(rows, np.nan)
    if roles.label in frame:
        truth = _numbers(frame[roles.label], "label", roles.label)
    lost = int(np.isnan(answer).sum())
    notes = (f"{_rows(lost)} left out: no `{roles.prediction}`",) if lost else ()
    return Answers(Task.REGRESSION, (), truth, answer, np.empty((rows, 0)), notes)


def _numbers(values: NDArray[Any], field: str, name: str) -> Floats:
    """Floats with NaN for what is missing or infinite."""
    try:
        plain = (
            np.array([np.nan if v is None else float(v) for v in values.tolist()])
            if values.dtype.kind == "O"
            else values.astype(np.float64)
        )
    except (TypeError, ValueError):
        example = next(v for v in values.tolist() if not isinstance(v, int | float | None))
        raise BadArgs(field, f"`{name}` holds {example!r}, which is no number") from None
    return np.where(np.isfinite(plain), plain, np.nan)


def _texts(values: NDArray[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Codes (n,) into a list of distinct texts; -1 where a value is missing."""
    if values.dtype.kind in "iufb":
        found, codes = np.unique(values, return_inverse=True)
        plain = [None if v != v else v for v in found.tolist()]
        codes = codes.astype(np.int64)
    else:
        seen: dict[Any, int] = {}
        codes = np.array([seen.setdefault(v, len(seen)) for v in values.tolist()], dtype=np.int64)
        plain = [None if v is None or v != v else v for v in seen]
    names: dict[str, int] = {}
    table = [-1 if v is None else names.setdefault(_text(v), len(names)) for v in plain]
    return np.array([*table, -1], dtype=np.int64)[codes], list(names)


def _text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _no_column(field: str, name: str, frame: Frame) -> BadArgs:
    known = ", ".join(list(frame)[:12]) or "no columns at all"
    problem = f"there is no column `{name}`" if name else "it is not given"
    return BadArgs(field, problem, f"Columns are {known}")
