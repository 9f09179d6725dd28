// A dispatcher in the manner of libxdp's: global functions that other programs replace.
#include "fixture.h"

struct xdp_md {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

volatile const struct {
  u32 programs;
  u32 go_on[2];
} config SEC(".rodata") = {2, {1 << 2, 1 << 2}};
u32 counts[2];

noinline int first(struct xdp_md *ctx) {
  volatile int answer = 31;
  return ctx ? answer : 0;
}
noinline int second(struct xdp_md *ctx) {
  volatile int answer = 31;
  return ctx ? answer : 0;
}

SEC("xdp") int dispatch(struct xdp_md *ctx) {
  if (config.programs < 1) goto out;
  int answer = first(ctx);
  counts[0]++;
  if (!((1u << (answer & 31)) & config.go_on[0])) return answer;
  if (config.programs < 2) goto out;
  answer = second(ctx);
  counts[1]++;
  if (!((1u << (answer & 31)) & config.go_on[1])) return answer;
out:
  return 2;
}

LICENSE;
