// Timers in the values of maps: every answer of their helpers, and callbacks that start themselves anew, delete their element
// or cancel each other. Results go into the frame: what the kernel writes is what the simulator must write.
#include "bpf.h"

struct bpf_timer {
  __u64 opaque[2];
} __attribute__((aligned(8)));

struct bpf_spin_lock {
  __u32 value;
};

static long (*const bpf_timer_init)(struct bpf_timer *timer, void *map, __u64 flags) = (void *)169;
static long (*const bpf_timer_set_callback)(struct bpf_timer *timer, void *callback) = (void *)170;
static long (*const bpf_timer_start)(struct bpf_timer *timer, __u64 nsecs, __u64 flags) = (void *)171;
static long (*const bpf_timer_cancel)(struct bpf_timer *timer) = (void *)172;

#define HOUR (3600ull * 1000000000)

struct element {
  __u64 count;
  struct bpf_timer timer;
  __u64 seen;
};

struct locked {
  struct bpf_spin_lock lock;
  __u32 number;
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct element);
} array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, struct element);
} hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8);
  __type(key, __u64);
  __type(value, struct element);
} recent SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, struct locked);
} locks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} results SEC(".maps");

static __attribute__((always_inline)) void note(__u32 index, __u64 value) {
  __u64 *slot = bpf_map_lookup_elem(&results, &index);
  if (slot)
    *slot = value;
}

static int nothing(void *map, void *key, struct element *value) { return 0; }

static int nothing_locked(void *map, void *key, struct locked *value) { return 0; }

SEC("xdp")
int errors(struct xdp_md *ctx) {
  __u64 *out = (void *)(long)ctx->data;
  __u32 key = 0, other = 1;
  struct element fresh = {.count = 5};
  struct locked fresh_lock = {.number = 6};
  struct element *element;
  struct locked *locked;

  if ((void *)(out + 32) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  bpf_map_update_elem(&hash, &key, &fresh, BPF_ANY);
  element = bpf_map_lookup_elem(&hash, &key);
  if (!element)
    return XDP_DROP;
  out[0] = bpf_timer_start(&element->timer, HOUR, 0);
  out[1] = bpf_timer_set_callback(&element->timer, nothing);
  out[2] = bpf_timer_cancel(&element->timer);
  out[3] = bpf_timer_init(&element->timer, &hash, 99);
  out[4] = bpf_timer_init(&element->timer, &hash, 2);
  out[5] = bpf_timer_init(&element->timer, &hash, 1);
  out[6] = bpf_timer_init(&element->timer, &hash, 1);
  out[7] = bpf_timer_start(&element->timer, HOUR, 0);
  out[8] = bpf_timer_set_callback(&element->timer, nothing);
  out[9] = bpf_timer_start(&element->timer, HOUR, 8);
  out[10] = bpf_timer_start(&element->timer, HOUR, 0);
  out[11] = bpf_timer_start(&element->timer, HOUR, 2);
  out[12] = bpf_timer_cancel(&element->timer);
  out[13] = bpf_timer_cancel(&element->timer);
  out[14] = bpf_timer_start(&element->timer, HOUR, 0);
  out[15] = bpf_timer_set_callback(&element->timer, nothing);
  out[16] = bpf_timer_start(&element->timer, -1, 0);
  out[17] = bpf_timer_cancel(&element->timer);
  // A new element in the place of the old one has no timer yet.
  bpf_map_update_elem(&hash, &key, &fresh, BPF_EXIST);
  element = bpf_map_lookup_elem(&hash, &key);
  if (!element)
    return XDP_DROP;
  out[18] = bpf_timer_init(&element->timer, &hash, 7);
  bpf_map_delete_elem(&hash, &key);
  bpf_map_update_elem(&hash, &key, &fresh, BPF_NOEXIST);
  element = bpf_map_lookup_elem(&hash, &key);
  if (!element)
    return XDP_DROP;
  out[19] = bpf_timer_init(&element->timer, &hash, 0);
  element = bpf_map_lookup_elem(&array, &other);
  if (!element)
    return XDP_DROP;
  out[20] = bpf_timer_init(&element->timer, &array, 1);
  out[21] = bpf_map_update_elem(&array, &other, &fresh, BPF_ANY);
  out[22] = bpf_timer_init(&element->timer, &array, 1);
  out[23] = bpf_timer_set_callback(&element->timer, nothing);
  out[24] = bpf_timer_start(&element->timer, HOUR, 0);
  out[25] = bpf_map_update_elem(&array, &other, &fresh, BPF_ANY);
  out[26] = bpf_timer_cancel(&element->timer);
  bpf_map_update_elem(&locks, &key, &fresh_lock, BPF_ANY);
  locked = bpf_map_lookup_elem(&locks, &key);
  if (!locked)
    return XDP_DROP;
  out[27] = bpf_timer_init(&locked->timer, &locks, 1);
  out[28] = bpf_timer_set_callback(&locked->timer, nothing_locked);
  out[29] = bpf_timer_start(&locked->timer, HOUR, 0);
  out[30] = bpf_map_update_elem(&locks, &key, &fresh_lock, 4);
  out[31] = bpf_timer_cancel(&locked->timer);
  return XDP_TX;
}

// Five times, a millisecond apart.
static int again(void *map, __u32 *key, struct element *value) {
  value->count += *key + 1;
  value->seen++;
  if (value->seen < 5)
    note(0, bpf_timer_start(&value->timer, 1000000, 0));
  else
    note(1, value->count);
  return 0;
}

// Deletes its own element, and looks whether it is gone.
static int vanish(void *map, __u32 *key, struct element *value) {
  __u32 copy = *key;
  note(2, copy);
  note(3, bpf_timer_cancel(&value->timer));
  note(4, bpf_map_delete_elem(&hash, &copy));
  note(5, bpf_map_lookup_elem(&hash, &copy) != 0);
  note(6, bpf_timer_start(&value->timer, 1000000, 0));
  note(7, value->count);
  return 0;
}

static int stamp(void *map, __u64 *key, struct element *value) {
  note(8, *key);
  value->seen++;
  note(9, value->seen);
  return 0;
}

SEC("xdp")
int fire(struct xdp_md *ctx) {
  __u64 *out = (void *)(long)ctx->data;
  __u32 key = 3;
  __u64 long_key = 0x1122334455667788;
  struct element fresh = {.count = 5};
  struct element *element;

  if ((void *)(out + 12) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  if (out[0] == 1) {
    element = bpf_map_lookup_elem(&array, &key);
    if (!element)
      return XDP_DROP;
    bpf_timer_init(&element->timer, &array, 1);
    bpf_timer_set_callback(&element->timer, again);
    bpf_timer_start(&element->timer, 0, 0);
    bpf_map_update_elem(&hash, &key, &fresh, BPF_ANY);
    element = bpf_map_lookup_elem(&hash, &key);
    if (!element)
      return XDP_DROP;
    bpf_timer_init(&element->timer, &hash, 1);
    bpf_timer_set_callback(&element->timer, vanish);
    bpf_timer_start(&element->timer, 2000000, 0);
    bpf_map_update_elem(&recent, &long_key, &fresh, BPF_ANY);
    element = bpf_map_lookup_elem(&recent, &long_key);
    if (!element)
      return XDP_DROP;
    bpf_timer_init(&element->timer, &recent, 1);
    bpf_timer_set_callback(&element->timer, stamp);
    bpf_timer_start(&element->timer, 1000, 1);
    return XDP_PASS;
  }
#pragma unroll
  for (__u32 index = 0; index < 12; index++) {
    __u32 copy = index;
    __u64 *result = bpf_map_lookup_elem(&results, &copy);
    out[index] = result ? *result : 0;
  }
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
