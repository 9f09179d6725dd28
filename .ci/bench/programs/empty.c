/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet costs before a program has done anything. */
#include "../../../fixtures/include/bpf.h"

SEC("xdp")
int empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}
