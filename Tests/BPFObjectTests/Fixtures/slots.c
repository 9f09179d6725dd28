// Programs for a dispatcher's slots, with data, a map and functions of their own.
#include "fixture.h"

struct xdp_md {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};
struct {
  int (*type)[2], (*max_entries)[2];
  u32 *key;
  u64 *value;
} seen SEC(".maps");
volatile const u32 least SEC(".rodata") = 40;
u32 counts[4];

static noinline u32 length(struct xdp_md *ctx) { return ctx->data_end - ctx->data; }
noinline int note(u32 key) {
  u64 *value = map_lookup_elem(&seen, &key);
  if (value) *value += 1;
  counts[key & 3]++;
  return 0;
}

SEC("xdp") int long_enough(struct xdp_md *ctx) {
  note(1);
  return length(ctx) < least ? 1 : 2;
}
SEC("freplace/second") int odd(struct xdp_md *ctx) { return length(ctx) & 1 ? 3 : 2; }

LICENSE;
