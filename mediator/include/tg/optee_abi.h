/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * OP-TEE's normal-world ABI as numbers and layouts: SMC function ids, return
 * codes, message structures, RPC commands. No behaviour. The numbers come from
 * OP-TEE's documentation ("SMC interface", "Communication using SMC") and its
 * headers optee_smc.h, optee_msg.h and optee_rpc_cmd.h, version 4.5 to 4.10.
 */
#ifndef TG_OPTEE_ABI_H
#define TG_OPTEE_ABI_H

#include <tg/std.h>

/* Function ids: Arm SMC Calling Convention (DEN0028), 32-bit, Trusted OS. */
#define OPTEE_SMC_FAST(n) (0xb2000000u | (n))
#define OPTEE_SMC_YIELD(n) (0x32000000u | (n))

#define OPTEE_SMC_CALLS_COUNT 0xbf00ff00u
#define OPTEE_SMC_CALLS_UID 0xbf00ff01u
#define OPTEE_SMC_CALLS_REVISION 0xbf00ff03u

#define OPTEE_SMC_GET_OS_UUID OPTEE_SMC_FAST(0)
#define OPTEE_SMC_GET_OS_REVISION OPTEE_SMC_FAST(1)
#define OPTEE_SMC_LOAD_IMAGE 0xbe000002u /* owner 62: the dispatcher */
#define OPTEE_SMC_GET_SHM_CONFIG OPTEE_SMC_FAST(7)
#define OPTEE_SMC_L2CC_MUTEX OPTEE_SMC_FAST(8)
#define OPTEE_SMC_EXCHANGE_CAPS OPTEE_SMC_FAST(9)
#define OPTEE_SMC_DISABLE_SHM_CACHE OPTEE_SMC_FAST(10)
#define OPTEE_SMC_ENABLE_SHM_CACHE OPTEE_SMC_FAST(11)
#define OPTEE_SMC_BOOT_SECONDARY OPTEE_SMC_FAST(12)
#define OPTEE_SMC_VM_CREATED OPTEE_SMC_FAST(13)
#define OPTEE_SMC_VM_DESTROYED OPTEE_SMC_FAST(14)
#define OPTEE_SMC_GET_THREAD_COUNT OPTEE_SMC_FAST(15)
#define OPTEE_SMC_ENABLE_ASYNC_NOTIF OPTEE_SMC_FAST(16)
#define OPTEE_SMC_GET_ASYNC_NOTIF_VALUE OPTEE_SMC_FAST(17)
#define OPTEE_SMC_GET_PROTMEM_CONFIG OPTEE_SMC_FAST(20)

#define OPTEE_SMC_RETURN_FROM_RPC OPTEE_SMC_YIELD(3)
#define OPTEE_SMC_CALL_WITH_ARG OPTEE_SMC_YIELD(4)
#define OPTEE_SMC_CALL_WITH_RPC_ARG OPTEE_SMC_YIELD(18)
#define OPTEE_SMC_CALL_WITH_REGD_ARG OPTEE_SMC_YIELD(19)

/* EXCHANGE_CAPABILITIES: what the normal world says, what OP-TEE says. */
#define OPTEE_NSEC_CAP_UNIPROCESSOR (1u << 0)
#define OPTEE_SEC_CAP_HAVE_RESERVED_SHM (1u << 0)
#define OPTEE_SEC_CAP_UNREGISTERED_SHM (1u << 1)
#define OPTEE_SEC_CAP_DYNAMIC_SHM (1u << 2)
#define OPTEE_SEC_CAP_VIRTUALIZATION (1u << 3)
#define OPTEE_SEC_CAP_MEMREF_NULL (1u << 4)
#define OPTEE_SEC_CAP_ASYNC_NOTIF (1u << 5)
#define OPTEE_SEC_CAP_RPC_ARG (1u << 6)
#define OPTEE_SEC_CAP_RPMB_PROBE (1u << 7)
#define OPTEE_SEC_CAP_PROTMEM (1u << 8)
#define OPTEE_SEC_CAP_DYNAMIC_PROTMEM (1u << 9)

/* GET_ASYNC_NOTIF_VALUE: x2 on return. */
#define OPTEE_ASYNC_NOTIF_VALID (1u << 0)
#define OPTEE_ASYNC_NOTIF_PENDING (1u << 1)

/* x0 on return. */
#define OPTEE_RET_OK 0x0u
#define OPTEE_RET_ETHREAD_LIMIT 0x1u
#define OPTEE_RET_EBUSY 0x2u
#define OPTEE_RET_ERESUME 0x3u
#define OPTEE_RET_EBADADDR 0x4u
#define OPTEE_RET_EBADCMD 0x5u
#define OPTEE_RET_ENOMEM 0x6u
#define OPTEE_RET_ENOTAVAIL 0x7u
#define OPTEE_RET_UNKNOWN_FUNCTION 0xffffffffu

/* x0 on return when OP-TEE wants something of the normal world. */
#define OPTEE_RPC_PREFIX 0xffff0000u
#define OPTEE_RPC_ALLOC (OPTEE_RPC_PREFIX | 0u)
#define OPTEE_RPC_FREE (OPTEE_RPC_PREFIX | 2u)
#define OPTEE_RPC_FOREIGN_INTR (OPTEE_RPC_PREFIX | 4u)
#define OPTEE_RPC_CMD (OPTEE_RPC_PREFIX | 5u)

static inline bool optee_ret_is_rpc(uint32_t x0)
{
	return x0 != OPTEE_RET_UNKNOWN_FUNCTION &&
	       (x0 & 0xffff0000u) == OPTEE_RPC_PREFIX;
}

/* API UID 384fb3e0-e7f8-11e3-af63-0002a5d5c51b as four words. */
#define OPTEE_API_UID_0 0x384fb3e0u
#define OPTEE_API_UID_1 0xe7f811e3u
#define OPTEE_API_UID_2 0xaf630002u
#define OPTEE_API_UID_3 0xa5d5c51bu

/* Messages: struct optee_msg_arg::cmd of a call. */
#define OPTEE_MSG_CMD_OPEN_SESSION 0u
#define OPTEE_MSG_CMD_INVOKE_COMMAND 1u
#define OPTEE_MSG_CMD_CLOSE_SESSION 2u
#define OPTEE_MSG_CMD_CANCEL 3u
#define OPTEE_MSG_CMD_REGISTER_SHM 4u
#define OPTEE_MSG_CMD_UNREGISTER_SHM 5u
#define OPTEE_MSG_CMD_DO_BOTTOM_HALF 6u
#define OPTEE_MSG_CMD_STOP_ASYNC_NOTIF 7u
#define OPTEE_MSG_CMD_LEND_PROTMEM 8u
#define OPTEE_MSG_CMD_RECLAIM_PROTMEM 9u
#define OPTEE_MSG_CMD_GET_PROTMEM_CONFIG 10u
#define OPTEE_MSG_CMD_ASSIGN_PROTMEM 11u

/* struct optee_msg_param::attr: a type and flags. */
#define OPTEE_MSG_ATTR_NONE 0x0u
#define OPTEE_MSG_ATTR_VALUE_IN 0x1u
#define OPTEE_MSG_ATTR_VALUE_OUT 0x2u
#define OPTEE_MSG_ATTR_VALUE_INOUT 0x3u
#define OPTEE_MSG_ATTR_RMEM_IN 0x5u
#define OPTEE_MSG_ATTR_RMEM_OUT 0x6u
#define OPTEE_MSG_ATTR_RMEM_INOUT 0x7u
#define OPTEE_MSG_ATTR_TMEM_IN 0x9u
#define OPTEE_MSG_ATTR_TMEM_OUT 0xau
#define OPTEE_MSG_ATTR_TMEM_INOUT 0xbu
#define OPTEE_MSG_ATTR_TYPE_MASK 0xffull
#define OPTEE_MSG_ATTR_META (1ull << 8)
#define OPTEE_MSG_ATTR_NONCONTIG (1ull << 9)
#define OPTEE_MSG_ATTR_CACHE_MASK (7ull << 16)

/* Commands of an RPC that the mediator itself understands. */
#define OPTEE_RPC_CMD_LOAD_TA 0u
#define OPTEE_RPC_CMD_RPMB 1u
#define OPTEE_RPC_CMD_FS 2u
#define OPTEE_RPC_CMD_GET_TIME 3u
#define OPTEE_RPC_CMD_NOTIFICATION 4u
#define OPTEE_RPC_CMD_SUSPEND 5u
#define OPTEE_RPC_CMD_SHM_ALLOC 6u
#define OPTEE_RPC_CMD_SHM_FREE 7u
#define OPTEE_RPC_CMD_RPMB_PROBE_RESET 22u
#define OPTEE_RPC_CMD_RPMB_PROBE_NEXT 23u
#define OPTEE_RPC_CMD_RPMB_FRAMES 24u

/* GlobalPlatform TEE Client API results and origins, as messages use them. */
#define TEE_SUCCESS 0x00000000u
#define TEE_ERROR_GENERIC 0xffff0000u
#define TEE_ERROR_ACCESS_DENIED 0xffff0001u
#define TEE_ERROR_BAD_PARAMETERS 0xffff0006u
#define TEE_ERROR_OUT_OF_MEMORY 0xffff000cu
#define TEE_ERROR_BUSY 0xffff000du
#define TEE_ERROR_COMMUNICATION 0xffff000eu
#define TEE_ERROR_STORAGE_NOT_AVAILABLE 0xf0100003u
#define TEE_ORIGIN_COMMS 2u

/* A page of a page list: 511 page addresses and that of the next such page. */
#define OPTEE_PAGELIST_ENTRIES 511u

struct optee_msg_value {
	uint64_t a;
	uint64_t b;
	uint64_t c;
};

/* @buf_ptr: the buffer, or with NONCONTIG its page list plus page offset. */
struct optee_msg_tmem {
	uint64_t buf_ptr;
	uint64_t size;
	uint64_t shm_ref;
};

struct optee_msg_rmem {
	uint64_t offs;
	uint64_t size;
	uint64_t shm_ref;
};

struct optee_msg_param {
	uint64_t attr;
	union {
		struct optee_msg_value value;
		struct optee_msg_tmem tmem;
		struct optee_msg_rmem rmem;
	} u;
};

struct optee_msg_arg {
	uint32_t cmd;
	uint32_t func;
	uint32_t session;
	uint32_t cancel_id;
	uint32_t pad;
	uint32_t ret;
	uint32_t ret_origin;
	uint32_t num_params;
	struct optee_msg_param params[];
};

/* As many parameters as fit one page together with their header. */
#define OPTEE_MSG_PARAMS_MAX 127u

static inline size_t optee_msg_bytes(uint32_t num_params)
{
	return sizeof(struct optee_msg_arg) +
	       sizeof(struct optee_msg_param) * (size_t)num_params;
}

_Static_assert(sizeof(struct optee_msg_param) == 32, "message parameter");
_Static_assert(offsetof(struct optee_msg_param, u) == 8, "parameter's union");
_Static_assert(offsetof(struct optee_msg_tmem, size) == 8, "tmem size");
_Static_assert(offsetof(struct optee_msg_rmem, size) == 8, "rmem size");
_Static_assert(offsetof(struct optee_msg_rmem, shm_ref) == 16, "rmem cookie");
_Static_assert(sizeof(struct optee_msg_arg) == 32, "message header");
_Static_assert(offsetof(struct optee_msg_arg, ret) == 20, "message result");
_Static_assert(offsetof(struct optee_msg_arg, num_params) == 28, "count");
_Static_assert(sizeof(struct optee_msg_arg) +
			       OPTEE_MSG_PARAMS_MAX *
				       sizeof(struct optee_msg_param) ==
		       4096,
	       "the longest message fills a page");

#endif
