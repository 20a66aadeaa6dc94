"""Sends what waits in the outbox: cards posted once and edited in place, details in their thread.

A delivery says only *which* card or thread; what it shows is read when it is sent, so any number of
changes that wait are one call. Each post is counted in the store before it goes out: who finds such
a delivery after a crash, or takes over from another replica, looks for the key hidden in the
message before posting again. Should two replicas have posted the same all the same, since one of
them was stopped with the message on its way, the one whose message is not on record deletes it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from bot.ports import Gone, Messenger, RateLimited
from bot.upkeep.outage import PROBE, Outage, Over
from knowledge.errors import NotFound, Unavailable
from knowledge.ports import Outbox
from knowledge.records import Delivery, Event, Posted
from skills.contract import Reply

log = logging.getLogger("tandem.courier")

CARD, THREAD = "card", "thread"
"""Kinds of delivery for incidents."""
RETRY_FIRST = timedelta(seconds=2)
RETRY_MOST = timedelta(minutes=1)
RETRY_DOUBLINGS = 5
CLOCKS_DIFFER = timedelta(minutes=5)
"""Slack's clock stamps messages, ours what they tell of."""
STRANDED = timedelta(minutes=10)
"""Nothing is put off for so long: what is due later was put there by a clock that was wrong."""
STRANDED_EVERY = timedelta(seconds=20)
GIVE_UP_AFTER = 8
"""Attempts after which something Slack refuses for good is dropped, loudly."""
OWN_TRIES = timedelta(seconds=20)
"""How long Slack is tried from here before another replica is asked to."""
OTHERS_TRIED = timedelta(minutes=5)
"""Ten replicas have each had their turn by then."""


@dataclass
class Pace:
    """A token bucket: `burst` calls at once, then one every `every`.

    Slack allows about one post a second and channel, and some fifty edits a minute.
    """

    every: timedelta
    burst: int
    _free_at: datetime | None = field(default=None, repr=False)

    def free(self, now: datetime) -> bool:
        """Whether `take` would let a call out."""
        return self._since(now) <= now - self.every

    def take(self, now: datetime) -> bool:
        """True when a call may go out now."""
        if not self.free(now):
            return False
        self._free_at = self._since(now) + self.every
        return True

    def _since(self, now: datetime) -> datetime:
        earliest = now - self.every * self.burst
        if self._free_at is None or self._free_at > now + STRANDED:
            return earliest
        return max(self._free_at, earliest)

    def hold(self, until: datetime) -> None:
        """Slack said to wait."""
        self._free_at = until


@dataclass(frozen=True)
class Carded:
    """One thing with a card and a thread below it, as it is now: an incident, a request."""

    channel: str
    since: datetime
    """When it came to be; no message of it is older."""
    events: tuple[Event, ...]
    """What its thread tells, oldest first."""
    card: Callable[[], Reply]
    """Drawn only when it may go out: that may take a search or a picture."""
    update: Callable[[tuple[Event, ...]], Reply]
    settle: timedelta = timedelta()
    """How long after `since` its card is held back."""
    needless: bool = False
    """It became part of another: a card that was not posted yet is not posted any more."""
    otherwise: str = ""
    """The channel that is taken where the first one is none the bot can post in."""


@dataclass(frozen=True)
class Subjects:
    """A kind of thing with cards: its two kinds of delivery, and how it is read."""

    card: str
    thread: str
    load: Callable[[str], Carded]
    """By what follows the kind in a delivery's key. Raises NotFound."""


@dataclass
class Courier:
    """`work()` sends what is due; one caller at a time."""

    outbox: Outbox
    messenger: Messenger
    subjects: Sequence[Subjects]
    started: datetime
    """What was due before was perhaps sent by a version of Tandem that counted nothing."""
    others: Mapping[str, Callable[[Delivery], None]] = field(default_factory=dict)
    """Senders of further kinds of delivery: pages, tickets, digests. Once they return it is done;
    they may raise Unavailable, and are called again."""
    posts: Pace = field(default_factory=lambda: Pace(timedelta(seconds=1.1), 3))
    edits: Pace = field(default_factory=lambda: Pace(timedelta(seconds=1.3), 8))
    outage: Outage = field(default_factory=Outage)
    over: Callable[[Over], None] = lambda over: None
    """Told of each outage of Slack that is over and worth telling."""
    in_charge: Callable[[], bool] = lambda: True
    """Whether this replica is the one that sends, now."""
    pass_on: Callable[[], bool] = lambda: False
    """Has another replica send, which Slack may be within reach of; False where there is none."""
    _looked_at: datetime | None = field(default=None, repr=False)
    _tried_since: datetime | None = field(default=None, repr=False)
    """Since when Slack is tried from here, after another replica was asked to."""
    _left_at: datetime | None = field(default=None, repr=False)
    _in_doubt: set[str] = field(default_factory=set, repr=False)
    """Keys that were perhaps posted without the store being told."""

    def work(self, now: datetime) -> int:
        """Send what is due and may go out; returns how many deliveries are done with."""
        done = 0
        if not self.in_charge():
            return done
        self._back_in_charge(now)
        if self._passed_on(now):
            return done
        for delivery in self.outbox.due(now, 50) or self._stranded(now):
            if not self.in_charge() or not self.outage.may_try(now):
                break
            try:
                finished = self._send(delivery, now)
            except RateLimited as limited:
                wait = now + timedelta(seconds=limited.seconds)
                (self.edits if self._is_edit(delivery) else self.posts).hold(wait)
                self.outbox.retry(delivery, wait)
                continue
            except Unavailable as error:
                if error.system == "slack" and error.retry:
                    self.outage.failed(delivery.key, now)
                self._failed(delivery, error, now)
                continue
            except NotFound:
                finished = True
            except _NotInChargeError:
                break
            except Exception:
                log.exception("delivery %s", delivery.key)
                self._failed(delivery, None, now)
                continue
            if finished:
                self.outbox.done(delivery)
                done += 1
        return done

    def _passed_on(self, now: datetime) -> bool:
        """Slack may be away from here only: after a while another replica tries."""
        since = self.outage.down_since
        if since is None or now - max(since, self._tried_since or since) < OWN_TRIES:
            return False
        self._tried_since = now
        try:
            passed_on = self.pass_on()
        except Unavailable as error:
            log.warning("the courier's role stays here: %s", error)
            return False
        self._left_at = now if passed_on else None
        return passed_on

    def _back_in_charge(self, now: datetime) -> None:
        """After it was passed on. Whoever could send kept it for long, and told of the outage;
        where nobody could, it goes on."""
        if self._left_at is None:
            return
        if now - self._left_at > OTHERS_TRIED:
            self.outage = Outage()
        self._left_at, self._tried_since = None, now

    def _stranded(self, now: datetime) -> list[Delivery]:
        """What a clock that was ahead, and was set right, has put off; looked for now and then."""
        if self._looked_at is not None and abs(now - self._looked_at) < STRANDED_EVERY:
            return []
        self._looked_at = now
        later = self.outbox.due(now + timedelta(days=36_500), 50)
        return [delivery for delivery in later if delivery.due_at > now + STRANDED]

    def _send(self, delivery: Delivery, now: datetime) -> bool:
        """False when it must wait for its turn; nothing is counted against it."""
        if delivery.kind in self.others:
            if not self.posts.take(now):
                return False
            self._begin(delivery)
            self.others[delivery.kind](delivery)
            return True
        for of in self.subjects:
            if delivery.kind == of.card:
                return self._card(delivery, of.load(delivery.subject), now)
            if delivery.kind == of.thread:
                card = self.outbox.posted(f"{of.card}:{delivery.subject}")
                return self._thread(delivery, of.load(delivery.subject), card, now)
        log.error("unknown delivery %s is dropped", delivery.key)
        return True

    def _card(self, delivery: Delivery, carded: Carded, now: datetime) -> bool:
        posted = self._posted(delivery)
        if posted is None:
            if carded.needless and not self._perhaps_sent(delivery):
                return True
            # What began in the future began by a clock that was ahead: it waits for nothing.
            settles = timedelta() <= now - carded.since < carded.settle
            if settles or not self.posts.take(now):
                return False
            posted = self._left_over(delivery, carded)
        if posted is None:
            reply = carded.card()
            channel, ts = self._post_card(delivery, carded, reply)
            self._keep(Posted(delivery.key, channel, ts, digest(reply)))
            self._took(now)
            return True
        if not self.edits.free(now):
            return False
        reply = carded.card()
        if posted.shows == digest(reply):
            return True
        self.edits.take(now)
        self.messenger.edit(posted.channel, posted.ts, reply, key=delivery.key)
        self._remember(replace(posted, shows=digest(reply)))
        self._took(now)
        return True

    def _post_card(self, delivery: Delivery, carded: Carded, reply: Reply) -> tuple[str, str]:
        try:
            return self._post(delivery, carded.channel, reply, "", delivery.key)
        except Gone as error:
            if not carded.otherwise or carded.otherwise == carded.channel:
                raise
            log.warning("%s goes to %s: %s", delivery.key, carded.otherwise, error)
            return self._post(delivery, carded.otherwise, reply, "", delivery.key)

    def _thread(
        self, delivery: Delivery, carded: Carded, card: Posted | None, now: datetime
    ) -> bool:
        if card is None and carded.needless:
            return True
        if card is None:
            # Put off, or threads without a card would crowd out the cards they wait for.
            self.outbox.retry(delivery, now + PROBE)
            return False
        told = self._posted(delivery)
        already = int(told.shows) if told else 0
        upto = len(carded.events)
        if already >= upto:
            return True
        if not self.posts.take(now):
            return False
        if self._perhaps_sent(delivery):
            already = max(already, self._told_before(delivery, card))
        channel, ts = card.channel, told.ts if told else ""
        if already < upto:
            reply = carded.update(carded.events[already:])
            key = f"{delivery.key}#{upto}"
            channel, ts = self._post(delivery, card.channel, reply, card.ts, key)
            before = told.shows if told else None
            self._keep(Posted(delivery.key, channel, ts, str(upto)), before)
            self._took(now)
        else:
            self._remember(Posted(delivery.key, channel, ts, str(already)))
        return True

    def _post(
        self, delivery: Delivery, channel: str, reply: Reply, thread: str, key: str
    ) -> tuple[str, str]:
        self._in_doubt.add(delivery.key)
        self._begin(delivery)
        return self.messenger.post(channel, reply, thread=thread, key=key)

    def _begin(self, delivery: Delivery) -> None:
        """The last look before it goes out. What another replica begins later finds the count."""
        self.outbox.begin(delivery)
        if not self.in_charge():
            raise _NotInChargeError

    def _keep(self, sent: Posted, over: str | None = None) -> None:
        """Remember a new message, unless another replica has posted the same meanwhile."""
        there = self.outbox.post_first(sent, over)
        self._in_doubt.discard(sent.key)
        if there.ts == sent.ts:
            return
        log.warning("%s was posted by another replica too; this one is taken away", sent.key)
        try:
            self.messenger.delete(sent.channel, sent.ts)
        except Unavailable as error:
            log.error("%s stands twice: %s", sent.key, error)

    def _took(self, now: datetime) -> None:
        """Slack is there."""
        over = self.outage.took(now)
        if over is None:
            return
        log.warning("Slack takes messages again; %s waited since %s", over.waited, over.since)
        if over.worth_telling:
            self.over(over)

    def _remember(self, posted: Posted) -> None:
        self.outbox.set_posted(posted)
        self._in_doubt.discard(posted.key)

    def _perhaps_sent(self, delivery: Delivery) -> bool:
        """By a run that ended, or by a call that failed, before the store was told."""
        left_over = delivery.due_at < self.started
        return left_over or bool(delivery.attempts) or delivery.key in self._in_doubt

    def _is_edit(self, delivery: Delivery) -> bool:
        return self._is_card(delivery) and self._posted(delivery) is not None

    def _is_card(self, delivery: Delivery) -> bool:
        return any(delivery.kind == of.card for of in self.subjects)

    def _posted(self, delivery: Delivery) -> Posted | None:
        return self.outbox.posted(delivery.key)

    def _left_over(self, delivery: Delivery, carded: Carded) -> Posted | None:
        """The card of a run that ended between posting and remembering."""
        if not self._perhaps_sent(delivery):
            return None
        for channel in dict.fromkeys(filter(None, (carded.channel, carded.otherwise))):
            found = self._found(channel, delivery, carded)
            if found is not None:
                self._remember(found)
                return found
        return None

    def _found(self, channel: str, delivery: Delivery, carded: Carded) -> Posted | None:
        try:
            found = self.messenger.find(channel, delivery.key, carded.since - CLOCKS_DIFFER)
        except Gone:  # The bot is not in it, so it posted nothing there.
            return None
        return Posted(delivery.key, *found) if found else None

    def _told_before(self, delivery: Delivery, card: Posted) -> int:
        """How far the thread was told by messages that this store does not remember."""
        keys = self.messenger.keys_in_thread(card.channel, card.ts)
        lead = f"{delivery.key}#"
        return max((int(k.removeprefix(lead)) for k in keys if k.startswith(lead)), default=0)

    def _failed(self, delivery: Delivery, error: Unavailable | None, now: datetime) -> None:
        if isinstance(error, Gone) and self._posted(delivery) and self._is_card(delivery):
            log.warning("the card of %s is gone from Slack; it is posted anew", delivery.subject)
            self.outbox.forget_posted(delivery.key)
        final = error is not None and not error.retry
        if final and delivery.attempts + 1 >= GIVE_UP_AFTER:
            log.error("giving up on %s: %s", delivery.key, error)
            self.outbox.done(delivery)
            return
        # While Slack is away all wait for the same thing, which one of them finds out.
        away = self.outage.down_since is not None and not final
        wait = PROBE if away else _pause(delivery)
        log.warning("%s waits %s: %s", delivery.key, wait, error)
        self.outbox.retry(delivery, now + wait)


class _NotInChargeError(Exception):
    """Another replica sends now."""


def _pause(delivery: Delivery) -> timedelta:
    """Longer with each attempt, up to RETRY_MOST."""
    return min(RETRY_FIRST * (1 << min(delivery.attempts, RETRY_DOUBLINGS)), RETRY_MOST)


def digest(reply: Reply) -> str:
    """Changes when what is shown changes; pictures count by their bytes."""
    pictures = b"".join(p.png for p in reply.pictures)
    return sha256(repr(reply).encode() + pictures).hexdigest()[:24]
