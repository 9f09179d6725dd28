// Objects of the program's own: lists, trees, counted references, kernel pointers in maps, one copy a CPU.
#include "kfuncs.h"

struct item {
  __u64 key;
  struct bpf_list_node link;
  __u32 weight;
};

struct bpf_list_node_ { int x; };

struct entry {
  __u64 key;
  struct bpf_rb_node node;
  __u64 value;
};

struct shared {
  __u64 key;
  struct bpf_refcount count;
  struct bpf_list_node link;
  struct bpf_rb_node node;
};

struct bag {
  __u64 name;
  struct bpf_spin_lock lock;
  struct bpf_list_head inside __contains(item, link);
};

struct tally {
  __u64 hits;
};

struct pocket {
  struct item __kptr *item;
  struct tally __percpu_kptr *tally;
  __u64 number;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct pocket);
} pockets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct bag);
} bags SEC(".maps");

#define private(name) SEC(".data." #name) __attribute__((aligned(8)))
private(A) struct bpf_spin_lock list_lock;
private(A) struct bpf_list_head list __contains(item, link);
private(B) struct bpf_spin_lock tree_lock;
private(B) struct bpf_rb_root tree __contains(entry, node);
private(C) struct bpf_spin_lock shared_lock;
private(C) struct bpf_list_head shared_list __contains(shared, link);
private(C) struct bpf_rb_root shared_tree __contains(shared, node);

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  return container_of(a, struct entry, node)->key < container_of(b, struct entry, node)->key;
}

static bool shared_less(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  return container_of(a, struct shared, node)->key < container_of(b, struct shared, node)->key;
}

SEC("xdp")
int lists(struct xdp_md *ctx) {
  struct bpf_list_node *n;
  struct item *item;
  __u64 order = 0, found;

  for (int i = 1; i < 7; i++) {
    item = bpf_obj_new(struct item);
    if (!item) return XDP_DROP;
    item->key = i;
    item->weight = i * 10;
    bpf_spin_lock(&list_lock);
    if (i & 1)
      bpf_list_push_front(&list, &item->link);
    else
      bpf_list_push_back(&list, &item->link);
    bpf_spin_unlock(&list_lock);
  }

  bpf_spin_lock(&list_lock);
  n = bpf_list_front(&list);
  found = n ? container_of(n, struct item, link)->key : 99;
  bpf_spin_unlock(&list_lock);
  OUT(found);
  bpf_spin_lock(&list_lock);
  n = bpf_list_back(&list);
  found = n ? container_of(n, struct item, link)->key : 99;
  bpf_spin_unlock(&list_lock);
  OUT(found);

  bpf_spin_lock(&list_lock);
  n = bpf_list_pop_back(&list);
  bpf_spin_unlock(&list_lock);
  if (!n) return XDP_DROP;
  item = container_of(n, struct item, link);
  OUT(item->key);
  OUT(item->weight);
  bpf_obj_drop(item);

  for (int i = 0; i < 8; i++) {
    bpf_spin_lock(&list_lock);
    n = bpf_list_pop_front(&list);
    bpf_spin_unlock(&list_lock);
    if (!n) break;
    item = container_of(n, struct item, link);
    order = order * 100 + item->key * 10 + item->weight / 10;
    bpf_obj_drop(item);
  }
  OUT(order);
  bpf_spin_lock(&list_lock);
  n = bpf_list_front(&list);
  bpf_spin_unlock(&list_lock);
  OUT(n != NULL);
  return XDP_PASS;
}

// Sixteen keys in an order that needs every kind of rotation.
static const __u64 keys[16] = {50, 20, 80, 10, 30, 70, 90, 60, 65, 62, 5, 1, 85, 95, 99, 25};

SEC("xdp")
int trees(struct xdp_md *ctx) {
  struct bpf_rb_node *n, *l, *r;
  struct entry *e;
  __u64 word;

  for (int i = 0; i < 16; i++) {
    e = bpf_obj_new(struct entry);
    if (!e) return XDP_DROP;
    e->key = keys[i & 15];
    e->value = i;
    bpf_spin_lock(&tree_lock);
    bpf_rbtree_add(&tree, &e->node, less);
    bpf_spin_unlock(&tree_lock);
    // The shape: root and its children after each addition.
    word = 0;
    bpf_spin_lock(&tree_lock);
    n = bpf_rbtree_root(&tree);
    if (n) {
      word = container_of(n, struct entry, node)->key;
      l = bpf_rbtree_left(&tree, n);
      if (l) word |= container_of(l, struct entry, node)->key << 8;
      r = bpf_rbtree_right(&tree, n);
      if (r) word |= container_of(r, struct entry, node)->key << 16;
    }
    n = bpf_rbtree_first(&tree);
    if (n) word |= container_of(n, struct entry, node)->key << 24;
    bpf_spin_unlock(&tree_lock);
    results[64 + (i & 15)] = word;
  }

  for (int i = 0; i < 16; i++) {
    // Takes out the root on even turns, the first node on odd ones.
    bpf_spin_lock(&tree_lock);
    n = i & 1 ? bpf_rbtree_first(&tree) : bpf_rbtree_root(&tree);
    if (!n) {
      bpf_spin_unlock(&tree_lock);
      return XDP_DROP;
    }
    n = bpf_rbtree_remove(&tree, n);
    bpf_spin_unlock(&tree_lock);
    if (!n) return XDP_DROP;
    e = container_of(n, struct entry, node);
    word = e->key | e->value << 8;
    bpf_obj_drop(e);
    bpf_spin_lock(&tree_lock);
    n = bpf_rbtree_root(&tree);
    if (n) {
      word |= container_of(n, struct entry, node)->key << 16;
      l = bpf_rbtree_left(&tree, n);
      if (l) word |= container_of(l, struct entry, node)->key << 24;
      r = bpf_rbtree_right(&tree, n);
      if (r) word |= container_of(r, struct entry, node)->key << 32;
    }
    bpf_spin_unlock(&tree_lock);
    results[80 + (i & 15)] = word;
  }
  bpf_spin_lock(&tree_lock);
  n = bpf_rbtree_first(&tree);
  bpf_spin_unlock(&tree_lock);
  results[96] = n != NULL;
  return XDP_PASS;
}

SEC("xdp")
int references(struct xdp_md *ctx) {
  struct shared *one, *two;
  struct bpf_list_node *ln;
  struct bpf_rb_node *rn;
  __u64 key = 0;
  int code;

  one = bpf_obj_new(struct shared);
  if (!one) return XDP_DROP;
  one->key = 7;
  two = bpf_refcount_acquire(one);
  bpf_spin_lock(&shared_lock);
  code = bpf_rbtree_add(&shared_tree, &one->node, shared_less);
  bpf_spin_unlock(&shared_lock);
  OUT(code);
  bpf_spin_lock(&shared_lock);
  code = bpf_list_push_back(&shared_list, &two->link);
  bpf_spin_unlock(&shared_lock);
  OUT(code);

  // The same object from the list and put there twice: the second time is refused and drops the reference.
  bpf_spin_lock(&shared_lock);
  ln = bpf_list_pop_front(&shared_list);
  bpf_spin_unlock(&shared_lock);
  if (!ln) return XDP_DROP;
  one = container_of(ln, struct shared, link);
  OUT(one->key);
  one->key = 9;
  two = bpf_refcount_acquire(one);
  bpf_spin_lock(&shared_lock);
  code = bpf_list_push_back(&shared_list, &one->link);
  bpf_spin_unlock(&shared_lock);
  OUT(code);
  bpf_spin_lock(&shared_lock);
  code = bpf_list_push_front(&shared_list, &two->link);
  bpf_spin_unlock(&shared_lock);
  OUT(code);

  bpf_spin_lock(&shared_lock);
  rn = bpf_rbtree_first(&shared_tree);
  if (rn) {
    key = container_of(rn, struct shared, node)->key;
    rn = bpf_rbtree_remove(&shared_tree, rn);
  }
  bpf_spin_unlock(&shared_lock);
  OUT(key);
  if (rn) bpf_obj_drop(container_of(rn, struct shared, node));
  bpf_spin_lock(&shared_lock);
  ln = bpf_list_pop_front(&shared_list);
  bpf_spin_unlock(&shared_lock);
  if (!ln) return XDP_DROP;
  one = container_of(ln, struct shared, link);
  OUT(one->key);
  // In no tree: removing gives NULL.
  bpf_spin_lock(&shared_lock);
  rn = bpf_rbtree_remove(&shared_tree, &one->node);
  bpf_spin_unlock(&shared_lock);
  OUT(rn != NULL);
  if (rn) bpf_obj_drop(container_of(rn, struct shared, node));
  bpf_obj_drop(one);
  return XDP_PASS;
}

SEC("xdp")
int pointers(struct xdp_md *ctx) {
  __u32 key = 1;
  struct pocket fresh = {.number = 5}, *pocket;
  struct item *item;
  struct tally __percpu_kptr *tally, *old;
  struct bag *bag;

  OUT(bpf_map_update_elem(&pockets, &key, &fresh, BPF_ANY));
  pocket = bpf_map_lookup_elem(&pockets, &key);
  if (!pocket) return XDP_DROP;
  OUT(pocket->item != NULL);
  item = bpf_obj_new(struct item);
  if (!item) return XDP_DROP;
  item->key = 41;
  item = bpf_kptr_xchg(&pocket->item, item);
  OUT(item != NULL);
  if (item) bpf_obj_drop(item);
  // An update makes a new element, and the old one's pointer goes with it.
  fresh.number = 6;
  OUT(bpf_map_update_elem(&pockets, &key, &fresh, BPF_EXIST));
  pocket = bpf_map_lookup_elem(&pockets, &key);
  if (!pocket) return XDP_DROP;
  item = bpf_kptr_xchg(&pocket->item, NULL);
  OUT(item != NULL);
  if (item) {
    OUT(item->key);
    bpf_obj_drop(item);
  }
  OUT(pocket->number);

  // One that is left in an element goes with it.
  item = bpf_obj_new(struct item);
  if (!item) return XDP_DROP;
  item = bpf_kptr_xchg(&pocket->item, item);
  if (item) bpf_obj_drop(item);
  OUT(bpf_map_delete_elem(&pockets, &key));
  OUT(bpf_map_update_elem(&pockets, &key, &fresh, BPF_NOEXIST));
  pocket = bpf_map_lookup_elem(&pockets, &key);
  if (!pocket) return XDP_DROP;
  OUT(pocket->item != NULL);

  key = 0;
  bag = bpf_map_lookup_elem(&bags, &key);
  if (!bag) return XDP_DROP;
  item = bpf_obj_new(struct item);
  if (!item) return XDP_DROP;
  item->key = 3;
  bpf_spin_lock(&bag->lock);
  bpf_list_push_front(&bag->inside, &item->link);
  bpf_spin_unlock(&bag->lock);
  bag->name += 1;
  OUT(bag->name);
  return XDP_PASS;
}

SEC("xdp")
int workers(struct xdp_md *ctx) {
  __u32 key = 2;
  struct pocket fresh = {}, *pocket;
  struct tally __percpu_kptr *tally;
  struct tally *here;

  OUT(bpf_map_update_elem(&pockets, &key, &fresh, BPF_ANY));
  pocket = bpf_map_lookup_elem(&pockets, &key);
  if (!pocket) return XDP_DROP;
  tally = bpf_percpu_obj_new(struct tally);
  if (!tally) return XDP_DROP;
  tally = bpf_kptr_xchg(&pocket->tally, tally);
  OUT(tally != NULL);
  if (tally) bpf_percpu_obj_drop(tally);
  tally = pocket->tally;
  if (!tally) return XDP_DROP;
  here = bpf_this_cpu_ptr(tally);
  here->hits = 4;
  here = bpf_per_cpu_ptr(tally, 0);
  if (here) here->hits += 1;
  here = bpf_this_cpu_ptr(tally);
  here->hits += 10;
  OUT(bpf_per_cpu_ptr(tally, 100000) != NULL);
  OUT(here->hits >= 14);
  tally = bpf_kptr_xchg(&pocket->tally, NULL);
  OUT(tally != NULL);
  if (tally) bpf_percpu_obj_drop(tally);
  OUT(bpf_map_delete_elem(&pockets, &key));
  return XDP_PASS;
}
