import pytest

from knowledge.errors import BadArgs
from knowledge.monitors.presets import Kind, Variable


@pytest.mark.parametrize(
    ("kind", "value", "filled"),
    [
        (Kind.TEXT, " checkout ", "checkout"),
        (Kind.TEXT, "", ""),
        (Kind.MATCHERS, "", ""),
        (Kind.MATCHERS, 'namespace="shop", pod=~"api-.*"', 'namespace="shop", pod=~"api-.*"'),
        (Kind.MATCHERS, r'path="/a\"b"', r'path="/a\"b"'),
        (Kind.LABELS, "namespace, service", "namespace, service"),
        (Kind.METRIC, "vllm:num_requests_running", "vllm:num_requests_running"),
        (Kind.NUMBER, 0.05, "0.05"),
        (Kind.NUMBER, "1e9", "1e9"),
        (Kind.DURATION, "24h", "24h"),
    ],
)
def test_a_value_that_fits_is_filled_in(kind: Kind, value: object, filled: str) -> None:
    assert Variable("it", "", "", kind).checked(value) == filled


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Kind.TEXT, 'x"} or up{a="', 'it: `x"} or up{a="` is not a plain text. Write it in one'),
        (Kind.TEXT, "two\nlines", "is not a plain text"),
        (Kind.MATCHERS, "namespace=shop", "it: `namespace=shop` is not a list of label matchers"),
        (Kind.MATCHERS, '{namespace="shop"}', "without the braces"),
        (Kind.MATCHERS, 'a="b"} or up{c="d"', "is not a list of label matchers"),
        (Kind.LABELS, "", "it: nothing is not a list of labels"),
        (Kind.LABELS, "a b", "with commas between"),
        (Kind.METRIC, "http-requests", "is not a metric's name"),
        (Kind.NUMBER, "lots", "it: `lots` is not a number. Write it with digits: 0.05"),
        (Kind.NUMBER, True, "is not a number"),
        (Kind.NUMBER, float("nan"), "is not a number"),
        (Kind.DURATION, "soon", "is not a length of time. Write for example 45m, 24h or 7d"),
    ],
)
def test_one_that_does_not_fit_is_refused_with_the_remedy(
    kind: Kind, value: object, said: str
) -> None:
    with pytest.raises(BadArgs) as refused:
        Variable("it", "", "", kind).checked(value)
    assert said in str(refused.value)
