# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The core's files: the one list that the module, host tests, fuzzers, proofs
# and other hypervisors build from. Paths are relative to mediator/.
TG_CORE_SOURCES := \
	call.c \
	call_state.c \
	cookie.c \
	fast.c \
	msg.c \
	notif.c \
	pagelist.c \
	place.c \
	policy.c \
	rpc.c \
	session.c \
	shadow.c \
	status.c \
	system.c \
	vm.c
