// What the fixtures share: the annotations that loaders look for, and the few helpers that are called.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define LICENSE char _license[] SEC("license") = "GPL"
#define noinline __attribute__((noinline))
#define hidden __attribute__((visibility("hidden")))
#define weak __attribute__((weak))

static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const tail_call)(void *ctx, void *map, u32 index) = (void *)12;
