from dataclasses import replace

from knowledge.library.texts import (
    chunks,
    embedded_texts,
    explains,
    full_text,
    nearest_sentences,
    sections_with,
    words_of,
)
from knowledge.records import Document


def test_chunks_cover_the_text_and_a_short_rest_joins() -> None:
    text = " ".join(str(n) for n in range(260))
    parts = chunks(text)
    assert [len(part.split()) for part in parts] == [120, 140]
    assert " ".join(parts) == text
    assert chunks("") == [""]


def test_full_text_says_each_part_once() -> None:
    document = Document("a", "t", "It was the disk.", root_cause="It was the disk.", resolution="X")
    assert full_text(document) == "It was the disk.\nX"
    assert words_of(replace(document, tags=("kafka",))) == "t\nIt was the disk.\nX\nkafka"


def test_a_passage_is_the_telling_sentence_and_short() -> None:
    passage = "We met at noon. The broker had no space left. Then lunch. " + "word " * 100
    assert nearest_sentences(passage, "no space", lambda _: 1.0).startswith("The broker had")
    assert len(nearest_sentences("word " * 200, "word", lambda _: 1.0)) <= 240
    assert nearest_sentences("", "x", lambda _: 1.0) == ""


def test_the_title_is_embedded_alone_and_above_each_passage() -> None:
    document = Document("a", "Disk full", "Disk full. No space left.")
    assert embedded_texts(document) == ["Disk full", "Disk full. No space left."]


def test_a_document_explains_or_only_reports() -> None:
    assert explains(Document("a", "t", "We are investigating.", resolution="restarted"))
    assert explains(Document("a", "t", "Errors were caused by a bad deploy."))
    assert not explains(Document("a", "t", "We are investigating reports of errors."))


MARKDOWN = """# Broker stopped

## Impact
Orders were late for an hour.

## What happened
The disk of the broker was full.
"""


def test_sections_are_the_headings_above_the_words() -> None:
    document = Document("a", "Broker stopped", MARKDOWN, resolution="Lowered the retention")
    assert sections_with(document, "disk full", lambda _: 1.0) == ("what happened",)
    assert sections_with(document, "retention", lambda _: 1.0) == ("resolution",)
    assert sections_with(document, "late orders, broker", lambda _: 1.0) == (
        "impact",
        "title",
        "what happened",
    )
    assert sections_with(document, "kafka", lambda _: 1.0) == ()


def test_text_without_headings_is_the_description() -> None:
    document = Document("a", "Broker stopped", "Broker stopped. The disk was full.")
    assert sections_with(document, "disk", lambda _: 1.0) == ("description",)
