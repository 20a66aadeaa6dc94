"""A small classifier of short messages: ridge regression over sentence vectors and words.

One-against-rest kernel ridge regression with the kernel

    k(a, b) = w_s exp(2 (cos_sentence(a, b) - 1)) + w_w cos_words(a, b) + w_c cos_characters(a, b)

where the last two are TF-IDF weighted. Leave-one-out predictions come in closed form,
y_i - alpha_i / G_ii with G = (K + lambda I)^-1 and alpha = G Y (Rasmussen and Williams, "Gaussian
Processes for Machine Learning", section 5.4.2), and give an honest temperature for the softmax
without holding anything back.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

from bot.lexicon import DURATION, INCIDENT, PERSON, PLAIN_HYPHENS
from knowledge.records import Vector

Floats = NDArray[np.float64]
Encode = Callable[[Sequence[str]], Vector]
"""Texts to unit rows, shape (len(texts), dimensions)."""

RIDGE = 0.25
"""The lambda above; leave-one-out accuracy is flat between 0.1 and 0.6."""
SENTENCE, WORDS, CHARACTERS = 1.0, 0.5, 0.25
"""The weights of the three parts of the kernel."""
SHARPNESS = 2.0
LOG_HEATS = (0.0, 5.0)
"""Between which the logarithm of the softmax's inverse temperature is looked for."""
_HEAT_TOLERANCE = 1e-5
_GOLDEN = (5**0.5 - 1) / 2
_ROWS_AT_ONCE = 256

_VERSION = re.compile(r"\bv\d[\w.]*\b|\b\d+(?:\.\d+)+\b|(?<=:)\d+\b", re.IGNORECASE)
_NAME = re.compile(r"\b[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+\b")
_CAMEL = re.compile(r"\b[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+\b")
_TOKEN = re.compile(r"[^\W_]+(?:'[a-z]+)?|[?>+]|\S")


def masked(text: str) -> str:
    """The text with ids, people, times, versions and hyphenated names replaced by their kinds, so
    that what is learned about one name holds for all."""
    text = INCIDENT.sub(" xincident ", text)
    text = PERSON.sub(" xperson ", text)
    text = DURATION.sub(" xduration ", text)
    text = _VERSION.sub(" xversion ", text)
    text = _NAME.sub(lambda m: m[0] if m[0].lower() in PLAIN_HYPHENS else " xname ", text)
    return _CAMEL.sub(" xalert ", text).lower()


def _word_grams(text: str) -> Iterable[str]:
    words = _TOKEN.findall(masked(text))
    yield from words
    yield from (f"{a} {b}" for a, b in zip(["^", *words], [*words, "$"], strict=True))


def _character_grams(text: str) -> Iterable[str]:
    for word in _TOKEN.findall(masked(text)):
        padded = f" {word} "
        for n in (3, 4, 5):
            yield from (padded[i : i + n] for i in range(len(padded) - n + 1))


class Tfidf:
    """Counts of features to unit rows, with weights (1 + log count) log((1 + n) / (1 + df))."""

    def __init__(self, grams: Callable[[str], Iterable[str]], texts: Sequence[str]) -> None:
        self._grams = grams
        seen = Counter(g for text in texts for g in set(grams(text)))
        self._column = {g: i for i, g in enumerate(seen)}
        n = len(texts)
        self._idf = np.array([log((1 + n) / (1 + df)) + 1 for df in seen.values()])

    def __call__(self, texts: Sequence[str]) -> "csr_matrix":
        """Shape (len(texts), features), rows of length 1 or 0."""
        # Lists of Python's numbers would be several times as large: 9 MB more at the peak.
        ends, columns, values = array("q", [0]), array("i"), array("d")
        for text in texts:
            counts = Counter(g for g in self._grams(text) if g in self._column)
            own = [self._column[g] for g in counts]
            weights = [
                (1 + log(c)) * self._idf[i] for i, c in zip(own, counts.values(), strict=True)
            ]
            norm = sum(w * w for w in weights) ** 0.5
            columns.extend(own)
            values.extend(w / norm for w in weights)
            ends.append(len(columns))
        # scipy takes half a second to import, and the first text comes long after the start.
        from scipy.sparse import csr_matrix

        rows = (np.asarray(values), np.asarray(columns), np.asarray(ends))
        return csr_matrix(rows, shape=(len(texts), len(self._column)))


@dataclass(frozen=True)
class Fitted:
    """What `fit` learned; `probabilities` is its use."""

    labels: tuple[str, ...]
    loo: Floats
    """Leave-one-out probabilities of the training texts, shape (texts, labels)."""
    _words: Tfidf
    _characters: Tfidf
    _word_rows: "csr_matrix"
    _character_rows: "csr_matrix"
    _sentences: Vector | None
    _encode: Encode | None
    _alpha: Floats
    _offset: Floats
    _heat: float

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Shape (len(texts), labels), rows summing to 1."""
        kernel = WORDS * (self._words(texts) @ self._word_rows.T).toarray()
        kernel += CHARACTERS * (self._characters(texts) @ self._character_rows.T).toarray()
        if self._encode is not None and self._sentences is not None:
            kernel += _near(self._encode([plain(t) for t in texts]), self._sentences)
        return _softmax((kernel @ self._alpha + self._offset) * self._heat)

    def ranked(self, text: str) -> Mapping[str, float]:
        """Probability by label, best first."""
        row = self.probabilities([text])[0]
        return {self.labels[i]: float(row[i]) for i in np.argsort(-row)}


def plain(text: str) -> str:
    """The text as the sentence encoder gets it: numbers that mean nothing to it taken out."""
    text = INCIDENT.sub("the incident", text)
    return PERSON.sub("@someone", text)


class Wordings:
    """What texts share in words and characters, worked out once: `fit` is called twice on the same
    texts, at first without sentence vectors and then with them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    @cached_property
    def words(self) -> Tfidf:
        return Tfidf(_word_grams, self.texts)

    @cached_property
    def characters(self) -> Tfidf:
        return Tfidf(_character_grams, self.texts)

    @cached_property
    def word_rows(self) -> "csr_matrix":
        return self.words(self.texts)

    @cached_property
    def character_rows(self) -> "csr_matrix":
        return self.characters(self.texts)

    def kernel(self) -> Floats:
        """Shape (texts, texts); made anew each time, since it is 60 MB for 2,800 texts."""
        count = len(self.texts)
        kernel = np.empty((count, count))
        for rows in _blocks(count):
            kernel[rows] = WORDS * (self.word_rows[rows] @ self.word_rows.T).toarray()
            kernel[rows] += (
                CHARACTERS * (self.character_rows[rows] @ self.character_rows.T).toarray()
            )
        return kernel


def _blocks(count: int) -> Iterable[slice]:
    """Of rows that are worked out together: all of them at once would take as much again."""
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, count, _ROWS_AT_ONCE))


def fit(wordings: Wordings, labels: Sequence[str], encode: Encode | None) -> Fitted:
    """Learn from labelled texts; without `encode` from words and characters alone. Raises
    Unavailable when `encode` does."""
    texts = wordings.texts
    # Where the model cannot be reached, that is known before the long work.
    sentences = encode([plain(t) for t in texts]) if encode is not None else None
    names = tuple(dict.fromkeys(labels))
    truth = np.array([names.index(label) for label in labels])
    targets = np.eye(len(names))[truth]
    offset = targets.mean(axis=0)
    kernel = wordings.kernel()
    np.fill_diagonal(kernel, kernel.diagonal() + RIDGE)
    if sentences is not None:
        for rows in _blocks(len(texts)):
            kernel[rows] += _near(sentences[rows], sentences)
    alpha, diagonal = _solved(kernel, targets - offset)
    left_out = targets - alpha / diagonal[:, None]
    heat = _best_heat(left_out, truth)
    return Fitted(
        labels=names,
        loo=_softmax(left_out * heat),
        _words=wordings.words,
        _characters=wordings.characters,
        _word_rows=wordings.word_rows,
        _character_rows=wordings.character_rows,
        _sentences=sentences,
        _encode=encode,
        _alpha=alpha,
        _offset=offset,
        _heat=heat,
    )


def _solved(positive: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """P^-1 T and the diagonal of P^-1, of a symmetric positive definite P, by Cholesky.

    P is overwritten: its transpose is the order that LAPACK works on without a copy."""
    from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

    factor, _ = dpotrf(positive.T, lower=1, overwrite_a=1)
    solution, _ = dpotrs(factor, targets, lower=1)
    inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
    return np.asarray(solution), np.array(inverse.diagonal())


def _near(left: Vector, right: Vector) -> Floats:
    """A Gaussian kernel of unit rows: |a - b|^2 = 2 - 2 cos(a, b). Against the plain cosine it
    gained 1.5 points of leave-one-out accuracy."""
    return np.asarray(SENTENCE * np.exp(SHARPNESS * (left @ right.T - 1.0)), dtype=np.float64)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _best_heat(scores: Floats, truth: NDArray[np.intp]) -> float:
    """The inverse temperature under which the left-out truth is most probable."""
    rows = np.arange(len(truth))

    def surprise(log_heat: float) -> float:
        return float(-np.log(_softmax(scores * np.exp(log_heat))[rows, truth] + 1e-12).mean())

    return float(np.exp(_lowest(surprise, *LOG_HEATS)))


def _lowest(function: Callable[[float], float], left: float, right: float) -> float:
    """Where a function with one valley is lowest, by golden-section search. scipy.optimize has it
    too, and takes 20 MB."""
    low, high = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
    at_low, at_high = function(low), function(high)
    while right - left > _HEAT_TOLERANCE:
        if at_low < at_high:
            right, high, at_high = high, low, at_low
            low = right - _GOLDEN * (right - left)
            at_low = function(low)
        else:
            left, low, at_low = low, high, at_high
            high = left + _GOLDEN * (right - left)
            at_high = function(high)
    return (left + right) / 2
