"""Give freed memory back to the system.

glibc keeps what was freed for the next time, in a pool for each thread that allocated. After torch
has worked through a batch that is some 100 MB which may not be asked for again for hours.
"""

import ctypes
from functools import cache


def give_back() -> bool:
    """Some milliseconds; from any thread. False where the system's C library cannot do it."""
    trim = _malloc_trim()
    if trim is None:
        return False
    trim(0)
    return True


@cache
def _malloc_trim() -> "ctypes._NamedFuncPointer | None":
    """glibc's; musl's and macOS's libraries have none and need none."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
