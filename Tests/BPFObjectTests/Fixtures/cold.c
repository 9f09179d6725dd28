// Subprograms in sections of their own, and static ones beside the program: libbpf refuses both, compilers write them.
#include "fixture.h"

static int low = 5, high = 7;
int pair[2] = {1, 2};

noinline static int near(int x) { return x * 3 + high++; }

noinline __attribute__((cold)) static int rare(int x) { return near(x) - low++; }

SEC("xdp") noinline static int local(int x) { return x + pair[1]; }

noinline int far(int x) { return near(x) * 5; }

SEC("xdp") int program(u32 *ctx) {
  if (__builtin_expect(ctx[0] > 9, 0)) return rare(ctx[1]);
  return far(ctx[1]) + near(ctx[0]) + local(ctx[2]) + pair[0];
}

LICENSE;
