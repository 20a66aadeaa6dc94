"""The daily and weekly pattern of a series, learned as it goes."""

from array import array

DAY = 86_400.0
_FINEST = 300.0
"""Seconds of the narrowest bin of the day."""
_HOURS = 168
_TAUGHT = 1.5
"""Days from which the two guesses are compared."""
_DAILY, _DAILY_FROM = 0.8, 2.2
"""The profile errs less than this share of the plain mean's error, after so many days."""
_WEEKLY, _WEEKLY_FROM = 0.85, 8.0
_MEMORY = 5
"""Days that a bin remembers."""
_HOUR = 3600.0
_CLOCK_FROM = 7.0
_CLOCK_WRONG, _CLOCK_RIGHT = 4.0, 1.0
"""Times the usual error: of the profile as it is, and of one moved by an hour that fits."""


class Season:
    """What is usual at a time of day, and at an hour of the week.

    A profile of the day about a level that drifts by the day, the spread in each of its bins, and
    a correction for each hour of the week. When the clocks change, people come an hour earlier or
    later by the epoch: a profile moved by an hour then fits better, and is used from there on.
    """

    __slots__ = (
        "_bin",
        "_bins",
        "_clock_errors",
        "_day_error",
        "_hour",
        "_hour_count",
        "_hour_sum",
        "_mean",
        "_mean_error",
        "_near",
        "_next",
        "_per_bin",
        "_per_day",
        "_points",
        "_profile",
        "_seen",
        "_shift",
        "_spread",
        "_week",
        "_week_error",
        "_weeks",
        "daily",
        "expected",
        "from_mean",
        "known",
        "level",
        "wide",
    )

    def __init__(self, step: float = _FINEST, start: float = 0.0) -> None:
        width = max(_FINEST, step)
        self._bins = bins = max(1, int(DAY / width))
        self._per_bin = max(width / step, 1.0)
        self._per_day = max(DAY / step, 1.0)
        self._profile = array("f", bytes(4 * bins))
        self._spread = array("f", bytes(4 * bins))
        self._seen = array("f", bytes(4 * bins))
        self._week = array("f", bytes(4 * _HOURS))
        self._weeks = array("f", bytes(4 * _HOURS))
        self._points = 0
        self._bin = self._next = 0
        self._near = 0.0
        self._hour = -1
        self._hour_sum, self._hour_count = 0.0, 0
        self._mean = start
        self._mean_error = self._day_error = self._week_error = 0.0
        self._shift = 0.0
        self._clock_errors = [0.0, 0.0, 0.0]
        self.level = start
        self.daily = False
        """The profile is better than a mean: the series is seasonal."""
        self.known = False
        """Something is known of this time of day."""
        self.expected = start
        """By the day's profile and its level."""
        self.from_mean = 0.0
        """How far the latest value is from the mean of about a day."""
        self.wide = 0.0
        """The usual error at this time of day."""

    @property
    def days(self) -> float:
        return self._points / self._per_day

    @property
    def hour(self) -> float:
        """The correction for this hour of the week."""
        return self._week[self._hour] if self._weekly else 0.0

    @property
    def _weekly(self) -> bool:
        return self._week_error < _WEEKLY * self._day_error and self.days > _WEEKLY_FROM

    def look(self, at: float, value: float) -> float:
        """Turn to this time and judge a value: how far it is from what is expected then."""
        self._points = points = self._points + 1
        self._turn(at, value)
        self.from_mean = off = value - self._mean
        here = self._bin
        self.known = self._seen[here] > 0
        self.wide = self._spread[here]
        if not self.known:
            self.expected = self._mean
            return off
        pattern = self._profile[here]
        if self._seen[self._next]:
            pattern += self._near * (self._profile[self._next] - pattern)
        self.expected = self.level + pattern
        by_day = value - self.expected
        by_week = by_day - self._week[self._hour]
        days = points / self._per_day
        if days > _TAUGHT:
            most = 2 * self._per_day
            share = 1 / (points if points < most else most)
            self._mean_error += share * ((off if off >= 0 else -off) - self._mean_error)
            self._day_error += share * ((by_day if by_day >= 0 else -by_day) - self._day_error)
            self._week_error += share * ((by_week if by_week >= 0 else -by_week) - self._week_error)
            self.daily = self._day_error < _DAILY * self._mean_error and days > _DAILY_FROM
            if self._week_error < _WEEKLY * self._day_error and days > _WEEKLY_FROM:
                return by_week
        return by_day

    def learn(self, value: float, most: float, frozen: bool) -> None:
        """Learn the value just judged; errors count `most` at most, and none when frozen."""
        if frozen:
            return
        points, per_day = self._points, self._per_day
        self._mean += (value - self._mean) / (points if points < per_day else per_day)
        here = self._bin
        seen = self._seen[here]
        if not seen:
            self._profile[here] = value - self.level
            self._seen[here] = 1
            return
        error = value - self.expected
        error = most if error > most else -most if error < -most else error
        self.level += error / self._per_day
        self._hour_sum += error
        self._hour_count += 1
        off = value - self.level - self._profile[here]
        if seen > 3 * self._per_bin:
            off = most if off > most else -most if off < -most else off
        most_seen = _MEMORY * self._per_bin
        share = 1 / (seen + 1 if seen + 1 < most_seen else most_seen)
        self._profile[here] += share * off
        self._spread[here] += share * (abs(off) - self._spread[here])
        self._seen[here] = seen + 1

    def _turn(self, at: float, value: float) -> None:
        local = at + self._shift
        place = local % DAY / DAY * self._bins
        here = int(place)
        if here != self._bin:
            self._bin = here = here if here < self._bins else self._bins - 1
            if self.daily and self.days > _CLOCK_FROM:
                self._compare_clocks(value)
        near = place - here - 0.5
        self._near = near if near > 0 else -near
        self._next = (here + 1) % self._bins if near > 0 else here - 1
        hour = int(local // _HOUR) % _HOURS
        if hour != self._hour:
            self._end_hour()
            self._hour = hour

    def _end_hour(self) -> None:
        if self._hour_count:
            hour, mean = self._hour, self._hour_sum / self._hour_count
            share = 0.5 if self._weeks[hour] else 0.7
            self._week[hour] += share * (mean - self._week[hour])
            self._weeks[hour] += 1
        self._hour_sum, self._hour_count = 0.0, 0

    def _compare_clocks(self, value: float) -> None:
        """Once a bin: does the profile of an hour before or after fit better for some hours?"""
        per_hour = self._bins // 24
        if not per_hour:
            return
        share = 1 / (3 * per_hour)
        off, errors = value - self.level, self._clock_errors
        for number, hours in enumerate((0, -1, 1)):
            error = abs(off - self._profile[(self._bin + hours * per_hour) % self._bins])
            errors[number] += share * (error - errors[number])
        usual = self._day_error
        for number, hours in ((1, -1), (2, 1)):
            if errors[0] > _CLOCK_WRONG * usual and errors[number] < _CLOCK_RIGHT * usual:
                self._shift += hours * _HOUR
                self._clock_errors = [errors[number]] * 3
                return
