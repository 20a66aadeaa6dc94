"""In which order the workers of pytest-xdist take the files, and which files stay together.

The longest go first, so that none is left over at the end for one worker alone. The files that need
MLflow go to one worker, which then starts it once. Nothing depends on either: a file that is
missing in these lists only makes the run longer.
"""

from collections import Counter

import pytest
from xdist.scheduler import LoadFileScheduling

WITH_MLFLOW = frozenset(
    {
        *(f"tests/knowledge/adapters/mlflow/test_{n}.py" for n in ("details", "how_to", "prompts")),
        *(f"tests/knowledge/adapters/mlflow/test_{n}.py" for n in ("registry", "server")),
        "tests/knowledge/adapters/test_models_port.py",
        "tests/scenarios/test_mlflow_webhook.py",
        "tests/scenarios/test_promotion_browser.py",
        "tests/scenarios/test_promotion_kills.py",
        "tests/scenarios/test_real_servers.py",
        "tests/scenarios/test_restart.py",
    }
)
LONGEST = (
    "tests/scenarios/test_demo.py",
    *sorted(WITH_MLFLOW),
    "tests/skills/test_contract.py",
    "tests/scenarios/test_llm.py",
    "tests/scenarios/test_bad_input.py",
)
"""Half a minute or more each; what follows them starts with the file of the most tests."""


class Files(LoadFileScheduling):
    """A file is run by one worker, and so are all that need MLflow."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "with MLflow" if file in WITH_MLFLOW else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Files | None:
    if config.getvalue("dist") != "loadfile":
        return None
    # Its own order, by the number of tests, would undo the one below.
    config.option.loadscopereorder = False
    return Files(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    tests = Counter(map(_file, items))
    ranks = {file: rank for rank, file in enumerate(LONGEST)}

    def place(item: pytest.Item) -> tuple[int, int, str]:
        file = _file(item)
        return ranks.get(file, len(LONGEST)), -tests[file], file

    items.sort(key=place)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
