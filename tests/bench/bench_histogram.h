/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * Times counted in buckets whose width grows with the time: 64 for each power
 * of two, so that a quantile is right within 1.6 %.
 */
#define BENCH_HISTOGRAM_STEPS   64u
#define BENCH_HISTOGRAM_BUCKETS (64u * BENCH_HISTOGRAM_STEPS)

struct bench_histogram {
	uint64_t counts[BENCH_HISTOGRAM_BUCKETS];
	uint64_t total;
	uint64_t max_ns;
};

void bench_histogram_add(struct bench_histogram *h, uint64_t ns);

/* The time in milliseconds that the share (0 to 1) of all stays below. */
double bench_histogram_quantile_ms(
    const struct bench_histogram *h, double share);
