// What no verifier lets in: uses of an object after its end, in time and in space.
#include "kfuncs.h"

struct thing {
  long a;
  int b;
};

SEC("xdp")
int freed(struct xdp_md *ctx) {
  struct thing *thing = bpf_obj_new(struct thing);

  if (!thing) return XDP_DROP;
  bpf_obj_drop(thing);
  return thing->b;
}

SEC("xdp")
int behind(struct xdp_md *ctx) {
  struct thing *thing = bpf_obj_new(struct thing);

  if (!thing) return XDP_DROP;
  long value = *(volatile long *)(thing + 1);
  bpf_obj_drop(thing);
  return value;
}
