/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c as a classifier: what an skb costs beside an XDP frame. */
#include "../../../fixtures/include/bpf.h"
#include "../../../fixtures/include/ethernet.h"
#include "../../../fixtures/include/ip.h"
#include "../../../fixtures/include/transport.h"

static __always_inline int by_port(__be16 port)
{
	switch (bpf_ntohs(port)) {
	case 22:
	case 53:
	case 80:
	case 123:
	case 443:
		return TC_ACT_OK;
	default:
		return bpf_ntohs(port) < 1024 ? TC_ACT_SHOT : TC_ACT_OK;
	}
}

SEC("tc")
int parse(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = data;
	void *next = ethernet + 1;

	if (next > data_end)
		return TC_ACT_SHOT;
	__be16 protocol = ethernet->h_proto;
	if (protocol == bpf_htons(ETH_P_8021Q)) {
		struct vlan_hdr *tag = next;

		if ((void *)(tag + 1) > data_end)
			return TC_ACT_SHOT;
		protocol = tag->h_vlan_encapsulated_proto;
		next = tag + 1;
	}
	if (protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;

	struct iphdr *ip = next;
	if ((void *)(ip + 1) > data_end)
		return TC_ACT_SHOT;
	if (ip->version != 4 || ip->ihl < 5 || ip->ttl <= 1)
		return TC_ACT_SHOT;
	if (ip->frag_off & bpf_htons(0x3fff))
		return TC_ACT_SHOT;
	next += ip->ihl * 4;
	if (ip->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = next;

		if ((void *)(tcp + 1) > data_end)
			return TC_ACT_SHOT;
		return (tcp->flags & (TCP_SYN | TCP_FIN)) == (TCP_SYN | TCP_FIN) ? TC_ACT_SHOT : by_port(tcp->dest);
	}
	if (ip->protocol == IPPROTO_UDP) {
		struct udphdr *udp = next;

		if ((void *)(udp + 1) > data_end || bpf_ntohs(udp->len) < sizeof(*udp))
			return TC_ACT_SHOT;
		return by_port(udp->dest);
	}
	return ip->protocol == IPPROTO_ICMP ? TC_ACT_OK : TC_ACT_SHOT;
}
