import pytest

from knowledge.addresses import without_login


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://u:pw@host:9090/a", "http://host:9090/a"),
        ("postgresql+psycopg://u:p@w@host/x", "postgresql+psycopg://host/x"),
        ("http://host/a@b", "http://host/a@b"),
        ("http://host?mail=a@b", "http://host?mail=a@b"),
        ("host:9090", "host:9090"),
    ],
)
def test_a_login_is_not_told(url: str, told: str) -> None:
    assert without_login(url) == told
