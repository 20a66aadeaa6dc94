"""The lock is complete, agrees with what the tests run on, and names no place to fetch from."""

import re
import runpy
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy" / "lock"
LOCK: Mapping[str, Any] = runpy.run_path(str(ROOT / "deploy" / "lock.py"))
PIN = re.compile(r"([a-z0-9-]+)==([\w.]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def pins(name: str) -> dict[str, tuple[str, int]]:
    """Package -> version and number of hashes; the file holds nothing else but its head."""
    text = (FOLDER / f"{name}.txt").read_text("utf-8").removeprefix(LOCK["HEAD"])
    found = PIN.findall(text)
    assert "".join(f"{n}=={v}{h}\n" for n, v, h in found) == text
    return {n: (v, h.count("sha256")) for n, v, h in found}


PARTS = ("tandem", "torch", *LOCK["EXTRAS"])
EVERY = {name: pin for part in PARTS for name, pin in pins(part).items()}


def test_every_file_is_one_that_is_made() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {*PARTS, "build"}


@pytest.mark.parametrize("part", ["tandem", "build", *LOCK["EXTRAS"]])
def test_what_is_wanted_is_locked_at_a_version_that_will_do(part: str) -> None:
    locked = {**EVERY, **pins("build")}
    for wanted in LOCK["wanted"]()[part]:
        version, _ = locked[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), wanted


def test_the_versions_are_those_of_the_constraints() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            wanted = Requirement(line)
            found = EVERY.get(canonicalize_name(wanted.name))
            assert found is None or wanted.specifier.contains(found[0]), line


@pytest.mark.parametrize("part", ["tandem", *LOCK["EXTRAS"]])
def test_what_the_packages_need_is_locked_too(part: str) -> None:
    """By what is installed here, where it is of the locked version."""
    there = {**pins("tandem"), **pins("torch"), **pins(part)}
    checked = 0
    for name, (version, _) in pins(part).items():
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if Version(installed.version) != Version(version):
            continue
        checked += 1
        for line in installed.requires or ():
            needed = Requirement(line)
            environment = {"extra": "", "sys_platform": "linux"}
            if needed.marker is None or needed.marker.evaluate(environment):
                found = there.get(canonicalize_name(needed.name))
                assert found, f"{name} needs {needed}"
                assert needed.specifier.contains(found[0]), f"{name} needs {needed}"
    assert checked >= len(pins(part)) // 2


def test_compiled_packages_have_a_wheel_for_each_processor() -> None:
    assert all(1 <= hashes <= 2 for _, hashes in EVERY.values())
    compiled = {
        "numpy",
        "scipy",
        "pyarrow",
        "faiss-cpu",
        "orjson",
        "cryptography",
        "psycopg-binary",
    }
    assert {name for name in compiled if EVERY[name][1] != 2} == set()
