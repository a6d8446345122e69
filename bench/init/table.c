// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "../programs/marker.h"
#include "init.h"
#include "selection.h"
#include "table.h"

#define THP	"/sys/kernel/mm/transparent_hugepage/"

static int set_up(const struct table *table)
{
	if (write_text(THP "enabled", "always") ||
	    write_text(THP "khugepaged/defrag", "0"))
		return -1;
	return table->set_up ? table->set_up() : 0;
}

static int measure_all(const struct table *table,
		       const struct selection *selection, int port)
{
	for (size_t i = 0; table->name_of_case(i); i++) {
		if (!(selection->cases & 1U << i))
			continue;
		for (size_t s = 0; table->name_of_subject(s); s++) {
			if (!(selection->subjects & 1U << s))
				continue;
			if (table->measure(i, s, port))
				return -1;
		}
	}
	return 0;
}

int table_main(const struct table *table)
{
	struct selection selection;
	int port, status;

	if (getpid() != 1) {
		fprintf(stderr, "%s: runs as init of bench/lab only\n",
			table->program);
		return 2;
	}
	port = machine_mount() ? -1 : machine_open_port();
	if (port >= 0) {
		status = selection_read(&selection, table->name_of_case,
					table->name_of_subject) ||
			 machine_pin(0, CORE_OTHERS, CORE_OTHERS) ||
			 machine_settle() || set_up(table) ||
			 measure_all(table, &selection, port) ? 1 : 0;
		dprintf(port, "end %d\n", status);
		tcdrain(port);
	}
	marker_end();
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
