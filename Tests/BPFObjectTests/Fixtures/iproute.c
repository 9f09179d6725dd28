// iproute2's maps: numbers for maps, slots of prog arrays named by sections.
#include "fixture.h"

struct bpf_elf_map {
  u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

struct bpf_elf_map SEC("maps") jumps = {3, 4, 4, 4, 0, 1, 0, 0, 0};
struct bpf_elf_map SEC("maps") inner = {2, 4, 8, 4, 0, 42, 2, 0, 1};
struct bpf_elf_map SEC("maps") outer = {12, 4, 4, 8, 0, 0, 2, 42, 0};

SEC("classifier/ingress") int entry(void *ctx) {
  tail_call(ctx, &jumps, 2);
  u32 index = 1;
  void *map = map_lookup_elem(&outer, &index);
  return map ? map_lookup_elem(map, &index) != 0 : 0;
}

SEC("1/2") int leaf(void *ctx) { return 2; }
SEC("0x1/0") int other(void *ctx) { return 1; }

LICENSE;
