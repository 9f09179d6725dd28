// Programs that share subprograms: static, hidden, global, cold, and one that is only pointed to.
#include "fixture.h"

static long (*const loop)(u32 count, void *callback, void *context, u64 flags) = (void *)181;

int scale = 3;
static int calls;
u64 totals[4];
const volatile u32 limit = 9;
static const volatile char letters[3] = "ab";
int counter SEC(".data.counters") = 4;
const volatile int mode SEC(".rodata.config") = 8;

noinline static int bounded(int x) {
  calls += x;
  return limit * x;
}

noinline hidden int scaled(int x) { return x * scale + (int)totals[x & 3]; }

noinline int shared(int x) { return scaled(x) + counter + mode; }

static long step(u32 index, void *context) {
  *(int *)context += bounded(index);
  return 0;
}

SEC("tc") int first(void *ctx) { return shared(1); }

SEC("tc") int second(void *ctx) { return scaled(2); }

SEC("xdp") int looping(void *ctx) {
  int sum = 0;
  loop(3, step, &sum, 0);
  return bounded(2) + shared(3) + letters[sum & 1];
}

SEC("?xdp.frags/devmap") int optional(void *ctx) { return 2; }

SEC("xdp") int lone(void *ctx) { return bounded(1); }

LICENSE;
u32 _version SEC("version") = 0x060102;
