// Values that belong to a task and to a cgroup. Results go into the frame: what the kernel writes is what the simulator must
// write.
#include "bpf.h"

#define __ksym __attribute__((section(".ksyms")))

struct cgroup {};

extern struct cgroup *bpf_cgroup_from_id(__u64 id) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgroup) __ksym;

static void *(*const bpf_get_current_task_btf)(void) = (void *)158;
static void *(*const bpf_task_storage_get)(void *map, void *task, void *value, __u64 flags) = (void *)156;
static long (*const bpf_task_storage_delete)(void *map, void *task) = (void *)157;
static void *(*const bpf_cgrp_storage_get)(void *map, struct cgroup *cgroup, void *value, __u64 flags) = (void *)210;
static long (*const bpf_cgrp_storage_delete)(void *map, struct cgroup *cgroup) = (void *)211;

struct count {
  __u64 packets;
  __u32 first;
};

struct {
  __uint(type, 29);
  __uint(map_flags, 1);
  __type(key, int);
  __type(value, struct count);
} tasks SEC(".maps");

struct {
  __uint(type, 32);
  __uint(map_flags, 1);
  __type(key, int);
  __type(value, struct count);
} cgroups SEC(".maps");

SEC("xdp")
int storage(struct xdp_md *ctx) {
  __s64 *out = (void *)(long)ctx->data;
  struct count fresh = {.packets = 5, .first = 6}, *count;
  struct cgroup *cgroup;
  void *task;

  if ((void *)(out + 16) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  task = bpf_get_current_task_btf();
  out[0] = bpf_task_storage_get(&tasks, task, 0, 0) != 0;
  out[1] = bpf_task_storage_get(&tasks, task, 0, 2) != 0;
  out[2] = bpf_task_storage_delete(&tasks, task);
  count = bpf_task_storage_get(&tasks, task, &fresh, 1);
  if (count)
    out[3] = count->packets++ * 100 + count->first;
  fresh.packets = 90;
  count = bpf_task_storage_get(&tasks, task, &fresh, 1);
  if (count)
    out[4] = count->packets;
  count = bpf_task_storage_get(&tasks, task, 0, 0);
  if (count)
    out[5] = count->packets;
  out[6] = bpf_task_storage_delete(&tasks, task);
  out[7] = bpf_task_storage_delete(&tasks, task);
  count = bpf_task_storage_get(&tasks, task, 0, 1);
  if (count)
    out[8] = count->packets * 100 + count->first + 1;
  out[9] = bpf_task_storage_delete(&tasks, task);

  cgroup = bpf_cgroup_from_id(1);
  if (!cgroup)
    return XDP_DROP;
  out[10] = bpf_cgrp_storage_get(&cgroups, cgroup, 0, 0) != 0;
  count = bpf_cgrp_storage_get(&cgroups, cgroup, &fresh, 1);
  if (count)
    out[11] = count->packets++;
  count = bpf_cgrp_storage_get(&cgroups, cgroup, 0, 0);
  if (count)
    out[12] = count->packets;
  out[13] = bpf_cgrp_storage_delete(&cgroups, cgroup);
  out[14] = bpf_cgrp_storage_delete(&cgroups, cgroup);
  bpf_cgroup_release(cgroup);
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
