"""Rules of an investigation by a language model: how results are quoted to it, how its answer is
read, and which of its claims stand.

The model may be talked into anything by the texts that it reads. So it can only read, sees results
as quoted data with secrets masked, and nothing of what it writes is shown unless the results that
it names say so.
"""

from knowledge.investigation.answer import read_answer
from knowledge.investigation.quoting import Desk, quoted
from knowledge.investigation.verify import Checked, check

__all__ = ["Checked", "Desk", "check", "quoted", "read_answer"]
