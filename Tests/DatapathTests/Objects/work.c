// Work items in the values of maps: every answer of their kfuncs, and callbacks that run when the program is done. Results go
// into the frame: what the kernel writes is what the simulator must write.
#include "bpf.h"

#define __ksym __attribute__((section(".ksyms")))

struct bpf_wq {
  __u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*callback)(void *map, int *key, void *value),
                                    unsigned int flags, void *aux) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;

struct element {
  __u64 count;
  struct bpf_wq work;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, struct element);
} hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, int);
  __type(value, struct element);
} array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} results SEC(".maps");

static __attribute__((always_inline)) void add(__u32 index, __u64 value) {
  __u64 *slot = bpf_map_lookup_elem(&results, &index);
  if (slot)
    *slot += value;
}

static int count(void *map, int *key, void *value) {
  struct element *element = value;
  element->count++;
  add(0, 1);
  add(1, *key);
  add(2, element->count);
  return 0;
}

SEC("xdp")
int works(struct xdp_md *ctx) {
  __s64 *out = (void *)(long)ctx->data;
  int key = 3, index = 2;
  struct element fresh = {.count = 5};
  struct element *element;

  if ((void *)(out + 16) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  if (out[0] == 1) {
    bpf_map_update_elem(&hash, &key, &fresh, BPF_ANY);
    element = bpf_map_lookup_elem(&hash, &key);
    if (!element)
      return XDP_DROP;
    out[0] = bpf_wq_start(&element->work, 0);
    out[1] = bpf_wq_set_callback_impl(&element->work, count, 0, 0);
    out[2] = bpf_wq_init(&element->work, &hash, 1);
    out[3] = bpf_wq_init(&element->work, &hash, 0);
    out[4] = bpf_wq_init(&element->work, &hash, 0);
    out[5] = bpf_wq_start(&element->work, 0);
    out[6] = bpf_wq_set_callback_impl(&element->work, count, 1, 0);
    out[7] = bpf_wq_set_callback_impl(&element->work, count, 0, 0);
    out[8] = bpf_wq_start(&element->work, 1);
    out[9] = bpf_wq_start(&element->work, 0);
    element = bpf_map_lookup_elem(&array, &index);
    if (!element)
      return XDP_DROP;
    out[10] = bpf_wq_init(&element->work, &array, 0);
    out[11] = bpf_wq_set_callback_impl(&element->work, count, 0, 0);
    out[12] = bpf_wq_start(&element->work, 0);
    return XDP_PASS;
  }
#pragma unroll
  for (__u32 number = 0; number < 3; number++) {
    __u32 copy = number;
    __u64 *result = bpf_map_lookup_elem(&results, &copy);
    out[number] = result ? *result : 0;
  }
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
