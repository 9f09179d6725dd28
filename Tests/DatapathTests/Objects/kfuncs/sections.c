// Sections, locks, iterators and names of kfuncs that may be missing.
#include "kfuncs.h"

struct locked {
  struct bpf_res_spin_lock lock;
  __u32 number;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct locked);
} locks SEC(".maps");

extern int bpf_no_such_kfunc(int) __ksym __weak;
extern int bpf_dynptr_from_skb(void *, __u64, struct bpf_dynptr *) __ksym __weak;
extern void bpf_rcu_read_lock___second(void) __ksym __weak;

static __u64 words[4] = {0x8000000000000001, 0, 0xf0, 1ull << 63};
volatile __u32 zero;

SEC("xdp")
int iterate(struct xdp_md *ctx) {
  struct bpf_iter_num it;
  struct bpf_iter_bits bits;
  int *number;
  __u64 sum = 0;

  OUT(bpf_iter_num_new(&it, 3, 8));
  while ((number = bpf_iter_num_next(&it))) sum = sum * 10 + *number;
  OUT(sum);
  bpf_iter_num_destroy(&it);

  OUT(bpf_iter_num_new(&it, 5, 5));
  OUT(bpf_iter_num_next(&it) != NULL);
  bpf_iter_num_destroy(&it);

  OUT(bpf_iter_num_new(&it, 5, 4));
  OUT(bpf_iter_num_next(&it) != NULL);
  bpf_iter_num_destroy(&it);

  OUT(bpf_iter_num_new(&it, 0, 8 * 1024 * 1024 + 1));
  OUT(bpf_iter_num_next(&it) != NULL);
  bpf_iter_num_destroy(&it);

  OUT(bpf_iter_num_new(&it, -0x7fffffff - 1, -0x7fffffff + 1));
  sum = 0;
  while ((number = bpf_iter_num_next(&it))) sum += (__u32)*number;
  OUT(sum);
  bpf_iter_num_destroy(&it);

  OUT(bpf_iter_bits_new(&bits, words, 1));
  sum = 0;
  while ((number = bpf_iter_bits_next(&bits))) sum = sum * 1000 + *number + 1;
  OUT(sum);
  OUT(bpf_iter_bits_next(&bits) != NULL);
  bpf_iter_bits_destroy(&bits);

  OUT(bpf_iter_bits_new(&bits, words, 4));
  sum = 0;
  while ((number = bpf_iter_bits_next(&bits))) sum = sum * 331 + *number + 1;
  OUT(sum);
  bpf_iter_bits_destroy(&bits);

  OUT(bpf_iter_bits_new(&bits, words, 0));
  OUT(bpf_iter_bits_next(&bits) != NULL);
  bpf_iter_bits_destroy(&bits);
  OUT(bpf_iter_bits_new(&bits, words, 512));
  bpf_iter_bits_destroy(&bits);
  OUT(bpf_iter_bits_new(&bits, NULL, 1));
  bpf_iter_bits_destroy(&bits);
  return XDP_PASS;
}

SEC("xdp")
int sections(struct xdp_md *ctx) {
  unsigned long flags, outer;
  __u32 first = 0, also_first = zero;
  struct locked *one, *two;

  bpf_rcu_read_lock();
  bpf_rcu_read_unlock();
  bpf_preempt_disable();
  bpf_preempt_disable();
  bpf_preempt_enable();
  bpf_preempt_enable();
  bpf_local_irq_save(&outer);
  bpf_local_irq_save(&flags);
  bpf_local_irq_restore(&flags);
  bpf_local_irq_restore(&outer);

  one = bpf_map_lookup_elem(&locks, &first);
  if (!one) return XDP_DROP;
  two = bpf_map_lookup_elem(&locks, &also_first);
  if (!two) return XDP_DROP;
  if (bpf_res_spin_lock(&one->lock)) return XDP_DROP;
  int again = bpf_res_spin_lock(&two->lock);
  if (!again) bpf_res_spin_unlock(&two->lock);
  bpf_res_spin_unlock(&one->lock);
  OUT(again);
  again = bpf_res_spin_lock_irqsave(&two->lock, &flags);
  if (!again) bpf_res_spin_unlock_irqrestore(&two->lock, &flags);
  OUT(again);

  OUT(bpf_no_such_kfunc != NULL);
  OUT(bpf_dynptr_from_skb != NULL);
  OUT(bpf_rcu_read_lock___second != NULL);
  if (bpf_no_such_kfunc) OUT(bpf_no_such_kfunc(3));
  bpf_rcu_read_lock___second();
  bpf_rcu_read_unlock();
  return XDP_PASS;
}
