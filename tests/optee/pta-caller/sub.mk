# SPDX-License-Identifier: BSD-2-Clause
# Read by the TA dev kit's makefiles.
global-incdirs-y += . ../../../optee/pta/include
srcs-y += caller.c
