// Programs whose sections tell libbpf no type, and one that a tag gives an exception callback.
#include "fixture.h"

#define TAG(text) __attribute__((btf_decl_tag(text)))

struct xdp_md {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};
struct __sk_buff {
  u32 len;
};

noinline int handler(u64 cookie) { return cookie ? 2 : 1; }

SEC("xdp") TAG("exception_callback:handler") int throwing(struct xdp_md *ctx) { return ctx->rx_queue_index + 1; }
SEC("way_in") int entrance(struct xdp_md *ctx) { return ctx->ingress_ifindex ? 2 : 1; }
SEC("way_out") int leaves(struct __sk_buff *skb) { return skb->len > 60 ? 2 : 0; }
SEC("freplace/prog0") int replacement(struct xdp_md *ctx) { return ctx->ingress_ifindex ? 1 : 2; }
SEC("prog") int legacy(void *ctx) { return 2; }
SEC("cls_main") int classes(void *ctx) { return 0; }
SEC("egress") int departs(void *ctx) { return 0; }
SEC("unknown") int anything(void *ctx) { return 0; }

LICENSE;
