// The types that core.c is run against: other offsets, sizes, values; some gone.
#include "fixture.h"

struct device {
  u64 padding;
  char name[16];
  u32 index;
};
struct packet {
  u64 padding[2];
  u64 length;
  struct {
    union {
      u8 protocol;
      u16 other;
    };
  };
  u32 spare : 5;
  u32 kind : 9;
  u32 cloned : 1;
  struct device *device;
  char cb[64];
  u8 *head;
  u32 wide;
  u32 mark;
};
struct packet___newer {
  u32 unrelated;
};
struct header {
  u16 first;
  u8 words : 4;
  u8 version : 4;
  u8 ttl;
  u32 source;
  u32 between;
  u32 destination;
};
struct tail {
  u64 count;
  u64 more;
  u32 items[];
};
enum action { ABORTED, PASS, DROP, BOUNCE };
enum wide { HUGE_VALUE = 1ULL << 50 };
enum offsets { BELOW = -9, ABOVE = 9 };
typedef int (*callback)(struct packet *, u32);
typedef u64 flags_type;

struct device device;
struct packet packet;
struct packet___newer newer;
struct header header;
struct tail tail;
enum action action;
enum wide wide;
enum offsets offsets;
callback call;
flags_type flags;
