from knowledge.remediation.masking import mask, tail


def test_secrets_are_masked_and_addresses_are_not() -> None:
    shown = mask("10.0.0.7 pg://u:pw@db token=abcdef1234 hunter2!", {"hunter2!", "1"})
    assert "10.0.0.7" in shown
    for secret in ("pw@", "abcdef1234", "hunter2!"):
        assert secret not in shown


def test_what_was_written_as_a_mask_stays() -> None:
    assert mask("<EMAIL_1> is not yours") == "<EMAIL_1> is not yours"


def test_the_end_counts() -> None:
    assert tail("a\nb\n") == "a\nb"
    assert tail("a\nb\nc", lines=2) == "[...]\nb\nc"
    assert tail("one\ntwo\nthree", characters=8) == "[...]\nthree"
    assert tail("x" * 10, characters=4) == "[...]\nxxxx"
