// What programs need to call kfuncs without a vmlinux.h. Words go into `results` in the order of the text: what the kernel puts
// there is what the simulator must put there.
#pragma once
#include "bpf.h"

#define __ksym __attribute__((section(".ksyms")))
#define __weak __attribute__((weak))
#define __tag(text) __attribute__((btf_decl_tag(text)))
#define __contains(type, node) __tag("contains:" #type ":" #node)
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __exception_cb(name) __tag("exception_callback:" #name)
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define container_of(pointer, type, member) ((type *)((void *)(pointer) - __builtin_offsetof(type, member)))
#define bpf_core_type_id_local(type) __builtin_btf_type_id(*(typeof(type) *)0, 0)

#ifndef NULL
#define NULL ((void *)0)
#endif
typedef _Bool bool;

struct bpf_dynptr { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_iter_num { __u64 opaque[1]; } __attribute__((aligned(8)));
struct bpf_iter_bits { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_spin_lock { __u32 val; };
struct bpf_res_spin_lock { __u32 val; };
struct bpf_list_head { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_list_node { __u64 opaque[3]; } __attribute__((aligned(8)));
struct bpf_rb_root { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_rb_node { __u64 opaque[4]; } __attribute__((aligned(8)));
struct bpf_refcount { __u32 opaque[1]; } __attribute__((aligned(4)));
struct bpf_wq { __u64 opaque[2]; } __attribute__((aligned(8)));

#define WORDS 192
__u64 results[WORDS] SEC(".data.results");
#define OUT(value) (results[__COUNTER__] = (__u64)(value))

static __u64 (*const bpf_get_prandom)(void) = (void *)7;
static long (*const bpf_spin_lock)(struct bpf_spin_lock *lock) = (void *)93;
static long (*const bpf_spin_unlock)(struct bpf_spin_lock *lock) = (void *)94;
static long (*const bpf_loop_)(__u32 n, void *callback, void *context, __u64 flags) = (void *)181;
static void *(*const bpf_per_cpu_ptr)(const void *pointer, __u32 cpu) = (void *)153;
static void *(*const bpf_this_cpu_ptr)(const void *pointer) = (void *)154;
static void *(*const bpf_kptr_xchg)(void *place, void *pointer) = (void *)194;
static long (*const bpf_dynptr_from_mem)(void *data, __u32 size, __u64 flags, struct bpf_dynptr *ptr) = (void *)197;
static long (*const bpf_dynptr_read)(void *to, __u32 n, const struct bpf_dynptr *p, __u32 offset, __u64 flags) = (void *)201;
static long (*const bpf_dynptr_write)(const struct bpf_dynptr *p, __u32 offset, void *from, __u32 n, __u64 flags) =
  (void *)202;
static void *(*const bpf_dynptr_data)(const struct bpf_dynptr *p, __u32 offset, __u32 n) = (void *)203;

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;
extern int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __ksym;
extern void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock) __ksym;
extern int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *lock, unsigned long *flags) __ksym;
extern void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *lock, unsigned long *flags) __ksym;
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;
extern void bpf_throw(__u64 cookie) __ksym;

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_bits_new(struct bpf_iter_bits *it, const __u64 *words, __u32 count) __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *it) __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __ksym;

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 n) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 n) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *p, __u32 start, __u32 end) __ksym;
extern bool bpf_dynptr_is_null(const struct bpf_dynptr *p) __ksym;
extern bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *p) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone) __ksym;
extern int bpf_dynptr_copy(struct bpf_dynptr *to, __u32 to_offset, struct bpf_dynptr *from, __u32 from_offset, __u32 n) __ksym;
extern int bpf_dynptr_memset(struct bpf_dynptr *p, __u32 offset, __u32 n, __u8 value) __ksym;
extern int bpf_xdp_pull_data(struct xdp_md *xdp, __u32 n) __ksym;
extern int bpf_probe_read_kernel_dynptr(const struct bpf_dynptr *p, __u32 offset, __u32 n, const void *from) __ksym;
extern int bpf_probe_read_kernel_str_dynptr(const struct bpf_dynptr *p, __u32 offset, __u32 n, const void *from) __ksym;

extern void *bpf_obj_new_impl(__u64 type, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;
extern void *bpf_percpu_obj_new_impl(__u64 type, void *meta) __ksym;
extern void bpf_percpu_obj_drop_impl(void *object, void *meta) __ksym;
extern void *bpf_refcount_acquire_impl(void *object, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, __u64 off) __ksym;
extern int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, __u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;
extern struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head) __ksym;
extern struct bpf_list_node *bpf_list_front(struct bpf_list_head *head) __ksym;
extern struct bpf_list_node *bpf_list_back(struct bpf_list_head *head) __ksym;
extern int bpf_rbtree_add_impl(
  struct bpf_rb_root *root, struct bpf_rb_node *node, bool (less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta,
  __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
extern struct bpf_rb_node *bpf_rbtree_root(struct bpf_rb_root *root) __ksym;
extern struct bpf_rb_node *bpf_rbtree_left(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_right(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;

#define bpf_obj_new(type) ((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_obj_drop(object) bpf_obj_drop_impl(object, NULL)
#define bpf_percpu_obj_new(type) ((type __percpu_kptr *)bpf_percpu_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_percpu_obj_drop(object) bpf_percpu_obj_drop_impl(object, NULL)
#define bpf_refcount_acquire(object) bpf_refcount_acquire_impl(object, NULL)
#define bpf_list_push_front(head, node) bpf_list_push_front_impl(head, node, NULL, 0)
#define bpf_list_push_back(head, node) bpf_list_push_back_impl(head, node, NULL, 0)
#define bpf_rbtree_add(root, node, less) bpf_rbtree_add_impl(root, node, less, NULL, 0)

extern int bpf_strcmp(const char *s1, const char *s2) __ksym;
extern int bpf_strcasecmp(const char *s1, const char *s2) __ksym;
extern int bpf_strchr(const char *s, char c) __ksym;
extern int bpf_strchrnul(const char *s, char c) __ksym;
extern int bpf_strrchr(const char *s, int c) __ksym;
extern int bpf_strnchr(const char *s, unsigned long n, char c) __ksym;
extern int bpf_strlen(const char *s) __ksym;
extern int bpf_strnlen(const char *s, unsigned long n) __ksym;
extern int bpf_strspn(const char *s, const char *accept) __ksym;
extern int bpf_strcspn(const char *s, const char *reject) __ksym;
extern int bpf_strstr(const char *s1, const char *s2) __ksym;
extern int bpf_strnstr(const char *s1, const char *s2, unsigned long n) __ksym;

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;

char program_license[] SEC("license") = "GPL";
