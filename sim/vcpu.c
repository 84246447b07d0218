// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtual CPUs: how one gives way to another. Who is next is the test's
 * business, what they do as well.
 */
#include "vcpu.h"

void sim_vcpu_start(struct sim_vcpu *vcpu, void (*body)(void *arg), void *arg)
{
	*vcpu = (struct sim_vcpu){ .alive = true };
	sim_fiber_init(&vcpu->fiber, body, arg);
}

bool sim_vcpu_can_run(const struct sim_vcpu *vcpu)
{
	return vcpu->alive && !(vcpu->waits && *vcpu->waits);
}

void sim_vcpu_run(struct sim_vcpu *vcpu)
{
	struct sim_frame *frame = sim.frame;

	if (sim.vcpu || !sim_vcpu_can_run(vcpu))
		sim_die("sim: this virtual CPU cannot run");
	sim.vcpu = vcpu;
	sim.frame = vcpu->frame;
	sim_fiber_run(&vcpu->fiber);
	vcpu->frame = sim.frame;
	sim.frame = frame;
	sim.vcpu = NULL;
	if (vcpu->fiber.done || vcpu->leaving) {
		if (vcpu->frame)
			sim_die("sim: a virtual CPU ended inside an SMC");
		sim_fiber_fini(&vcpu->fiber);
		vcpu->alive = false;
	}
}

void sim_vcpu_switch(void)
{
	if (sim.vcpu)
		sim_fiber_stop(&sim.vcpu->fiber);
}

void sim_vcpu_point(enum sim_op op)
{
	if (sim.vcpu && sim.switch_here && sim.switch_here(sim.vcpu, op))
		sim_vcpu_switch();
}

void sim_vcpu_wait(const bool *taken)
{
	struct sim_vcpu *vcpu = sim.vcpu;

	while (vcpu && *taken) {
		vcpu->waits = taken;
		sim_vcpu_switch();
		vcpu->waits = NULL;
	}
}

void sim_vcpu_exit(void)
{
	sim.vcpu->leaving = true;
	sim_vcpu_switch();
	sim_die("sim: a virtual CPU ran on after its end");
}

void sim_vcpu_drop(struct sim_vcpu *vcpu)
{
	if (!vcpu->alive)
		return;
	if (vcpu->frame)
		sim_die("sim: a virtual CPU is taken out of its SMC");
	sim_fiber_fini(&vcpu->fiber);
	vcpu->alive = false;
}
