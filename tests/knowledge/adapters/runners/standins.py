"""Programs that stand in for those that are not on every machine."""

import sys
from pathlib import Path

_HEAD = f"#!{sys.executable}\n"

KUBECTL = (
    _HEAD
    + '''
"""Says what it was called with; `get pod broken` fails."""
import json, os, sys
print(json.dumps(sys.argv[1:]))
print(sorted(name for name in os.environ if name.startswith("KUBE")))
sys.exit(1 if "broken" in sys.argv else 0)
'''
)

TERRAFORM = (
    _HEAD
    + '''
"""init, plan -out and apply of a plan: a plan holds the variables and what stood in main.tf."""
import json, os, pathlib, sys
verb, words = sys.argv[1], sys.argv[2:]
given = dict(word.split("=", 1) for word in words if "=" in word)
if verb == "init":
    print("initialised")
elif verb == "plan":
    values = json.loads(pathlib.Path(given["-var-file"]).read_text())
    pathlib.Path(given["-out"]).write_text(json.dumps(values))
    print("Plan: 1 to add", values)
elif verb == "apply":
    values = json.loads(pathlib.Path(words[-1]).read_text())
    pathlib.Path("terraform.tfstate").write_text(json.dumps(values))
    print("Apply complete! Resources: 1 added", values)
else:
    sys.exit(f"unknown {verb}")
'''
)


def program(folder: Path, name: str, text: str) -> str:
    """The whole path of a program with this text."""
    file = folder / name
    file.write_text(text, "utf-8")
    file.chmod(0o755)
    return str(file)
