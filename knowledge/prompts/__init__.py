"""What language models are told, as files with versions.

One file for each prompt: `<name>.md`, a front matter with `version:`, then the text. Whoever
changes the text raises the version: it is named on every answer and stored with what the answer
cost, so that answers before and after a change can be told apart.
"""

import re
from functools import cache
from importlib.resources import files

_FILE = re.compile(r"---\nversion: (\d+)\n---\n(.*)", re.DOTALL)


class Prompt(str):
    """The text of a prompt, which knows its name and version.

    It is a `str`, so whoever takes instructions takes it as they are.
    """

    name: str
    version: int

    def __new__(cls, text: str, name: str, version: int) -> "Prompt":
        made = super().__new__(cls, text)
        made.name, made.version = name, version
        return made

    @property
    def label(self) -> str:
        """As it is written on answers: "investigate@2"."""
        return f"{self.name}@{self.version}"


@cache
def prompt(name: str) -> Prompt:
    """The prompt of this name, read once. Raises ValueError when the file is not as described."""
    text = files(__name__).joinpath(f"{name}.md").read_text("utf-8")
    found = _FILE.fullmatch(text)
    if found is None:
        raise ValueError(f"prompt {name}: begin it with ---, version: N, ---")
    return Prompt(found[2].strip(), name, int(found[1]))


def label_of(instructions: str) -> str:
    """The name and version of instructions that came from a file; empty for others."""
    return instructions.label if isinstance(instructions, Prompt) else ""
