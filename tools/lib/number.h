/* SPDX-License-Identifier: GPL-2.0 */
/* Strict numbers: all of the text counts, no sign, no space, no overflow. */
#ifndef LWK_TOOLS_NUMBER_H
#define LWK_TOOLS_NUMBER_H

/*
 * A whole number of 1 to @max. Returns 0, -EINVAL when @text is no number,
 * -ERANGE when it is out of bounds.
 */
int number_parse_count(const char *text, unsigned int max,
		       unsigned int *value);

/*
 * A size in bytes, or in KiB, MiB, GiB or TiB with the letter k, m, g or t
 * behind it. Returns 0, -EINVAL when @text is no size, -ERANGE when it does not
 * fit.
 */
int number_parse_bytes(const char *text, unsigned long long *value);

/*
 * A decimal fraction as a whole number of units, @units to one, rounded:
 * "0.5" with 1000 units is 500. Returns 0, -EINVAL when @text is no number,
 * -ERANGE above @max units or when it is not zero but would be rounded to it.
 */
int number_parse_units(const char *text, unsigned int units, unsigned int max,
		       unsigned int *value);

#endif /* LWK_TOOLS_NUMBER_H */
