import pytest

from knowledge.correlation.vocabulary import name_bias, name_tokens


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("KubePodNotReady", {"kube", "pod", "not", "ready"}),
        ("http_5xx-too-high", {"http", "5xx", "too", "high"}),
        ("HTTPErrorRate", {"http", "error", "rate"}),
        ("", set()),
    ],
)
def test_names_fall_into_words(name: str, tokens: set[str]) -> None:
    assert name_tokens(name) == tokens


@pytest.mark.parametrize("name", ["HighErrorRate", "probe-failed", "API latency p99"])
def test_symptoms_sound_like_symptoms(name: str) -> None:
    assert name_bias(name) > 0


@pytest.mark.parametrize("name", ["CertificateExpiresSoon", "backup_job_old", "ClockSkew"])
def test_chores_sound_like_chores(name: str) -> None:
    assert name_bias(name) < 0


def test_unknown_words_say_nothing_and_none_says_much() -> None:
    assert name_bias("Frobnicator") == 0
    assert abs(name_bias("error latency timeout crash outage")) <= 1
