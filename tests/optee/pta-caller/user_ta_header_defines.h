/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Properties of the TA of this directory. What it does is in caller.c.
 */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#define TA_UUID                                                        \
	{                                                              \
		0x8ae91b19, 0x5b13, 0x4c1c,                            \
		{                                                      \
			0xa9, 0xd5, 0xbb, 0x80, 0xb4, 0xbf, 0x9a, 0x9a \
		}                                                      \
	}
#define TA_FLAGS 0
#define TA_STACK_SIZE (2 * 1024)
#define TA_DATA_SIZE (32 * 1024)

#endif
