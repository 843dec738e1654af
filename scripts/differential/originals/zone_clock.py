"""Clocks of IANA zones by Python's zoneinfo over the pinned package tzdata.

Reads one JSON request a line and prints one JSON answer for each:
  {"kind": "changes", "zone", "from", "to"}            -> [[instant, offset], ...]
  {"kind": "times", "zone", "pattern", "from", "to"}   -> instants after from, up to to
  {"kind": "clock", ...the same}                       -> the same, looking at every single minute
Instants are seconds since 1970 in UTC, offsets are seconds ahead of it. Patterns have five fields in
numbers: `*`, `a`, `a-b`, `*/n`, `a-b/n` and lists of these.
"""
import bisect
import functools
import json
import sys
import zoneinfo
from datetime import date, datetime, timedelta, timezone

zoneinfo.reset_tzpath(to=[])
MINUTE, HOUR, DAY = 60, 3600, 86400
UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def offset_at(zone, at):
    local = (EPOCH + timedelta(seconds=at)).astimezone(zone)
    return int(local.utcoffset().total_seconds())


def segments(name, start, end, step=HOUR):
    """Spans [from, to) of one offset between two instants."""
    zone = zoneinfo.ZoneInfo(name)
    found = []
    begins, offset = start, offset_at(zone, start)
    at = start
    while at < end:
        upto = min(at + step, end)
        if offset_at(zone, upto) != offset:
            low, high = at, upto
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, middle) == offset:
                    low = middle
                else:
                    high = middle
            found.append((begins, high, offset))
            begins, offset = high, offset_at(zone, high)
        at = upto
    found.append((begins, end, offset))
    return found


kept_segments = functools.lru_cache(maxsize=64)(segments)


@functools.lru_cache(maxsize=None)
def numbers(field, least, most):
    """What a field allows; None for a field that is not given."""
    if field == "*":
        return None
    allowed = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            first, last = least, most
        first = int(first)
        last = int(last) if last != "" else first
        allowed.update(range(first, last + 1, int(step or 1)))
    return frozenset(allowed)


class Pattern:
    def __init__(self, text):
        minute, hour, day, month, weekday = text.split(" ")
        self.minutes, self.hours = numbers(minute, 0, 59), numbers(hour, 0, 23)
        self.days, self.months = numbers(day, 1, 31), numbers(month, 1, 12)
        self.weekdays = numbers(weekday, 0, 6)
        self.fixed = not any(sign in minute + hour for sign in "*/")
        self.of_day = [
            h * HOUR + m * MINUTE
            for h in range(24)
            for m in range(60)
            if (self.hours is None or h in self.hours)
            and (self.minutes is None or m in self.minutes)
        ]

    @functools.lru_cache(maxsize=None)
    def fits(self, day_number):
        day = date(1970, 1, 1) + timedelta(days=day_number)
        if self.months is not None and day.month not in self.months:
            return False
        if self.days is None and self.weekdays is None:
            return True
        return (self.days is not None and day.day in self.days) or (
            self.weekdays is not None and day.isoweekday() % 7 in self.weekdays
        )

    def walls(self, start, end):
        """What clocks show when the pattern fits, in [start, end)."""
        for day_number in range(start // DAY, (end - 1) // DAY + 1):
            if not self.fits(day_number):
                continue
            midnight = day_number * DAY
            first = bisect.bisect_left(self.of_day, start - midnight)
            last = bisect.bisect_left(self.of_day, end - midnight)
            for of_day in self.of_day[first:last]:
                yield midnight + of_day

    def shows(self, wall):
        of_day = wall % DAY
        found = bisect.bisect_left(self.of_day, of_day)
        return (
            found < len(self.of_day) and self.of_day[found] == of_day and self.fits(wall // DAY)
        )


pattern_of = functools.lru_cache(maxsize=None)(Pattern)


def at_gap(pattern, begins, ends):
    """True when a fixed time lies in a gap of the clocks, but for days that are skipped whole."""
    return any(
        not (begins <= wall // DAY * DAY and wall // DAY * DAY + DAY <= ends)
        for wall in pattern.walls(begins, ends)
    )


def times(spans, pattern):
    found = set()
    shown_until = None
    for begins, ends, offset in spans:
        start = begins + offset
        if pattern.fixed and shown_until is not None:
            if start > shown_until and at_gap(pattern, shown_until, start):
                found.add(begins)
            # What the clocks showed before came then.
            start = max(start, shown_until)
        found.update(wall - offset for wall in pattern.walls(start, ends + offset))
        shown_until = max(ends + offset, shown_until or ends + offset)
    return found


@functools.lru_cache(maxsize=1)
def every_minute(name, start, end):
    """What the clocks show, minute for minute."""
    zone = zoneinfo.ZoneInfo(name)
    return [(at, at + offset_at(zone, at)) for at in range(start, end, MINUTE)]


def clock_times(name, pattern, start, end):
    found, seen, before = set(), set(), None
    for at, wall in every_minute(name, start, end):
        if pattern.fixed:
            if before is not None and wall > before + MINUTE:
                if at_gap(pattern, before + MINUTE, wall):
                    found.add(at)
            is_new = wall not in seen
            seen.add(wall)
        else:
            is_new = True
        if is_new and pattern.shows(wall):
            found.add(at)
        before = wall
    return found


def answer(request):
    name, start, end = request["zone"], request["from"], request["to"]
    if request["kind"] == "changes":
        return [[at, offset] for at, _, offset in segments(name, start, end, 3 * HOUR)[1:]]
    pattern = pattern_of(request["pattern"])
    # A time of the day before may come now, and one that came then does not come again.
    early, late = start - 3 * DAY, end + MINUTE
    if request["kind"] == "clock":
        found = clock_times(name, pattern, early, late)
    else:
        found = times(kept_segments(name, early, late), pattern)
    return sorted(at for at in found if start < at <= end)


for line in sys.stdin:
    try:
        print(json.dumps({"ok": True, "value": answer(json.loads(line))}))
    except Exception as error:  # noqa: BLE001 - an answer for each request
        print(json.dumps({"ok": False, "error": repr(error)}))
