// Every way to hand something to user space, once a packet.
#include "bpf.h"

static long (*const bpf_perf_event_output)(void *ctx, void *map, __u64 flags, const void *data, __u64 size) = (void *)25;
static long (*const bpf_ringbuf_output)(void *ring, const void *data, __u64 size, __u64 flags) = (void *)130;
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *record, __u64 flags) = (void *)132;
static void (*const bpf_ringbuf_discard)(void *record, __u64 flags) = (void *)133;

struct flow_event {
  __be32 saddr;
  __be16 port;
  __u16 length;
  __u64 number;
};

struct drop_event {
  __u32 reason;
  __u32 count;
  __u8 mac[6];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
  __type(value, struct drop_event);
} drops SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u32);
} samples SEC(".maps");

// Puts the struct into the types of the object.
const struct flow_event *flow_event_is_used __attribute__((unused));

__u64 number;

SEC("xdp")
int events(struct xdp_md *ctx) {
  struct flow_event flow = {.saddr = 0x0100000a, .port = 0x5000, .length = ctx->data_end - ctx->data, .number = ++number};
  struct drop_event *drop;

  bpf_ringbuf_output(&flows, &flow, sizeof(flow), 0);
  drop = bpf_ringbuf_reserve(&drops, sizeof(*drop), 0);
  if (drop) {
    drop->reason = 7;
    drop->count = number;
    __builtin_memset(drop->mac, 2, sizeof(drop->mac));
    bpf_ringbuf_submit(drop, 0);
  }
  drop = bpf_ringbuf_reserve(&drops, sizeof(*drop), 0);
  if (drop)
    bpf_ringbuf_discard(drop, 0);
  bpf_perf_event_output(ctx, &samples, 0xffffffffull | 4ull << 32, &flow, 12);
  bpf_printk("packet %u\n", (__u32)number);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
