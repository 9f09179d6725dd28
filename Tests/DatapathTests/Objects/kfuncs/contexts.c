// The context as the kernel has it, and flows of a flow table.
#include "kfuncs.h"

#define __core __attribute__((preserve_access_index))

struct net_device {
  int ifindex;
} __core;

struct xdp_rxq_info {
  struct net_device *dev;
  __u32 queue_index;
} __core;

struct xdp_buff {
  void *data;
  void *data_end;
  void *data_meta;
  void *data_hard_start;
  struct xdp_rxq_info *rxq;
  __u32 frame_sz;
} __core;

struct sk_buff {
  struct net_device *dev;
  unsigned int len, data_len;
  __u32 priority;
  __u16 protocol;
  __u32 mark;
} __core;

extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym;

SEC("xdp")
int frame(struct xdp_md *ctx) {
  struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);

  OUT(xdp->data_end - xdp->data);
  OUT(xdp->data - xdp->data_meta);
  OUT(xdp->data - xdp->data_hard_start);
  OUT(xdp->frame_sz);
  OUT(xdp->rxq->queue_index);
  OUT(xdp->rxq->dev->ifindex);
  return XDP_PASS;
}

SEC("tc")
int packet(struct __sk_buff *ctx) {
  struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);

  OUT(skb->len);
  OUT(skb->data_len);
  OUT(skb->protocol);
  OUT(skb->mark);
  OUT(skb->priority);
  OUT(skb->dev->ifindex);
  return 0;
}
