from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from knowledge.errors import UserError
from knowledge.promotion.policy import DEFAULT_POLICY, Freeze, Mode, OnWorse, Policy, QuietHours
from knowledge.promotion.policy_file import Policies, parse_policies, parse_quiet, read_policies

FILE = """
[default]
approvers = ["@ml-leads", "U0ADA"]
expires = "12h"
quiet_hours = ["fri 16:00-24:00 Europe/Berlin"]
[default.gates.significance]
mode = "warn"
level = 0.9
[default.canary]
watch = "6h"

[model."fraud-*"]
needed = 2
sign_offs = {risk = ["@risk"]}
less_is_better = ["cost"]
[model."fraud-*".gates.significance]
override = ["S0LEADS"]
unknown = "prevent"

[model.fraud-eu]
needed = 3
canary = {on_worse = "roll back"}
ask_when = {tag = "stage", value = "ready"}

[[freeze]]
from = 2026-12-20T00:00:00+01:00
to = 2027-01-02T00:00:00+01:00
reason = "end of the year"
models = ["fraud-*"]
"""


def test_without_a_file_every_model_has_the_default() -> None:
    assert Policies().of("anything") == DEFAULT_POLICY


def test_what_is_said_for_a_model_is_laid_over_what_is_said_for_all() -> None:
    policies = parse_policies(FILE)
    plain, fraud, eu = (policies.of(m) for m in ("eta-model", "fraud-us", "fraud-eu"))
    assert (plain.needed, fraud.needed, eu.needed) == (1, 2, 3)
    assert plain.approvers == fraud.approvers == eu.approvers == ("@ml-leads", "U0ADA")
    assert eu.expires_after == timedelta(hours=12)
    assert eu.sign_offs == {"risk": ("@risk",)}
    assert fraud.direction == {"cost": False}
    assert (eu.canary.watch, eu.canary.on_worse) == (timedelta(hours=6), OnWorse.ROLL_BACK)
    assert (plain.ask_when, eu.ask_when) == (("", ""), ("stage", "ready"))
    assert policies.tags == {"stage"}


def test_a_gates_table_is_its_rule_and_its_own_settings() -> None:
    rule = parse_policies(FILE).of("fraud-eu").gates["significance"]
    assert (rule.mode, rule.unknown) == (Mode.WARN, Mode.PREVENT)
    assert rule.override == ("S0LEADS",)
    assert rule.settings == {"level": 0.9}


def test_a_freeze_holds_for_the_models_it_names() -> None:
    policies = parse_policies(FILE)
    start = datetime(2026, 12, 19, 23, tzinfo=UTC)
    end = datetime(2027, 1, 1, 23, tzinfo=UTC)
    assert policies.of("fraud-eu").freezes == (Freeze(start, end, "end of the year"),)
    assert policies.of("eta-model").freezes == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[default]\nneeded = 0", "default: needed: Input should be greater than or equal to 1"),
        ("[default]\nneded = 1", "default: neded: no such field; there are primary"),
        ('[default]\napprovers = ["ada"]', "approvers: 'ada' is neither a user id"),
        ('[model.x.gates.age]\noverride = ["bob"]', "gates.age.override: 'bob' is neither"),
        ('[default]\nexpires = "soon"', "expires: 'soon' is not a length of time"),
        ('[default]\nexpires = "0h"', "expires: give more than 0"),
        ('[default]\ncanary = {watch = "1000d"}', "canary.watch: at most 90d"),
        ('[default]\nquiet_hours = ["at night"]', "'at night' cannot be read; write for example"),
        ('[default]\nquiet_hours = ["10:00-12:00 Mars/X"]', "there is no time zone 'Mars/X'"),
        ('[default]\nquiet_hours = ["xyz 10:00-12:00"]', "'xyz' is no day"),
        ('[default]\nquiet_hours = ["10:00-29:00"]', "'29:00' is no time of day"),
        ('[model."f*".gates.age]\nmode = "block"', 'model."f*": gates.age.mode: Input should be'),
        ("[[freeze]]\nfrom = 2026-01-02T00:00:00Z\nto = 2026-01-01T00:00:00Z", "`to` must come"),
        ("[[freeze]]\nfrom = 2026-01-02T00:00:00\nto = 2026-01-03T00:00:00Z", "timezone"),
        ("[defaults]\n", "defaults: no such field"),
        ("[default", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_table_and_field(text: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        parse_policies(text)
    assert str(error.value).startswith("promotion.toml")
    assert says in str(error.value)


def test_what_else_is_wrong_with_a_policy_is_said_with_its_table() -> None:
    def check(policy: Policy) -> list[str]:
        return [f"gates.{g}: there is no such gate" for g in policy.gates if g != "age"]

    text = "[default.gates.age]\n[model.eta.gates.magic]\n"
    with pytest.raises(UserError, match=r'model\."eta": gates\.magic: there is no such gate'):
        parse_policies(text, check=check)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"TANDEM_PROMOTION.*nowhere\.toml cannot be read"):
        read_policies(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(UserError, match="is not UTF-8"):
        read_policies(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("22:00-07:00", QuietHours(frozenset(range(7)), time(22), time(7), "UTC")),
        ("fri-mon 00:00-24:00", QuietHours(frozenset({4, 5, 6, 0}), time(0), time(0), "UTC")),
        (
            "sat, sun 10:00-12:30 Asia/Tokyo",
            QuietHours(frozenset({5, 6}), time(10), time(12, 30), "Asia/Tokyo"),
        ),
    ],
)
def test_quiet_hours_as_people_write_them(text: str, is_: QuietHours) -> None:
    assert parse_quiet(text) == is_
