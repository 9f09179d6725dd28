// Callbacks of every kind that the engines know, with results written into the frame: what the kernel writes is what the
// simulator must write.
#include "bpf.h"

static long (*const bpf_for_each_map_elem)(void *map, void *callback, void *context, __u64 flags) = (void *)164;
static long (*const bpf_loop)(__u32 iterations, void *callback, void *context, __u64 flags) = (void *)181;

struct sum {
  __u64 total;
  __u32 calls;
  __u32 inner;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 5);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u64);
  __type(value, __u32);
} seen SEC(".maps");

static long add_index(__u32 index, struct sum *sum) {
  sum->total += index * 3;
  sum->calls++;
  return 0;
}

static long stop_at_seven(__u32 index, struct sum *sum) {
  sum->inner++;
  return index == 7;
}

static long nest(__u32 index, struct sum *sum) {
  sum->total += bpf_loop(index + 2, stop_at_seven, sum, 0);
  return index >= 9;
}

static long visit(void *map, __u32 *key, __u64 *value, struct sum *sum) {
  *value += *key + 1;
  sum->total += *value;
  sum->calls++;
  return 0;
}

static long first_of(void *map, __u64 *key, __u32 *value, struct sum *sum) {
  sum->total += *key ^ *value;
  return 1;
}

SEC("xdp")
int callbacks(struct xdp_md *ctx) {
  struct sum sum = {};
  __u64 key = 0x1122334455667788;
  __u32 value = 99;
  __u64 *out = (void *)(long)ctx->data;

  if ((void *)(out + 12) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  bpf_map_update_elem(&seen, &key, &value, BPF_ANY);
  long looped = bpf_loop(100, add_index, &sum, 0);
  long nested = bpf_loop(50, nest, &sum, 0);
  long none = bpf_loop(0, add_index, &sum, 0);
  long refused = bpf_loop(9000000, add_index, &sum, 0);
  long visited = bpf_for_each_map_elem(&numbers, visit, &sum, 0);
  long found = bpf_for_each_map_elem(&seen, first_of, &sum, 0);
  out = (void *)(long)ctx->data;
  if ((void *)(out + 12) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  out[0] = looped;
  out[1] = nested;
  out[2] = none;
  out[3] = refused;
  out[4] = visited;
  out[5] = found;
  out[6] = sum.total;
  out[7] = sum.calls;
  out[8] = sum.inner;
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
