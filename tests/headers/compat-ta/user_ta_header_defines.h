/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Properties of the TA of this directory, which is compiled and never run.
 */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#define TA_UUID                                                        \
	{                                                              \
		0x6f7c1f9e, 0x5a0b, 0x4d3c,                            \
		{                                                      \
			0x9a, 0x57, 0x3d, 0x0f, 0x2d, 0x1e, 0x8b, 0x46 \
		}                                                      \
	}
#define TA_FLAGS 0
#define TA_STACK_SIZE (2 * 1024)
#define TA_DATA_SIZE (32 * 1024)

#endif
