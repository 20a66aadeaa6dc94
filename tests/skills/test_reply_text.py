"""A reply in words."""

from skills.contract import Button, Call, Line, Picture, Reply, Section, Source, Table
from skills.reply_text import plain

REPLY = Reply(
    title="checkout is slow",
    text="p95 910 ms",
    fields={"Service": "checkout"},
    table=Table(("Pod", "CPU"), (("a-1", "0.9"), ("a-2", ""))),
    sections=(Section("Cause", (Line("deploy", ("c1",)),), url="https://wiki.example/x"),),
    pictures=(Picture("latency", "it rises at 10:02", b""),),
    sources=(Source("c1", "deploy 09:58", "https://ci.example/1"),),
    buttons=(Button("Roll back", Call("rollback")),),
    footer="as of 10:30",
)


def test_it_says_everything_but_buttons_and_addresses() -> None:
    assert plain(REPLY).splitlines() == [
        "checkout is slow",
        "p95 910 ms",
        "Service: checkout",
        "Pod | CPU",
        "a-1 | 0.9",
        "a-2 | ",
        "Cause",
        "- deploy",
        "Picture: latency. it rises at 10:02",
        "Sources: deploy 09:58",
        "as of 10:30",
    ]
