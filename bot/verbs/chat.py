"""`tandem chat`: the bot in a terminal, no Slack. Proof that skills do not know Slack exists."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Thread

from bot.access import Rights
from bot.ask import Ask, Way
from bot.log import set_up
from bot.parts import Parts, make_parts
from bot.settings import read_settings
from bot.text_view import buttons_of, draw
from bot.turn import Silent, Turn, explained
from bot.verbs import Parsers
from knowledge.errors import TandemError
from skills.contract import Button, Call, Reply

HINT = "Ask in your own words or with a slash command. A number presses a button. Ctrl-D ends."
ME = "you"


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("chat", help="talk to the bot in this terminal, no Slack")
    parser.add_argument("text", nargs="*", help="ask this and end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = read_settings()
    set_up("warning")
    parts = make_parts(settings, rights=Rights.read("*", "*"))
    try:
        if args.text:
            parts.warm()
            print(draw(Chat(parts).say(" ".join(args.text))))
            return 0
        Thread(target=parts.warm, daemon=True).start()
        print(HINT)
        _converse(Chat(parts))
    finally:
        parts.close()
    return 0


def _converse(chat: "Chat") -> None:
    while True:
        try:
            line = input("\n> ").strip()
        except EOFError:
            print()
            return
        if line:
            print("\n" + draw(chat.say(line)))


@dataclass
class Chat:
    """One person at one terminal; buttons of the last reply are pressed by their number."""

    parts: Parts
    buttons: tuple[Button, ...] = ()
    numbers: Iterator[int] = field(default_factory=count)

    def say(self, line: str) -> Reply:
        """The reply to what was typed: words, a slash command, or a button's number."""
        if line.isdecimal() and 0 < int(line) <= len(self.buttons):
            reply = self._press(self.buttons[int(line) - 1])
        else:
            reply = self._ask(_typed(next(self.numbers), line))
        self.buttons = buttons_of(reply)
        return reply

    def _press(self, button: Button) -> Reply:
        call = button.call or Call("help")
        if button.confirm and not _agreed(button.confirm):
            return Reply("Nothing was done")
        if button.asks:
            try:
                button = replace(button, form=self._turn().form(self._pressed(call)))
            except TandemError as error:
                return explained(error, call)
        values = dict((*button.form.keep, *_filled(button))) if button.form else {}
        call = Call(call.skill, {**call.args, **values})
        return self._ask(self._pressed(call))

    def _pressed(self, call: Call) -> Ask:
        return Ask(f"chat:{next(self.numbers)}", ME, Way.BUTTON, call=call)

    def _ask(self, ask: Ask) -> Reply:
        try:
            return self._turn().reply(ask)
        except Silent:
            return Reply("I have nothing to say to that")

    def _turn(self) -> Turn:
        parts = self.parts
        return Turn(
            skills=parts.skills,
            router=parts.router,
            people=Terminal(),
            seen=parts.store.seen,
            audit=parts.store.audit,
            touched=lambda incident_id: None,
            rights=parts.rights,
            context=parts.context,
            now=parts.now,
            known=parts.router.known,
        )


class Terminal:
    """People of a terminal have no other name."""

    def person(self, user_id: str) -> str:
        return user_id


def _typed(number: int, line: str) -> Ask:
    command, _, rest = line.partition(" ")
    if command.startswith("/"):
        return Ask(f"chat:{number}", ME, Way.TERMINAL, command=command, text=rest)
    return Ask(f"chat:{number}", ME, Way.TERMINAL, text=line)


def _agreed(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _filled(button: Button) -> Iterator[tuple[str, str]]:
    for wanted in button.form.fields if button.form else ():
        choices = f" ({', '.join(v for v, _ in wanted.options)})" if wanted.options else ""
        given = input(f"{wanted.label}{choices}: ").strip() or wanted.initial
        if given:
            yield wanted.name, given
