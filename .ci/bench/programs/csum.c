/* SPDX-License-Identifier: Apache-2.0 */
/* Reads packet memory: the Internet checksum over 1,500 bytes. */
#include "../../../fixtures/include/bpf.h"

#define BYTES 1500

SEC("xdp")
int csum(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 sum = 0;

	if (data + BYTES > data_end)
		return XDP_ABORTED;
#pragma clang loop unroll(disable)
	for (__u32 offset = 0; offset < BYTES; offset += 2) {
		sum += *(__u16 *)(data + offset);
		asm volatile("" : "+r"(sum));
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum == 0 ? XDP_PASS : XDP_DROP;
}
