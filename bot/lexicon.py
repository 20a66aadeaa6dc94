"""Pure: the words and shapes by which messages are read; shared by slots and classifier."""

import re


def word_set(block: str) -> frozenset[str]:
    return frozenset(block.split())


PLAIN_HYPHENS = word_set(
    """
    re-train re-trained re-training post-mortem post-mortems on-call roll-back write-up write-ups
    follow-up follow-ups sign-off sign-offs after-action re-open de-escalate e-mail set-up
    high-level real-time fine-tune stand-by back-up so-called up-to-date in-progress long-term
    short-term day-to-day play-book run-book look-alike look-alikes hand-over catch-up heads-up
    sanity-check warm-up clean-up built-in opt-in opt-out one-pager step-by-step false-positive
    false-positives root-cause top-level war-room false-alarm out-of-distribution fail-over start-up
    shut-down pre-prod non-prod cool-down
    """
)
"""Hyphenated words of plain English, which are no names."""
STOP = word_set(
    """
    a an the this that these those it its is are was were be been am i we you he she they me us them
    my our your his her their who whom whose what which when where why how and or but if then than
    so not no yes for of on in at to from by with about into over since until till per as off up
    down out back again please pls plz thanks can could would should will shall may might must do
    does did done have has had get got give go going put take make let show tell see look need want
    like just now today tonight yesterday tomorrow week month quarter year day hour minute weeks
    months days hours minutes morning evening noon night weekend last past next previous current new
    old latest live prod production staging model models service services version versions build
    alert alerts alarm alarms incident incidents team all any some every everything anything
    something someone anyone somebody anybody nobody people person both each other more most less
    still already yet also too very really there here ago before after while during between under
    above against because der die das den dem ein eine einen ist für von mit auf im in und oder
    nicht bitte wer was wie el la los las un una de del en por para con qué es le les des du est que
    qui pour avec ce cette sur error errors issue issues problem problems latency metrics status
    history drift runbook playbook rollback promotion training data features inputs duty call shift
    pager weekend bot one two three infra infrastructure us ok okay nothing off time times rate
    changes deploy deploys release releases page pages paging notifications monitoring open closed
    resolved ongoing active customers users anyway request requests
    """
)
"""Words that name no model or service."""
AFTER = word_set(
    """
    for of on in from with to at against under about für von auf pour de sur
    """
)
"""Prepositions after which a name often stands."""
VERBS = word_set(
    """
    mute silence snooze hush quiet suppress pause ignore shut promote ship release deploy push
    launch retrain train refit refresh rebuild revert rollback undo restore unship drift oncall
    audit incidents diagnose investigate triage psi reinstate pull demote unpromote blackout
    downtime versions history status stop page approve promoting silencing restart draining
    rebooting restarting
    """
)
"""Verbs (and commands) whose object is often a name."""
KIND = word_set(
    """
    model service api team modell servicio modèle classifier ranker
    """
)
"""What stands after a name: "the churn model"."""
BROKEN = word_set(
    """
    down slow broken failing red dead throwing drifting stale healthy ok
    """
)
"""What is said of services and models."""

INCIDENT = re.compile(r"\binc(?:ident)?[-_ #]*(\d+)\b", re.IGNORECASE)
PERSON = re.compile(r"@([\w][\w.-]*)")
DURATION = re.compile(
    r"\b(\d+(?:\.\d+)?|an?|one|two|three|four|five|six|half an)\s*(?:full\s+)?"
    r"(m|mins?|minutes?|minuten|minutos|h|hrs?|hours?|stunden?|horas?|heures?|d|days?|tagen?|tage"
    r"|d[ií]as?|jours?|w|wks?|weeks?|wochen?|semanas?|semaines?|mo|months?|monate?n?|mes|mois"
    r"|quarters?|years?)(?![a-z])(?:\s?(\d+)\s?m(?:in)?\b)?",
    re.IGNORECASE,
)
"""A length of time with a number, in English and some German, Spanish and French."""


def is_camel(word: str) -> bool:
    """KafkaLag, HighCPU: how alerts are named."""
    return (
        re.fullmatch(
            r"(?:[A-Z][a-z0-9]+){2,}[A-Z0-9]*|[A-Z][a-z]+[A-Z]{2,}|[A-Z]{2,}[A-Z][a-z]+"
            r"(?:[A-Z][a-z0-9]+)*",
            word,
        )
        is not None
    )


def is_shaped(word: str) -> bool:
    """no-show, fraud_scorer: no plain word looks like that."""
    return (
        re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)+", word) is not None
        and word.lower() not in PLAIN_HYPHENS
        and INCIDENT.fullmatch(word) is None
    )
