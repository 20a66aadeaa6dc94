"""Pure: the file of sources -> who may send what, and how it is read.

    [sources.grafana]
    auth = "vendor"
    secret_env = "GRAFANA_SECRET"

    [changes.github]
    auth = "vendor"
    secret_env = "GITHUB_WEBHOOK_SECRET"

A source that the file does not list is guarded by TANDEM_WEBHOOK_TOKEN, unless the file says
`only_listed = true`. deploy/sources.toml has one of every kind.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.webhooks import auth as senders
from bot.webhooks.auth import VENDORS, Anyone, Auth, Hmac, Secret, Sns
from bot.webhooks.mapping import (
    ALERT_FIELDS,
    CHANGE_FIELDS,
    AlertMap,
    ChangeMap,
    Only,
    Path,
    Paths,
    parse_alerts,
    parse_changes,
)
from bot.webhooks.parsed import ChangeParser, Parsed, ParsedChanges, Parser
from bot.webhooks.registry import CHANGE_PARSERS, PARSERS
from bot.webhooks.sources import MOST_BYTES, AnyParser, Source, Sources, built_in
from knowledge.errors import UserError

Environment = Callable[[str], str]
"""A variable's value; empty where it is not set."""

_COMMON = ("parser", "auth", "max_bytes", "map")
AUTHS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "bearer": ("token_env",),
    "basic": ("user", "password_env"),
    "header": ("header", "token_env"),
    "query": ("parameter", "token_env"),
    "hmac": (
        *("secret_env", "header", "algorithm", "encoding", "prefix", "separator"),
        *("signed", "timestamp_header", "id_header", "window_s"),
    ),
    "vendor": ("vendor", "secret_env", "topics", "timestamp_header", "window_s"),
}
"""What each way to authenticate is told."""
_LITERALS = {
    **dict.fromkeys(("token", "bearer", "api_key", "key"), "token_env"),
    **dict.fromkeys(("secret", "signing_secret", "client_secret"), "secret_env"),
    **dict.fromkeys(("password", "pass"), "password_env"),
}
"""Fields that people write a secret into, and what to write instead."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
OWN = "monitor"
"""The source of what Tandem's own monitors notice."""
_ALERT_MAP = (
    *("alerts", "firing", "resolved", "severities", "labels", "labels_from", "fingerprint_of"),
    "only",
)
_CHANGE_MAP = ("changes", "only")


def parse_sources(
    text: str, file: str, environment: Environment, token: str = "", *, secrets: bool = True
) -> Sources:
    """Raises UserError that names file, source, field and remedy.

    With `secrets=False` no variable is looked up: for trying a payload, where none is needed.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file} is not valid TOML: {error}.") from None
    top = _Table(document, file, "")
    top.known(("only_listed", "sources", "changes"))
    look_up = environment if secrets else (lambda name: "not looked up")
    base = built_in(token)
    if top.flag("only_listed"):
        base = replace(base, signals={}, changes={})
    signals: dict[str, Source[Parser]] = dict(base.signals)
    for table in top.tables("sources"):
        name = table.name
        signals[name] = _source(table, look_up, partial(_alert_parser, table, name))
    changes: dict[str, Source[ChangeParser]] = dict(base.changes)
    for table in top.tables("changes"):
        name = table.name
        changes[name] = _source(table, look_up, partial(_change_parser, table, name))
    return Sources(signals, changes, base.others)


@dataclass(frozen=True)
class _Table:
    """One table of the file; every error names the file, the table and the field."""

    values: Mapping[str, Any]
    file: str
    place: str

    @property
    def name(self) -> str:
        return self.place.partition(".")[2]

    def wrong(self, field: str, problem: str, remedy: str) -> UserError:
        where = f"{self.file}, [{self.place}]" if self.place else self.file
        return UserError(f"{where}: {field}: {problem}. {remedy}.")

    def known(self, fields: Sequence[str], why: str = "") -> None:
        """Refuse a field that is not one of these."""
        for name in self.values:
            if name not in fields:
                raise self.wrong(name, f"no such field{why}", f"There are {', '.join(fields)}")

    def no_secret(self) -> None:
        """Refuse a secret that was written down; it is not repeated."""
        for name in self.values:
            if name in _LITERALS:
                raise self.wrong(
                    name,
                    "a secret does not belong in this file",
                    f"Put it into an environment variable and name that: "
                    f'{_LITERALS[name]} = "MY_VARIABLE"',
                )

    def text(self, field: str, default: str | None = None) -> str:
        """`default` None: it must be there."""
        value = self.values.get(field, default)
        if value is None:
            raise self.wrong(field, "missing", "Add it")
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.wrong(field, "not a text" if value != "" else "empty", "Write a text")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A text or a list of texts; empty where it is missing."""
        value = self.values.get(field, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(t, str) and t for t in listed):
            raise self.wrong(field, "neither a text nor a list of texts", "Write it in quotes")
        return tuple(listed)

    def number(self, field: str, default: float) -> float:
        value = self.values.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise self.wrong(field, "not a number above 0", "Write a number")
        return value

    def flag(self, field: str) -> bool:
        value = self.values.get(field, False)
        if not isinstance(value, bool):
            raise self.wrong(field, "neither true nor false", "Write true or false")
        return value

    def choice(self, field: str, options: Sequence[str], default: str | None) -> str:
        if default is None and field not in self.values:
            raise self.wrong(field, "missing", f"Use one of {_either(options)}")
        value = self.text(field, default)
        if value not in options:
            raise self.wrong(field, f"{value[:40]!r} is not known", f"Use {_either(options)}")
        return value

    def table(self, field: str) -> "_Table":
        value = self.values.get(field, {})
        if not isinstance(value, dict):
            inside = f"{self.place}.{field}" if self.place else field
            raise self.wrong(field, "not a table", f"Write it as [{inside}]")
        return _Table(value, self.file, f"{self.place}.{field}" if self.place else field)

    def tables(self, field: str) -> Iterator["_Table"]:
        inside = self.table(field)
        for name in inside.values:
            if not _NAME.fullmatch(name):
                remedy = "Use letters, digits, dots, dashes and underscores"
                raise inside.wrong(name[:40], "no name for an address", remedy)
            if name == OWN:
                raise inside.wrong(name, "Tandem's own monitors go by that name", "Choose another")
            yield inside.table(name)

    def pairs(self, field: str) -> Iterator[tuple[str, str]]:
        inside = self.table(field)
        for name in inside.values:
            yield name, inside.text(name)


def _source(
    table: _Table, environment: Environment, parser: Callable[[], tuple[str, AnyParser]]
) -> Source[AnyParser]:
    table.no_secret()
    reads, parse = parser()
    return Source(
        table.name,
        parse,
        _auth(table, reads, environment),
        int(table.number("max_bytes", MOST_BYTES)),
        listed=True,
    )


# Who may send


def _auth(table: _Table, reads: str, environment: Environment) -> Auth:
    """`reads` is the parser's name, which tells the vendor where the file does not."""
    kind = table.choice("auth", tuple(AUTHS), None)
    extra = ("services",) if table.place.startswith("changes.") else ()
    table.known((*_COMMON, *extra, *AUTHS[kind]), f' with auth = "{kind}"')
    match kind:
        case "bearer":
            return Secret(_secrets(table, "token_env", environment), (senders.bearer,))
        case "basic":
            user = table.text("user", "")
            passwords = _secrets(table, "password_env", environment)
            if not user:
                return Secret(passwords, (senders.password,))
            pairs = tuple(f"{user}:".encode() + p for p in passwords)
            return Secret(pairs, (senders.basic,))
        case "header":
            return Secret(
                _secrets(table, "token_env", environment), (senders.header(table.text("header")),)
            )
        case "query":
            way = senders.parameter(table.text("parameter", "token"))
            return Secret(_secrets(table, "token_env", environment), (way,))
        case "hmac":
            return _hmac(table, environment)
        case "vendor":
            return _vendor(table, reads, environment)
        case _:
            return Anyone()


def _hmac(table: _Table, environment: Environment) -> Hmac:
    signed = table.text("signed", "{body}")
    timestamp_header, id_header = table.text("timestamp_header", ""), table.text("id_header", "")
    if "{body}" not in signed:
        raise table.wrong("signed", "the body is not signed", 'Write "{timestamp}.{body}" or so')
    if ("{timestamp}" in signed) != bool(timestamp_header):
        raise table.wrong(
            "timestamp_header",
            "it goes with {timestamp} in `signed`: a time that is not signed proves nothing",
            "Give both, or neither",
        )
    if "{id}" in signed and not id_header:
        raise table.wrong(
            "id_header", "missing", "`signed` has {id}: name the header that holds it"
        )
    algorithm = table.choice("algorithm", ("sha256", "sha512", "sha384", "sha1"), "sha256")
    return Hmac(
        _secrets(table, "secret_env", environment),
        table.text("header"),
        algorithm,
        table.choice("encoding", ("hex", "base64"), "hex"),
        table.text("prefix", ""),
        table.text("separator", ""),
        signed,
        timestamp_header,
        id_header,
        _window(table, senders.WINDOW),
    )


def _vendor(table: _Table, reads: str, environment: Environment) -> Auth:
    usual = "sns" if reads == "cloudwatch" else reads
    name = table.text("vendor", usual)
    if name not in VENDORS:
        raise table.wrong(
            "vendor" if "vendor" in table.values else "auth",
            f"{name} signs its webhooks in no way that is known here",
            f'Use auth = "bearer" or "basic", or name a vendor: {_either(VENDORS)}',
        )
    if name == "sns":
        topics = table.texts("topics")
        if not topics:
            raise table.wrong(
                "topics",
                "missing: anyone may have messages of a topic of his own signed by Amazon",
                'List the topics that count: topics = ["arn:aws:sns:..."]',
            )
        return Sns(topics, _window(table, senders.SNS_WINDOW))
    if "topics" in table.values:
        raise table.wrong("topics", f"{name} has none", "They belong to Amazon SNS; leave them out")
    timestamp_header = table.text("timestamp_header", "")
    if timestamp_header and name != "grafana":
        raise table.wrong("timestamp_header", f"{name} says it itself", "Leave it out")
    secrets = _secrets(table, "secret_env", environment)
    return senders.vendor(name, secrets, timestamp_header, _window(table, senders.WINDOW))


def _window(table: _Table, usual: timedelta) -> timedelta:
    return timedelta(seconds=table.number("window_s", usual.total_seconds()))


def _secrets(table: _Table, field: str, environment: Environment) -> tuple[bytes, ...]:
    """The values of the named variables: several while one is being replaced."""
    names = table.texts(field)
    if not names:
        raise table.wrong(field, "missing", "Name the environment variable that holds the secret")
    found = []
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise table.wrong(
                field,
                "it is no name of an environment variable",
                "Write the variable's name here, and the secret into the variable",
            )
        value = environment(name)
        if not value.strip():
            raise table.wrong(field, f"{name} is not set", f"Set the variable {name} to the secret")
        found.append(value.strip().encode())
    return tuple(found)


# How it is read


def _alert_parser(table: _Table, source: str) -> tuple[str, Parser]:
    """(the parser's name, the parser)"""
    if "map" in table.values:
        return "generic", partial(parse_alerts, source, _alert_map(table))
    usual = source if source in PARSERS else None
    if usual is None and "parser" not in table.values:
        remedy = f"Say parser = one of {', '.join(PARSERS)}, or add [{table.place}.map]"
        raise table.wrong("parser", f"nothing of ours is called {source}", remedy)
    reads = table.choice("parser", tuple(PARSERS), usual)
    parse = PARSERS[reads]
    return reads, parse if reads == source else partial(_renamed, source, parse)


def _renamed(source: str, parse: Parser, body: bytes | dict[str, Any], at: datetime) -> Parsed:
    """Signals say where they came in: at the address, not at the parser's name."""
    parsed = parse(body, at)
    return replace(parsed, signals=tuple(replace(s, source=source) for s in parsed.signals))


def _change_parser(table: _Table, source: str) -> tuple[str, ChangeParser]:
    services = {name.lower(): service for name, service in table.pairs("services")}
    if "map" in table.values:
        reads, parse = "generic", partial(parse_changes, source, _change_map(table))
    else:
        usual = source if source in CHANGE_PARSERS else None
        if usual is None and "parser" not in table.values:
            remedy = f"Say parser = one of {', '.join(CHANGE_PARSERS)}, or add [{table.place}.map]"
            raise table.wrong("parser", f"nothing of ours is called {source}", remedy)
        reads = table.choice("parser", tuple(CHANGE_PARSERS), usual)
        parse = partial(CHANGE_PARSERS[reads])
    return reads, partial(_with_services, parse, services) if services else parse


def _with_services(
    parse: ChangeParser, services: Mapping[str, str], body: bytes | dict[str, Any], at: datetime
) -> ParsedChanges:
    """Repositories and projects under the names that alerts give to their services."""
    parsed = parse(body, at)
    named = (replace(c, service=services.get(c.service.lower(), c.service)) for c in parsed.changes)
    return replace(parsed, changes=tuple(named))


def _alert_map(table: _Table) -> AlertMap:
    mapping = _mapping(table, (*ALERT_FIELDS, *_ALERT_MAP), "name")
    labels = mapping.table("labels")
    if "fingerprint" in mapping.values and "fingerprint_of" in mapping.values:
        remedy = (
            "Keep `fingerprint` for an id the sender gives, `fingerprint_of` for several values"
        )
        raise mapping.wrong("fingerprint_of", "so is `fingerprint`", remedy)
    firing, resolved = mapping.texts("firing"), mapping.texts("resolved")
    if (firing or resolved) and "status" not in mapping.values:
        raise mapping.wrong("status", "missing", "Say where the words of firing and resolved stand")
    return AlertMap(
        fields={name: _paths(mapping, name) for name in ALERT_FIELDS if name in mapping.values},
        items=_path(mapping, "alerts"),
        firing=tuple(w.lower() for w in firing) or ("firing",),
        resolved=tuple(w.lower() for w in resolved) or ("resolved",),
        severities={word.lower(): means for word, means in mapping.pairs("severities")},
        labels={name: _paths(labels, name) for name in labels.values},
        labels_from=_paths(mapping, "labels_from"),
        fingerprint_of=_paths(mapping, "fingerprint_of"),
        only=_only(mapping),
    )


def _change_map(table: _Table) -> ChangeMap:
    mapping = _mapping(table, (*CHANGE_FIELDS, *_CHANGE_MAP), "service", "summary")
    return ChangeMap(
        fields={name: _paths(mapping, name) for name in CHANGE_FIELDS if name in mapping.values},
        items=_path(mapping, "changes"),
        only=_only(mapping),
    )


def _mapping(table: _Table, known: Sequence[str], *needed: str) -> _Table:
    if table.text("parser", "generic") != "generic":
        raise table.wrong("parser", "a mapping is read by `generic`", "Leave parser or map out")
    mapping = table.table("map")
    mapping.known(known)
    for name in needed:
        if not mapping.texts(name):
            raise mapping.wrong(name, "missing", f'Say where it stands: {name} = "$.{name}"')
    return mapping


def _paths(table: _Table, field: str) -> Paths:
    try:
        return tuple(Path.read(text) for text in table.texts(field))
    except ValueError as error:
        raise table.wrong(
            field, str(error), "A text that does not begin with $ stands for itself"
        ) from None


def _path(table: _Table, field: str) -> Path | None:
    paths = _paths(table, field)
    if len(paths) > 1 or any(path.constant for path in paths):
        raise table.wrong(field, "one path is needed", f'Write it as {field} = "$.items"')
    return paths[0] if paths else None


def _only(mapping: _Table) -> tuple[Only, ...]:
    inside = mapping.table("only")
    found = []
    for text in inside.values:
        try:
            path = Path.read(text)
        except ValueError as error:
            raise inside.wrong(text, str(error), "Write a path") from None
        words = frozenset(word.lower() for word in inside.texts(text))
        if path.constant or not words:
            remedy = 'Write "$.state" = ["failed", "error"]'
            raise inside.wrong(text, "a path and the words that count are needed", remedy)
        found.append(Only(path, words))
    return tuple(found)


def _either(names: Sequence[str]) -> str:
    return ", ".join(names)
