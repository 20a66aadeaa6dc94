"""Pure: the markups of other systems as Markdown, as plain as it goes."""

import re
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BREAKS = frozenset(("p", "div", "tr", "table", "ul", "ol", "section", "article", "header", "pre"))
_SKIPPED = frozenset(("script", "style", "head", "nav", "footer", "template", "noscript"))
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "col", "area", "base", "wbr"))


def html_text(html: str, inside: Mapping[str, str] | None = None) -> str:
    """HTML as Markdown: headings, list items and lines are kept, all else is its words.

    `inside` limits it to the first element with one of these attribute values (a class counts as
    one of several): {"id": "main-content"}. Empty where there is no such element.
    """
    reader = _Reader(inside or {})
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:
        # Python's own parser takes "<![nonsense" for a mistake of its own; what it read counts.
        pass
    return _tidy("".join(reader.said))


def html_title(html: str) -> str:
    found = re.search(r"<title[^>]*>(.*?)</title>", html, re.IGNORECASE | re.DOTALL)
    return html_text(f"<p>{found[1]}</p>") if found else ""


class _Reader(HTMLParser):
    def __init__(self, inside: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._inside = inside
        self._depth = 0
        """How deep below the wanted element; 0 outside of it."""
        self._skipping = 0
        self._done = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            if tag in ("br", "hr") and self._open:
                self.said.append("\n")
            return
        if self._depth or self._wanted(attrs):
            self._depth += 1
        if tag in _SKIPPED:
            self._skipping += 1
        if not self._open:
            return
        if tag in _HEADINGS:
            self.said.append(f"\n\n{_HEADINGS[tag]} ")
        elif tag == "li":
            self.said.append("\n- ")
        elif tag in ("td", "th"):
            self.said.append(" ")
        elif tag in _BREAKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._open and (tag in _HEADINGS or tag in _BREAKS):
            self.said.append("\n")
        if tag in _SKIPPED and self._skipping:
            self._skipping -= 1
        if self._depth and self._inside:
            self._depth -= 1
            self._done = self._depth == 0

    def handle_data(self, data: str) -> None:
        if self._open:
            self.said.append(re.sub(r"\s+", " ", data))

    @property
    def _open(self) -> bool:
        return not self._skipping and not self._done and (bool(self._depth) or not self._inside)

    def _wanted(self, attrs: list[tuple[str, str | None]]) -> bool:
        if not self._inside or self._done:
            return False
        given = dict(attrs)
        return any(value in (given.get(name) or "").split() for name, value in self._inside.items())


def adf_text(node: Any) -> str:
    """Atlassian's document format (Jira's REST API, version 3) as Markdown; a string as it is."""
    if isinstance(node, str):
        return node
    return _tidy("".join(_adf(node)))


def _adf(node: Any) -> Iterable[str]:
    if isinstance(node, list):
        for child in node:
            yield from _adf(child)
        return
    if not isinstance(node, dict):
        return
    kind, attrs = node.get("type"), node.get("attrs") or {}
    match kind:
        case "text":
            yield str(node.get("text", ""))
        case "hardBreak":
            yield "\n"
        case "heading":
            yield "\n\n" + "#" * int(attrs.get("level", 2)) + " "
        case "listItem":
            yield "\n- "
        case "mention" | "emoji" | "date" | "status" | "inlineCard":
            yield str(attrs.get("text") or attrs.get("shortName") or attrs.get("url") or "")
    yield from _adf(node.get("content") or [])
    if kind in ("paragraph", "heading", "codeBlock", "tableRow"):
        yield "\n"


_WIKI = (
    (re.compile(r"^h([1-6])\.\s*", re.MULTILINE), lambda m: "#" * int(m[1]) + " "),
    (re.compile(r"\{(?:code|noformat|quote|panel|color)[^}]*\}"), lambda m: ""),
    (re.compile(r"\[~(?:accountid:)?([^\]]+)\]"), lambda m: f"@{m[1]}"),
    (re.compile(r"\[([^|\]]+)\|[^\]]+\]"), lambda m: m[1]),
)


def wiki_text(text: str) -> str:
    """Jira's wiki markup as Markdown."""
    for pattern, instead in _WIKI:
        text = pattern.sub(instead, text)
    return _tidy(text)


_SLACK = re.compile(r"<(?P<what>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def slack_text(text: str, people: Mapping[str, str]) -> str:
    """Slack's mrkdwn as people read it: mentions by name, links by their label."""

    def shown(found: re.Match[str]) -> str:
        what, label = found["what"], found["label"]
        if what.startswith("@"):
            return f"@{label or people.get(what[1:], what[1:])}"
        if what.startswith("#"):
            return f"#{label or what[1:]}"
        return label or what.removeprefix("!")

    text = _SLACK.sub(shown, text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _tidy(text: str) -> str:
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
