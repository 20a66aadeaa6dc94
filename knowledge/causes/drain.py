"""Log lines to templates: which lines are the same statement with other values in it?

Drain, after He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree"
(ICWS 2017). Lines of the same number of words share a branch, then lines that begin alike; in a
leaf the most alike template takes the line in, and words in which they differ become `<*>`.
"""

import re
from dataclasses import dataclass, field

WILDCARD = "<*>"

# What is never part of a statement, the more telling first.
_VALUES = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b"
    r"|\b0x[0-9a-fA-F]+\b"
    r"|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b"
    r"|(?<![\w.])[-+]?\d+(?:[.,]\d+)*(?=$|[^\w]|(?:ns|us|µs|ms|s|m|h|%|[kKMGT]i?[bB]?)\b)"
)
_WITH_DIGIT = re.compile(r"\d")


@dataclass
class Template:
    """One statement. `text` has `<*>` where lines differ; `count` lines had it."""

    number: int
    words: list[str]
    count: int = 0
    example: str = ""

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass
class _Node:
    children: "dict[str, _Node]" = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)


class Drain:
    """Learns templates line by line. Not safe to share by threads.

    `alike`: the share of words in which a line and its template agree, at least; `depth`: so many
    first words choose the leaf; `children`: a node with so many takes further words as `<*>`;
    `most`: so many templates are kept, lines of further ones are counted together.
    """

    def __init__(
        self, alike: float = 0.5, depth: int = 1, children: int = 100, most: int = 10_000
    ) -> None:
        self._alike = alike
        self._depth = depth
        self._children = children
        self._most = most
        self._root = _Node()
        self._templates: list[Template] = []
        self._rest = Template(0, [WILDCARD])

    def add(self, line: str) -> Template:
        """The template that the line has from now on; it may become more general later."""
        words = masked(line).split() or [WILDCARD]
        leaf = self._leaf(words)
        found = self._nearest(leaf, words)
        if found is None:
            found = self._new(leaf, words, line)
        else:
            found.words = [
                mine if mine == word else WILDCARD
                for mine, word in zip(found.words, words, strict=True)
            ]
        found.count += 1
        return found

    def templates(self) -> list[Template]:
        """Those that are known, the most frequent first."""
        known = [*self._templates, *([self._rest] if self._rest.count else [])]
        return sorted(known, key=lambda template: (-template.count, template.number))

    def _leaf(self, words: list[str]) -> _Node:
        node = self._root.children.setdefault(str(len(words)), _Node())
        for word in words[: self._depth]:
            key = WILDCARD if _WITH_DIGIT.search(word) else word
            if key not in node.children and len(node.children) >= self._children:
                key = WILDCARD
            node = node.children.setdefault(key, _Node())
        return node

    def _nearest(self, leaf: _Node, words: list[str]) -> Template | None:
        """Of equally alike ones the more special."""
        best: tuple[float, int] = (self._alike, -1)
        found: Template | None = None
        for template in leaf.templates:
            same = sum(
                mine == word != WILDCARD for mine, word in zip(template.words, words, strict=True)
            )
            wild = sum(mine == WILDCARD for mine in template.words)
            # A line of values alone is alike to the template that is wholly open.
            share = (same + wild) / len(words) if wild == len(words) else same / len(words)
            if (share, -wild) >= best or (found is None and share >= self._alike):
                best, found = (share, -wild), template
        return found

    def _new(self, leaf: _Node, words: list[str], line: str) -> Template:
        if len(self._templates) >= self._most:
            return self._rest
        template = Template(len(self._templates) + 1, words, example=line)
        self._templates.append(template)
        leaf.templates.append(template)
        return template


def masked(line: str) -> str:
    """The line with times, addresses, ids and numbers as `<*>`; their units stay."""
    return _VALUES.sub(WILDCARD, line)
