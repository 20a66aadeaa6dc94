"""Bots are born here: a process that has imported everything and forks one for each line it reads.

A start is then the bot's own work and not Python's imports, which take longer than a hundred kills
may on a busy machine. What is forked is `tandem run` with an environment of its own, as if started
by a shell; a line of stdin is a JSON object with `env`, `folder`, `log` and `largest_file` (bytes,
0 for no limit), a line of stdout the new process's number.
"""

import gc
import json
import os
import resource
import signal
import sys
from typing import Any

import bot.verbs.run  # noqa: F401 what takes its time
from bot.__main__ import main as tandem


def _be(task: dict[str, Any]) -> None:
    """Become a bot."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["folder"])
    log = os.open(task["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for mine, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(mine, standard)
    if task["largest_file"]:
        # Writing beyond it is then an error, as on a full disk, and not the end of the process.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (task["largest_file"], resource.RLIM_INFINITY))
    sys.argv = ["tandem", "run"]
    code = 1
    try:
        code = tandem(sys.argv[1:])
    finally:
        os._exit(code)


def main() -> None:
    # Nobody asks how they ended: the kernel takes them away.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be(json.loads(line))
        print(child, flush=True)


if __name__ == "__main__":
    main()
