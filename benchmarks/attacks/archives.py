"""Files that somebody exported, or says so: bombs, paths that climb out, lies, and mistakes."""

import io
import json
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.attacks.nasty import TEXTS, altered_bytes, dumped, mutated

_LINE = {"id": "A-1", "title": "Pool ran dry", "text": "All in use", "date": "2026-03-05"}
_MARKDOWN = b"---\nid: x\ntags: a, b\n---\n# Pool\n## Root cause\nsmall\n## Resolution\nraised\n"
_JIRA = {
    "issues": [
        {
            "key": "A-1",
            "fields": {
                "summary": "x",
                "description": {"type": "doc", "content": [{"type": "text", "text": "y"}]},
                "comment": {"comments": [{"body": "z", "author": {"displayName": "ada"}}]},
            },
        }
    ]
}
_SERVICENOW = {"records": [{"number": "INC1", "short_description": "x", "opened_at": "2026-03-05"}]}
_PAGERDUTY = {"incidents": [{"id": "P1", "incident_number": 1, "title": "x", "urgency": "high"}]}
_CONFLUENCE = {"results": [{"id": "1", "title": "x", "body": {"storage": {"value": "<p>y</p>"}}}]}
_CSV = (
    b"Issue key,Summary,Description,Created\nA-1,x,y,05/Mar/26 12:00 PM\n",
    b"number,short_description,opened_at\nINC1,x,2026-03-05\n",
    b"incident_number,description,created_on\n1,x,2026-03-05T12:00:00Z\n",
)
_XML = (
    b"<rss><channel><item><key>A-1</key><title>x</title><description>y</description>"
    b"<comments><comment author='ada'>z</comment></comments></item></channel></rss>"
)
_LAUGHS = (
    b"<!DOCTYPE x [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><rss><channel><item><key>A-1</key><title>&j;</title></item></channel></rss>"
)
_OUTSIDE = (
    b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
    b"<rss><channel><item><key>A-1</key><title>&a;</title></item></channel></rss>"
)


class _Entry(zipfile.ZipInfo):
    """With any name, none too; zipfile itself would not write it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.filename = name.encode("utf-8", "replace").decode("utf-8")

    def is_dir(self) -> bool:
        return False


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(_Entry(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _linked() -> bytes:
    """A symbolic link as an archive holds one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("passwd.md")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def _encrypted() -> bytes:
    made = bytearray(zipped({"x.md": _MARKDOWN}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= 1
    return bytes(made)


def _method(number: int) -> bytes:
    """Compressed by a method that nobody knows."""
    made = bytearray(zipped({"x.md": _MARKDOWN}))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        made[made.index(mark) + at] = number
    return bytes(made)


def _liar(size: int) -> bytes:
    """Says that it is another size than it is."""
    made = bytearray(zipped({"x.md": b"a" * 100_000}))
    at = made.index(b"PK\x01\x02") + 24
    made[at : at + 4] = size.to_bytes(4, "little")
    return bytes(made)


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("../../../tmp/x.md")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"a"))
    return out.getvalue()


def _nested(depth: int) -> bytes:
    made = zipped({"x.md": _MARKDOWN})
    for _ in range(depth):
        made = zipped({"inner.zip": made})
    return made


_SPECIAL: tuple[tuple[str, Callable[[], bytes]], ...] = (
    ("bomb.zip", lambda: zipped({f"{n}.md": b"a" * 20_000_000 for n in range(3)})),
    ("climbs.zip", lambda: zipped({"../../../../tmp/x.md": _MARKDOWN, "/etc/x.md": _MARKDOWN})),
    ("windows.zip", lambda: zipped({"..\\..\\x.md": _MARKDOWN, "C:\\x.md": _MARKDOWN})),
    ("nameless.zip", lambda: zipped({"": _MARKDOWN, "x.md": _MARKDOWN})),
    ("odd-names.zip", lambda: zipped({f"{n}\u202e.md": _MARKDOWN for n in range(3)})),
    ("link.zip", _linked),
    ("locked.zip", _encrypted),
    *((f"method-{n}.zip", lambda n=n: _method(n)) for n in (1, 6, 9, 12, 14, 93, 99)),
    *((f"liar-{n}.zip", lambda n=n: _liar(n)) for n in (0, 10, 99_999, 2**31, 2**32 - 2)),
    *((f"nested-{n}.zip", lambda n=n: _nested(n)) for n in (1, 2, 30)),
    ("tar.zip", _tar),
    ("tar.tar.gz", _tar),
    ("many.zip", lambda: zipped({f"{n}.md": b"# a" for n in range(3000)})),
    ("laughs.xml", lambda: _LAUGHS),
    ("outside.xml", lambda: _OUTSIDE),
    ("deep.xml", lambda: b"<a>" * 200_000),
    ("deep.json", lambda: b"[" * 200_000),
    ("deep.jsonl", lambda: b"[" * 200_000 + b"\n" + json.dumps(_LINE).encode()),
    ("deep.html", lambda: b"<div>" * 100_000 + b"x"),
    ("number.json", lambda: b'{"issues": [' + b"9" * 6000 + b"]}"),
    ("number.jsonl", lambda: b'{"id": ' + b"9" * 6000 + b"}\n" + json.dumps(_LINE).encode()),
    ("half.jsonl", lambda: b'{"id": "a\\ud800", "text": "b\\u0000"}'),
    ("wide.csv", lambda: b"Issue key," + b"a," * 100_000 + b"\nA-1" + b",b" * 100_000),
    ("field.csv", lambda: b"Issue key,Summary\nA-1," + b"a" * 500_000),
    ("quote.csv", lambda: b'Issue key,Summary\nA-1,"' + b"a\n" * 50_000),
    ("nul.csv", lambda: b"Issue key,Summary\nA-1,a\0b\n"),
    ("nul.md", lambda: b"# a\0b"),
    ("marks.md", lambda: b"#" * 50_000 + b" x\n" + b"*" * 50_000),
    ("utf16.md", lambda: "# x".encode("utf-16")),
    ("front.md", lambda: b"---\n" + b"a: b\n" * 50_000),
)


_MESSAGE = {"type": "message", "user": "U1", "text": "<@U1> is down", "ts": "1772712000.1"}
_ANSWER = {**_MESSAGE, "thread_ts": "1772712000.1", "reactions": [{"name": "x", "count": 1}]}
_SLACK = {
    "users.json": [{"id": "U1", "name": "ada", "profile": {"display_name": "ada"}}],
    "channels.json": [{"id": "C1", "name": "incidents"}],
    "incidents/2026-03-05.json": [_MESSAGE, _ANSWER, _ANSWER],
}
HONEST: Sequence[tuple[str, Any]] = (
    ("lines.jsonl", b"\n".join([json.dumps(_LINE).encode()] * 3)),
    ("line.jsonl", _LINE),
    ("runbook.md", _MARKDOWN),
    *(("export.json", export) for export in (_JIRA, _SERVICENOW, _PAGERDUTY, _CONFLUENCE)),
    *(("export.csv", table) for table in _CSV),
    ("export.xml", _XML),
    ("page.html", b"<html><h1>a</h1><table><tr><td>b</td></table>"),
    ("export.zip", zipped({"x.md": _MARKDOWN, "y.csv": _CSV[0]})),
    ("slack.zip", _SLACK),
)
"""What each importer reads: bytes, or a JSON value that `written` makes a file of."""


def special_files() -> Iterator[tuple[str, bytes]]:
    """Those that were thought of; some take a second."""
    for name, made in _SPECIAL:
        yield name, made()


def bad_files(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Endless: a name, and what is in the file."""
    while True:
        for name, honest in HONEST:
            if isinstance(honest, bytes):
                yield name, altered_bytes(rng, honest)
            else:
                yield name, written(name, mutated(rng, honest, 0.12))
        yield "text.md", rng.choice(TEXTS).encode("utf-8", "replace")


def written(name: str, value: Any) -> bytes:
    """A JSON value as the file of that name holds it: in an archive, a file for each key."""
    if not name.endswith(".zip"):
        return dumped(value)
    files = value if isinstance(value, dict) else {"users.json": value}
    return zipped({inner: dumped(content) for inner, content in files.items()})
