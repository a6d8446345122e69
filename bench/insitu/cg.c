// SPDX-License-Identifier: GPL-2.0
#include <math.h>

#include "cg.h"
#include "insitu.h"

#define DIAGONAL	27.0
#define BESIDE		(-1.0)

static double *vector(size_t length)
{
	return memory_make(length * sizeof(double));
}

/* The first unknown of a row of the cube, behind the border. */
static size_t row_at(const struct cg *cg, size_t y, size_t z)
{
	size_t side = cg->edge + 2;

	return ((z + 1) * side + y + 1) * side + 1;
}

/*
 * sums[i]: of nine rows, at i - 1 of the row. The neighbours of an unknown and
 * itself are three of them.
 */
static void sum_columns(const struct cg *cg, const double *from, size_t row)
{
	size_t side = cg->edge + 2;

	for (size_t i = 0; i < side; i++)
		cg->sums[i] = 0;
	for (size_t z = 0; z < 3; z++)
		for (size_t y = 0; y < 3; y++) {
			const double *near = from + row - 1 - side * side -
					     side + (z * side + y) * side;

			for (size_t i = 0; i < side; i++)
				cg->sums[i] += near[i];
		}
}

/* to = matrix * from */
static void multiply(const struct cg *cg, double *to, const double *from)
{
	for (size_t z = 0; z < cg->edge; z++)
		for (size_t y = 0; y < cg->edge; y++) {
			size_t row = row_at(cg, y, z);
			const double *sums = cg->sums;

			sum_columns(cg, from, row);
			for (size_t i = 0; i < cg->edge; i++)
				to[row + i] = (DIAGONAL - BESIDE) *
					      from[row + i] + BESIDE *
					      (sums[i] + sums[i + 1] +
					       sums[i + 2]);
		}
}

static double dot(const struct cg *cg, const double *a, const double *b)
{
	double sum = 0;

	for (size_t i = 0; i < cg->length; i++)
		sum += a[i] * b[i];
	return sum;
}

/* to = a + factor * b */
static void combine(const struct cg *cg, double *to, const double *a,
		    double factor, const double *b)
{
	for (size_t i = 0; i < cg->length; i++)
		to[i] = a[i] + factor * b[i];
}

void cg_init(struct cg *cg, size_t edge)
{
	size_t side = edge + 2;

	cg->edge = edge;
	cg->length = side * side * side;
	cg->x = vector(cg->length);
	cg->load = vector(cg->length);
	cg->residual = vector(cg->length);
	cg->direction = vector(cg->length);
	cg->product = vector(cg->length);
	cg->sums = vector(side);
	for (size_t z = 0; z < edge; z++)
		for (size_t y = 0; y < edge; y++)
			for (size_t x = 0; x < edge; x++)
				cg->direction[row_at(cg, y, z) + x] = 1;
	multiply(cg, cg->load, cg->direction);
}

void cg_begin(struct cg *cg, double value)
{
	multiply(cg, cg->product, cg->x);
	for (size_t i = 0; i < cg->length; i++) {
		cg->residual[i] = value * cg->load[i] - cg->product[i];
		cg->direction[i] = cg->residual[i];
	}
	cg->square = dot(cg, cg->residual, cg->residual);
}

void cg_iterate(struct cg *cg, unsigned int count)
{
	double factor, square;

	/* Exactly solved, as happens with a tiny cube: nowhere to go. */
	while (count-- && cg->square > 0) {
		multiply(cg, cg->product, cg->direction);
		factor = cg->square / dot(cg, cg->direction, cg->product);
		combine(cg, cg->x, cg->x, factor, cg->direction);
		combine(cg, cg->residual, cg->residual, -factor, cg->product);
		square = dot(cg, cg->residual, cg->residual);
		combine(cg, cg->direction, cg->residual, square / cg->square,
			cg->direction);
		cg->square = square;
	}
}

double cg_error(const struct cg *cg, double value)
{
	double most = 0;

	for (size_t z = 0; z < cg->edge; z++)
		for (size_t y = 0; y < cg->edge; y++)
			for (size_t x = 0; x < cg->edge; x++)
				most = fmax(most, fabs(value -
					    cg->x[row_at(cg, y, z) + x]));
	return most;
}
