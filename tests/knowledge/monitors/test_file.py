import re
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.errors import UserError
from knowledge.monitors import MetricMonitor, Normal, load_file, parse_file, parse_monitors

ROOT = Path(__file__).parents[3]
ONE = '[[metric]]\nname = "a"\nquery = "q"\n'
DATABASE = '[source.orders]\ndatabase = "sqlite:///orders.db"\n'


def refused(text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(UserError) as raised:
        parse_file(text, environ=environ)
    return str(raised.value)


def metric(text: str) -> MetricMonitor:
    (only,) = parse_monitors(text)
    assert isinstance(only, MetricMonitor)
    return only


def test_what_is_normal_is_told_by_what_is_given() -> None:
    assert metric(ONE).normal is Normal.AUTO
    assert metric(ONE + "above = 5").normal is Normal.LIMIT
    assert metric(ONE + 'normal = "forecast"\nbelow = 5').normal is Normal.FORECAST


def test_sources_are_named_and_filled_from_the_environment() -> None:
    text = """
[source.eu]
prometheus = "https://eu.example.com/${TENANT}"
token = "${TOKEN}"
timeout = "3s"

[source.orders]
database = "sqlite:///orders.db"

[[metric]]
name = "orders"
source = "orders"
sql = "SELECT count(*) AS value FROM orders"
below = 1
"""
    read = parse_file(text, environ={"TENANT": "shop", "TOKEN": "t0ken"})
    assert read.sources["eu"].prometheus == "https://eu.example.com/shop"
    assert read.sources["eu"].timeout == timedelta(seconds=3)
    assert "t0ken" not in repr(read.sources)
    (only,) = read.monitors
    assert only.name == "orders"


def test_a_preset_gives_its_monitors_with_changes() -> None:
    text = """
[[preset]]
use = "postgresql"
service = "orders-db"
without = ["postgres-down"]
[preset.change.postgres-connections]
severity = "critical"
for = "20m"
"""
    everything = [m for m in parse_monitors(text) if isinstance(m, MetricMonitor)]
    by_name = {m.name: m for m in everything}
    assert all(name.startswith("orders-db-") for name in by_name)
    assert "orders-db-postgres-down" not in by_name
    changed = by_name["orders-db-postgres-connections"]
    assert (changed.severity, changed.for_) == ("critical", timedelta(minutes=20))
    assert changed.service == "orders-db"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ONE + ONE.replace("\n", "\n", 1),
         "monitors.toml line 4: two monitors are named 'a', the other at monitors.toml line 1; "
         "give each its own name, or a preset its own `prefix`."),
        (ONE + 'above = 1\nbelow = 2',
         "monitors.toml line 1, metric 'a': give either `above` or `below`."),
        (ONE + 'sql = "SELECT 1"', "give either `query` or `sql`"),
        (ONE + "# a comment\nsure = 2",
         "monitors.toml line 5, metric 'a': sure: Input should be less than 1."),
        (ONE + 'zone = "Berlin"',
         "line 4, metric 'a': zone: 'Berlin' is no time zone; write it as \"Europe/Berlin\""),
        (ONE + "above = inf", "line 4, metric 'a': above: must be a finite number."),
        (ONE + 'above = 1\nrecover = 2', "`recover` must lie on the normal side of the limit"),
        (ONE + 'above = 1\nnormal = "auto"', "mean nothing where normal is auto"),
        (ONE + 'normal = "rate of change"', "give `above`, `below` or both"),
        (ONE + 'normal = "rate of change"\nabove = 1\nbelow = 2', "`below` must be less than"),
        (ONE + "percent = true", "`percent` and `counter` belong to \"rate of change\""),
        (ONE + 'normal = "forecats"', "line 4, metric 'a': normal: Input should be 'limit'"),
        (ONE + 'source = "ordrs"\n' + DATABASE,
         "monitors.toml line 1, metric 'a': source: There is no source 'ordrs'. "
         "Did you mean `orders`?"),
        (ONE + 'source = "orders"\n' + DATABASE,
         "'orders' is a database; write `sql` for `query`"),
        ('[[metric]]\nname = "a"\nsql = "SELECT 1"',
         "`sql` asks a database; name a [source.NAME] that has `database`"),
        ("[source.x]\n", "line 1, source 'x': give either `prometheus` or `database`"),
        ('[source.x]\nprometheus = "localhost:9090"',
         "`prometheus` must begin with http:// or https://"),
        ('[source.x]\nurl = "http://x"',
         "line 2, source 'x': url: no such field; there are prometheus, database, token, timeout."),
        ('[source.x]\ndatabase = "${ORDERS_URL}"',
         "line 2, source 'x': database: the environment has no ORDERS_URL; set it."),
        ('[[preset]]\nuse = "postgresq"',
         "monitors.toml line 1, preset 'postgresq': There is no preset 'postgresq'. "
         "Did you mean `postgresql`"),
        ('[[preset]]\nuse = "postgresql"\nlimt = 3', "preset postgresql has no such variable"),
        ('[[preset]]\nuse = "postgresql"\n[preset.change.down]\nabove = 3',
         "There is no monitor of preset postgresql 'down'"),
        ('[[preset]]\nuse = "node"\n[[preset]]\nuse = "node"', "two monitors are named"),
        ("[[preset]]\n", "line 1, preset 1: use: missing."),
        ("preset = 3", "monitors are written as [[metric]]"),
        ("source = 3", "monitors are written as [[metric]]"),
        ("[source]\nx = 3", "source 'x': Input should be"),
        ("metric = [3]", "metric 1: "),
    ],
)  # fmt: skip
def test_wrong_fields_are_named_with_file_line_and_remedy(text: str, said: str) -> None:
    assert said in refused(text)


def test_every_wrong_field_is_named_at_once() -> None:
    text = ONE + 'every = "soon"\nsure = 3\n\n[[model]]\nmodel = "m"\nneeds = "few"'
    assert len(refused(text).splitlines()) == 3


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "monitors.toml"
    path.write_text(ONE)
    assert [m.name for m in load_file(path).monitors] == ["a"]
    with pytest.raises(UserError, match="cannot be read"):
        load_file(tmp_path / "none.toml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8"):
        load_file(path)


def test_the_file_that_is_shipped_is_right() -> None:
    assert load_file(ROOT / "deploy" / "monitors.toml", environ={}).monitors


def test_what_the_page_shows_can_be_read() -> None:
    page = (ROOT / "docs" / "how-to" / "monitors.md").read_text("utf-8")
    shown = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    environ = {"EU_TOKEN": "t", "SHOP_DATABASE_URL": "sqlite:///shop.db"}
    names = [m.name for text in shown for m in parse_file(text, environ=environ).monitors]
    assert {"orders-per-minute", "unpaid-orders", "orders-db-postgres-connections"} <= set(names)
