// An arena: variables in it, pointers that user space could follow, and pages that are not there.
#include "kfuncs.h"

#define __arena __attribute__((address_space(1)))

struct {
  __uint(type, 33);
  __uint(map_flags, 1 << 10);
  __uint(max_entries, 100);
} arena SEC(".maps");

struct node {
  struct node __arena *next;
  __u64 value;
};

__u32 __arena counter = 41;
struct node __arena nodes[4];
struct node __arena *__arena first;
__u64 __arena filler[1200];

SEC("xdp")
int variables(struct xdp_md *ctx) {
  struct node __arena *node;
  __u64 sum = 0;

  // The verifier wants to know which arena it is.
  asm volatile("r1 = %[map] ll" ::[map] "i"(&arena) : "r1");
  counter++;
  OUT(counter);
  OUT((__u64)&counter != 0);
  for (int i = 0; i < 4; i++) {
    nodes[i].value = (i + 1) * 10 + counter;
    nodes[i].next = i < 3 ? &nodes[i + 1] : 0;
  }
  first = &nodes[0];
  int steps = 0;
  for (node = first; node && steps < 8; node = node->next, steps++) sum = sum * 1000 + node->value;
  OUT(sum);
  OUT(steps);
  OUT((__u64)first - (__u64)&nodes[0]);
  OUT(__sync_fetch_and_add((__u64 __arena *)&filler[1100], 5));
  OUT(filler[1100]);
  return XDP_PASS;
}

SEC("xdp")
int pages(struct xdp_md *ctx) {
  volatile __u64 __arena *far = filler + 512 * 30;

  asm volatile("r1 = %[map] ll" ::[map] "i"(&arena) : "r1");
  OUT(*far);
  *far = 77;
  OUT(*far);
  far = filler + 512 * 400;
  OUT(*far);
  *far = 78;
  OUT(*far);
  filler[0] = 9;
  OUT(filler[0]);
  return XDP_PASS;
}
