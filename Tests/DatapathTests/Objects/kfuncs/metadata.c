// What the device says of a frame.
#include "kfuncs.h"

extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, __u64 *timestamp) __ksym;
extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash, __u32 *type) __ksym;
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __u16 *protocol, __u16 *tag) __ksym;

SEC("xdp")
int metadata(struct xdp_md *ctx) {
  __u64 timestamp = 0;
  __u32 hash = 0, type = 0;
  __u16 protocol = 0, tag = 0;

  OUT(bpf_xdp_metadata_rx_timestamp(ctx, &timestamp));
  OUT(timestamp);
  OUT(bpf_xdp_metadata_rx_hash(ctx, &hash, &type));
  OUT(hash);
  OUT(type);
  OUT(bpf_xdp_metadata_rx_vlan_tag(ctx, &protocol, &tag));
  OUT(protocol);
  OUT(tag);
  return XDP_PASS;
}
