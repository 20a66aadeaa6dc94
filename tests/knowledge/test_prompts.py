"""Prompts are files with versions."""

from importlib.resources import files

import pytest

from knowledge.prompts import label_of, prompt

NAMES = sorted(f.name[:-3] for f in files("knowledge.prompts").iterdir() if f.name.endswith(".md"))


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_version_and_a_text(name: str) -> None:
    found = prompt(name)
    assert found.version >= 1
    assert label_of(found) == f"{name}@{found.version}"
    assert "---" not in found
    assert len(found) > 100


def test_words_that_are_no_file_have_no_label() -> None:
    assert label_of("Be brief.") == ""


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(FileNotFoundError):
        prompt("nothing")
