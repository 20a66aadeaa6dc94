"""Watches: reads monitors at their own pace, remembers what they saw, does what people ask of them.

`Engine` reads them, `MonitorWatching` is what skills see of it.
"""

from bot.watching.backtests import Backtests
from bot.watching.engine import Engine
from bot.watching.facade import MonitorWatching
from bot.watching.looks import Looks

__all__ = ["Backtests", "Engine", "Looks", "MonitorWatching"]
