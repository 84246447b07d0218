/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of the pseudo trusted application (PTA) for RPMB keys: its
 * UUID, commands, parameters and what it writes. Included by the PTA and by
 * programs of normal world (rpmbctl), so nothing here needs another header than
 * <stdint.h>. The PTA itself is rpmb_key.c and its neighbours; what is where in
 * RPMB frames is not its business.
 *
 * All numbers in structures are little endian unless a comment says otherwise;
 * reserved fields are 0.
 *
 * Only clients of normal world may open a session: a TA gets
 * TEE_ERROR_ACCESS_DENIED, and so does, where OP-TEE is built with
 * CFG_NS_VIRTUALIZATION=y, every partition but that of VM 1, the host. The
 * login type does not matter.
 *
 * Every command returns TEE_ERROR_BAD_PARAMETERS for other parameter types or
 * sizes than those below, TEE_ERROR_NOT_SUPPORTED for a command that this build
 * does not contain (see pta_rpmb_info.commands), and TEE_ERROR_SHORT_BUFFER,
 * with the size that is needed, for an output that is too small.
 *
 * "[in] cid" is a memref input of PTA_RPMB_CID_SIZE bytes as Linux shows them
 * in sysfs (raw, CRC included). An empty memref, or a parameter of type none,
 * asks for the present device; then the command needs one that answers (a
 * tee-supplicant or a kernel that routes RPMB) and otherwise returns
 * TEE_ERROR_STORAGE_NOT_AVAILABLE. With a CID no device is asked.
 */
#ifndef __PTA_RPMB_KEY_H
#define __PTA_RPMB_KEY_H

#include <stdint.h>

#define PTA_RPMB_KEY_UUID                                              \
	{                                                              \
		0xda6ed28c, 0x0d65, 0x4406,                            \
		{                                                      \
			0x89, 0x1f, 0xe8, 0x42, 0x2f, 0x57, 0xc2, 0x02 \
		}                                                      \
	}

/* For people and programs that want it as text. */
#define PTA_RPMB_KEY_UUID_STRING "da6ed28c-0d65-4406-891f-e8422f57c202"

#define PTA_RPMB_CID_SIZE 16
#define PTA_RPMB_KEY_SIZE 32
#define PTA_RPMB_RECIPIENT_ID_SIZE 8
/*
 * The container of GET_KEY_SEALED with X25519: header 48, encapsulated key 32,
 * key 32, tag 16.
 */
#define PTA_RPMB_SEALED_SIZE 128

/*
 * PTA_RPMB_GET_INFO - what this build does and how the device stands
 * (CFG_RPMB_PTA=y)
 *
 * Never writes to the device, and never makes OP-TEE do so: a build with
 * CFG_RPMB_WRITE_KEY=y does not program its key by this.
 *
 * [out] memref[0]   struct pta_rpmb_info
 * [in]  memref[1]   cid: of the device that is meant, or nothing
 *
 * TEE_SUCCESS also where no device answers: device_result says why, and what is
 * about the device is 0.
 */
#define PTA_RPMB_GET_INFO 0

/*
 * PTA_RPMB_VERIFY_KEY - is this the key that OP-TEE uses?
 * (CFG_RPMB_PTA_VERIFY_KEY=y)
 *
 * [in]  memref[0]   candidate, PTA_RPMB_KEY_SIZE bytes
 * [in]  memref[1]   cid, or nothing
 *
 * TEE_SUCCESS = it is, TEE_ERROR_MAC_INVALID = it is not. Takes the same time
 * for every candidate.
 */
#define PTA_RPMB_VERIFY_KEY 1

/*
 * PTA_RPMB_GET_KEY - the key in clear (CFG_RPMB_KEY_PTA=y, which only builds
 * with CFG_INSECURE=y)
 *
 * [in]  memref[0]   cid, or nothing
 * [out] memref[1]   the key, PTA_RPMB_KEY_SIZE bytes
 * [out] value[2].a  enum pta_rpmb_key_source
 * [out] value[2].b  1 if the platform says that its key is final
 *                   (plat_rpmb_key_is_ready()), 0 if it may still change (an
 *                   open device): reported, not obeyed
 */
#define PTA_RPMB_GET_KEY 2

/*
 * PTA_RPMB_GET_KEY_SEALED - the key, encrypted to the public key of
 * CFG_RPMB_SEAL_PUBKEY (CFG_RPMB_PTA_SEALED=y)
 *
 * [in]  memref[0]   cid, or nothing
 * [out] memref[1]   container, PTA_RPMB_SEALED_SIZE bytes:
 *                   docs/optee-rpmb-pta.md has its format
 */
#define PTA_RPMB_GET_KEY_SEALED 3

/* Where the key comes from. */
enum pta_rpmb_key_source {
	/* The same public key in every device: CFG_RPMB_TESTKEY=y. */
	PTA_RPMB_KEY_SOURCE_TEST_KEY = 1,
	/*
	 * HMAC-SHA256(HUK, little-endian 32-bit 0 || CID without PRV and CRC).
	 */
	PTA_RPMB_KEY_SOURCE_HUK = 2,
	/*
	 * HMAC-SHA256(HUK, CID without PRV and CRC):
	 * CFG_CORE_HUK_SUBKEY_COMPAT=y.
	 */
	PTA_RPMB_KEY_SOURCE_HUK_COMPAT = 3,
	/* The platform has a derivation of its own in place of OP-TEE's. */
	PTA_RPMB_KEY_SOURCE_PLATFORM = 4,
};

/*
 * The device's key. Only MATCHES is proved, by an answer that needs the key;
 * the others are what normal world, through which all frames pass, makes OP-TEE
 * believe.
 */
enum pta_rpmb_key_state {
	/* No device, or an answer that says nothing: see device_result. */
	PTA_RPMB_KEY_STATE_UNKNOWN = 0,
	PTA_RPMB_KEY_STATE_UNPROGRAMMED = 1,
	PTA_RPMB_KEY_STATE_MATCHES = 2,
	PTA_RPMB_KEY_STATE_DIFFERS = 3,
};

/* How frames get to the device. */
enum pta_rpmb_routing {
	PTA_RPMB_ROUTING_UNKNOWN = 0,
	/*
	 * Through tee-supplicant, which opens /dev/mmcblkNrpmb, N =
	 * CFG_RPMB_FS_DEV_ID, or emulates one.
	 */
	PTA_RPMB_ROUTING_LEGACY = 1,
	/*
	 * Through the kernel's RPMB subsystem (Linux 6.12 and later with
	 * CONFIG_RPMB).
	 */
	PTA_RPMB_ROUTING_KERNEL = 2,
};

/* pta_rpmb_info.flags */
/* plat_rpmb_key_is_ready(): the platform says that the key is final. */
#define PTA_RPMB_FLAG_KEY_READY (1u << 0)
/*
 * A device answered: cid, size_units, reliable_write_sectors and routing are
 * its.
 */
#define PTA_RPMB_FLAG_DEVICE (1u << 1)
/*
 * CFG_RPMB_WRITE_KEY=y: this OP-TEE programs its key into an unprogrammed
 * device when storage is first used.
 */
#define PTA_RPMB_FLAG_WRITES_KEY (1u << 2)
/* CFG_INSECURE=y */
#define PTA_RPMB_FLAG_INSECURE (1u << 3)

#define PTA_RPMB_INFO_VERSION 1

/*
 * A later version only adds fields at the end, and takes a buffer of an earlier
 * one's size.
 */
struct pta_rpmb_info {
	/* PTA_RPMB_INFO_VERSION */
	uint32_t version;
	/* Bit n: this build contains command n. */
	uint32_t commands;
	/* PTA_RPMB_FLAG_* */
	uint32_t flags;
	/* enum pta_rpmb_key_source */
	uint32_t key_source;
	/* enum pta_rpmb_key_state */
	uint32_t key_state;
	/* enum pta_rpmb_routing */
	uint32_t routing;
	/* TEE_Result: TEE_SUCCESS, or why key_state is unknown. */
	uint32_t device_result;
	/* The data area in units of 128 KiB: RPMB_SIZE_MULT of EXT_CSD. */
	uint32_t size_units;
	/* REL_WR_SEC_C of EXT_CSD, in sectors of 512 bytes. */
	uint32_t reliable_write_sectors;
	/* The device's write counter; only if key_state is MATCHES. */
	uint32_t write_counter;
	/* CFG_RPMB_FS_DEV_ID: which eMMC tee-supplicant is asked for. */
	uint32_t legacy_device_id;
	/*
	 * How many devices were looked at: the search ends at one that has our
	 * key.
	 */
	uint32_t device_count;
	/* As the device has it: Linux's sysfs shows the same 16 bytes. */
	uint8_t cid[PTA_RPMB_CID_SIZE];
	/*
	 * The first bytes of SHA-256 of the public key that GET_KEY_SEALED
	 * encrypts to; 0 without that command.
	 */
	uint8_t recipient_id[PTA_RPMB_RECIPIENT_ID_SIZE];
};

#endif /* __PTA_RPMB_KEY_H */
