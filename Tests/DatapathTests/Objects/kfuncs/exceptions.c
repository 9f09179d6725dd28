// bpf_throw from functions, callbacks and tail-called programs, with and without a callback of the program's own.
#include "kfuncs.h"

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u32);
} next SEC(".maps");

volatile __u32 zero;
__u64 seen[8] SEC(".data.seen");

__noinline int caught(__u64 cookie) {
  seen[0] += 1;
  seen[1] = cookie;
  return cookie + 1;
}

__noinline static int deep(__u64 cookie) {
  seen[2] += 1;
  if (zero == 0) bpf_throw(cookie);
  seen[3] += 1;
  return 5;
}

__noinline static int middle(__u64 cookie) {
  int result = deep(cookie) + 1;
  seen[4] += 1;
  return result;
}

SEC("xdp")
int throws(struct xdp_md *ctx) {
  if (zero == 0) bpf_throw(XDP_TX);
  return XDP_DROP;
}

SEC("xdp")
int throws_deep(struct xdp_md *ctx) {
  return middle(XDP_TX) + 1;
}

SEC("xdp")
__exception_cb(caught)
int catches(struct xdp_md *ctx) {
  return middle(1) + 7;
}

// A global function is verified on its own, and throws for whoever calls it.
__noinline int global_thrower(struct xdp_md *ctx) {
  if (!ctx) return 0;
  bpf_throw(ctx->data_end - ctx->data);
  return 0;
}

SEC("xdp")
__exception_cb(caught)
int catches_global(struct xdp_md *ctx) {
  seen[6] = 1;
  global_thrower(ctx);
  return XDP_DROP;
}

SEC("xdp")
__exception_cb(caught)
int catches_nothing(struct xdp_md *ctx) {
  if (zero) bpf_throw(1);
  return XDP_TX;
}
