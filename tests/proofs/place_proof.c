// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where a guest has a message: for any registers and any buffer that may hold
 * one, every byte that is copied, either way, is at the message's IPA or in
 * the page of the buffer that was noted for it; none twice, none left out, and
 * none outside of what tg_place_has() found to be there.
 */
#include "proof.h"

#include "place.c"

static struct tg_shm shm;
static struct tg_place place;
static unsigned int held;
static uint8_t memory[TG_PAGE_BYTES];
static uint64_t begin, moved;

struct tg_shm *tg_shm_hold_message(struct tg_locked locked,
				   struct tg_cookie cookie)
{
	(void)locked;
	(void)cookie;
	if (nondet_bool())
		return NULL;
	/* As cookie_proof.c and pagelist_walk_proof.c show. */
	shm.list.count = nondet_u64();
	shm.list.offset = nondet_u32();
	ASSUME(shm.list.count && shm.list.count <= TG_MSG_SHM_PAGES_MAX);
	ASSUME(shm.list.offset < TG_PAGE_BYTES);
	held++;
	return &shm;
}

void tg_shm_drop_message(struct tg_locked locked, struct tg_shm *s)
{
	(void)locked;
	PROVE(s == &shm && held, "dropped without being held");
	held--;
}

/* The byte number @moved of what is copied comes first in this piece. */
static void piece_moves(struct tg_ipa ipa, const void *at, size_t bytes)
{
	uint64_t from = place.offset + begin + moved;

	PROVE(bytes && at == memory + moved, "another part of the message");
	PROVE(moved + bytes <= sizeof(memory), "past its end");
	if (!place.shm) {
		PROVE(ipa.v == place.ipa.v + begin + moved, "another address");
		PROVE(ipa.v + bytes > ipa.v, "a range that wraps");
	} else {
		PROVE(from / TG_PAGE_BYTES < shm.list.count,
		      "outside of the buffer");
		PROVE(ipa.v == shm.pages[from / TG_PAGE_BYTES].v +
				       from % TG_PAGE_BYTES,
		      "another address");
		PROVE(from % TG_PAGE_BYTES + bytes <= TG_PAGE_BYTES,
		      "past the end of the page");
	}
	moved += bytes;
}

enum tg_status tg_port_copy_in(struct tg_guest *guest, struct tg_ipa ipa,
			       void *dst, size_t bytes)
{
	(void)guest;
	piece_moves(ipa, dst, bytes);
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

enum tg_status tg_port_copy_out(struct tg_guest *guest,
				const struct tg_piece *pieces, size_t count)
{
	(void)guest;
	PROVE(count <= TG_OUTBOX_PIECES, "more pieces than there are");
	for (size_t i = 0; i < count; i++)
		piece_moves(pieces[i].ipa, pieces[i].src, pieces[i].bytes);
	return nondet_bool() ? TG_OK : TG_GUEST_BAD_ADDRESS;
}

/* At once, or together with what else is to be copied. */
static enum tg_status copy_out(struct tg_vm *vm, uint64_t bytes)
{
	static struct tg_outbox box;
	enum tg_status status;

	if (nondet_bool())
		return tg_place_copy_out(vm, &place, begin, memory, bytes);
	status = tg_outbox_put(vm, &box, &place, begin, memory, bytes);
	return status == TG_OK ? tg_outbox_send(vm, &box) : status;
}

int main(void)
{
	struct tg_vm vm = { 0 };
	struct tg_locked locked = { &vm };
	uint64_t bytes = nondet_u64(), all = nondet_u64();
	struct tg_regs regs;
	enum tg_status status;

	__CPROVER_havoc_object(&regs);
	__CPROVER_havoc_object(&shm);
	if (tg_place_find(locked, &regs, &place) != TG_OK) {
		PROVE(!held && !place.shm, "held without a record");
		return 0;
	}
	PROVE(held == (place.shm != NULL), "held without a record");
	PROVE(place.shm || (uint32_t)regs.x[0] != OPTEE_SMC_CALL_WITH_REGD_ARG,
	      "a buffer's name taken for an address");
	PROVE(!place.shm || place.offset == (uint64_t)shm.list.offset +
						    (uint32_t)regs.x[3],
	      "another offset");
	begin = nondet_u64();
	ASSUME(all <= 2 * TG_PAGE_BYTES && bytes <= TG_PAGE_BYTES);
	ASSUME(begin <= all && bytes <= all - begin);
	PROVE(tg_place_page_room(&place) - 1 < TG_PAGE_BYTES,
	      "no byte of the page, or more than it");
	if (tg_place_has(&place, all)) {
		status = nondet_bool() ? tg_place_copy_in(&vm, &place, begin,
							  memory, bytes) :
					 copy_out(&vm, bytes);
		PROVE(status != TG_OK || moved == bytes, "not all of it");
	}
	tg_place_release(locked, &place);
	PROVE(!held && !place.shm, "still held");
	return 0;
}
