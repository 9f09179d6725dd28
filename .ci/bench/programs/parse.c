/* SPDX-License-Identifier: Apache-2.0 */
/* A frame judged by XDP. */
#include "parse.h"

SEC("xdp")
int parse(struct xdp_md *ctx)
{
	return judge((void *)(long)ctx->data, (void *)(long)ctx->data_end, XDP_PASS, XDP_DROP);
}
