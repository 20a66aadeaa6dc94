"""Nothing secret leaves, and everything comes back."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.redact import Mask, redact, visible


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("mail ann.lee+x@corp.example now", "ann.lee+x@corp.example"),
        ("db at postgres://app:s3cr3t@db.example/x", "s3cr3t"),
        ("Authorization: Bearer abcdef123456789", "abcdef123456789"),
        ("use sk-abcdefghijklmnop1234", "sk-abcdefghijklmnop1234"),
        ("xoxb-1234567890-abcdef leaked", "xoxb-1234567890-abcdef"),
        ("Xoxb-1234567890-abcdef leaked", "Xoxb-1234567890-abcdef"),
        ("Ghp_abcdefghij1234567890", "Ghp_abcdefghij1234567890"),
        ("key AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("DB_PASSWORD=hunter2!", "hunter2!"),
        ("the api_key is qwerty-123", "qwerty-123"),
        ("node 10.20.30.40 is slow", "10.20.30.40"),
        ("via 2001:db8:0:0:0:ff00:42:8329", "2001:db8:0:0:0:ff00:42:8329"),
        ("via fe80::1ff:fe23", "fe80::1ff:fe23"),
        ("call +49 30 1234567", "+49 30 1234567"),
        ("card 4111 1111 1111 1111 was charged", "4111 1111 1111 1111"),
        ("iban DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
        ("jwt eyJhbGciOi.eyJzdWIiOi.abc-def", "eyJhbGciOi.eyJzdWIiOi.abc-def"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "MIIE"),
        ("digest 9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"),
    ],
)
def test_secrets_are_masked_and_come_back(text: str, secret: str) -> None:
    masked, mask = redact(text)
    assert secret not in masked
    assert mask.unmask(masked) == text


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


LOGIN = "postgres://app:s3cr3t-pw@db.example/orders"


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ('{"password": "hunter2-abc", "user": "x"}', ("hunter2-abc",)),
        ('{\\"password\\": \\"hunter2-abc\\"}', ("hunter2-abc",)),
        ("{'api_key' => 'qwerty-12345'}", ("qwerty-12345",)),
        ("password:\n  hunter2-abc", ("hunter2-abc",)),
        ("password: |\n  hunter2-abc", ("hunter2-abc",)),
        ('password="hunter2-\nabc9"', ("hunter2-", "abc9")),
        ("xoxb-1234567890-\n  abcdef4567", ("xoxb-1234567890", "abcdef4567")),
        ("ghp_abcdefghij\\\n1234567890abcdef", ("ghp_abcdefghij", "1234567890abcdef")),
        ('"sk-abcdefgh" +\n  "ijklmnop1234"', ("sk-abcdefgh", "ijklmnop1234")),
        (f"see {quote(LOGIN, safe='')} for it", ("s3cr3t-pw", "app%3A")),
        (quote(quote("token=abcdef-98765", safe=""), safe=""), ("abcdef-98765",)),
        ("url?q=password%3Dhunter2%2Dabc", ("hunter2",)),
        ("&#112;assword&equals;hunter2-abc", ("hunter2-abc",)),
        ("\\u0070assword=\\u0068unter2-abc", ("unter2-abc",)),
        ("xoxb-12345678\u200b90-abcdef", ("xoxb-12345678", "90-abcdef")),
        ("pass\u00adword: hunter2-abc", ("hunter2-abc",)),
        ("ｐａｓｓｗｏｒｄ＝ｈｕｎｔｅｒ２", ("ｈｕｎｔｅｒ２",)),
        (f"run {b64(LOGIN)} now", (b64(LOGIN),)),
        (f"run {b64(b64('api_key=qwerty-12345'))} now", (b64(b64("api_key=qwerty-12345")),)),
        (f"{b64(LOGIN)[:24]}\n{b64(LOGIN)[24:]}", (b64(LOGIN)[:24], b64(LOGIN)[24:])),
        (f"0x {LOGIN.encode().hex()}", (LOGIN.encode().hex(),)),
        (f"mail {b64('ann.lee@corp.example')}", (b64("ann.lee@corp.example"),)),
        ("Passwort: geheim-77", ("geheim-77",)),
        ("contraseña: secreto-77", ("secreto-77",)),
    ],
)
def test_secrets_in_disguise_are_masked_and_come_back(text: str, secrets: tuple[str, ...]) -> None:
    masked, mask = redact(text)
    assert [secret for secret in secrets if secret in masked] == []
    assert mask.unmask(masked) == text


def test_people_get_addresses_back_and_credentials_not() -> None:
    masked, mask = redact("ann@x.example on 10.0.0.7 used password=hunter2-abc at 9f86d081884c7d65")
    assert mask.for_reader(masked) == (
        "ann@x.example on 10.0.0.7 used password=[secret] at 9f86d081884c7d65"
    )
    assert mask.for_reader("<EMAIL_7> stays") == "<EMAIL_7> stays"


def test_what_nobody_sees_is_taken_out() -> None:
    tags = "".join(chr(0xE0000 + ord(c)) for c in "promote it")
    assert visible(f"che\u200bckout{tags} is\u202e slow") == "checkout is slow"


@pytest.mark.parametrize(
    "text",
    [
        "services/checkout/overlays/production/kustomization.yaml changed",
        "GET /api/v2/orders?status=open&limit=50 took 910 ms, 100%25 of them",
        "checkout-7f9c4d8b6-x2x4v OOMKilled; see https://wiki.example/a%20b",
        "the token bucket is empty",
        "8.14.0 deployed at 10:02, 2,740 requests failed 10:02-10:37",
        "2025-01-14T10:07:00Z p95 910 ms on gpu-t4-6",
        "migration 0219 on 310M rows; INC-2051, dep-18001",
        "class Pool::Client of search-api v3.20.1",
        "1,460 deliveries between 06:10 and 09:50",
    ],
)
def test_what_an_incident_needs_stays(text: str) -> None:
    assert redact(text)[0] == text


def test_one_value_has_one_placeholder_across_texts() -> None:
    first, mask = redact("a@x.example and b@x.example")
    second, mask = redact("b@x.example again, c@x.example", mask)
    assert first == "<EMAIL_1> and <EMAIL_2>"
    assert second == "<EMAIL_2> again, <EMAIL_3>"
    assert mask.unmask(second) == "b@x.example again, c@x.example"


def test_placeholders_that_were_never_given_out_stay() -> None:
    assert Mask().unmask("<EMAIL_9>") == "<EMAIL_9>"


pieces = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "a@b.example",
            "10.0.0.1",
            "password=abc123",
            "<EMAIL_1>",
            "<IP_2>",
            "::1",
            "+1 555 123 4567",
            "https://u:p@h.example",
            "sk-aaaaaaaaaaaaaaaa",
            "<LITERAL_1>",
            "token: <KEY_1>",
            "<",
            "_1>",
        ]
    ),
)


@given(st.lists(pieces, max_size=8).map(" ".join))
def test_the_round_trip_loses_nothing(text: str) -> None:
    masked, mask = redact(text)
    assert mask.unmask(masked) == text


@given(st.lists(pieces, max_size=8).map("".join))
def test_also_without_blanks_between(text: str) -> None:
    masked, mask = redact(text)
    assert mask.unmask(masked) == text
    assert "a@b.example" not in masked.split()
