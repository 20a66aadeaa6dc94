import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.adapters.telemetry.template import check_template, fill, is_name, quoted


@pytest.mark.parametrize(
    ("template", "service", "query"),
    [
        ('up{job="$service"}', "checkout", 'up{job="checkout"}'),
        ('up{job="$service"}', 'x"} or up{a="', r'up{job="x\"} or up{a=\""}'),
        ('up{job="$service"}', "back\\slash", r'up{job="back\\slash"}'),
        ("up{job='$service'}", "it's", r"up{job='it\'s'}"),
        ("up{job='$service'}", 'a"b', "up{job='a\"b'}"),
        ('up{job=~"$service-.*"}', "a.b|.*", r'up{job=~"a\\.b\\|\\.\\*-.*"}'),
        ('up{job!~ "$service"}', "a+b", r'up{job!~ "a\\+b"}'),
        ('{app="$service"} |~ "$service (x|y)"', "a.b", r'{app="a.b"} |~ "a\\.b (x|y)"'),
        ('rate(x{a="$service"}[$window])', "$window", 'rate(x{a="$window"}[90s])'),
        ('label_replace(x{a="$service"}, "b", "$1", "c", "(.*)")', "s", None),
        ('x{a="$services"} + x{a="$service"}', "s", 'x{a="$services"} + x{a="s"}'),
    ],
)
def test_a_name_stands_where_it_was_meant_to(
    template: str, service: str, query: str | None
) -> None:
    expected = template.replace("$service", service) if query is None else query
    assert fill(template, service, 90.4) == expected


@given(st.text(min_size=1, max_size=50))
def test_no_name_leaves_its_quotes(service: str) -> None:
    """What follows the string is still there, and unescaped quotes are only the outer ones."""
    for start in ('x{a="', 'x{a=~"'):
        filled = fill(f'{start}$service"}} + y', service, 60)
        inside = filled.removeprefix(start).removesuffix('"} + y')
        assert len(inside) == len(filled) - len(start) - len('"} + y')
        assert '"' not in inside.replace("\\\\", "").replace('\\"', "")
        assert not inside.replace("\\\\", "").endswith("\\")


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("up", "does not say"),
        ("up{job=$service}", "inside quotes"),
        ("up{job=`$service`}", "inside quotes"),
        ('up{job="$service"} or $service', "inside quotes"),
        ('up{job="$services"}', "does not say"),
    ],
)
def test_a_template_that_is_not_safe_is_refused(template: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_template(template)


def test_a_template_that_is_safe_is_taken() -> None:
    template = 'x{a="`",b="$service",c=`"`}'
    assert check_template(template) == template


@pytest.mark.parametrize(
    ("name", "known"),
    [("checkout", True), ("Checkout Über 2", True), ("", False), ("a\nb", False), ("a\0", False)],
)
def test_what_a_service_may_be_called(name: str, known: bool) -> None:
    assert is_name(name) is known
    assert not is_name("x" * 201)


def test_a_string_of_traceql() -> None:
    assert quoted('a"\\b') == r'"a\"\\b"'
