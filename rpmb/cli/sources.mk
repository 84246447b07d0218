# SPDX-License-Identifier: BSD-2-Clause
#
# The command rpmbctl, on the frame in ../../cli. The verbs store and station are the stores'
# (verb_store*.c, verb_station*.c) and stand here as they are of the same table.

cli_sources := $(addprefix cli/,completion.c data.c failure.c keys.c main.c mode.c options.c output.c progress.c \
	reach.c sink.c tee.c verb_counter.c verb_data.c verb_derive.c verb_emulate.c verb_get.c \
	verb_program.c verb_status.c verb_unseal.c verb_verify.c verb_wipe.c verb_write.c verbs.c)
cli_sources += $(patsubst $(here)/%,%,$(wildcard $(here)/cli/verb_store*.c $(here)/cli/verb_station*.c))

# Who provides tee.h.
ifeq ($(WITH_LIBTEEC),1)
tee_sources := cli/tee_client.c
else
tee_sources := cli/tee_none.c
endif
