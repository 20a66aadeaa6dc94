"""The `tandem` command, one module a verb: `register(parsers)` adds it, its function runs it.

Each verb is a few lines over the same functions that the bot uses.
"""

import argparse
from typing import TYPE_CHECKING, TypeAlias

# What `add_subparsers` returns; argparse gives it no public name, and no [] at run time.
if TYPE_CHECKING:
    Parsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Parsers = argparse._SubParsersAction
