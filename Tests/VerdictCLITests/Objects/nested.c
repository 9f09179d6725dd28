// Maps of maps that the loader fills, and a ring of commands that user space writes.
#include "bpf.h"

static long (*const bpf_user_ringbuf_drain)(void *ring, void *callback, void *context, __u64 flags) = (void *)209;
static long (*const bpf_dynptr_read)(void *to, __u32 count, const void *dynptr, __u32 offset, __u64 flags) = (void *)201;

struct backends {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
};

struct backends fallback SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct backends);
} services SEC(".maps") = {.values = {[3] = &fallback}};

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u64);
  __array(values, struct backends);
} tenants SEC(".maps");

struct command {
  __u32 service;
  __u32 backend;
};

struct {
  __uint(type, 31);
  __uint(max_entries, 4096);
  __type(value, struct command);
} commands SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} found SEC(".maps");

static __attribute__((always_inline)) void note(__u32 index, __u64 value) {
  __u64 *slot = bpf_map_lookup_elem(&found, &index);
  if (slot)
    *slot = value;
}

static long obey(void *sample, __u64 *count) {
  struct command command;
  if (bpf_dynptr_read(&command, sizeof(command), sample, 0, 0))
    return 1;
  *count += command.service * 100 + command.backend;
  return command.backend == 9;
}

SEC("xdp")
int nested(struct xdp_md *ctx) {
  __u32 service = 1, backend = 7;
  __u64 tenant = 42, total = 0;
  void *inner;
  __u64 *value;

  inner = bpf_map_lookup_elem(&services, &service);
  if (inner) {
    value = bpf_map_lookup_elem(inner, &backend);
    if (value)
      note(0, (*value)++);
  }
  inner = bpf_map_lookup_elem(&tenants, &tenant);
  if (inner) {
    value = bpf_map_lookup_elem(inner, &backend);
    if (value)
      note(1, *value);
  }
  service = 3;
  inner = bpf_map_lookup_elem(&services, &service);
  note(2, inner != 0);
  service = 2;
  inner = bpf_map_lookup_elem(&services, &service);
  note(3, inner != 0);
  note(4, bpf_user_ringbuf_drain(&commands, obey, &total, 0));
  note(5, total);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
