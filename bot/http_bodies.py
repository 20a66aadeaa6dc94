"""What all ways in over HTTP share: bodies within limits, and refusals that say why."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from bot.webhooks.fields import clean


class Refusal(Exception):
    """A request that is not taken, with the answer that says why."""

    def __init__(self, status: int, field: str, problem: str) -> None:
        super().__init__(problem)
        answer = {"error": {"field": clean(field), "problem": clean(problem)}}
        self.response = JSONResponse(answer, status)


def too_large(most: int) -> Refusal:
    return Refusal(413, "body", f"larger than {most} bytes")


async def read_body(request: Request, most: int) -> bytes:
    """As it was sent. Raises Refusal when it is too large or ends too early."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise too_large(most)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise too_large(most)
    except ClientDisconnect:
        raise Refusal(400, "body", "it ended before it was complete") from None
    return b"".join(chunks)
