import pytest

from knowledge.adapters.telemetry.names import Names, check_template

MESH = Names("{service}-svc.{namespace}", "shop", {"eta": "eta-v2.models"})


@pytest.mark.parametrize(
    ("names", "here", "there"),
    [
        (Names(), "checkout", "checkout"),
        (Names("{namespace}-{service}", "shop"), "checkout", "shop-checkout"),
        (Names("{namespace}/{service}", "prod"), "checkout", "prod/checkout"),
        (MESH, "checkout", "checkout-svc.shop"),
        (MESH, "eta", "eta-v2.models"),
    ],
)
def test_names_are_translated_both_ways(names: Names, here: str, there: str) -> None:
    assert names.there(here) == there
    assert names.here(there) == here


@pytest.mark.parametrize("other", ["checkout", "-svc.shop", "checkout-svc.bank", "eta-svc.shop"])
def test_other_names_are_kept(other: str) -> None:
    assert MESH.here(other) == other


@pytest.mark.parametrize("nobody", ["", "a\nb", "x" * 300])
def test_what_is_no_name_stays_none(nobody: str) -> None:
    assert MESH.there(nobody) == nobody


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("shop", "must say {service} once"),
        ("{service}-{service}", "must say {service} once"),
        ("{cluster}-{service}", "nothing else in braces"),
    ],
)
def test_templates_are_checked(template: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_template(template)
