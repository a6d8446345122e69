/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions of the guest's kernel, from its System.map.
 */
#ifndef BENCH_PLUGIN_SYMBOLS_H
#define BENCH_PLUGIN_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* The lowest address of the kernel's half. */
#define KERNEL_SPACE	0xffff800000000000ULL

/**
 * struct symbol - a function of the kernel
 * @address: of its first instruction
 * @index: its place in the sorted table
 * @roles: enum role, what the function tells about a cause
 * @name: without the suffixes of compiler-made copies
 */
struct symbol {
	uint64_t address;
	uint32_t index;
	uint32_t roles;
	const char *name;
};

/* Read the table. 0, or -1 with a message that names @path and the reason. */
int symbols_read(const char *path);

size_t symbols_count(void);

/*
 * The function that @address is in, never NULL: what is above the kernel's
 * own text (modules, JIT programs, trampolines) has one symbol of its own.
 */
const struct symbol *symbols_find(uint64_t address);

#endif
