# SPDX-License-Identifier: GPL-2.0
# PID 1 of a lab: one static program. Whoever includes this sets
#
#   NAME      the program, and its main source file without .c
#   PARTS     its other source files, without .c
#   ALSO      a folder where some of them are
#   O         where to write, and nowhere else
#   THREADS   -pthread, if it has any
#
#   make [all]      build it
#   make clean

CFLAGS ?= -O2
CPPFLAGS_ALL := -D_GNU_SOURCE -I../../lwk/include/uapi \
	-I../../xemem/include/uapi $(CPPFLAGS)
CFLAGS_ALL := -std=gnu11 -Wall -Wextra -Werror $(THREADS) $(CFLAGS)
OBJECTS := $(patsubst %,$(O)/%.o,$(NAME) $(PARTS))

.PHONY: all clean
.DELETE_ON_ERROR:

all: $(O)/$(NAME)

$(O)/$(NAME): $(OBJECTS)
	$(CC) $(CFLAGS_ALL) -static $(LDFLAGS) -o $@ $^

$(O)/%.o: %.c $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(O)/%.o: $(ALSO)/%.c $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

clean:
	rm -f $(O)/$(NAME) $(OBJECTS) $(OBJECTS:.o=.d)

-include $(OBJECTS:.o=.d)
