/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench_histogram.h"

#define STEP_BITS 6u /* BENCH_HISTOGRAM_STEPS is 1 << STEP_BITS */

static unsigned
bucket_of(uint64_t ns)
{
	unsigned power;

	if (ns < BENCH_HISTOGRAM_STEPS)
		return (unsigned)ns;
	power = 63u - (unsigned)__builtin_clzll(ns);
	return (power - STEP_BITS + 1) * BENCH_HISTOGRAM_STEPS +
	    (unsigned)((ns >> (power - STEP_BITS)) &
		(BENCH_HISTOGRAM_STEPS - 1));
}

static uint64_t
bottom_of(unsigned bucket)
{
	unsigned power;

	if (bucket < BENCH_HISTOGRAM_STEPS)
		return bucket;
	power = bucket / BENCH_HISTOGRAM_STEPS + STEP_BITS - 1;
	return (UINT64_C(1) << power) +
	    ((uint64_t)(bucket % BENCH_HISTOGRAM_STEPS) << (power - STEP_BITS));
}

void
bench_histogram_add(struct bench_histogram *h, uint64_t ns)
{
	h->counts[bucket_of(ns)]++;
	h->total++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

double
bench_histogram_quantile_ms(const struct bench_histogram *h, double share)
{
	uint64_t wanted = (uint64_t)((double)h->total * share);
	uint64_t seen = 0;

	for (unsigned i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
		seen += h->counts[i];
		if (seen > wanted)
			return (double)bottom_of(i) / 1e6;
	}
	return (double)h->max_ns / 1e6;
}
