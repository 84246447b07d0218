// SPDX-License-Identifier: BSD-2-Clause
/*
 * libFuzzer's entry for the whole SMC interface: the input is the dice of a
 * run of the soak test, so it is a program of what several VMs with several
 * virtual CPUs do, when each goes on, and what goes wrong meanwhile.
 */
#include "soak.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Far more than a useful input has. */
#define SMCS_MAX 20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	dice_bytes(data, bytes);
	soak_play(SMCS_MAX);
	return 0;
}
