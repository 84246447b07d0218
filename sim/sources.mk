# SPDX-License-Identifier: BSD-2-Clause
# The simulator's files, for unit tests, fuzzers and whatever else runs the
# core in user space. Paths are relative to sim/.
SIM_SOURCES := \
	driver.c \
	fiber.c \
	guest.c \
	memory.c \
	port.c \
	sim.c \
	supplicant.c \
	tee.c \
	tee_call.c \
	tee_notif.c \
	tee_rpc.c \
	tee_shm.c \
	tee_ta.c \
	vcpu.c
