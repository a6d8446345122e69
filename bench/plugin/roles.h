/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What entering a kernel function tells about the cause of an excursion.
 */
#ifndef BENCH_PLUGIN_ROLES_H
#define BENCH_PLUGIN_ROLES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * enum role - bits of struct symbol's roles
 * @ROLE_CLEAR: leaves no trace: a call through it is its caller's call.
 * @ROLE_PLUMBING: never the handler of an excursion.
 * @ROLE_DISPATCH: what it calls is the handler.
 * @ROLE_WEAK: a handler that only passes on: a better one may follow.
 * @ROLE_SENDING: part of the way to an interrupt on another core; the sender
 *	is the function that called it.
 * @ROLE_LAST: nothing that counts comes after it.
 * @ROLE_CALL_MANY, @ROLE_CALL_ONE, @ROLE_RESCHEDULE, @ROLE_IRQ_WORK,
 * @ROLE_NMI: entering it sends an interrupt of that kind.
 */
enum role {
	ROLE_CLEAR	= 1 << 0,
	ROLE_PLUMBING	= 1 << 1,
	ROLE_DISPATCH	= 1 << 2,
	ROLE_WEAK	= 1 << 3,
	ROLE_SENDING	= 1 << 4,
	ROLE_LAST	= 1 << 5,
	ROLE_CALL_MANY	= 1 << 8,
	ROLE_CALL_ONE	= 1 << 9,
	ROLE_RESCHEDULE	= 1 << 10,
	ROLE_IRQ_WORK	= 1 << 11,
	ROLE_NMI	= 1 << 12,
};

#define ROLE_SEND_SHIFT	8
#define ROLE_SEND_KINDS	5
#define ROLE_SEND_ANY	(((1 << ROLE_SEND_KINDS) - 1) << ROLE_SEND_SHIFT)

uint32_t roles_of(const char *name);

/* The kind of interrupt (from 0) that comes in at @entry; -1: not from a core. */
int roles_kind_of_entry(const char *entry);

#endif
