/* SPDX-License-Identifier: Apache-2.0 */
/* What most programs do to every packet: Ethernet, a VLAN tag, IPv4, TCP or UDP, and a decision by port. */
#pragma once
#include "../../../fixtures/include/bpf.h"
#include "../../../fixtures/include/ethernet.h"
#include "../../../fixtures/include/ip.h"
#include "../../../fixtures/include/transport.h"

static __always_inline int by_port(__be16 port, int pass, int drop)
{
	switch (bpf_ntohs(port)) {
	case 22:
	case 53:
	case 80:
	case 123:
	case 443:
		return pass;
	default:
		return bpf_ntohs(port) < 1024 ? drop : pass;
	}
}

static __always_inline int judge(void *data, void *data_end, int pass, int drop)
{
	struct ethhdr *ethernet = data;
	void *next = ethernet + 1;

	if (next > data_end)
		return drop;
	__be16 protocol = ethernet->h_proto;
	if (protocol == bpf_htons(ETH_P_8021Q)) {
		struct vlan_hdr *tag = next;

		if ((void *)(tag + 1) > data_end)
			return drop;
		protocol = tag->h_vlan_encapsulated_proto;
		next = tag + 1;
	}
	if (protocol != bpf_htons(ETH_P_IP))
		return pass;

	struct iphdr *ip = next;
	if ((void *)(ip + 1) > data_end)
		return drop;
	if (ip->version != 4 || ip->ihl < 5 || ip->ttl <= 1)
		return drop;
	if (ip->frag_off & bpf_htons(0x3fff))
		return drop;
	next += ip->ihl * 4;
	if (ip->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = next;

		if ((void *)(tcp + 1) > data_end)
			return drop;
		return (tcp->flags & (TCP_SYN | TCP_FIN)) == (TCP_SYN | TCP_FIN) ? drop : by_port(tcp->dest, pass, drop);
	}
	if (ip->protocol == IPPROTO_UDP) {
		struct udphdr *udp = next;

		if ((void *)(udp + 1) > data_end || bpf_ntohs(udp->len) < sizeof(*udp))
			return drop;
		return by_port(udp->dest, pass, drop);
	}
	return ip->protocol == IPPROTO_ICMP ? pass : drop;
}
