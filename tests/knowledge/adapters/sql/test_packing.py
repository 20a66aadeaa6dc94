from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from knowledge.adapters.sql.packing import (
    from_us,
    pack_signal,
    pack_terms,
    same_state,
    series_of,
    to_us,
    unpack_signal,
    unpack_terms,
)
from knowledge.adapters.sql.tables import storable
from knowledge.records import Signal, SignalKind, Term

text = st.text(st.characters())
times = st.datetimes(timezones=st.just(UTC))
signals = st.builds(
    Signal,
    fingerprint=text,
    name=text,
    starts_at=times,
    received_at=times,
    source=text,
    kind=st.sampled_from(SignalKind),
    ends_at=st.none() | times,
    service=text,
    severity=text,
    summary=text,
    description=text,
    value=text,
    labels=st.dictionaries(text, text),
    url=text,
    runbook_url=text,
    id=text,
)


@given(signals)
def test_a_signal_comes_back_as_it_was_from_text_that_databases_take(signal: Signal) -> None:
    packed = pack_signal(signal)
    assert unpack_signal(packed) == signal
    assert storable(packed) == packed


@given(signals, times, st.lists(signals, max_size=1))
def test_the_time_of_arrival_is_not_part_of_the_state(
    signal: Signal, at: datetime, others: list[Signal]
) -> None:
    for other in (signal, *others):
        same = replace(other, received_at=signal.received_at) == signal
        assert same_state(pack_signal(signal), pack_signal(replace(other, received_at=at))) == same


@given(st.lists(st.builds(Term, text, st.floats(allow_nan=False, allow_infinity=False), text)))
def test_terms_come_back_as_they_were(terms: list[Term]) -> None:
    assert unpack_terms(pack_terms(terms)) == tuple(terms)


@given(times)
def test_times_are_exact(at: datetime) -> None:
    assert from_us(to_us(at)) == at


@given(text)
def test_a_series_fits_the_databases_big_integer(fingerprint: str) -> None:
    assert -(2**63) <= series_of(fingerprint) < 2**63
    assert series_of(fingerprint) == series_of(fingerprint)


def test_series_differ() -> None:
    assert len({series_of(f"f{n}") for n in range(1000)}) == 1000
    # Pinned: it is a key in people's databases.
    assert series_of("f1") == 7017083878988790411
