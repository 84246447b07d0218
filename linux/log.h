/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The start of every line that this module logs. Included before everything
 * else by the build, as the kernel's headers want it defined first.
 */
#ifndef TEEGATE_LOG_H
#define TEEGATE_LOG_H

#define pr_fmt(fmt) "teegate: " fmt

#endif
