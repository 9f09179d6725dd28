// Every kfunc on strings.
#include "kfuncs.h"

char text[32] SEC(".data.text") = "Hello, packet World";
const char small[] = "hello, packet world";
char prefix[8] SEC(".data.text") = "Hello";
char set[8] SEC(".data.text") = "leHo";
char empty[1] SEC(".data.text") = "";

SEC("xdp")
int strings(struct xdp_md *ctx) {
  OUT(bpf_strcmp(text, text));
  OUT(bpf_strcmp(text, small));
  OUT(bpf_strcmp(small, text));
  OUT(bpf_strcmp(prefix, text));
  OUT(bpf_strcmp(empty, prefix));
  OUT(bpf_strcasecmp(text, small));
  OUT(bpf_strcasecmp(prefix, small));
  OUT(bpf_strlen(text));
  OUT(bpf_strlen(empty));
  OUT(bpf_strnlen(text, 5));
  OUT(bpf_strnlen(text, 0));
  OUT(bpf_strnlen(text, 100));
  OUT(bpf_strchr(text, 'o'));
  OUT(bpf_strchr(text, 'z'));
  OUT(bpf_strchr(text, 0));
  OUT(bpf_strchrnul(text, 'o'));
  OUT(bpf_strchrnul(text, 'z'));
  OUT(bpf_strrchr(text, 'o'));
  OUT(bpf_strrchr(text, 'z'));
  OUT(bpf_strrchr(text, 0));
  OUT(bpf_strnchr(text, 4, 'o'));
  OUT(bpf_strnchr(text, 5, 'o'));
  OUT(bpf_strnchr(text, 0, 'H'));
  OUT(bpf_strspn(text, set));
  OUT(bpf_strspn(text, empty));
  OUT(bpf_strcspn(text, set));
  OUT(bpf_strcspn(text, empty));
  OUT(bpf_strcspn(text, ", "));
  OUT(bpf_strstr(text, "packet"));
  OUT(bpf_strstr(text, "World"));
  OUT(bpf_strstr(text, "world"));
  OUT(bpf_strstr(text, empty));
  OUT(bpf_strstr(prefix, text));
  OUT(bpf_strnstr(text, "Hello", 4));
  OUT(bpf_strnstr(text, "Hello", 5));
  OUT(bpf_strnstr(text, "Hello", 6));
  OUT(bpf_strnstr(text, "packet", 12));
  OUT(bpf_strnstr(text, "packet", 13));
  OUT(bpf_strnstr(text, empty, 0));
  OUT(bpf_strnstr(text, "World", 100));
  OUT(bpf_strcmp(NULL, text));
  OUT(bpf_strcmp(text, NULL));
  OUT(bpf_strlen(NULL));
  OUT(bpf_strnlen(NULL, 0));
  OUT(bpf_strchr((char *)1, 'a'));
  OUT(bpf_strchr((char *)-1, 'a'));
  OUT(bpf_strlen((char *)-1));
  OUT(bpf_strspn(text, NULL));
  OUT(bpf_strstr(text, NULL));
  OUT(bpf_strstr(text, (char *)-1));
  return XDP_PASS;
}
