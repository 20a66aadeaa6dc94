"""Last month's alerts through the code of the running bot: what it would have shown, and when."""

from bot.replay.history import History, Malformed, Webhook, histories
from bot.replay.run import Card, Result, replay

__all__ = ["Card", "History", "Malformed", "Result", "Webhook", "histories", "replay"]
