// Data and maps that have others in front of them, without a call: GNU objects tell only by their comment what writes their
// symbols' values.
#include "fixture.h"

struct {
  int (*type)[1], (*key_size)[4], (*value_size)[8], (*max_entries)[16];
} front SEC(".maps"), back SEC(".maps");

u32 zero = 1, one = 2, two = 3;

SEC("xdp") int program(void *ctx) {
  u32 key = one;
  return (long)&front & key ? two : 1;
}

LICENSE;
