// Dynptrs of XDP frames, in one piece and in fragments.
#include "kfuncs.h"

static char buffer[512] SEC(".data.buffer");
static char other[512] SEC(".data.buffer");

static __always_inline void checks(struct bpf_dynptr *p) {
  OUT(bpf_dynptr_is_null(p));
  OUT(bpf_dynptr_is_rdonly(p));
  OUT(bpf_dynptr_size(p));
  OUT(bpf_dynptr_data(p, 0, 4) != NULL);
}

SEC("xdp")
int frames(struct xdp_md *ctx) {
  struct bpf_dynptr p, q;
  __u8 bytes[16];
  __u8 *slice;

  OUT(bpf_dynptr_from_xdp(ctx, 1, &p));
  checks(&p);
  OUT(bpf_dynptr_adjust(&p, 0, 0));
  OUT(bpf_dynptr_clone(&p, &q));
  OUT(bpf_dynptr_copy(&p, 0, &q, 0, 0));
  OUT(bpf_dynptr_copy(&p, 0, &q, 0, 1));
  OUT(bpf_dynptr_memset(&p, 0, 0, 1));
  OUT(bpf_dynptr_memset(&p, 0, 1, 1));
  OUT(bpf_dynptr_read(bytes, 4, &p, 0, 0));
  OUT(bpf_dynptr_write(&p, 0, bytes, 4, 0));

  OUT(bpf_dynptr_from_xdp(ctx, 0, &p));
  checks(&p);
  OUT(bpf_dynptr_read(bytes, 16, &p, 12, 0));
  OUT(*(__u64 *)bytes);
  OUT(bpf_dynptr_read(bytes, 16, &p, 90, 0));
  OUT(bpf_dynptr_read(bytes, 16, &p, 12, 1));
  OUT(bpf_dynptr_write(&p, 0, bytes, 6, 1));
  OUT(bpf_dynptr_write(&p, 0, bytes, 6, 0));

  slice = bpf_dynptr_slice(&p, 14, buffer, 20);
  OUT(slice != NULL);
  if (slice) OUT(slice[0] | slice[19] << 8);
  OUT(slice == (void *)buffer);
  slice = bpf_dynptr_slice(&p, 90, NULL, 7);
  OUT(slice != NULL);
  slice = bpf_dynptr_slice_rdwr(&p, 90, NULL, 6);
  OUT(slice != NULL);
  if (slice) slice[5] = 0xaa;

  OUT(bpf_dynptr_clone(&p, &q));
  OUT(bpf_dynptr_adjust(&q, 10, 9));
  OUT(bpf_dynptr_adjust(&q, 10, 97));
  OUT(bpf_dynptr_adjust(&q, 97, 97));
  OUT(bpf_dynptr_adjust(&q, 10, 30));
  OUT(bpf_dynptr_size(&q));
  OUT(bpf_dynptr_adjust(&q, 4, 20));
  OUT(bpf_dynptr_size(&q));
  slice = bpf_dynptr_slice(&q, 0, NULL, 4);
  OUT(slice ? slice[0] : 999);
  OUT(bpf_dynptr_slice(&q, 13, NULL, 4) != NULL);
  OUT(bpf_dynptr_memset(&q, 8, 8, 0x5a));
  OUT(bpf_dynptr_memset(&q, 8, 9, 0x5a));
  OUT(bpf_dynptr_copy(&p, 40, &q, 0, 16));
  OUT(bpf_dynptr_copy(&p, 85, &q, 0, 16));
  OUT(bpf_dynptr_copy(&q, 0, &q, 2, 8));

  OUT(bpf_dynptr_from_mem(buffer, sizeof(buffer), 0, &q));
  checks(&q);
  OUT(bpf_dynptr_copy(&q, 1, &p, 0, 96));
  OUT(bpf_dynptr_memset(&q, 500, 12, 9));
  OUT(bpf_dynptr_memset(&q, 500, 13, 9));
  OUT(bpf_probe_read_kernel_dynptr(&q, 200, 8, buffer));
  OUT(bpf_probe_read_kernel_dynptr(&q, 505, 8, buffer));
  OUT(bpf_probe_read_kernel_dynptr(&q, 0, 8, NULL));
  OUT(bpf_probe_read_kernel_str_dynptr(&q, 300, 20, "a kernel string"));
  OUT(bpf_probe_read_kernel_str_dynptr(&q, 320, 8, "a kernel string"));
  OUT(bpf_probe_read_kernel_str_dynptr(&q, 340, 8, NULL));
  OUT(bpf_probe_read_kernel_str_dynptr(&q, 340, 0, "x"));
  return XDP_PASS;
}

SEC("xdp.frags")
int fragments(struct xdp_md *ctx) {
  struct bpf_dynptr p, q;
  __u8 *slice;
  __u32 linear = ctx->data_end - ctx->data;

  OUT(linear);
  OUT(bpf_dynptr_from_xdp(ctx, 0, &p));
  checks(&p);
  // Across the end of the linear part: a copy.
  slice = bpf_dynptr_slice(&p, linear - 4, buffer, 8);
  OUT(slice != NULL);
  OUT(slice == (void *)buffer);
  if (slice) OUT(*(__u64 *)slice);
  OUT(bpf_dynptr_slice(&p, linear - 4, NULL, 8) != NULL);
  slice = bpf_dynptr_slice_rdwr(&p, linear - 4, buffer, 8);
  if (slice) *(__u64 *)slice = 0x1122334455667788;
  OUT(slice == (void *)buffer);
  // Within one fragment: the fragment's own bytes.
  slice = bpf_dynptr_slice_rdwr(&p, linear + 100, buffer, 8);
  OUT(slice != NULL);
  OUT(slice == (void *)buffer);
  if (slice) *(__u64 *)slice = 0xa1a2a3a4a5a6a7a8;
  OUT(bpf_dynptr_slice(&p, linear + 100, NULL, 8) != NULL);
  slice = bpf_dynptr_slice(&p, linear + 4096 - 8, buffer, 8);
  OUT(slice == (void *)buffer);
  slice = bpf_dynptr_slice(&p, linear + 4096 - 7, buffer, 8);
  OUT(slice == (void *)buffer);
  OUT(bpf_dynptr_slice(&p, 8993, buffer, 8) != NULL);
  OUT(bpf_dynptr_slice(&p, 8992, buffer, 8) != NULL);

  OUT(bpf_dynptr_write(&p, linear - 2, buffer, 4, 0));
  OUT(bpf_dynptr_memset(&p, linear - 300, 600, 0x77));
  OUT(bpf_dynptr_clone(&p, &q));
  OUT(bpf_dynptr_copy(&p, 0, &q, linear - 350, 700));
  OUT(bpf_dynptr_copy(&p, linear - 350, &q, 14, 700));
  OUT(bpf_dynptr_copy(&p, 8500, &q, 0, 501));

  OUT(bpf_xdp_pull_data(ctx, 10));
  OUT(bpf_xdp_pull_data(ctx, 9001));
  OUT(bpf_xdp_pull_data(ctx, 5000));
  OUT(bpf_xdp_pull_data(ctx, linear + 100));
  OUT(ctx->data_end - ctx->data);
  OUT(bpf_xdp_pull_data(ctx, linear + 217));
  OUT(bpf_xdp_pull_data(ctx, linear + 216));
  OUT(ctx->data_end - ctx->data);
  OUT(bpf_dynptr_from_xdp(ctx, 0, &p));
  slice = bpf_dynptr_slice(&p, linear + 4096 - 8, buffer, 8);
  OUT(slice == (void *)buffer);
  slice = bpf_dynptr_slice(&p, linear + 4096 - 7, buffer, 8);
  OUT(slice == (void *)buffer);
  return XDP_PASS;
}
