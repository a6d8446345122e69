// SPDX-License-Identifier: GPL-2.0
/* Numbers: the whole text counts, bounds hold, rounding never makes a zero. */
#include <errno.h>

#include "number.h"
#include "tap.h"

static const struct {
	const char *text;
	int ret;
	unsigned int value;
} counts[] = {
	{ "1", 0, 1 },
	{ "10", 0, 10 },
	{ "0", -ERANGE, 0 },
	{ "11", -ERANGE, 0 },
	{ "18446744073709551617", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "1.0", -EINVAL, 0 },
	{ "0x1", -EINVAL, 0 },
}, units[] = {
	{ "0", 0, 0 },
	{ "0.0", 0, 0 },
	{ "100", 0, 100000 },
	{ "0.5", 0, 500 },
	{ ".25", 0, 250 },
	{ "1.", 0, 1000 },
	{ "0.0015", 0, 2 },
	{ "10000", 0, 10000000 },
	{ "10000.001", -ERANGE, 0 },
	{ "0.0001", -ERANGE, 0 },
	{ "99999999999999999999", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ ".", -EINVAL, 0 },
	{ "1.2.3", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "1e3", -EINVAL, 0 },
	{ "inf", -EINVAL, 0 },
	{ "nan", -EINVAL, 0 },
	{ "1ms", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
};

#define NR(array)	(sizeof(array) / sizeof((array)[0]))

int main(void)
{
	unsigned int value;
	size_t i;
	int ret;

	tap_plan(NR(counts) + NR(units));
	for (i = 0; i < NR(counts); i++) {
		value = 0;
		ret = number_parse_count(counts[i].text, 10, &value);
		ok(ret == counts[i].ret && value == counts[i].value,
		   "count '%s': %d, %u", counts[i].text, ret, value);
	}
	for (i = 0; i < NR(units); i++) {
		value = 0;
		ret = number_parse_units(units[i].text, 1000, 10000000,
					 &value);
		ok(ret == units[i].ret && value == units[i].value,
		   "units '%s': %d, %u", units[i].text, ret, value);
	}
	return tap_status();
}
