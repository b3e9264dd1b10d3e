#!/usr/bin/env python3
"""Writes id-national.toml, the days off of the Indonesian government.

Run by hand, never by the build, when a new decree (SKB 3 Menteri) is out and PyPI `holidays` has it:

    python3 -m venv venv && venv/bin/pip install holidays==0.109
    venv/bin/python generate.py > id-national.toml

Raise VERSION and EFFECTIVE_FROM with every change of a day: running clocks are recomputed against the new version.
"""

from datetime import date, timedelta

import holidays
from holidays.calendars.islamic import _IslamicMabimsLunar
from holidays.constants import GOVERNMENT, PUBLIC

VERSION = 1
EFFECTIVE_FROM = date(2018, 1, 1)
YEARS = range(2018, 2028)

# The library computes 1 Ramadan for Singapore. In 2025 the crescent was seen in Aceh alone, so Indonesia began a day
# earlier (sidang isbat of 28 February 2025). With the ministry's decisions of 2018 to 2026 it agrees otherwise.
RAMADAN_BEGAN = {2025: date(2025, 3, 1)}

ESTIMATED = " (perkiraan)"

HEADER = """\
# National days off and joint leave (cuti bersama) of Indonesia, {first} to {last}. Outside these years it lists none.
#
# Made by generate.py from PyPI `holidays` {library} (https://github.com/vacanza/holidays, MIT licence), country ID,
# language id: category PUBLIC gives "national", GOVERNMENT gives "joint-leave". Two feasts on one day share an entry.
# What the library calls "(perkiraan)" is tentative here; its misspelt "Pegangti" is written "Pengganti". Polling days
# decreed as national days off are kept.
#
# Ramadan is from 1 Ramadan as the national government set it (not as each organisation did) to the day before Idul
# Fitri. The library's 1 Ramadan is Singapore's, and was corrected for 2025; the last year's is an estimate.
#
# Office hours: five days, Perpres 21/2023 art. 3-4 (opening, breaks, 37.5 and 32.5 hours a week) laid out as in the
# yearly circulars of the ministry (SE MenPANRB 11/2022, 6/2023). Six days: the same circulars for Ramadan; for
# the rest of the year 37.5 hours spread evenly, since no national text lays them out.

name = "id-national"
version = {version}
effective_from = {effective_from}
source = "PyPI holidays {library} (MIT), categories PUBLIC and GOVERNMENT; office hours after Perpres 21/2023"
zone = "Asia/Jakarta"
default_week = "five-days"

# The spans an office is open; a gap is the break. `any` is every working day without a line of its own.
hours.five-days.normal = {{ any = "07:30-12:00, 13:00-16:00", friday = "07:30-11:30, 13:00-16:30" }}
hours.five-days.ramadan = {{ any = "08:00-12:00, 12:30-15:00", friday = "08:00-11:30, 12:30-15:30" }}
hours.six-days.normal = {{ any = "07:30-12:00, 13:00-14:45", friday = "07:30-11:30, 13:00-15:15" }}
hours.six-days.ramadan = {{ any = "08:00-12:00, 12:30-14:00", friday = "08:00-11:30, 12:30-14:00" }}
"""


def days_off(category):
    """The library's days, as (date, name, estimated)."""
    table = holidays.country_holidays("ID", years=YEARS, language="id", categories=(category,))
    for day in sorted(table):
        names = [name.replace("Pegangti", "Pengganti") for name in table.get_list(day)]
        estimated = any(name.endswith(ESTIMATED) for name in names)
        yield day, " / ".join(name.removesuffix(ESTIMATED) for name in names), estimated


def all_days():
    """Every entry as (date, kind, name, tentative); a national day wins over a joint leave of the same date."""
    days = {day: ("national", name, estimated) for day, name, estimated in days_off(PUBLIC)}
    for day, name, estimated in days_off(GOVERNMENT):
        days.setdefault(day, ("joint-leave", name, estimated))
    return [(day, *days[day]) for day in sorted(days)]


def ramadan(days):
    """Every Ramadan as (from, to). A year has one in 2018-2027; it would have two in 2030."""
    eid = {day.year: day for day, _, name, _ in days if name.startswith("Hari Raya Idul Fitri")}
    for year in YEARS:
        computed = date(year, *_IslamicMabimsLunar.RAMADAN_BEGINNING_DATES[year])
        yield RAMADAN_BEGAN.get(year, computed), eid[year] - timedelta(days=1)


def main():
    days = all_days()
    print(
        HEADER.format(
            first=YEARS[0],
            last=YEARS[-1],
            library=holidays.__version__,
            version=VERSION,
            effective_from=EFFECTIVE_FROM,
        )
    )
    print("ramadan = [")
    for first, last in ramadan(days):
        print(f"  {{ from = {first}, to = {last} }},")
    print("]\n\ndays = [")
    year = None
    for day, kind, name, tentative in days:
        if day.year != year:
            year = day.year
            print(f"  # {year}")
        status = ', status = "tentative"' if tentative else ""
        print(f'  {{ date = {day}, kind = "{kind}", name = "{name}"{status} }},')
    print("]")


if __name__ == "__main__":
    main()
