// SPDX-License-Identifier: GPL-2.0
/*
 * An MPI program: all ranks together add up the numbers 1 to N, each of them
 * those of its turn. Prints the sum, how many ranks there are, and on which
 * core each of them is: "sum 500000500000 of 2 ranks on cores 2 3".
 *
 * usage: mpi_sum N
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <mpi.h>

#define RANKS_MAX	64

int main(int argc, char **argv)
{
	int rank, ranks, core, cores[RANKS_MAX];
	long long n, sum = 0, total;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	if (argc != 2 || ranks > RANKS_MAX) {
		fprintf(stderr, "usage: mpi_sum N, with up to %d ranks\n",
			RANKS_MAX);
		MPI_Abort(MPI_COMM_WORLD, 1);
	}

	n = atoll(argv[1]);
	for (long long i = rank + 1; i <= n; i += ranks)
		sum += i;
	core = sched_getcpu();
	MPI_Reduce(&sum, &total, 1, MPI_LONG_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
	MPI_Gather(&core, 1, MPI_INT, cores, 1, MPI_INT, 0, MPI_COMM_WORLD);

	if (!rank) {
		printf("sum %lld of %d ranks on cores", total, ranks);
		for (int i = 0; i < ranks; i++)
			printf(" %d", cores[i]);
		putchar('\n');
	}
	MPI_Finalize();
	return 0;
}
