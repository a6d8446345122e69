// SPDX-License-Identifier: GPL-2.0
/*
 * Prints how many threads OpenMP makes of its own accord, and on which cores
 * they are: "2: 2 3".
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>

#include <omp.h>

int main(void)
{
	int cpu[1024] = { 0 };
	int n = 0;

#pragma omp parallel
	{
		cpu[omp_get_thread_num()] = sched_getcpu();
#pragma omp single
		n = omp_get_num_threads();
	}

	printf("%d:", n);
	for (int i = 0; i < n; i++)
		printf(" %d", cpu[i]);
	putchar('\n');
	return 0;
}
