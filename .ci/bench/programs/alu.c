/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic alone: 10,000 rounds of a 64-bit mixing function. */
#include "../../../fixtures/include/bpf.h"

SEC("xdp")
int alu(struct xdp_md *ctx)
{
	__u64 x = 0x9e3779b97f4a7c15 ^ ctx->rx_queue_index, sum = 0;

#pragma clang loop unroll(disable)
	for (__u32 round = 0; round < 10000; round++) {
		x ^= x >> 30;
		x *= 0x5851f42d;
		x ^= x >> 27;
		x += x << 7;
		sum += x;
		asm volatile("" : "+r"(sum));
	}
	return sum & 1 ? XDP_PASS : XDP_DROP;
}
