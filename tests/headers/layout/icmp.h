/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of struct icmphdr as it is on the wire (RFC 792; RFC 1191 for
 * the MTU), whatever was included before: compiling is the test. The member
 * before mtu is called __unused, and where a macro makes it vanish the
 * structure still compiles as C.
 */
#include <stddef.h>
#include <linux/icmp.h>

#ifdef __cplusplus
#define LAYOUT_ASSERT static_assert
#else
#define LAYOUT_ASSERT _Static_assert
#endif

LAYOUT_ASSERT(sizeof(struct icmphdr) == 8, "size of struct icmphdr");
LAYOUT_ASSERT(offsetof(struct icmphdr, un.gateway) == 4, "offset of gateway");
LAYOUT_ASSERT(sizeof(((struct icmphdr *)NULL)->un.frag) == 4, "size of frag");
LAYOUT_ASSERT(offsetof(struct icmphdr, un.frag.mtu) == 6, "offset of mtu");
