# SPDX-License-Identifier: GPL-2.0
#
# The programs of the deterministic lab. The top Makefile includes this after
# its first target; the recipe of bench-overhead is there.

BENCH_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
BENCH_BUILD ?= $(or $(BUILD),build)/bench
BENCH_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -static

$(BENCH_BUILD)/%-init: $(BENCH_DIR)/%.c
	mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $<

bench-overhead: $(BENCH_BUILD)/overhead-init
