// bpf_for_each_map_elem on every type of map that has it, with callbacks that delete, replace and nest, and values with locks.
// Results go into the frame: what the kernel writes is what the simulator must write.
#include "bpf.h"

static long (*const bpf_for_each_map_elem)(void *map, void *callback, void *context, __u64 flags) = (void *)164;
static long (*const bpf_spin_lock)(void *lock) = (void *)93;
static long (*const bpf_spin_unlock)(void *lock) = (void *)94;
static void *(*const bpf_map_lookup_percpu_elem)(void *map, const void *key, __u32 cpu) = (void *)195;

struct bpf_spin_lock {
  __u32 value;
};

struct locked {
  __u32 first;
  struct bpf_spin_lock lock;
  __u64 count;
};

#define MAP(name, kind, entries, Key, Value) \
  struct {                                   \
    __uint(type, kind);                      \
    __uint(max_entries, entries);            \
    __type(key, Key);                        \
    __type(value, Value);                    \
  } name SEC(".maps")

MAP(hash, BPF_MAP_TYPE_HASH, 16, __u64, __u64);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 16, __u32, __u64);
MAP(lru, BPF_MAP_TYPE_LRU_HASH, 1024, __u32, __u64);
MAP(percpu_lru, BPF_MAP_TYPE_LRU_PERCPU_HASH, 1024, __u32, __u64);
MAP(array, BPF_MAP_TYPE_ARRAY, 6, __u32, __u64);
MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, 6, __u32, __u64);
MAP(locked_hash, BPF_MAP_TYPE_HASH, 4, __u32, struct locked);
MAP(locked_array, BPF_MAP_TYPE_ARRAY, 4, __u32, struct locked);

struct sum {
  __u64 keys;
  __u64 values;
};

static long add(void *map, __u32 *key, __u64 *value, struct sum *sum) {
  sum->keys += *key;
  sum->values += *value;
  return 0;
}

static long add_wide(void *map, __u64 *key, __u64 *value, struct sum *sum) {
  sum->keys += *key;
  sum->values += *value;
  return 0;
}

static long take(void *map, __u64 *key, __u64 *value, struct sum *sum) {
  __u64 copy = *key;
  sum->keys += bpf_map_delete_elem(&hash, &copy);
  sum->values += *value;
  return 0;
}

static long replace(void *map, __u64 *key, __u64 *value, struct sum *sum) {
  __u64 copy = *key, more = *value + 100;
  sum->keys += bpf_map_update_elem(&hash, &copy, &more, BPF_ANY);
  sum->values += *value;
  return 0;
}

// The outer key is the same after the inner loop.
static long nest(void *map, __u32 *key, __u64 *value, struct sum *sum) {
  __u32 before = *key;
  bpf_for_each_map_elem(&array, add, sum, 0);
  sum->keys += (*key == before) * 1000;
  return 0;
}

SEC("xdp")
int elements(struct xdp_md *ctx) {
  __s64 *out = (void *)(long)ctx->data;
  struct sum sum = {};
  struct locked fresh = {.first = 3, .count = 7}, *locked;
  __u64 *value;
  __u32 index, missing = 9;

  if ((void *)(out + 48) > (void *)(long)ctx->data_end)
    return XDP_DROP;
#pragma unroll
  for (index = 0; index < 5; index++) {
    __u64 wide = 0x100000000ull + index, number = index * 3 + 1;
    __u32 key = index;
    bpf_map_update_elem(&hash, &wide, &number, BPF_ANY);
    bpf_map_update_elem(&percpu_hash, &key, &number, BPF_ANY);
    bpf_map_update_elem(&lru, &key, &number, BPF_ANY);
    bpf_map_update_elem(&percpu_lru, &key, &number, BPF_ANY);
    bpf_map_update_elem(&array, &key, &number, BPF_ANY);
    bpf_map_update_elem(&percpu_array, &key, &number, BPF_ANY);
  }
  out[0] = bpf_for_each_map_elem(&hash, add_wide, &sum, 0);
  out[1] = bpf_for_each_map_elem(&percpu_hash, add, &sum, 0);
  out[2] = bpf_for_each_map_elem(&lru, add, &sum, 0);
  out[3] = bpf_for_each_map_elem(&percpu_lru, add, &sum, 0);
  out[4] = bpf_for_each_map_elem(&array, add, &sum, 0);
  out[5] = bpf_for_each_map_elem(&percpu_array, add, &sum, 0);
  out[6] = sum.keys;
  out[7] = sum.values;
  out[8] = bpf_for_each_map_elem(&percpu_hash, nest, &sum, 0);
  out[9] = sum.keys;
  out[10] = sum.values;
  out[11] = bpf_for_each_map_elem(&array, add, &sum, 1);
  out[12] = bpf_for_each_map_elem(&hash, replace, &sum, 0);
  out[13] = sum.keys;
  out[14] = sum.values;
  out[15] = bpf_for_each_map_elem(&hash, take, &sum, 0);
  out[16] = sum.keys;
  out[17] = sum.values;
  out[18] = bpf_for_each_map_elem(&hash, add_wide, &sum, 0);

  index = 1;
  out[19] = bpf_map_update_elem(&locked_hash, &index, &fresh, 4);
  out[20] = bpf_map_update_elem(&locked_hash, &index, &fresh, 4 | BPF_EXIST);
  out[21] = bpf_map_update_elem(&locked_hash, &index, &fresh, 4 | BPF_NOEXIST);
  out[22] = bpf_map_update_elem(&hash, &sum.keys, &sum.values, 4);
  out[23] = bpf_map_update_elem(&locked_array, &index, &fresh, 4);
  out[24] = bpf_map_update_elem(&locked_array, &missing, &fresh, 4);
  out[25] = bpf_map_update_elem(&locked_array, &index, &fresh, 4 | BPF_NOEXIST);
  locked = bpf_map_lookup_elem(&locked_hash, &index);
  if (!locked)
    return XDP_DROP;
  bpf_spin_lock(&locked->lock);
  locked->count += 5;
  bpf_spin_unlock(&locked->lock);
  out[26] = locked->count;
  // In place with the flag, in other memory without.
  fresh.count = 50;
  bpf_map_update_elem(&locked_hash, &index, &fresh, 4);
  out[27] = locked->count;
  fresh.count = 60;
  bpf_map_update_elem(&locked_hash, &index, &fresh, BPF_ANY);
  out[28] = locked->count;
  locked = bpf_map_lookup_elem(&locked_array, &index);
  if (!locked)
    return XDP_DROP;
  out[29] = locked->first * 1000 + locked->count;

  value = bpf_map_lookup_percpu_elem(&percpu_array, &index, bpf_get_smp_processor_id());
  out[30] = value ? *value : -1;
  value = bpf_map_lookup_percpu_elem(&percpu_array, &index, 4096);
  out[31] = value != 0;
  value = bpf_map_lookup_percpu_elem(&percpu_array, &missing, 0);
  out[32] = value != 0;
  value = bpf_map_lookup_percpu_elem(&percpu_hash, &missing, 0);
  out[33] = value != 0;
  value = bpf_map_lookup_percpu_elem(&percpu_lru, &index, bpf_get_smp_processor_id());
  out[34] = value ? *value : -1;
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
