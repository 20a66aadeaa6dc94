"""An investigation by LangChain's agent: the loop of a model and its tools, nowhere else.

The agent gets nothing but what `knowledge.investigation` lets through: results are quoted, masked
and numbered, every call of the model is paid from the ledger and within the budget.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from knowledge.adapters.llm import MOST_OUT, NO_ANSWER, Endpoint, text_of, tokens_of
from knowledge.errors import Unavailable
from knowledge.investigation import Desk, read_answer
from knowledge.ledger import SYSTEM, estimate
from knowledge.ports import ReadTool
from knowledge.prompts import prompt
from knowledge.records import Budget, Claim, Ended, Investigation, ToolResult

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.tools import StructuredTool
    from langchain_openai import ChatOpenAI

LOOKS_PER_STEP = 3
"""Tools that a step may use on average; more are answered with a word."""
LAST_STEP = "This is the last step: no more tools. Answer now with the JSON object."


class LangChainInvestigator:
    """Implements the `Investigator` port."""

    def __init__(self, endpoint: Endpoint, budget: Budget) -> None:
        self._endpoint = endpoint
        self._budget = budget

    @property
    def name(self) -> str:
        return self._endpoint.model

    def investigate(
        self, question: str, tools: Sequence[ReadTool], on_result: Callable[[ToolResult], None]
    ) -> Investigation:
        # The loop takes seconds to import; only those who use it pay for it.
        from langchain.agents import create_agent
        from langchain_core.messages import HumanMessage

        desk = Desk(f"data-{secrets.token_hex(8)}", LOOKS_PER_STEP * self._budget.steps, on_result)
        instructions = prompt("investigate")
        spending = Spending(self._budget, self._endpoint)
        loop = create_agent(
            self._endpoint.chat(),
            [_tool(tool, desk) for tool in tools],
            system_prompt=instructions.replace("{fence}", desk.fence),
            middleware=[_within_budget(spending, instructions.label)],
        )
        claims: tuple[Claim, ...] = ()
        unknown, ended, why = "", Ended.ANSWERED, ""
        try:
            state = loop.invoke(
                {"messages": [HumanMessage(desk.masked(question))]},
                # LangGraph counts both the model's and the tools' turns.
                config={"recursion_limit": 4 * self._budget.steps + 10},
            )
            claims, unknown = read_answer(desk.for_reader(_last_words(state["messages"])))
        except _Over as over:
            ended = over.ended
        except Unavailable as error:
            if not desk.results:
                raise
            ended, why = spending.why_unavailable(error)
        return Investigation(
            claims=claims,
            results=desk.in_order(),
            open_questions=unknown,
            ended=ended,
            why=why,
            prompt=instructions.label,
            tokens=spending.tokens,
            cost=spending.cost,
            seconds=spending.seconds,
        )


class _Over(Exception):
    """A budget is used up."""

    def __init__(self, ended: Ended) -> None:
        self.ended = ended
        super().__init__(ended.value)


class Spending:
    """What one investigation has taken of its budget so far."""

    def __init__(self, budget: Budget, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._budget = budget
        self._started = monotonic()
        self._steps = 0
        self._tokens_in = 0
        self._tokens_out = 0

    @property
    def seconds(self) -> float:
        return monotonic() - self._started

    @property
    def seconds_left(self) -> float:
        return max(self._budget.seconds - self.seconds, 0.1)

    @property
    def tokens(self) -> int:
        return self._tokens_in + self._tokens_out

    @property
    def cost(self) -> float:
        return self._cost(self._tokens_in, self._tokens_out)

    def step(self, most_in: int) -> bool:
        """Begin a step; is it the last one? Raises _Over when even that does not fit."""
        over = self._over(most_in)
        if over is not None:
            raise _Over(over)
        self._steps += 1
        # The next one sends at least what this one does and its answer. That must fit too, else
        # this one is the last: an answer out of what is known is worth more than one more look.
        return self._over(2 * most_in + 2 * MOST_OUT) is not None or (
            self.seconds > 0.6 * self._budget.seconds
        )

    def took(self, tokens_in: int, tokens_out: int) -> None:
        self._tokens_in += tokens_in
        self._tokens_out += tokens_out

    def why_unavailable(self, error: Unavailable) -> tuple[Ended, str]:
        if error.why.startswith(NO_ANSWER) and self.seconds >= self._budget.seconds:
            return Ended.SECONDS, ""
        return Ended.FAILED, error.why

    def _over(self, most_in: int) -> Ended | None:
        """What a step that sends so much would pass."""
        budget = self._budget
        if self._steps >= budget.steps:
            return Ended.STEPS
        if self.seconds >= budget.seconds:
            return Ended.SECONDS
        if self.tokens + most_in + MOST_OUT > budget.tokens:
            return Ended.TOKENS
        if budget.cost and self.cost + self._cost(most_in, MOST_OUT) > budget.cost:
            return Ended.COST
        return None

    def _cost(self, tokens_in: int, tokens_out: int) -> float:
        ledger = self.endpoint.ledger
        return ledger.prices.cost(tokens_in, tokens_out) if ledger else 0.0


def _within_budget(spending: Spending, label: str) -> AgentMiddleware[Any, Any]:
    """What stands between the loop and the model."""
    from langchain.agents.middleware import wrap_model_call

    def paid(
        request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> AIMessage:
        most_in = estimate(_sent(request))
        if spending.step(most_in):
            request = _for_the_last_time(request)

        def call(chat: ChatOpenAI) -> AIMessage:
            answer = handler(request.override(model=chat)).result[-1]
            return _as_answer(answer)

        answer = spending.endpoint.ask(label, most_in, spending.seconds_left, call)
        spending.took(*tokens_of(answer, most_in))
        return answer

    made: AgentMiddleware[Any, Any] = wrap_model_call(paid)
    return made


def _for_the_last_time(request: ModelRequest[Any]) -> ModelRequest[Any]:
    from langchain_core.messages import HumanMessage

    return request.override(tools=[], messages=[*request.messages, HumanMessage(LAST_STEP)])


def _as_answer(message: BaseMessage) -> AIMessage:
    from langchain_core.messages import AIMessage

    if not isinstance(message, AIMessage):
        raise Unavailable(SYSTEM, "its answer is not a chat message")
    return message


def _sent(request: ModelRequest[Any]) -> list[str]:
    """All that a call sends, for the estimate."""
    messages = [
        m.text + json.dumps(getattr(m, "tool_calls", ""), default=str) for m in request.messages
    ]
    tools = [_described(tool) for tool in request.tools]
    return [request.system_prompt or "", *messages, *tools]


def _described(tool: Any) -> str:
    if isinstance(tool, dict):
        return json.dumps(tool)
    return f"{tool.name}{tool.description}{json.dumps(tool.args_schema, default=str)}"


def _tool(tool: ReadTool, desk: Desk) -> StructuredTool:
    from langchain_core.tools import StructuredTool

    def use(**args: Any) -> str:
        return desk.use(tool, args)

    return StructuredTool.from_function(
        use,
        name=tool.tool.name,
        description=tool.tool.description,
        args_schema=dict(tool.tool.parameters) or {"type": "object", "properties": {}},
    )


def _last_words(messages: Sequence[BaseMessage]) -> str:
    return text_of(_as_answer(messages[-1]))
