/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few names of a freestanding C compiler that the core uses. Inside the
 * kernel they come from the kernel, elsewhere from the compiler's own headers.
 * This file is the only place of the core that knows where it is compiled.
 */
#ifndef TG_STD_H
#define TG_STD_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/limits.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A freestanding compiler may emit calls to these; each port provides them. */
void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memset(void *dst, int c, size_t bytes);
#endif

#endif
