"""The file of sources: what it may say, and the words for what is wrong with it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.webhooks import Sources, parse_sources
from bot.webhooks.auth import VENDORS, Anyone, Hmac, Received, Secret, Sns
from bot.webhooks.registry import CHANGE_PARSERS, PARSERS
from bot.webhooks.source_file import AUTHS
from bot.webhooks.sources import MOST_BYTES
from knowledge.errors import NotFound, UserError
from skills.testing import NOON

EXAMPLE = Path(__file__).parents[3] / "deploy" / "sources.toml"
VARIABLES = {"TOKEN": "t0ken", "NEXT": "next", "SECRET": "s3cret", "EMPTY": " "}


def sources(text: str, token: str = "") -> Sources:
    return parse_sources(text, "tandem-sources.toml", lambda name: VARIABLES.get(name, ""), token)


def source(settings: str, name: str = "acme") -> str:
    """A file with one source of plain JSON."""
    return f'[sources.{name}]\n{settings}\n[sources.{name}.map]\nname = "$.title"\n'


def authorization(text: str) -> Received:
    return Received(b"", {"authorization": text}, {}, NOON)


# What it may say


def test_each_source_has_an_auth_of_its_own_and_others_the_shared_token() -> None:
    read = sources('[sources.grafana]\nauth = "bearer"\ntoken_env = "TOKEN"', token="shared")
    grafana, datadog = read.signal_source("grafana").auth, read.signal_source("datadog").auth
    assert isinstance(grafana, Secret)
    assert isinstance(datadog, Secret)
    assert not grafana.reason(authorization("Bearer t0ken"))
    assert grafana.reason(authorization("Bearer shared"))
    assert not datadog.reason(authorization("Bearer shared"))
    assert set(read.signals) == set(PARSERS)
    assert set(read.changes) == set(CHANGE_PARSERS)
    assert read.unguarded() == []


def test_a_secret_may_be_replaced_without_losing_alerts() -> None:
    read = sources('[sources.grafana]\nauth = "bearer"\ntoken_env = ["NEXT", "TOKEN"]')
    auth = read.signal_source("grafana").auth
    assert isinstance(auth, Secret)
    for token in ("next", "t0ken"):
        assert not auth.reason(authorization(f"Bearer {token}"))


def test_only_what_is_listed_has_an_address_when_the_file_says_so() -> None:
    read = sources('only_listed = true\n[sources.azure]\nauth = "query"\ntoken_env = "TOKEN"')
    assert list(read.signals) == ["azure"]
    assert not read.changes
    with pytest.raises(NotFound):
        read.signal_source("grafana")


def test_addresses_that_ask_nothing_are_known() -> None:
    read = sources(
        'only_listed = true\n[sources.azure]\nauth = "none"\n[changes.generic]\nauth="none"'
    )
    assert read.unguarded() == ["/signals/azure", "/changes"]
    assert len(sources("").unguarded()) == len(PARSERS) + len(CHANGE_PARSERS)


def test_the_size_of_a_body_is_a_sources_own() -> None:
    read = sources('[sources.azure]\nauth = "none"\nmax_bytes = 4096')
    assert read.signal_source("azure").max_bytes == 4096
    assert read.signal_source("gcp").max_bytes == MOST_BYTES


def test_a_source_may_be_read_by_a_parser_of_another_name() -> None:
    read = sources('[sources.prod-eu]\nparser = "generic"\nauth = "none"')
    (signal,) = read.signal_source("prod-eu").parse(b'{"name": "A"}', NOON).signals
    assert signal.source == "prod-eu"


@pytest.mark.parametrize(
    ("text", "header", "signed", "window"),
    [
        ('[sources.pagerduty]\nauth="vendor"', "X-PagerDuty-Signature", "{body}", 300),
        ('[sources.sentry]\nauth="vendor"', "Sentry-Hook-Signature", "{body}", 300),
        (
            '[sources.grafana]\nauth="vendor"\ntimestamp_header="X-Time"\nwindow_s=60',
            "X-Grafana-Alerting-Signature",
            "{timestamp}:{body}",
            60,
        ),
        (
            '[sources.registry]\nparser="generic"\nauth="vendor"\nvendor="mlflow"',
            "X-MLflow-Signature",
            "{id}.{timestamp}.{body}",
            300,
        ),
        ('[sources.x]\nparser="generic"\nauth="hmac"\nheader="X-S"', "X-S", "{body}", 300),
    ],
)
def test_signatures(text: str, header: str, signed: str, window: int) -> None:
    read = sources(f'{text}\nsecret_env = "SECRET"')
    (listed,) = (s for s in read.signals.values() if s.listed)
    assert isinstance(listed.auth, Hmac)
    assert (listed.auth.header, listed.auth.signed) == (header, signed)
    assert listed.auth.window == timedelta(seconds=window)
    assert listed.auth.secrets == (b"s3cret",)


def test_sns_lists_its_topics() -> None:
    read = sources('[sources.cloudwatch]\nauth="vendor"\ntopics=["arn:aws:sns:eu-1:1:ops"]')
    auth = read.signal_source("cloudwatch").auth
    assert auth == Sns(("arn:aws:sns:eu-1:1:ops",))


def test_no_variable_is_needed_to_try_a_payload() -> None:
    text = '[sources.sentry]\nauth = "vendor"\nsecret_env = "NOWHERE"'
    read = parse_sources(text, "f.toml", lambda name: "", secrets=False)
    assert read.signal_source("sentry").listed


def test_the_example_that_is_shipped_is_right() -> None:
    read = parse_sources(EXAMPLE.read_text("utf-8"), str(EXAMPLE), lambda name: "set")
    assert read.unguarded() == []
    kinds = {type(s.auth) for s in (*read.signals.values(), *read.changes.values())}
    assert kinds == {Secret, Hmac, Sns}
    assert Anyone not in kinds
    body = b'{"incident": {"title": "Disk full", "state": "open", "id": 7}}'
    (signal,) = read.signal_source("acme").parse(body, NOON).signals
    assert signal.name == "Disk full"


PAGES = (
    Path(__file__).parents[3] / "docs" / "reference" / "webhooks.md",
    Path(__file__).parents[3] / "docs" / "how-to" / "changes.md",
)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (page.name, text)
        for page in PAGES
        for text in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ],
)
def test_the_files_that_pages_show_are_right(page: str, text: str) -> None:
    read = parse_sources(text, page, lambda name: "set")
    assert any(s.listed for s in (*read.signals.values(), *read.changes.values()))


def test_every_way_to_authenticate_and_every_vendor_is_documented() -> None:
    rows = re.findall(r'^\| `"?([\w-]+)"?` \|', PAGES[0].read_text("utf-8"), re.MULTILINE)
    assert set(AUTHS) | set(VENDORS) <= set(rows)
    for field in {field for fields in AUTHS.values() for field in fields}:
        assert f"`{field}`" in PAGES[0].read_text("utf-8")


# What is wrong with it


@pytest.mark.parametrize(
    ("text", "place", "words", "remedy"),
    [
        ("sources = 3", "", "sources: not a table", "as [sources]"),
        ("[source.a]", "", "source: no such field", "only_listed, sources, changes"),
        ("[sources", "", "is not valid TOML", ""),
        ('[sources.a]\nauth="none"', "[sources.a]", "nothing of ours is called a", "alertmanager"),
        ('[sources.a]\nparser="b"\nauth="none"', "[sources.a]", "'b' is not known", "grafana"),
        ('[sources."a b"]\nauth="none"', "[sources]", "no name for an address", "letters"),
        ('[sources.monitor]\nauth="none"', "[sources]", "monitors go by that name", "another"),
        ("[sources.azure]", "[sources.azure]", "auth: missing", "bearer"),
        ('[sources.azure]\nauth="magic"', "[sources.azure]", "'magic' is not known", "bearer"),
        (
            '[sources.azure]\nauth="bearer"\ntoken="abc"',
            "[sources.azure]",
            "a secret does not belong in this file",
            'token_env = "MY_VARIABLE"',
        ),
        (
            '[sources.azure]\ntoken="abc"',
            "[sources.azure]",
            "a secret does not belong in this file",
            'token_env = "MY_VARIABLE"',
        ),
        (
            '[sources.sentry]\nauth="vendor"\nsecret="abc"',
            "[sources.sentry]",
            "a secret does not belong",
            "secret_env",
        ),
        (
            '[sources.azure]\nauth="bearer"\ntoken_env="a-b-c!"',
            "[sources.azure]",
            "no name of an environment variable",
            "the secret into the variable",
        ),
        ('[sources.azure]\nauth="bearer"', "[sources.azure]", "token_env: missing", "Name the"),
        (
            '[sources.azure]\nauth="bearer"\ntoken_env="NOWHERE"',
            "[sources.azure]",
            "token_env: NOWHERE is not set",
            "Set the variable NOWHERE",
        ),
        (
            '[sources.azure]\nauth="bearer"\ntoken_env="EMPTY"',
            "[sources.azure]",
            "EMPTY is not set",
            "",
        ),
        (
            '[sources.azure]\nauth="bearer"\ntoken_env="TOKEN"\nheader="X"',
            "[sources.azure]",
            'header: no such field with auth = "bearer"',
            "token_env",
        ),
        ('[sources.azure]\nauth="none"\nmax_bytes="1"', "[sources.azure]", "not a number", ""),
        ('[sources.azure]\nauth="none"\nmax_bytes=true', "[sources.azure]", "not a number", ""),
        ('[sources.azure]\nauth="none"\nmax_bytes=0', "[sources.azure]", "above 0", ""),
        (
            '[sources.splunk]\nauth="vendor"\nsecret_env="SECRET"',
            "[sources.splunk]",
            "signs its webhooks in no way that is known",
            "bearer",
        ),
        ('[sources.cloudwatch]\nauth="vendor"', "[sources.cloudwatch]", "topics: missing", "arn:"),
        (
            '[sources.sentry]\nauth="vendor"\nsecret_env="SECRET"\ntopics="t"',
            "[sources.sentry]",
            "topics: sentry has none",
            "leave them out",
        ),
        (
            '[sources.sentry]\nauth="vendor"\nsecret_env="SECRET"\ntimestamp_header="X"',
            "[sources.sentry]",
            "timestamp_header: sentry says it itself",
            "",
        ),
        (source('auth="hmac"\nsecret_env="SECRET"'), "[sources.acme]", "header: missing", ""),
        (
            source('auth="hmac"\nsecret_env="SECRET"\nheader="X"\nsigned="x"'),
            "[sources.acme]",
            "the body is not signed",
            "{body}",
        ),
        (
            source('auth="hmac"\nsecret_env="SECRET"\nheader="X"\ntimestamp_header="T"'),
            "[sources.acme]",
            "a time that is not signed proves nothing",
            "both, or neither",
        ),
        (
            source('auth="hmac"\nsecret_env="SECRET"\nheader="X"\nsigned="{id}{body}"'),
            "[sources.acme]",
            "id_header: missing",
            "",
        ),
        (
            source('auth="hmac"\nsecret_env="SECRET"\nheader="X"\nalgorithm="md5"'),
            "[sources.acme]",
            "'md5' is not known",
            "sha256",
        ),
        (source('auth="none"\nparser="grafana"'), "[sources.acme]", "is read by `generic`", ""),
        (
            '[sources.acme]\nauth="none"\n[sources.acme.map]\nstatus="$.s"',
            "[sources.acme.map]",
            "name: missing",
            'name = "$.name"',
        ),
        (source('auth="none"') + 'nmae = "$.x"', "[sources.acme.map]", "nmae: no such field", ""),
        (source('auth="none"') + 'url = "$.x["', "[sources.acme.map]", "is no path", "stands for"),
        (source('auth="none"') + "url = 3", "[sources.acme.map]", "neither a text nor a list", ""),
        (
            source('auth="none"') + 'alerts = "all"',
            "[sources.acme.map]",
            "one path is needed",
            '"$.items"',
        ),
        (
            source('auth="none"') + 'firing = ["x"]',
            "[sources.acme.map]",
            "status: missing",
            "words of firing",
        ),
        (
            source('auth="none"') + 'fingerprint = "$.a"\nfingerprint_of = "$.b"',
            "[sources.acme.map]",
            "so is `fingerprint`",
            "Keep",
        ),
        (
            source('auth="none"') + '[sources.acme.map.only]\n"$.a" = []',
            "[sources.acme.map.only]",
            "a path and the words that count",
            "",
        ),
        (
            '[changes.x]\nauth="none"\n[changes.x.map]\nservice="$.s"',
            "[changes.x.map]",
            "summary: missing",
            "",
        ),
        ('[changes.x]\nauth="none"', "[changes.x]", "nothing of ours is called x", "github"),
    ],
)
def test_what_is_wrong_is_named_with_file_source_field_and_remedy(
    text: str, place: str, words: str, remedy: str
) -> None:
    with pytest.raises(UserError) as caught:
        sources(text)
    said = str(caught.value)
    assert said.startswith("tandem-sources.toml")
    assert place in said
    assert words in said
    assert remedy in said
    assert "abc" not in said, "a secret that was written down is not repeated"
