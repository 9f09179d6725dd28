/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: a tree of subprograms as deep as Linux allows, walked 100 times. */
#include "../../../fixtures/include/bpf.h"

static __noinline __u64 leaf(__u64 x)
{
	asm volatile("" : "+r"(x));
	return x + 1;
}

#define BRANCH(name, below)                      \
	static __noinline __u64 name(__u64 x)    \
	{                                        \
		__u64 left = below(x);           \
		return left + below(left ^ x);   \
	}

BRANCH(one, leaf)
BRANCH(two, one)
BRANCH(three, two)
BRANCH(four, three)
BRANCH(five, four)
BRANCH(six, five)

SEC("xdp")
int call(struct xdp_md *ctx)
{
	__u64 sum = 0;

#pragma clang loop unroll(disable)
	for (__u64 round = 0; round < 25; round++)
		sum += six(round);
	return sum & 1 ? XDP_PASS : XDP_DROP;
}
