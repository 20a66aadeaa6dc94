import re
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.adapters.telemetry.file import parse_telemetry, read_telemetry
from knowledge.errors import UserError

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "deploy" / "telemetry.toml"
GUIDE = ROOT / "docs" / "how-to" / "telemetry.md"


def test_the_example_is_read() -> None:
    file = read_telemetry(EXAMPLE)
    assert len(file.prometheus) == 1
    assert file.prometheus[0].window == timedelta(minutes=2)
    queries = file.prometheus[0].all_queries()
    assert queries["queue"] == 'sum(work_queue_length{queue=~"$service-.*"})'
    assert "cpu_limited" not in queries
    assert "istio_requests_total" in queries["error_rate"]
    assert file.elasticsearch[0].service_fields == ("service.name", "kubernetes.labels.app")

    assert file.loki[0].names().there("checkout") == "prod/checkout"
    assert file.loki[0].names().there("eta-model") == "ml/eta-v2"
    assert [spec.name for spec in file.jaeger] == ["eu", "us"]


def test_what_the_guide_shows_is_read() -> None:
    shown = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    with_names = next(text for text in shown if "[loki.services]" in text)
    eu, us = parse_telemetry(with_names).loki
    assert eu.names().there("checkout") == "prod/checkout"
    assert us.names().there("checkout") == "checkout-v2"
    assert parse_telemetry(shown[0]).tempo


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[loki", "t.toml is not valid TOML"),
        ("[loki]", "t.toml: loki.url: it is missing."),
        ("[lokki]", "t.toml: lokki: there is no such field."),
        ('[loki]\nurl = "loki:3100"', "loki.url: 'loki:3100' is no address; write http://"),
        ('[loki]\nurl = "file:///etc/passwd"', "loki.url: 'file:///etc/passwd' is no address"),
        ('[loki]\nurl = "http://u:p@l"', "loki.url: it holds a password; give user and password"),
        ('[loki]\nurl = "http://l"\nquery = "{a=$service}"', "loki.query: write $service inside"),
        ('[loki]\nurl = "http://l"\nuser = "u"', "loki: user and password_env go together."),
        ('[loki]\nurl = "http://l"\ntimeout = "1h"', "loki.timeout: "),
        ('[tempo]\nurl = "http://t"\ntraces = 9999', "tempo.traces: "),
        ('[prometheus]\nurl = "http://p"\npresets = ["x"]', "presets.0: there is no 'x'; there is"),
        (
            '[prometheus]\nurl = "http://p"\n[prometheus.queries]\ncpu = "up"',
            "prometheus.queries.cpu: it does not say $service",
        ),
        ('[elasticsearch]\nurl = "http://e"\nindex = "../_all"', "elasticsearch.index: "),
        ("[otlp]\nfiles = []", "otlp.files: "),
        ('[loki]\nurl = "http://l"\nservice = "x"', "loki.service: it must say {service} once"),
        (
            '[loki]\nurl = "http://l"\nservice = "{namespace}-{service}"',
            "t.toml: loki: namespace and {namespace} in service go together.",
        ),
        ('[loki]\nurl = "http://l"\nnamespace = "shop"', "loki: namespace and {namespace} in"),
        (
            '[loki]\nurl = "http://l"\n[loki.services]\na = "x"\nb = "x"',
            "loki: services: a and b are both 'x' there; keep one of them.",
        ),
        ('[loki]\nurl = "http://l"\n[loki.services]\na = ""', "loki.services.a: '' is no name"),
        (
            '[[loki]]\nurl = "http://l"\n[[loki]]\nurl = "http://m"\nname = "eu"',
            't.toml: loki: there are 2; give each a name of its own, as name = "eu".',
        ),
        ('[[loki]]\nurl = "http://l"\n[[loki]]', "t.toml: loki (2 of 2).url: it is missing."),
        ("loki = 3", "t.toml: loki: "),
    ],
)
def test_what_is_wrong_is_named(text: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_telemetry(text, "t.toml")
    assert line in str(caught.value)
    assert "u:p@" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"TANDEM_TELEMETRY: .*none\.toml cannot be read"):
        read_telemetry(tmp_path / "none.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9")
    with pytest.raises(UserError, match="not UTF-8"):
        read_telemetry(latin)


def test_an_own_query_goes_before_the_presets() -> None:
    file = parse_telemetry(
        '[prometheus]\nurl = "http://p"\npresets = ["istio", "linkerd"]\n'
        "[prometheus.queries]\nrequests = 'x{a=\"$service\"}'\nlatency_p95 = ''"
    )
    assert len(file.prometheus) == 1
    queries = file.prometheus[0].all_queries()
    assert queries["requests"] == 'x{a="$service"}'
    assert set(queries) == {"requests", "error_rate"}
    assert ") or (" in queries["error_rate"]
