"""Every shipped package is listed, its licence known and allowed."""

import re
import runpy
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
LICENCES: Mapping[str, Any] = runpy.run_path(str(ROOT / "deploy" / "licences.py"))
ROW = re.compile(r"^\| ([a-z0-9-]+) \| (\S+) \| ([^|]+) \| (\w*) \|$", re.MULTILINE)
_, *LISTED = ROW.findall((ROOT / "deploy" / "THIRD_PARTY.md").read_text("utf-8"))
SHIPPED = LICENCES["shipped"]()


def test_the_page_lists_what_the_lock_holds() -> None:
    expected = [(p.name, p.version, "" if p.part == "tandem" else p.part) for p in SHIPPED]
    listed = [(name, version, part) for name, version, _, part in LISTED]
    assert listed == expected, "run: python deploy/licences.py"


def test_every_licence_is_known_and_allowed() -> None:
    for name, _, licence, _ in LISTED:
        assert LICENCES["is_known"](licence), name
        assert LICENCES["may_ship"](name, licence), f"{name}: {licence}"


def test_the_page_says_what_the_installed_packages_say() -> None:
    compared = 0
    for name, locked, licence, _ in LISTED:
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        if installed.partition("+")[0] == locked:
            assert LICENCES["licence"](name) == licence, name
            compared += 1
    assert compared > len(LISTED) // 2


def test_what_an_image_holds_by_default_is_under_no_strong_copyleft() -> None:
    for name, _, licence, part in LISTED:
        if part in ("", "torch", "postgresql"):
            assert LICENCES["names"](licence) <= LICENCES["ALLOWED"], name


@pytest.mark.parametrize(
    ("package", "licence", "may"),
    [
        ("a", "MIT", True),
        ("a", "MIT OR GPL-3.0-only", True),
        ("a", "MIT AND GPL-3.0-only", False),
        ("a", "AGPL-3.0-only", False),
        ("a", "MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("a", "Apache-2.0 WITH LLVM-exception", True),
        ("a", "", False),
        ("a", "Proprietary", False),
        ("a", "GPL-3.0-or-later", False),
        ("ansible-core", "GPL-3.0-or-later", True),
    ],
)
def test_which_licences_may_be_shipped(package: str, licence: str, may: bool) -> None:
    assert LICENCES["may_ship"](package, licence) is may


def test_the_bill_of_materials_is_whole() -> None:
    bill = LICENCES["bill"]([(p, "MIT") for p in SHIPPED])
    refs = {component["bom-ref"] for component in bill["components"]}
    assert len(refs) == len(SHIPPED)
    assert all(component["hashes"] for component in bill["components"])
    root, *others = bill["dependencies"]
    assert root["ref"] == bill["metadata"]["component"]["bom-ref"]
    assert {other["ref"] for other in others} == refs
    assert all(set(entry["dependsOn"]) <= refs for entry in bill["dependencies"])
    assert any("/slack-bolt@" in ref for ref in root["dependsOn"])
