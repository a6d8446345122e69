/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The method of conjugate gradients for a cube of unknowns. Each is coupled to
 * its 26 neighbours: 27 on the diagonal of the matrix, -1 beside it. Outside of
 * the cube all is zero. The matrix is never stored.
 */
#ifndef BENCH_INSITU_CG_H
#define BENCH_INSITU_CG_H

#include <stddef.h>

/**
 * struct cg - a system of equations and its solution so far
 * @edge: unknowns along an edge of the cube
 * @length: of each vector: the cube, and a border of zeros all around
 * @x: the solution so far
 * @load: right-hand side whose solution is 1 everywhere
 * @residual, @direction, @product: of the method
 * @sums: of columns, for a row of the product
 * @square: of the residual
 */
struct cg {
	size_t edge, length;
	double *x, *load;
	double *residual, *direction, *product, *sums;
	double square;
};

/**
 * cg_init() - set up for an edge of so many unknowns
 *
 * Exits with status 1 if there is not enough memory.
 */
void cg_init(struct cg *cg, size_t edge);

/**
 * cg_begin() - a new right-hand side, and the solution so far to begin with
 * @value: what the solution is everywhere
 */
void cg_begin(struct cg *cg, double value);

/* cg_iterate() - come nearer, @count times */
void cg_iterate(struct cg *cg, unsigned int count);

/* cg_error() - the largest difference from @value, where it is the solution */
double cg_error(const struct cg *cg, double value);

#endif
