// Maps defined by types, with initial slots, and what the kernel provides.
#include "fixture.h"

#define __uint(name, value) int(*name)[value]
#define __type(name, type) typeof(type) *name
#define __array(name, type) typeof(type) *name[]
#define PASTE(a, b) a##b
#define JOIN(a, b) PASTE(a, b)
#define __ulong(name, value) \
  enum { JOIN(__unique_value, __COUNTER__) = value } name

struct flow {
  u32 address;
  u16 port;
  u16 protocol;
};
struct usage {
  u64 packets;
  u8 mac[6];
};

struct {
  __uint(type, 1);
  __uint(max_entries, 100);
  __type(key, struct flow);
  __type(value, struct usage);
  __uint(map_flags, 1);
  __uint(pinning, 1);
} flows SEC(".maps");

struct {
  __uint(type, 30);
  __uint(max_entries, 1000);
  __uint(value_size, 8);
  __ulong(map_extra, 3);
} seen SEC(".maps");

struct {
  __uint(type, 27);
  __uint(max_entries, 4096);
} events SEC(".maps");

int next_one(void *ctx);
int next_two(void *ctx);
struct {
  __uint(type, 3);
  __uint(max_entries, 8);
  __uint(key_size, 4);
  __array(values, int(void *));
} chain SEC(".maps") = {.values = {[1] = (void *)&next_one, [5] = (void *)&next_two}};

struct bucket {
  __uint(type, 2);
  __uint(max_entries, 4);
  __type(key, u32);
  __type(value, u64);
} left SEC(".maps"), right SEC(".maps");

struct {
  __uint(type, 12);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __array(values, struct bucket);
} buckets SEC(".maps") = {.values = {[0] = &left, [3] = &right}};

struct {
  __uint(type, 13);
  __uint(max_entries, 4);
  __type(key, u32);
  __array(
      values, struct {
        __uint(type, 1);
        __uint(max_entries, 7);
        __type(key, u16);
        __type(value, u8);
      });
} tables SEC(".maps");

extern int LINUX_KERNEL_VERSION SEC(".kconfig");
extern _Bool CONFIG_BPF_SYSCALL SEC(".kconfig");
extern char CONFIG_DEFAULT_HOSTNAME[32] SEC(".kconfig") weak;
extern u16 CONFIG_NO_SUCH_NUMBER SEC(".kconfig") weak;
extern const int no_such_variable SEC(".ksyms") weak;
extern const void no_such_address SEC(".ksyms") weak;
extern int no_such_function(void *, int) SEC(".ksyms") weak;

SEC("tc") int next_one(void *ctx) { return LINUX_KERNEL_VERSION > 7; }

SEC("tc") int next_two(void *ctx) {
  tail_call(ctx, &chain, 1);
  return CONFIG_BPF_SYSCALL + CONFIG_DEFAULT_HOSTNAME[2] + CONFIG_NO_SUCH_NUMBER;
}

SEC("tc") int start(void *ctx) {
  struct flow flow = {1, 2, 3};
  u32 index = 3;
  struct usage *usage = map_lookup_elem(&flows, &flow);
  if (usage) return usage->packets;
  void *bucket = map_lookup_elem(&buckets, &index);
  if (bucket) {
    u64 *count = map_lookup_elem(bucket, &index);
    if (count) return *count;
  }
  return &no_such_address != 0;
}

SEC("tc") int kernel(void *ctx) {
  if (&no_such_variable) return no_such_variable;
  return no_such_function ? no_such_function(ctx, 4) : 0;
}

LICENSE;
