"""Asks OSV, the open database of advisories, about every locked package: `make audit`.

    python deploy/audit.py [--strict] [--ignore ID ...]

Exit code 0: none is known, or the database cannot be reached (it says so, and --strict makes that a
failure); 1: some are. Only names and versions of public packages are sent. The interface is
https://google.github.io/osv.dev/post-v1-querybatch/.
"""

import argparse
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

URL = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 20.0
LICENCES: Mapping[str, Any] = runpy.run_path(str(Path(__file__).parent / "licences.py"))


def known(client: httpx.Client, packages: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """ "name version" -> ids of advisories, for those that have any.

    Raises httpx.HTTPError when the database cannot be asked, ValueError when its answer is of
    another shape.
    """
    queries = [
        {"package": {"ecosystem": "PyPI", "name": name}, "version": version}
        for name, version in packages
    ]
    answer = client.post(URL, json={"queries": queries})
    answer.raise_for_status()
    results = answer.json().get("results")
    if not isinstance(results, list) or len(results) != len(packages):
        raise ValueError("not one result for each package")
    found = {
        f"{name} {version}": sorted(advisory["id"] for advisory in result.get("vulns", ()))
        for (name, version), result in zip(packages, results, strict=True)
    }
    return {package: ids for package, ids in found.items() if ids}


def report(found: Mapping[str, Sequence[str]], ignored: Sequence[str]) -> list[str]:
    """A line for each package with advisories that are not ignored."""
    left = {name: [i for i in ids if i not in ignored] for name, ids in found.items()}
    return [f"{name}: {', '.join(ids)}" for name, ids in sorted(left.items()) if ids]


def main(arguments: Sequence[str] | None = None, client: httpx.Client | None = None) -> int:
    parser = argparse.ArgumentParser(description="Look for known vulnerabilities.")
    parser.add_argument("--strict", action="store_true", help="fail when nobody can be asked")
    parser.add_argument("--ignore", nargs="*", default=[], metavar="ID", help="known to not apply")
    args = parser.parse_args(arguments)
    packages = [(p.name, p.version) for p in LICENCES["shipped"]()]
    try:
        with client or httpx.Client(timeout=TIMEOUT_S) as asking:
            lines = report(known(asking, packages), args.ignore)
    except (httpx.HTTPError, ValueError) as error:
        print(f"audit: skipped, OSV did not answer ({error}). Nothing was checked.")
        return 1 if args.strict else 0
    if lines:
        print(
            f"audit: {len(lines)} of {len(packages)} packages have advisories", *lines, sep="\n  "
        )
        return 1
    print(f"audit: no advisory is known for {len(packages)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
