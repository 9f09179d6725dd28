/* SPDX-License-Identifier: Apache-2.0 */
/* The same as a classifier: what an skb costs beside an XDP frame. */
#include "parse.h"

SEC("tc")
int parse(struct __sk_buff *ctx)
{
	return judge((void *)(long)ctx->data, (void *)(long)ctx->data_end, TC_ACT_OK, TC_ACT_SHOT);
}
