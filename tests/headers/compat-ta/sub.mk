# SPDX-License-Identifier: BSD-2-Clause
# Read by the TA dev kit's makefiles.
global-incdirs-y += .
srcs-y += ta.c
