// A program that calls itself by a tail call of its subprogram, whose caller waits for the answer.
#include "fixture.h"

struct {
  int (*type)[3], (*key_size)[4], (*value_size)[4], (*max_entries)[1];
} table SEC(".maps");

static noinline int again(void *ctx) {
  volatile int last = 1;
  tail_call(ctx, &table, 0);
  return last;
}

SEC("xdp") int program(void *ctx) { return again(ctx) + 1; }

LICENSE;
