// The `maps` section of libbpf before types: one definition after the other.
#include "fixture.h"

struct bpf_map_def {
  u32 type, key_size, value_size, max_entries, map_flags;
#ifdef SAMPLES
  u32 inner_map_idx, numa_node;
#endif
};

struct bpf_map_def SEC("maps") counters = {2, 4, 8, 16, 0};
struct bpf_map_def SEC("maps") addresses = {1, 16, 4, 1000, 1};
#ifdef SAMPLES
struct bpf_map_def SEC("maps") nested = {12, 4, 4, 3, 0, 0};
#else
struct bpf_map_def SEC("maps/named") named = {5, 4, 8, 32, 0};
#endif

struct ____btf_map_addresses {
  u8 key[16];
  u32 value;
};
struct ____btf_map_addresses SEC(".maps.addresses") ____btf_map_addresses = {};

SEC("xdp") int program(void *ctx) {
  u8 address[16] = {};
  u32 *value = map_lookup_elem(&addresses, address);
  if (value) return *value;
  u32 index = 1;
  u64 *count = map_lookup_elem(&counters, &index);
  return count ? *count : 2;
}

LICENSE;
