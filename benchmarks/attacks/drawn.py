"""What people are shown: cards, windows, exports and logs made of texts that want to be more."""

import csv
import io
import json
import logging
import random
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from benchmarks.attacks.forged import post
from benchmarks.attacks.nasty import text
from benchmarks.attacks.presses import handle, incident, press, request
from benchmarks.attacks.signing import SENDERS
from benchmarks.attacks.tally import Class, Row, seeded, spread
from benchmarks.attacks.world import SECRETS, World
from bot.audit_export import Export, moves_to_csv, to_csv, to_html
from bot.log import masked
from bot.slack import blocks
from knowledge.audit_chain import linked, verify
from knowledge.errors import BadArgs
from knowledge.promotion.story import Story, stories
from knowledge.records import AuditEntry
from skills.contract import (
    Button,
    Call,
    Form,
    FormField,
    Line,
    Reply,
    Section,
    Source,
    Table,
    Tone,
)
from skills.registry import BUILTIN

MARKS = (
    *("<!channel>", "<!here|x>", "<!everyone>", "<@U01ADA00000>", "<@W12345678|ada>", "<#C01|x>"),
    *("<!subteam^S01SRE00000|@sre>", "<!date^1392734382^{date}^https://evil.example|now>"),
    *("<https://evil.example|https://bank.example>", "<mailto:a@evil.example|ada>", "<tel:1|x>"),
    *(
        "<javascript:alert(1)|x>",
        "<https://evil.example",
        "|https://bank.example>",
        "x> <!channel>",
    ),
    *("&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", "\u202e<!channel>", "<\u200b!channel>"),
    *(
        "＜!channel＞",
        "<!chan\x00nel>",
        "``` <!channel> ```",
        "`<!here>`",
        ">>> <!here>",
        "*<!here>*",
    ),
    *("\u202eknab.elpmaxe", "\u2066evil\u2069", "@channel", "@here", "#general", "<!channel\n>"),
)
ADDRESSES = (
    *(
        "https://evil.example|https://bank.example",
        "https://evil.example>x<!channel>",
        "javascript:1",
    ),
    *("https://a.example/?q=<!here>", "data:text/html,x", "https://a.example/ b", "//evil.example"),
    *("http://a.example/|x> <@U01ADA00000>", "ftp://a.example", "https://a.example/\n<!channel>"),
)
_ANGLE = re.compile(r"<[^<>]*>?|>")
_LINK = re.compile(r"<https?://[^|<>\s]+\|[^<>]*>", re.DOTALL)
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")


# Cards -----------------------------------------------------------------------------------------


def misdrawn(drawn: Any, called: frozenset[str] = frozenset()) -> Iterator[str]:
    """What Slack would make a mention, a channel or a foreign link of."""
    if isinstance(drawn, list):
        for one in drawn:
            yield from misdrawn(one, called)
    if not isinstance(drawn, dict):
        return
    said = drawn.get("text")
    if isinstance(said, str):
        if drawn.get("type") == "mrkdwn":
            yield from _wrong(said, called)
            if not drawn.get("verbatim"):
                yield f"not verbatim: {said[:60]!r}"
        if _TURNED.search(said):
            yield f"turned around: {said[:60]!r}"
    for inner in drawn.values():
        yield from misdrawn(inner, called)


def _wrong(said: str, called: frozenset[str]) -> Iterator[str]:
    for found in _ANGLE.findall(said):
        mention = re.fullmatch(r"<(?:@|!subteam\^)([A-Z0-9]+)>", found)
        if not (_LINK.fullmatch(found) or (mention and mention[1] in called)):
            yield f"{found[:60]!r} in {said[:80]!r}"


def _hostile(rng: random.Random) -> str:
    dice = rng.random()
    if dice < 0.6:
        return rng.choice(MARKS)
    return rng.choice(MARKS) + text(rng)[:300] if dice < 0.8 else text(rng)


def _reply(rng: random.Random) -> Reply:
    def said() -> str:
        return _hostile(rng)

    def address() -> str:
        return rng.choice(ADDRESSES)

    sources = tuple(Source(f"k{n}", said(), address()) for n in range(2))
    buttons = (Button(said() or "x", Call("help", {"topic": said()})), Button("x", url=address()))
    lines = (Line(said(), ("k0", "k1")), Line(said()))
    return Reply(
        title=said(),
        text=said(),
        tone=rng.choice(list(Tone)),
        fields={said()[:50]: said()},
        table=Table((said() or "a", "b"), ((said(), said()),)),
        sections=(Section(said(), lines, bullets=True, url=address(), buttons=buttons[:1]),),
        sources=sources,
        buttons=buttons,
        footer=said(),
        calls=(said(), "U01ADA00000", "S01SRE00000", "U01ADA00000>", "!channel"),
    )


_CALLED = frozenset({"U01ADA00000", "S01SRE00000"})


async def _cards(world: World, row: Row, inputs: int) -> None:
    """Replies with such texts in every field, as messages, windows and the App Home."""
    rng = seeded("cards")
    for _ in range(inputs):
        reply = _reply(rng)
        field = FormField("x", _hostile(rng)[:50] or "x", hint=_hostile(rng), initial=text(rng))
        form = Form(_hostile(rng) or "x", (field,), text=_hostile(rng))

        def drawn(reply: Reply = reply, form: Form = form) -> list[Any]:
            return [
                *blocks.blocks(reply),
                *blocks.shown_in_view(reply),
                blocks.home_view([reply]),
                blocks.form_view(form, "{}"),
                {"type": "mrkdwn", "text": blocks.fallback(reply), "verbatim": True},
            ]

        made = row.attempt(drawn, repr(reply))
        for wrong in misdrawn(made, _CALLED):
            row.enters(wrong)
        if made is not None:
            json.dumps(made)


async def _sources(world: World, row: Row, inputs: int) -> None:
    """The same texts through every source there is, to every reply that reads it."""
    rng = seeded("sources")
    incident_id = await incident(world)
    now = datetime.now(UTC).isoformat()
    marks = spread(MARKS, max(2, inputs // 150))
    for number, mark in enumerate(marks):
        await _tell(world, row, mark, rng.choice(ADDRESSES), now, number)
        _say(world, mark, incident_id)
        for shown in _everything(world, row, incident_id, mark):
            row.inputs += 1
            drawn = blocks.blocks(shown)
            for wrong in misdrawn(drawn, frozenset(shown.calls)):
                row.enters(f"{shown.title[:40]!r}: {wrong}")


async def _tell(world: World, row: Row, mark: str, url: str, now: str, number: int) -> None:
    """An alert from every sender with a token of ours, and a change."""
    label = {
        "alertname": f"{mark}{number}",
        "service": "checkout",
        "severity": "critical",
        mark: mark,
    }
    notes = {"summary": mark, "description": mark, "runbook_url": url, "value": mark}
    alert = {"status": "firing", "labels": label, "annotations": notes, "generatorURL": url}
    named = {"name": mark, "summary": mark, "service": "checkout", "severity": "critical"}
    generic = {**named, "description": mark, "starts_at": now, "url": url, "labels": {"a": mark}}
    change = {"service": "checkout", "summary": mark, "version": mark, "author": mark, "url": url}
    for path, body in (
        ("/signals/alertmanager", {"alerts": [{**alert, "startsAt": now}]}),
        ("/signals/generic", {"signals": [generic]}),
        ("/changes", change),
    ):
        sender = next(s for s in SENDERS if s.path == path)
        answer = await post(world, sender.signed(json.dumps(body).encode()))
        row.saw(answer, f"{path}: {mark!r}")


def _say(world: World, mark: str, incident_id: str) -> None:
    """What people put in: a note, a title, a cause, a reason."""
    for skill, args in (
        ("timeline_add", {"incident": incident_id, "text": mark, "user": mark, "url": mark}),
        ("incident_update", {"incident": incident_id, "action": "title", "value": mark}),
        ("incident_update", {"incident": incident_id, "action": "note", "value": mark}),
        ("cause_found", {"incident": incident_id, "cause": mark}),
        ("incident_open", {"title": mark, "service": mark, "text": mark}),
        ("silence_start", {"match": f'service="{mark}"', "duration": "1h", "reason": mark}),
        ("handover", {"incident": incident_id, "to": mark, "note": mark}),
        ("promotion", {"model": "eta-model", "version": "5", "reason": mark}),
        ("retrain", {"model": "eta-model", "reason": mark}),
    ):
        _pressed(world, skill, args)


def _pressed(world: World, skill: str, args: dict[str, Any]) -> list[Reply]:
    body = press(world.people["ada"], json.dumps({"s": skill, "a": args}))
    try:
        return [shown.reply for shown in handle(world, body).shown]
    except BadArgs:
        return []


def _everything(world: World, row: Row, incident_id: str, mark: str) -> Iterator[Reply]:
    """What every skill that only reads says now, of the incident and of the mark itself."""
    store = world.bot.parts.store
    for found in store.incidents.find(limit=5):
        from bot.build import _card

        yield _card(world.bot.parts, found, lambda user: user)
    for skill in BUILTIN:
        if skill.needs > 1 or skill.name in ("promotion", "rollback", "stats"):
            continue
        names = skill.args.model_fields
        known = {"incident": incident_id, "model": "eta-model", "approval": "APR-1"}
        yield from _pressed(world, skill.name, {n: known[n] for n in names if n in known})
        yield from _pressed(world, skill.name, dict.fromkeys(names, mark))


# Exports -----------------------------------------------------------------------------------------

_DEAR = tuple("=+-@\t\r\n＝＋－＠")
_FORMULAS = (
    *(
        "=cmd|'/c calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
    ),
    *("＠SUM(1)", '=HYPERLINK("https://evil.example","x")', "=1,2", '"=1', "a\n=1", "=\x001"),
)


class _Scripts(HTMLParser):
    """Elements and attributes that a text must not become."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "iframe", "object", "svg", "base", "form", "embed"):
            self.found.append(tag)
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or (
                name in ("href", "src") and not address.startswith(("http://", "https://", "#"))
            ):
                self.found.append(f"{tag} {name}={value}")


async def _exports(world: World, row: Row, inputs: int) -> None:
    rng = seeded("exports")
    request(world)
    told = stories(world.bot.parts.store.approvals.find(limit=1), (), ())
    for _ in range(inputs):
        said = rng.choice((*_FORMULAS, *MARKS, text(rng)))
        entry = AuditEntry(datetime.now(UTC), said, said, {said[:40]: said}, said, said, said, said)
        chain = [linked(entry, None)]
        made = row.attempt(lambda chain=chain: to_csv(chain), said)  # type: ignore[misc]
        for cell in _cells(made or ""):
            if cell.startswith(_DEAR):
                row.enters(f"a formula in CSV: {cell[:60]!r}")
        hostile = [_with(story, said) for story in told]
        export = Export(chain, hostile, verify(chain), datetime.now(UTC), said, {"U1": said})
        moves = row.attempt(lambda export=export: moves_to_csv(export), said)  # type: ignore[misc]
        for cell in _cells(moves or ""):
            if cell.startswith(_DEAR):
                row.enters(f"a formula in CSV: {cell[:60]!r}")
        page = row.attempt(lambda export=export: to_html(export), said)  # type: ignore[misc]
        scripts = _Scripts()
        scripts.feed(page or "")
        for found in scripts.found:
            row.enters(f"{found} in HTML, of {said[:60]!r}")


def _cells(text: str) -> Iterator[str]:
    for line in csv.reader(io.StringIO(text, newline="")):
        yield from line


def _with(story: Story, said: str) -> Story:
    """A story whose every text is hostile."""
    asked = story.request
    assert asked is not None
    kept = ("evidence", "evidence_hash", "id")
    words: dict[str, Any] = {
        f.name: said
        for f in fields(asked)
        if type(getattr(asked, f.name)) is str and f.name not in kept
    }
    steps = tuple(replace(step, actor=said, text=said) for step in story.steps)
    return replace(story, title=said, model=said, steps=steps, request=replace(asked, **words))


# Logs --------------------------------------------------------------------------------------------

_CARRIERS = (
    "postgresql://tandem:{}@db.example:5432/tandem",
    "https://user:{}@host.example/path?x=1",
    "Authorization: Bearer {}",
    "GET /signals/azure?token={}&a=b HTTP/1.1",
    "https://calendar.example/x.ics?secret={}",
    "https://x.example/?a=1&api_key={}",
    "https://x.example/?access_token={}#x",
    "authorization: basic {}",
)
_KINDS = (
    "xoxb-{}",
    "xoxe-{}",
    "xapp-1-{}",
    "ghp_{}",
    "github_pat_{}",
    "glpat-{}",
    "sk-{}",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
)


async def _logs(world: World, row: Row, inputs: int) -> None:
    """Lines as some library might write them, through the bot's own formatter; then real errors."""
    rng = seeded("logs")
    for _ in range(inputs):
        secret = "".join(rng.choices("abcdefghijkmnopqrstuvwxyz0123456789", k=24))
        carrier = rng.choice((*_CARRIERS, *_KINDS))
        line = f"{text(rng)[:60]} {carrier.format(secret)} {text(rng)[:60]}"
        told = row.attempt(lambda line=line: masked(line), line)  # type: ignore[misc]
        if told is not None and secret in told:
            row.secrets += 1
            row.note(f"in a log: {told[:120]!r}")
    _configured(row)
    logging.getLogger("tandem").warning("a line of the attacks: %s", SECRETS["webhook"][:3])


def _configured(row: Row) -> None:
    """What is wrong with a setting is said without what is secret in it."""
    from bot.settings import read_settings
    from knowledge.adapters.prometheus import Prometheus
    from knowledge.adapters.sql import open_store
    from knowledge.adapters.sql_metrics import SqlMetrics
    from knowledge.errors import TandemError

    secret = SECRETS["database"]
    now = datetime.now(UTC)
    for url in (
        f"postgresql+psycopg://tandem:{secret}@127.0.0.1:1/x",
        f"postgresql://tandem:{secret}@127.0.0.1:1/x",
        f"mysql://tandem:{secret}@127.0.0.1:1/x",
        f"nonsense://tandem:{secret}@127.0.0.1:1/x",
        f"tandem:{secret}@127.0.0.1",
    ):
        for opened in (
            lambda url=url: open_store(url).inbox.count(),  # type: ignore[misc]
            lambda url=url: SqlMetrics("m", url).instant("SELECT 1 AS value", now),  # type: ignore[misc]
        ):
            row.inputs += 1
            try:
                opened()
            except TandemError as error:
                row.look(f"{error} {error.__cause__ and ''}", f"the error of {url[:20]}")
    prometheus = f"http://tandem:{secret}@127.0.0.1:1"
    row.inputs += 1
    try:
        Prometheus(prometheus, timeout=1).range("up", now - timedelta(hours=1), now, 60)
    except TandemError as error:
        row.look(str(error), "Prometheus out of reach")
    for name in ("tandem_http_port", "tandem_quiet", "tandem_slack_mode"):
        row.inputs += 1
        try:
            read_settings(**{name: "nonsense", "tandem_webhook_token": secret})
        except TandemError as error:
            row.look(str(error), f"a wrong {name}")


CLASSES = (
    Class(
        "mentions, links and turned text in every field of a card, a window, the App Home",
        "shown as text",
        2500,
        _cards,
    ),
    Class(
        "the same through alerts, changes, notes, reasons and names to every reply",
        "shown as text",
        2500,
        _sources,
        changes=True,
        quick=False,
    ),
    Class(
        "formulas, scripts and markup in exports: CSV, HTML",
        "cells and text",
        3000,
        _exports,
        changes=True,
    ),
    Class("secrets in log lines and in errors about settings", "`***`", 6000, _logs),
)
