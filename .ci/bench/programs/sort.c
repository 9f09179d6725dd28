/* SPDX-License-Identifier: Apache-2.0 */
/* Stack memory: sorts 32 words of the packet by selection. */
#include "../../../fixtures/include/bpf.h"

#define WORDS 32

SEC("xdp")
int sort(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 words[WORDS];

	if (data + sizeof(words) > data_end)
		return XDP_ABORTED;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < WORDS; i++)
		words[i] = *(__u32 *)(data + 4 * i);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < WORDS - 1; i++) {
#pragma clang loop unroll(disable)
		for (__u32 j = i + 1; j < WORDS; j++) {
			__u32 first = words[i], second = words[j];

			if (second < first) {
				words[i] = second;
				words[j] = first;
			}
			asm volatile("" ::: "memory");
		}
	}
	return words[0] <= words[WORDS - 1] ? XDP_PASS : XDP_ABORTED;
}
