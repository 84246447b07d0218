/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all tests in this folder include: cmocka and what it needs before it.
 * Fakes are in fake_sys.h.
 */
#ifndef VMM_TEST_H
#define VMM_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
