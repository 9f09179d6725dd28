// Looks flows up in a flow table; this has no kernel's answer, since few kernels have the table built in.
#include "kfuncs.h"

struct bpf_fib_lookup {
  __u8 family, l4_protocol;
  __u16 sport, dport, tot_len;
  __u32 ifindex, tos;
  __u32 source[4], destination[4];
  __u16 tag_protocol, tag;
  __u8 smac[6], dmac[6];
};

struct bpf_flowtable_opts {
  int error;
};

struct flow_offload_tuple {
  union {
    __u32 src_v4;
    __u8 src_v6[16];
  };
  union {
    __u32 dst_v4;
    __u8 dst_v6[16];
  };
  struct {
    __u16 src_port;
    __u16 dst_port;
  };
  int iifidx;
  __u8 l3proto;
  __u8 l4proto;
  __u8 dir : 2, xmit_type : 3;
  __u16 mtu;
  union {
    struct {
      __u32 ifidx;
      __u8 h_source[6];
      __u8 h_dest[6];
    } out;
  };
};

struct flow_offload_tuple_rhash {
  void *node;
  struct flow_offload_tuple tuple;
};

extern struct flow_offload_tuple_rhash *bpf_xdp_flow_lookup(
  struct xdp_md *ctx, struct bpf_fib_lookup *tuple, struct bpf_flowtable_opts *opts, __u32 size) __ksym;

SEC("xdp")
int flows(struct xdp_md *ctx) {
  struct bpf_fib_lookup query = {.family = 2, .l4_protocol = 6, .sport = 0xe803, .dport = 0x5000, .ifindex = 3};
  struct bpf_flowtable_opts opts = {};
  struct flow_offload_tuple_rhash *flow;

  query.source[0] = 0x010200c0;
  query.destination[0] = 0x026433c6;
  flow = bpf_xdp_flow_lookup(ctx, &query, &opts, sizeof(opts));
  OUT(flow != NULL);
  OUT(opts.error);
  if (flow) {
    OUT(flow->tuple.dir);
    OUT(flow->tuple.xmit_type);
    OUT(flow->tuple.mtu);
    OUT(flow->tuple.out.ifidx);
    OUT(flow->tuple.out.h_dest[5]);
    OUT(flow->tuple.src_port);
    OUT(flow->tuple.dst_v4);
  }
  query.sport = 1;
  flow = bpf_xdp_flow_lookup(ctx, &query, &opts, sizeof(opts));
  results[16] = flow != NULL;
  results[17] = opts.error;
  query.family = 1;
  flow = bpf_xdp_flow_lookup(ctx, &query, &opts, sizeof(opts));
  results[18] = opts.error;
  flow = bpf_xdp_flow_lookup(ctx, &query, &opts, 8);
  results[19] = opts.error;
  return XDP_PASS;
}
