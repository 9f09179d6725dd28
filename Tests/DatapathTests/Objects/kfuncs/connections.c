// Connection tracking: every answer of its kfuncs, and what members of the connection are.
#include "kfuncs.h"

struct ipv4_ends { __u32 saddr, daddr; __u16 sport, dport; };
struct ipv6_ends { __u32 saddr[4], daddr[4]; __u16 sport, dport; };
struct bpf_sock_tuple { union { struct ipv4_ends ipv4; struct ipv6_ends ipv6; }; };

struct bpf_ct_opts {
  int netns_id;
  int error;
  __u8 l4proto;
  __u8 dir;
  __u16 ct_zone_id;
  __u8 ct_zone_dir;
  __u8 reserved[3];
};

union nf_inet_addr {
  __u32 all[4];
  __u32 ip;
} __attribute__((preserve_access_index));

struct nf_conntrack_man {
  union nf_inet_addr u3;
} __attribute__((preserve_access_index));

struct nf_conntrack_tuple {
  struct nf_conntrack_man src;
} __attribute__((preserve_access_index));

struct nf_conntrack_tuple_hash {
  struct nf_conntrack_tuple tuple;
} __attribute__((preserve_access_index));

struct nf_conn {
  __u32 timeout;
  struct nf_conntrack_tuple_hash tuplehash[2];
  unsigned long status;
  __u32 mark;
} __attribute__((preserve_access_index));

struct nf_conn___init {
  struct nf_conn ct;
} __attribute__((preserve_access_index));

enum nf_nat_manip_type___local { NF_NAT_MANIP_SRC___local, NF_NAT_MANIP_DST___local };

extern struct nf_conn *bpf_xdp_ct_lookup(
  struct xdp_md *xdp, struct bpf_sock_tuple *tuple, __u32 size, struct bpf_ct_opts *opts, __u32 opts_size) __ksym;
extern struct nf_conn___init *bpf_xdp_ct_alloc(
  struct xdp_md *xdp, struct bpf_sock_tuple *tuple, __u32 size, struct bpf_ct_opts *opts, __u32 opts_size) __ksym;
extern struct nf_conn *bpf_ct_insert_entry(struct nf_conn___init *ct) __ksym;
extern void bpf_ct_release(struct nf_conn *ct) __ksym;
extern void bpf_ct_set_timeout(struct nf_conn___init *ct, __u32 timeout) __ksym;
extern int bpf_ct_change_timeout(struct nf_conn *ct, __u32 timeout) __ksym;
extern int bpf_ct_set_status(const struct nf_conn___init *ct, __u32 status) __ksym;
extern int bpf_ct_change_status(struct nf_conn *ct, __u32 status) __ksym;
extern int bpf_ct_set_nat_info(struct nf_conn___init *ct, union nf_inet_addr *address, int port, int manip) __ksym;

// 192.0.2.1:1000 to 198.51.100.2:80
#define FROM 0x010200c0
#define TO 0x026433c6

static __always_inline void lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 size, struct bpf_ct_opts *opts, __u32 opts_size, __u64 *results_) {
  struct nf_conn *ct = bpf_xdp_ct_lookup(ctx, tuple, size, opts, opts_size);
  results_[0] = ct != NULL;
  results_[1] = (__u32)opts->error;
  results_[2] = opts->dir;
  if (ct) {
    results_[3] = ct->status;
    results_[4] = ct->mark;
    results_[5] = ct->tuplehash[0].tuple.src.u3.ip;
    results_[6] = ct->tuplehash[1].tuple.src.u3.ip;
    bpf_ct_release(ct);
  }
}

volatile __u16 port_base = 1000;

SEC("xdp")
int refusals(struct xdp_md *ctx) {
  struct bpf_sock_tuple tuple = {.ipv4 = {FROM, TO, 0x1234, 0x5000}};
  struct bpf_ct_opts opts = {.netns_id = -1, .l4proto = 6};

  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16, &results[0]);
  opts.error = 0;
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 12, &results[8]);
  opts.l4proto = 1;
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16, &results[16]);
  opts.l4proto = 17;
  opts.reserved[1] = 1;
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16, &results[24]);
  opts.reserved[1] = 0;
  opts.netns_id = -2;
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16, &results[32]);
  opts.netns_id = 77;
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16, &results[40]);
  opts.netns_id = -1;
  lookup(ctx, &tuple, sizeof(tuple.ipv4) + 1, &opts, 16, &results[48]);
  lookup(ctx, &tuple, sizeof(tuple.ipv6), &opts, 16, &results[56]);
  opts.ct_zone_id = 5;
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 12, &results[64]);
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16, &results[72]);
  opts.ct_zone_id = 0;
  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 15, &results[80]);
  lookup(ctx, NULL, 0, &opts, 16, &results[88]);
  return XDP_PASS;
}

SEC("xdp")
int entries(struct xdp_md *ctx) {
  struct bpf_sock_tuple tuple = {.ipv4 = {FROM, TO, 0, 0x5000}};
  struct bpf_sock_tuple back;
  struct bpf_ct_opts opts = {.netns_id = -1, .l4proto = 6};
  union nf_inet_addr address = {};
  struct nf_conn___init *fresh;
  struct nf_conn *ct;
  // Others every time: the kernel keeps them for a while.
  __u16 port = bpf_get_prandom(), translated = bpf_get_prandom() | 0x400;

  tuple.ipv4.sport = port;
  fresh = bpf_xdp_ct_alloc(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16);
  if (!fresh) return XDP_DROP;
  results[0] = fresh->ct.status;
  results[1] = fresh->ct.timeout;
  bpf_ct_set_timeout(fresh, 60000);
  results[2] = fresh->ct.timeout;
  results[3] = bpf_ct_set_status(fresh, 2);
  results[4] = fresh->ct.status;
  address.ip = 0x070200c0;
  results[5] = bpf_ct_set_nat_info(fresh, &address, translated, 0);
  results[6] = bpf_ct_set_nat_info(fresh, &address, translated, 0);
  results[7] = fresh->ct.status;
  results[8] = fresh->ct.tuplehash[1].tuple.src.u3.ip;
  fresh->ct.mark = 77;
  ct = bpf_ct_insert_entry(fresh);
  results[9] = ct != NULL;
  if (!ct) return XDP_DROP;
  results[10] = ct->status;
  results[11] = ct->mark;
  results[12] = bpf_ct_change_status(ct, ct->status | 4);
  results[13] = ct->status;
  results[14] = bpf_ct_change_status(ct, 0);
  results[15] = bpf_ct_change_status(ct, ct->status | 0x200);
  results[16] = bpf_ct_change_status(ct, ct->status | 0x400);
  results[17] = bpf_ct_change_timeout(ct, 30000);
  results[18] = ct->status;
  ct->mark = 5;
  bpf_ct_release(ct);

  lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16, &results[24]);
  back.ipv4.saddr = TO;
  back.ipv4.daddr = 0x070200c0;
  back.ipv4.sport = 0x5000;
  back.ipv4.dport = __builtin_bswap16(translated);
  lookup(ctx, &back, sizeof(back.ipv4), &opts, 16, &results[32]);
  back.ipv4.daddr = FROM;
  back.ipv4.dport = port;
  opts.error = 0;
  lookup(ctx, &back, sizeof(back.ipv4), &opts, 16, &results[40]);

  // Another one, of which the destination is translated, its port kept.
  back.ipv4.saddr = TO;
  back.ipv4.daddr = FROM;
  back.ipv4.sport = port;
  back.ipv4.dport = 0x1111;
  fresh = bpf_xdp_ct_alloc(ctx, &back, sizeof(back.ipv4), &opts, 16);
  if (!fresh) return XDP_DROP;
  results[56] = bpf_ct_set_nat_info(fresh, &address, -1, 1);
  results[57] = fresh->ct.status;
  results[58] = fresh->ct.tuplehash[1].tuple.src.u3.ip;
  ct = bpf_ct_insert_entry(fresh);
  results[59] = ct != NULL;
  if (ct) bpf_ct_release(ct);
  back.ipv4.saddr = 0x070200c0;
  back.ipv4.daddr = TO;
  back.ipv4.sport = 0x1111;
  back.ipv4.dport = port;
  lookup(ctx, &back, sizeof(back.ipv4), &opts, 16, &results[64]);

  // The same again: it is there already.
  fresh = bpf_xdp_ct_alloc(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16);
  if (!fresh) return XDP_DROP;
  ct = bpf_ct_insert_entry(fresh);
  results[48] = ct != NULL;
  if (ct) bpf_ct_release(ct);

  opts.l4proto = 58;
  opts.error = 0;
  fresh = bpf_xdp_ct_alloc(ctx, &tuple, sizeof(tuple.ipv4), &opts, 16);
  results[49] = fresh != NULL;
  results[50] = (__u32)opts.error;
  if (fresh) {
    ct = bpf_ct_insert_entry(fresh);
    if (ct) bpf_ct_release(ct);
  }

  opts.l4proto = 17;
  fresh = bpf_xdp_ct_alloc(ctx, &tuple, sizeof(tuple.ipv6), &opts, 12);
  results[51] = fresh != NULL;
  if (fresh) {
    ct = bpf_ct_insert_entry(fresh);
    results[52] = ct != NULL;
    if (ct) {
      results[53] = ct->status;
      bpf_ct_release(ct);
    }
  }
  return XDP_PASS;
}
