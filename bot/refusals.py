"""Pure: is this text a request to the bot at all?

Reports, prohibitions, suppositions, requests to a person and quoted text only look like commands.
Each pattern looks at the form of the sentence, never at names.
"""

import re
from enum import StrEnum


class Why(StrEnum):
    """Why a text must not start an action."""

    REQUEST = ""
    """It may be a request."""
    INJECTION = "injection"
    QUOTED = "quoted"
    PASTED = "pasted"
    TO_A_PERSON = "to a person"
    TO_ANYBODY = "to anybody"
    FORBIDDEN = "forbidden"
    REPORTED = "reported"
    SUPPOSED = "supposed"
    PLANNED = "planned"


_INJECTION = re.compile(
    r"""\b(ignore|disregard|forget|override)\b.{0,30}\b(previous|prior|above|all|your
    |earlier)\b.{0,20}
        \b(instructions?|rules?|prompts?|orders|guidelines|messages?)\b
    |\bsystem\s*(prompt|message|override)\b|^\W*(system|assistant|developer)\s*:
    |<\W*/?\s*(system|assistant|inst)\b
    |\byou\s+are\s+now\b|\b(admin|developer|god|debug|maintenance)\s+mode\b|\bjailbreak
    |\bnew\s+instructions?\b
    |\b(note|message|instructions?|attention|memo|notice)\s+(for|to)\s+(all\s+)?(the\s+)?(\w+\s+)?
        (ai|assistants?|bots?|llms?|language\s+models?|agents?)\b
    |\b(to|dear|hey)\s+(the\s+|any\s+|all\s+)?(ai|llm|assistant|language\s+model|bots)\b
    |\battention\s+(bots?|ai)
    |\bas\s+an\s+(ai|llm|assistant)\b|\b(ai|llm|assistant|bot|agent)\s*:\s*\w+
    |\bwithout\s+(asking|approval|confirmation)\b|\bon\s+behalf\s+of\b|\btell\s+nobody\b""",
    re.IGNORECASE | re.VERBOSE,
)
_QUOTE = re.compile(
    r"\"[^\"]{12,}\"|“[^”]{12,}”|«[^»]{12,}»|```.*?```|`[^`]{25,}`|(?<!\w)'[^']{20,}'(?!\w)",
    re.DOTALL,
)
_TELLS = re.compile(
    r"\b(says?|said|reads?|wrote|writes|written|typed|quotes?|mail|e-?mail|message|log line|commit"
    r"|ticket|readme|description|subject|annotation|label|banner|payload|prompt|comment|example"
    r"|in the docs|forwarded|fwd|tweet|sticker|slide|joke|meme|lmao|lol|nice try|schreibt|dice"
    r"|sagt)\b",
    re.IGNORECASE,
)
_ALERT = re.compile(
    r"^\W*(\[?(firing|resolved|alert|critical|warning|ok|problem|recovery|triggered)(:\d+)?\]|"
    r"(alert|critical|warning|problem|recovery|error|fatal|warn|info|debug|alertname)\b\s*[:=\d]"
    r"|traceback\b|alert\s)",
    re.IGNORECASE,
)
_COMMIT = re.compile(
    r"^(fix|feat|chore|docs|revert|refactor|merged?|commit|bump)(\([\w-]+\))?\s*[:!#\"]",
    re.IGNORECASE,
)
_TO_PERSON = re.compile(
    r"^\W*(?:(?:hey|hi|hello|yo|ok|and|so|but|cc|hallo|hola)\W+)?@[\w.-]+", re.IGNORECASE
)
_TO_NAMED = re.compile(
    r"^[a-z]{2,12},\s+(?:can|could|would|will|please|pls|do|did|you|bitte|puedes|peux)\b"
    r"|^[a-z]{3,12}\s+(?:can|could|would|will)\s+you\b"
    r"|\b(?:can|could|would|will|kannst|puede|peut)\s+@[\w.-]+",
    re.IGNORECASE,
)
_TO_ANYBODY = re.compile(
    r"\b(?:someone|somebody|anyone|one of you|you guys|folks|team|everyone|whoever)\b[^?]{0,24}"
    r"\b(?:please|pls|should|could|must|needs? to|has to|roll|revert|restart|promote|retrain|mute"
    r"|ack|resolve|close)\b",
    re.IGNORECASE,
)
_QUIET = re.compile(
    r"\b(?:do\s*n[o'’]?t|don[’']?t|do not|never|no need to|nobody (?:needs|has) to"
    r"|no one needs to|stop"
    r"|nobody needs to be|no|keep \w+ from|not)\s+(?:\w+\s+){0,2}?"
    r"(?:pag\w+|alert\w*|alarm\w*|notif\w+|wak\w+|woken|noise|buzz\w*|firing|ring\w*)\b"
    r"|\bkeep\s+(?:\S+\s+){1,2}?(?:quiet|silent|muted|calm|down)\b",
    re.IGNORECASE,
)
"""Forbidding noise is how people ask for silence."""
_BECAUSE = re.compile(
    r"\b(?:since|after|because|as|now that|than|what|which|whatever|when|who|how|why|where|seit"
    r"|nachdem|weil|desde|depuis)\b[^,.;!?]*",
    re.IGNORECASE,
)
"""Clauses that give a reason or a time: what they report does not make the request a report."""
_FORBIDS = re.compile(
    r"""\b(do\s*n[o']?t|don[’']?t|never|nobody|no\s+one|please\s+not|must\s*n[o']?t
    |should\s*n[o']?t|ca\s*n[o']?t|cannot
    |wo\s*n[o']?t|would\s*n[o']?t|not\s+going\s+to|will\s+not|let[’']?s\s+not|not\s+yet
    |hold\s+off|hold\s+the|no\s+need
    |no\s+(rollback|retrain\w*|promotion|deploy\w*|release|postmortem)|not\s+(?:the\s+time|now
    |before|until|today)
    |instead\s+of|rather\s+than|stop|leave\s+(?:it|the|inc)|keep\s+(?:it|the|inc)|avoid|refrain
    |against
    |noch\s+nicht|nicht|kein\w*|niemand|todavía\s+no|no\s+(?:lo|la|hagas?|toques|cierres)|nadie
    |ne\s+\w+\s+pas|pas\s+encore
    |on\s+ne|wait\s+with|needn[’']?t)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_REPORTS = re.compile(
    r"""\b(already|schon|bereits|ya|déjà)\b
    |\b(i|we|he|she|they|someone|somebody|@[\w.-]+|team|ops)(\s*['’]?(ve|s|d|have|has|had|just
    |also|then|all))*\s+
        (rolled|reverted|promoted|shipped|released|deployed|retrained|trained|muted|silenced
        |snoozed|acked|acknowledged
        |resolved|closed|reopened|assigned|bumped|changed|set|put|ran|restarted|followed|wrote
        |sent|asked|told|said|did
        |approved|rejected|switched|went|found|fixed|opened|finished|moved|paused|turned|tried
        |handed|took|gave)\b
    |\b(was|were|got|has\s+been|have\s+been|had\s+been|been|being)\s+(\w+\s+)?(rolled|reverted
    |promoted|shipped|released
        |deployed|retrained|muted|silenced|acked|acknowledged|resolved|closed|reopened|assigned
        |changed|fixed|approved)\b
    |\b(rollback|retraining|training|promotion|rollout|postmortem|failover|deploy)\s+(is\s+
    |was\s+|has\s+|run\s+)*
        (done|finished|failed|complete|completed|through|went|worked|scheduled|planned)\b
    |\b(said|says|told|asked|suggested|mentioned|meinte|dijo)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SUPPOSES = re.compile(
    r"""^\W*(and\s+|but\s+|so\s+)?(if|in\s+case|when|once|suppose|supposing|unless|should\s+(it
    |this|they|we)|falls|wenn|si|maybe
        |perhaps|what\s+if|would|i\s+wonder|not\s+sure\s+(if|whether))\b
    |\b(if|in\s+case|unless|falls|wenn)\s+(it|this|that|the|they|we|psi|p9\d|errors?|latency
    |things?|traffic|accuracy|\w+\s+(goes|drops
        |falls|gets|fails|comes|keeps|continues|breaks|rises|exceeds))\b
    |\b(might|may)\s+(have\s+to|need\s+to|want\s+to|as\s+well|be|not)\b|\b(we|i|one)\s+(could
    |might|would|may)\b
    |\b(thinking|tempted|considering|debating|wondering)\b|\b(should|shall|do|would
    |could)\s+we\b(?!\s+(?:have|know|still|already)\b)(?!.*\bplease\b)
    |\b(one|some)\s+day\b|\bat\s+some\s+point\b|\bsooner\s+or\s+later\b|\bwould\s+(be\s+nice
    |help|have|love|rather)\b
    |\bmaybe\b|\bperhaps\b|\bvielleicht\b|\bquizás?\b|\bpeut-être\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PLANS = re.compile(
    r"""\b(i|we)\s*['’]?\s*(ll|will|am\s+going\s+to|m\s+going\s+to|re\s+going\s+to
    |are\s+going\s+to|plan|intend|am|m|re|are)\s+
        (\w+\s+)?(roll|revert|promot|ship|releas|deploy|retrain|train|mut|silenc|snooz|ack
        |resolv|clos|reopen|assign|writ
        |run|restart|switch|set|chang|do\b|doing)\w*
    |^\W*(rolling|reverting|promoting|shipping|deploying|retraining|muting|silencing|acking
    |resolving|closing|restarting
        |planning|thinking|going\s+to)\b|\blet\s+me\b|\b(next|later)\s+(week|month|sprint
        |quarter|year)\b
    |\b(scheduled|planned)\s+for\b|\bi\s+(should|must|have\s+to|need\s+to)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def spoken(text: str) -> str:
    """The text without what it quotes: quoted lines, long quotations, blocks of code."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith((">", "&gt;"))]
    return _QUOTE.sub(" ", "\n".join(lines)).strip()


def quotes(text: str) -> bool:
    return spoken(text) != text.strip()


def why_not(text: str) -> Why:
    """The first reason for which the text must not start an action; REQUEST if none is seen."""
    own = spoken(text)
    checks = (
        (Why.INJECTION, _INJECTION.search(text)),
        (Why.QUOTED, not re.search(r"\w", own) or (quotes(text) and _TELLS.search(own))),
        (Why.PASTED, _pasted(own) or _COMMIT.search(own)),
        (Why.TO_A_PERSON, _TO_PERSON.search(own) or _TO_NAMED.search(own)),
        (Why.TO_ANYBODY, _TO_ANYBODY.search(own)),
        (Why.FORBIDDEN, _FORBIDS.search(_QUIET.sub(" ", own))),
        (Why.REPORTED, _REPORTS.search(_BECAUSE.sub(" ", own))),
        (Why.SUPPOSED, _SUPPOSES.search(own)),
        (Why.PLANNED, _PLANS.search(own)),
    )
    return next((why for why, seen in checks if seen), Why.REQUEST)


def _pasted(text: str) -> bool:
    """An alert or a log line and nothing asked in a line of one's own."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and all(_ALERT.search(line) for line in lines[:1]) and len(lines) == 1
