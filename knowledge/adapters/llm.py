"""A language model behind any OpenAI-compatible endpoint, through LangChain; nowhere else."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx

from knowledge.deadline import within
from knowledge.errors import Unavailable
from knowledge.ports import Choice, Tool

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_openai import ChatOpenAI

_SYSTEM = "the language model"


class OpenAILLM:
    """Implements the `LLM` port.

    Every call ends within `timeout` seconds, also when the server drips its answer byte by byte:
    the caller stops waiting and the connection is closed. Temperature is 0; one retry at most.
    Everything that goes wrong outside is raised as Unavailable.
    """

    def __init__(
        self, base_url: str, api_key: str, model: str, timeout: float, max_retries: int = 1
    ) -> None:
        self._base_url = base_url or None
        self._api_key = api_key or "none"
        self._model = model
        self._timeout = timeout
        self._max_retries = max_retries
        self._tls = ssl.create_default_context()

    def warm(self) -> None:
        """Import LangChain, so that the first question does not pay for it."""
        import langchain_openai  # noqa: F401

    @property
    def name(self) -> str:
        return self._model

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        """The first call of a known tool that the model makes, or None when it makes none."""
        if not tools:
            return None
        schemas = [_schema(tool) for tool in tools]
        answer = self._ask(
            lambda chat: chat.bind_tools(schemas, tool_choice="auto").invoke(
                [("system", instructions), ("human", text)]
            )
        )
        known = {tool.name for tool in tools}
        for call in answer.tool_calls:
            if call["name"] in known and isinstance(call["args"], Mapping):
                return Choice(call["name"], dict(call["args"]))
        return None

    def write(self, instructions: str, text: str) -> str:
        """What it writes. An empty answer counts as none and raises Unavailable."""
        answer = self._ask(lambda chat: chat.invoke([("system", instructions), ("human", text)]))
        content = answer.content
        written = content.strip() if isinstance(content, str) else ""
        if not written:
            raise Unavailable(_SYSTEM, "it gave an empty answer")
        return written

    def _ask(self, call: Callable[[ChatOpenAI], Any]) -> AIMessage:
        # LangChain takes a second to import; only those who use a model pay for it.
        from langchain_core.messages import AIMessage

        client = httpx.Client(verify=self._tls, timeout=self._timeout)
        try:
            answer = within(self._timeout, lambda: self._translated(client, call), _SYSTEM)
        finally:
            client.close()
        if not isinstance(answer, AIMessage):
            raise Unavailable(_SYSTEM, "its answer is not a chat message")
        return answer

    def _translated(self, client: httpx.Client, call: Callable[[ChatOpenAI], Any]) -> Any:
        from langchain_openai import ChatOpenAI
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        try:
            chat = ChatOpenAI(
                model=self._model,
                base_url=self._base_url,
                api_key=lambda: self._api_key,
                temperature=0,
                timeout=self._timeout,
                max_retries=self._max_retries,
                http_client=client,
            )
            return call(chat)
        except APITimeoutError:
            raise Unavailable(_SYSTEM, f"no answer within {self._timeout:g} s") from None
        except APIConnectionError as error:
            raise Unavailable(_SYSTEM, f"cannot be reached ({error.__cause__ or error})") from error
        except APIStatusError as error:
            again = error.status_code == 429 or error.status_code >= 500
            raise Unavailable(
                _SYSTEM, f"it answered with status {error.status_code}", retry=again
            ) from error
        except (OpenAIError, httpx.HTTPError) as error:
            raise Unavailable(_SYSTEM, str(error)) from error
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            # LangChain reads whatever comes back; an answer of another shape ends in one of these.
            raise Unavailable(_SYSTEM, "its answer could not be understood") from error


def _schema(tool: Tool) -> dict[str, Any]:
    parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}
