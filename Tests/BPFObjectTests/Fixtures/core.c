// Every kind of CO-RE relocation, against types that differ from those of core_target.c.
#include "fixture.h"

#define CORE __attribute__((preserve_access_index))
#define OFFSET(field) __builtin_preserve_field_info(field, 0)
#define SIZE(field) __builtin_preserve_field_info(field, 1)
#define EXISTS(field) __builtin_preserve_field_info(field, 2)
#define SIGNED(field) __builtin_preserve_field_info(field, 3)
#define LSHIFT(field) __builtin_preserve_field_info(field, 4)
#define RSHIFT(field) __builtin_preserve_field_info(field, 5)
#define TYPE_EXISTS(type) __builtin_preserve_type_info(*(typeof(type) *)0, 0)
#define TYPE_SIZE(type) __builtin_preserve_type_info(*(typeof(type) *)0, 1)
#define TYPE_MATCHES(type) __builtin_preserve_type_info(*(typeof(type) *)0, 2)
#define ID_LOCAL(type) __builtin_btf_type_id(*(typeof(type) *)0, 0)
#define ID_TARGET(type) __builtin_btf_type_id(*(typeof(type) *)0, 1)
#define VALUE_EXISTS(type, value) __builtin_preserve_enum_value(*(typeof(type) *)value, 0)
#define VALUE(type, value) __builtin_preserve_enum_value(*(typeof(type) *)value, 1)

struct device {
  u32 index;
  char name[16];
} CORE;
struct packet {
  struct device *device;
  u32 length;
  u16 protocol;
  u8 kind : 3;
  u8 cloned : 1;
  char cb[48];
  u32 gone;
  u8 *head;
  u64 wide;
} CORE;
struct packet___old {
  u32 hash;
  u32 mark;
} CORE;
struct header {
  u8 words : 4;
  u8 version : 4;
  u8 ttl;
  union {
    struct {
      u32 source, destination;
    };
  };
} CORE;
struct tail {
  int count;
  u32 items[];
} CORE;
struct missing {
  int a;
} CORE;
enum action { ABORTED, DROP, NEW_ACTION = 7 };
enum action___other { BOUNCE___other = 99 };
enum wide { HUGE_VALUE = 1ULL << 40, NO_VALUE = 1ULL << 41 };
enum offsets { BELOW = -5, ABOVE = 5 };
typedef int (*callback)(struct packet *, u32);
typedef u32 flags_type;
typedef u32 missing_type;

volatile u64 out[64];

SEC("tc") int fields(void *ctx) {
  struct packet *packet = ctx;
  struct header *header = ctx;
  struct tail *tail = ctx;
  int i = 0;
  out[i++] = OFFSET(packet->length);
  out[i++] = SIZE(packet->protocol);
  out[i++] = EXISTS(packet->gone);
  out[i++] = EXISTS(packet->cb);
  out[i++] = SIZE(packet->cb);
  out[i++] = OFFSET(packet->cb[2]);
  out[i++] = SIZE(packet->cb[2]);
  out[i++] = SIGNED(packet->length);
  out[i++] = OFFSET(packet->kind);
  out[i++] = SIZE(packet->kind);
  out[i++] = LSHIFT(packet->kind);
  out[i++] = RSHIFT(packet->kind);
  out[i++] = SIGNED(packet->kind);
  out[i++] = LSHIFT(packet->cloned);
  out[i++] = RSHIFT(packet->cloned);
  out[i++] = LSHIFT(header->version);
  out[i++] = RSHIFT(header->version);
  out[i++] = OFFSET(header->destination);
  out[i++] = OFFSET(tail->items[3]);
  out[i++] = OFFSET(packet[2].length);
  out[i++] = EXISTS(((struct packet___old *)ctx)->hash);
  out[i++] = OFFSET(((struct packet___old *)ctx)->mark);
  return 0;
}

SEC("tc") int types(void *ctx) {
  int i = 0;
  out[i++] = TYPE_EXISTS(struct packet);
  out[i++] = TYPE_EXISTS(struct missing);
  out[i++] = TYPE_SIZE(struct packet);
  out[i++] = TYPE_SIZE(struct missing);
  out[i++] = TYPE_MATCHES(struct device);
  out[i++] = TYPE_MATCHES(struct packet);
  out[i++] = TYPE_MATCHES(struct header);
  out[i++] = TYPE_MATCHES(enum action);
  out[i++] = TYPE_EXISTS(callback);
  out[i++] = TYPE_MATCHES(callback);
  out[i++] = TYPE_EXISTS(flags_type);
  out[i++] = TYPE_SIZE(flags_type);
  out[i++] = TYPE_EXISTS(missing_type);
  out[i++] = ID_LOCAL(struct packet);
  out[i++] = ID_TARGET(struct packet);
  out[i++] = ID_TARGET(struct missing);
  return 0;
}

SEC("tc") int enums(void *ctx) {
  int i = 0;
  out[i++] = VALUE_EXISTS(enum action, DROP);
  out[i++] = VALUE_EXISTS(enum action, NEW_ACTION);
  out[i++] = VALUE(enum action, DROP);
  out[i++] = VALUE(enum action___other, BOUNCE___other);
  out[i++] = VALUE(enum wide, HUGE_VALUE);
  out[i++] = VALUE_EXISTS(enum wide, NO_VALUE);
  out[i++] = VALUE(enum offsets, BELOW);
  return 0;
}

SEC("tc") int loads(struct packet *packet) {
  u64 sum = packet->length + packet->protocol + packet->wide;
  packet->length = 7;
  return sum + (long)packet->head + packet->device->index;
}

SEC("tc") int guarded(struct packet *packet) {
  if (EXISTS(packet->gone)) return packet->gone;
  if (VALUE_EXISTS(enum wide, NO_VALUE)) return VALUE(enum wide, NO_VALUE) >> 40;
  if (EXISTS(packet->kind)) return packet->cb[2];
  return 0;
}

LICENSE;
