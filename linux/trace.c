// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core tells of (tg_port_trace): to tracepoints always, to the log
 * where an administrator can do something about it. Guests cause these events,
 * so no line is an error, each is rate limited and says whose it is (I11).
 */
#include <asm/byteorder.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "guest.h"
#include "module.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Room for about 30 process ids; more are cut off. */
#define HOLDERS_BYTES 256

/* A guest that gets no partition tries again and again. */
static DEFINE_RATELIMIT_STATE(partition_none_ratelimit, 60 * HZ, 2);

static void partition_none(const struct tg_guest *guest)
{
	char holders[HOLDERS_BYTES];

	if (!__ratelimit(&partition_none_ratelimit))
		return;
	guest_holders_print(holders, sizeof(holders));
	pr_warn("OP-TEE has no partition left for the guest of process %d. Stop another guest, or build OP-TEE with a greater CFG_VIRT_GUEST_COUNT. Guests that hold one are of processes:%s\n",
		guest->pid, holders[0] ? holders : " none, only this host");
}

static void partition_created(struct tg_guest *guest, struct tg_vmid id)
{
	guest_vmid_set(guest, id.v);
	trace_partition(id.v, "created");
	pr_debug("VM %u: partition created for process %d\n", id.v, guest->pid);
}

static void partition_destroyed(struct tg_guest *guest, struct tg_vmid id)
{
	guest_vmid_set(guest, 0);
	trace_partition(id.v, "destroyed");
	pr_debug("VM %u: partition destroyed\n", id.v);
}

/* What an administrator may allow, and so should hear of. */
static DEFINE_RATELIMIT_STATE(denied_ratelimit, 60 * HZ, 2);

/* A guest's OP-TEE asks for an RPMB whenever a TA wants that storage. */
static void rpmb_denied(const struct tg_guest *guest, struct tg_vmid id)
{
	if (__ratelimit(&denied_ratelimit))
		pr_notice(
			"VM %u (process %d): OP-TEE wants the RPMB for this guest, which does not own it: refused. If it shall, load teegate with rpmb_guests=1 and start it with teegate run --rpmb.\n",
			id.v, guest->pid);
}

static void ta_denied(const struct tg_guest *guest, struct tg_vmid id,
		      u64 upper, u64 lower)
{
	const __be64 uuid[] = { cpu_to_be64(upper), cpu_to_be64(lower) };

	if (__ratelimit(&denied_ratelimit))
		pr_notice(
			"VM %u (process %d): the guest may not use trusted application %pUb: refused. If it shall, add that to teegate.ko's parameter tas or to teegate run --ta, whichever is given; docs/abi.md says which need to be in tas.\n",
			id.v, guest->pid, uuid);
}

static void refused(const struct tg_guest *guest, struct tg_vmid id,
		    enum tg_status status, u64 about)
{
	const char *reason = tg_status_name(status);

	trace_refused(id.v, reason, about);
	pr_debug_ratelimited("VM %u: refused 0x%llx: %s\n", id.v, about,
			     reason);
	if (status == TG_DENIED_RPMB)
		rpmb_denied(guest, id);
}

/* Kept apart: what every SMC comes through below is a few instructions. */
static noinline void trace_rare(struct tg_guest *guest, struct tg_vmid id,
				enum tg_trace_event event, u64 a, u64 b)
{
	switch (event) {
	case TG_TRACE_REFUSED:
		refused(guest, id, a, b);
		break;
	case TG_TRACE_PARTITION_CREATED:
		partition_created(guest, id);
		break;
	case TG_TRACE_PARTITION_DESTROYED:
		partition_destroyed(guest, id);
		break;
	case TG_TRACE_PARTITION_NONE:
		trace_partition(id.v, "none");
		partition_none(guest);
		break;
	case TG_TRACE_TA_DENIED:
		ta_denied(guest, id, a, b);
		break;
	case TG_TRACE_NOTIF:
		trace_notif(id.v, a);
		break;
	default:
		break;
	}
}

void tg_port_trace(struct tg_guest *guest, struct tg_vmid id,
		   enum tg_trace_event event, uint64_t a, uint64_t b)
{
	switch (event) {
	case TG_TRACE_SMC_IN:
		trace_smc_in(id.v, a, b);
		break;
	case TG_TRACE_SMC_OUT:
		trace_smc_out(id.v, a, b);
		break;
	case TG_TRACE_TEE_IN:
		trace_tee_in(id.v, a, b);
		break;
	case TG_TRACE_TEE_OUT:
		trace_tee_out(id.v, a, b);
		break;
	case TG_TRACE_RPC_CMD:
		trace_rpc(id.v, a, b);
		break;
	default:
		trace_rare(guest, id, event, a, b);
		break;
	}
}
