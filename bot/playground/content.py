"""What a message holds, as an app sends it: text, blocks, attachments, metadata; checked."""

import json
from typing import Any

from bot.playground.block_rules import violations
from bot.playground.elements import with_ids
from bot.playground.errors import Refused
from bot.playground.workspace import Workspace

Json = dict[str, Any]
TEXT_LENGTH = 40_000


def parsed(value: Any, wrong: str) -> Any:
    """JSON in a form field, or a value that is JSON already. Raises Refused(`wrong`)."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise Refused(wrong) from error


class Content:
    """Reads and checks; needs the workspace because blocks may name uploaded files."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def read(self, body: Json) -> Json:
        """Fields of a Message: `text`, `blocks`, `attachments`, `metadata`."""
        text = str(body.get("text") or "")
        blocks = parsed(body.get("blocks"), "invalid_blocks_format") or []
        attachments = parsed(body.get("attachments"), "invalid_attachments") or []
        if len(text) > TEXT_LENGTH:
            raise Refused("msg_too_long")
        if not text and not blocks and not attachments:
            raise Refused("no_text")
        self._check(blocks)
        return {
            "text": text,
            "blocks": with_ids(blocks),
            "attachments": self._attachments(attachments),
            "metadata": _metadata(body.get("metadata")),
        }

    def _attachments(self, attachments: Any) -> list[Json]:
        if not isinstance(attachments, list):
            raise Refused("invalid_attachments")
        if len(attachments) > 100:
            raise Refused("too_many_attachments")
        done = []
        for attachment in attachments:
            if not isinstance(attachment, dict):
                raise Refused("invalid_attachments")
            blocks = attachment.get("blocks")
            if blocks is None:
                done.append(attachment)
                continue
            self._check(blocks)
            done.append({**attachment, "blocks": with_ids(blocks)})
        return done

    def _check(self, blocks: Any) -> None:
        wrong = violations(blocks)
        if wrong:
            raise Refused("invalid_blocks", response_metadata={"messages": wrong})
        self.check_files(blocks)

    def check_files(self, value: Any) -> None:
        """Every `slack_file` named anywhere in `value` must have been uploaded."""
        if isinstance(value, list):
            for each in value:
                self.check_files(each)
        elif isinstance(value, dict):
            file = value.get("slack_file")
            if isinstance(file, dict) and file.get("id"):
                self._check_file(file["id"])
            for each in value.values():
                self.check_files(each)

    def _check_file(self, file_id: str) -> None:
        file = self._workspace.files.get(file_id)
        if file is None or file.data is None:
            wrong = f"[ERROR] invalid slack file: {file_id} [json-pointer:/blocks]"
            raise Refused("invalid_blocks", response_metadata={"messages": [wrong]})


def _metadata(value: Any) -> Json | None:
    found = parsed(value, "invalid_metadata_format")
    if found is None:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("event_type"), str):
        raise Refused("invalid_metadata_schema")
    if not isinstance(found.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    return found
