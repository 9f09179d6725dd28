/* SPDX-License-Identifier: Apache-2.0 */
/* Branches and division: counts the primes below 2,000 by trial division. */
#include "../../../fixtures/include/bpf.h"

SEC("xdp")
int prime(struct xdp_md *ctx)
{
	__u64 count = 1;

#pragma clang loop unroll(disable)
	for (__u64 number = 3; number < 2000; number += 2) {
		__u64 divisor = 3;

#pragma clang loop unroll(disable)
		while (divisor * divisor <= number && number % divisor != 0)
			divisor += 2;
		count += divisor * divisor > number;
		asm volatile("" : "+r"(count));
	}
	return count == 303 ? XDP_PASS : XDP_ABORTED;
}
