"""A language model behind any OpenAI-compatible endpoint, through LangChain; nowhere else."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import httpx

from knowledge.deadline import within
from knowledge.errors import Unavailable
from knowledge.ledger import SYSTEM, estimate
from knowledge.ports import Choice, Ledger, Spent, Tool
from knowledge.prompts import label_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_openai import ChatOpenAI

MOST_OUT = 1500
"""Tokens that one answer may have. It is told to the model and set aside in the ledger."""

NO_ANSWER = "no answer within"
"""How the message of a call that took too long begins."""


class Endpoint:
    """One model at one address: every call has an end, is paid from the ledger, and fails as
    Unavailable.

    A call ends within its `timeout`, also when the server drips its answer byte by byte: the caller
    stops waiting and the connection is closed. Temperature is 0; `max_retries` after passing
    errors. `transport` replaces the network, for programs that bring their own model.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        model: str,
        max_retries: int = 1,
        ledger: Ledger | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url or None
        self._api_key = api_key or "none"
        self.model = model
        self.ledger = ledger
        self._max_retries = max_retries
        self._transport = transport
        self._tls = ssl.create_default_context()

    def ask(
        self, prompt: str, most_in: int, timeout: float, call: Callable[[ChatOpenAI], AIMessage]
    ) -> AIMessage:
        """The answer to one call. `prompt` is the label it is booked under, `most_in` the most
        tokens it sends. Raises Unavailable, also when a limit of the ledger is reached."""
        with self._paid(prompt, most_in) as spent:
            try:
                answer = self._answer(timeout, call)
            except Unavailable as error:
                if spent is not None and error.why.startswith(NO_ANSWER):
                    # It was sent, and most who send bills count it although nobody waited.
                    spent.took(most_in, 0)
                raise
            if spent is not None:
                spent.took(*tokens_of(answer, most_in))
        return answer

    def _paid(self, prompt: str, most_in: int) -> AbstractContextManager[Spent | None]:
        if self.ledger is None:
            return nullcontext()
        return self.ledger.answer(self.model, prompt, most_in, MOST_OUT)

    def _answer(self, timeout: float, call: Callable[[ChatOpenAI], AIMessage]) -> AIMessage:
        # LangChain takes a second to import; only those who use a model pay for it.
        from langchain_core.messages import AIMessage

        client = httpx.Client(verify=self._tls, timeout=timeout, transport=self._transport)
        try:
            answer = within(timeout, lambda: self._translated(client, timeout, call), SYSTEM)
        finally:
            client.close()
        if not isinstance(answer, AIMessage):
            raise Unavailable(SYSTEM, "its answer is not a chat message")
        return answer

    def _translated(
        self, client: httpx.Client, timeout: float, call: Callable[[ChatOpenAI], AIMessage]
    ) -> AIMessage:
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        try:
            return call(self.chat(client, timeout))
        except APITimeoutError:
            raise Unavailable(SYSTEM, f"{NO_ANSWER} {timeout:g} s") from None
        except APIConnectionError as error:
            raise Unavailable(SYSTEM, f"cannot be reached ({error.__cause__ or error})") from error
        except APIStatusError as error:
            again = error.status_code == 429 or error.status_code >= 500
            raise Unavailable(
                SYSTEM, f"it answered with status {error.status_code}", retry=again
            ) from error
        except (OpenAIError, httpx.HTTPError) as error:
            raise Unavailable(SYSTEM, str(error)) from error
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            # LangChain reads whatever comes back; an answer of another shape ends in one of these.
            raise Unavailable(SYSTEM, "its answer could not be understood") from error

    def chat(self, client: httpx.Client | None = None, timeout: float | None = None) -> ChatOpenAI:
        """LangChain's model for it, over this client."""
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(
            model=self.model,
            base_url=self._base_url,
            api_key=lambda: self._api_key,
            temperature=0,
            max_completion_tokens=MOST_OUT,
            timeout=timeout,
            max_retries=self._max_retries,
            http_client=client,
        )


class OpenAILLM:
    """Implements the `LLM` port; every call ends within `timeout` seconds."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        model: str,
        timeout: float,
        max_retries: int = 1,
        ledger: Ledger | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.endpoint = Endpoint(base_url, api_key, model, max_retries, ledger, transport)
        self._timeout = timeout

    def warm(self) -> None:
        """Import LangChain, so that the first question does not pay for it."""
        import langchain_openai  # noqa: F401

    @property
    def name(self) -> str:
        return self.endpoint.model

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        """The first call of a known tool that the model makes, or None when it makes none."""
        if not tools:
            return None
        schemas = [schema(tool) for tool in tools]
        answer = self._ask(
            instructions,
            (text, json.dumps(schemas)),
            lambda chat: chat.bind_tools(schemas, tool_choice="auto").invoke(
                [("system", instructions), ("human", text)]
            ),
        )
        known = {tool.name for tool in tools}
        for call in answer.tool_calls:
            if call["name"] in known and isinstance(call["args"], Mapping):
                return Choice(call["name"], dict(call["args"]))
        return None

    def write(self, instructions: str, text: str) -> str:
        """What it writes. An empty answer counts as none and raises Unavailable."""
        answer = self._ask(
            instructions,
            (text,),
            lambda chat: chat.invoke([("system", instructions), ("human", text)]),
        )
        written = text_of(answer)
        if not written:
            raise Unavailable(SYSTEM, "it gave an empty answer")
        return written

    def _ask(
        self, instructions: str, sent: Sequence[str], call: Callable[[ChatOpenAI], AIMessage]
    ) -> AIMessage:
        most_in = estimate((instructions, *sent))
        return self.endpoint.ask(label_of(instructions), most_in, self._timeout, call)


def schema(tool: Tool) -> dict[str, Any]:
    """A tool as OpenAI's interface describes functions."""
    parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def text_of(answer: AIMessage) -> str:
    """What it wrote; empty when it only called tools."""
    content = answer.content
    return content.strip() if isinstance(content, str) else ""


def tokens_of(answer: AIMessage, most_in: int) -> tuple[int, int]:
    """In and out as the endpoint counts them, else as estimated."""
    used = answer.usage_metadata
    if used:
        return used["input_tokens"], used["output_tokens"]
    return most_in, estimate([text_of(answer), json.dumps(answer.tool_calls, default=str)])
