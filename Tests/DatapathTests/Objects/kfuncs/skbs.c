// Dynptrs of skbs.
#include "kfuncs.h"

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern int bpf_dynptr_from_skb_meta(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) __ksym;

static char buffer[512] SEC(".data.buffer");

SEC("tc")
int packets(struct __sk_buff *skb) {
  struct bpf_dynptr p, q;
  __u8 bytes[16];
  __u8 *slice;

  OUT(bpf_dynptr_from_skb(skb, 1, &p));
  OUT(bpf_dynptr_is_null(&p));
  OUT(bpf_dynptr_size(&p));
  OUT(bpf_dynptr_from_skb(skb, 0, &p));
  OUT(bpf_dynptr_is_null(&p));
  OUT(bpf_dynptr_is_rdonly(&p));
  OUT(bpf_dynptr_size(&p));
  OUT(bpf_dynptr_data(&p, 0, 4) != NULL);
  OUT(bpf_dynptr_read(bytes, 16, &p, 12, 0));
  OUT(*(__u64 *)bytes);
  OUT(bpf_dynptr_read(bytes, 16, &p, 90, 0));
  OUT(bpf_dynptr_read(bytes, 16, &p, 12, 1));
  OUT(bpf_dynptr_write(&p, 30, bytes, 6, 4));
  OUT(bpf_dynptr_write(&p, 30, bytes, 6, 3));
  OUT(bpf_dynptr_write(&p, 40, bytes, 6, 0));
  OUT(bpf_dynptr_write(&p, 95, bytes, 6, 0));

  slice = bpf_dynptr_slice(&p, 14, buffer, 20);
  OUT(slice != NULL);
  OUT(slice == (void *)buffer);
  slice = bpf_dynptr_slice_rdwr(&p, 90, NULL, 6);
  OUT(slice != NULL);
  if (slice) slice[5] = 0xaa;
  OUT(bpf_dynptr_slice(&p, 91, NULL, 6) != NULL);
  OUT(bpf_dynptr_clone(&p, &q));
  OUT(bpf_dynptr_adjust(&q, 10, 30));
  OUT(bpf_dynptr_memset(&q, 8, 8, 0x5a));
  OUT(bpf_dynptr_copy(&p, 40, &q, 0, 16));

  OUT(bpf_dynptr_from_skb_meta(skb, 1, &q));
  OUT(bpf_dynptr_from_skb_meta(skb, 0, &q));
  OUT(bpf_dynptr_is_null(&q));
  OUT(bpf_dynptr_is_rdonly(&q));
  OUT(bpf_dynptr_size(&q));
  OUT(bpf_dynptr_read(bytes, 1, &q, 0, 0));
  OUT(bpf_dynptr_write(&q, 0, bytes, 1, 0));
  OUT(bpf_dynptr_slice(&q, 0, NULL, 1) != NULL);
  return 0;
}
