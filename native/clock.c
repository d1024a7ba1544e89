/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include "system.h"
#include "text.h"

static const char *two(long value, char *out, char fill)
{
    char digits[21];
    join(out, 4, value < 10 ? (char[]){fill, 0} : "", decimal((uint64_t)value, digits), NULL);
    return out;
}

void time_now(char *words, char *stamp)
{
    static const char weekdays[] = "Thu\0Fri\0Sat\0Sun\0Mon\0Tue\0Wed";
    static const char months[] = "Jan\0Feb\0Mar\0Apr\0May\0Jun\0Jul\0Aug\0Sep\0Oct\0Nov\0Dec";
    struct { long seconds, nanoseconds; } now = {0, 0};
    long days, rest, era, day_of_era, year_of_era, day_of_year, shifted, day, month, year;
    char a[4], b[4], c[4], d[4], e[4], digits[21], fraction[21];
    CALL(clock_gettime, 0, &now);
    days = now.seconds / 86400;
    rest = now.seconds % 86400;
    /* If years begin in March, the leap day is their last day. The pattern repeats after 400 years. */
    shifted = days + 719468;
    era = shifted / 146097;
    day_of_era = shifted % 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    day = day_of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year = year_of_era + era * 400 + (month <= 2);
    decimal((uint64_t)year, digits);
    two(rest / 3600, b, '0');
    two(rest / 60 % 60, c, '0');
    two(rest % 60, d, '0');
    join(words, 32, weekdays + 4 * (days % 7), " ", months + 4 * (month - 1), " ", two(day, a, ' '), " ", b, ":", c, ":",
         d, " ", digits, NULL);
    decimal((uint64_t)(now.nanoseconds / 1000000 + 1000), fraction);
    join(stamp, 32, digits, "/", two(month, e, '0'), "/", two(day, a, '0'), " ", b, ":", c, ":", d, ".", fraction + 1,
         NULL);
}
