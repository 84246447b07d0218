// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where a guest has a message: at an IPA (CALL_WITH_ARG, CALL_WITH_RPC_ARG), or
 * in a buffer that it registered (CALL_WITH_REGD_ARG). Messages are copied from
 * and to there; what they say is msg.c's and rpc.c's business.
 *
 * OP-TEE never looks at this memory, wherever it is: it works on the shadow
 * (I1). A registered buffer is found by the IPAs that were noted when it was
 * registered; what stands in the guest's page list by now is of no account (I3).
 */
#include "core.h"

/*
 * The message that @regs names. A buffer it lies in is held until
 * tg_place_release().
 */
enum tg_status tg_place_find(struct tg_locked locked,
			     const struct tg_regs *regs,
			     struct tg_place *ret_place)
{
	uint64_t name = tg_pair(regs->x[1], regs->x[2]);
	struct tg_shm *shm;

	if ((uint32_t)regs->x[0] != OPTEE_SMC_CALL_WITH_REGD_ARG) {
		*ret_place = (struct tg_place){ .ipa = tg_ipa(name) };
		return TG_OK;
	}
	shm = tg_shm_hold_message(locked, tg_cookie(name));
	if (!shm)
		return TG_GUEST_BAD_ADDRESS;
	*ret_place = (struct tg_place){
		.shm = shm,
		.offset = (uint64_t)shm->list.offset + (uint32_t)regs->x[3],
	};
	return TG_OK;
}

/* Fine on a place that holds nothing. */
void tg_place_release(struct tg_locked locked, struct tg_place *place)
{
	if (place->shm)
		tg_shm_drop_message(locked, place->shm);
	*place = (struct tg_place){ 0 };
}

bool tg_place_is_aligned(const struct tg_place *place)
{
	return !((place->ipa.v + place->offset) & 7);
}

/* Whether @bytes from the place on are in the buffer, or do not wrap. */
bool tg_place_has(const struct tg_place *place, uint64_t bytes)
{
	uint64_t end;

	if (!place->shm)
		return !__builtin_add_overflow(place->ipa.v, bytes, &end);
	return !__builtin_add_overflow(place->offset, bytes, &end) &&
	       end <= place->shm->list.count << TG_PAGE_SHIFT;
}

/* How many bytes there are from the place to the end of its page. */
size_t tg_place_page_room(const struct tg_place *place)
{
	return TG_PAGE_BYTES - ((place->ipa.v + place->offset) & TG_PAGE_MASK);
}

/* How many of @bytes at @at are in one piece, and where. */
static size_t piece(const struct tg_place *place, uint64_t at, size_t bytes,
		    struct tg_ipa *ret_ipa)
{
	uint64_t from = place->offset + at;
	uint64_t page = from >> TG_PAGE_SHIFT;
	size_t room = TG_PAGE_BYTES - (from & TG_PAGE_MASK);

	if (!place->shm) {
		*ret_ipa = tg_ipa(place->ipa.v + at);
		return bytes;
	}
	TG_ASSERT(page < place->shm->list.count && page < TG_MSG_SHM_PAGES_MAX);
	*ret_ipa = tg_ipa(place->shm->pages[page].v + (from & TG_PAGE_MASK));
	return bytes < room ? bytes : room;
}

/* Copies what tg_place_has() found to be there. */
enum tg_status tg_place_copy_in(struct tg_vm *vm, const struct tg_place *place,
				uint64_t at, void *dst, size_t bytes)
{
	uint8_t *to = dst;

	while (bytes) {
		struct tg_ipa ipa;
		size_t n = piece(place, at, bytes, &ipa);
		enum tg_status status = tg_port_copy_in(vm->guest, ipa, to, n);

		if (status != TG_OK)
			return status;
		to += n;
		at += n;
		bytes -= n;
	}
	return TG_OK;
}

enum tg_status tg_outbox_send(struct tg_vm *vm, struct tg_outbox *box)
{
	size_t count = box->count;

	box->count = 0;
	return tg_port_copy_out(vm->guest, box->pieces, count);
}

/*
 * Has @src copied out, to what tg_place_has() found to be there: with what is
 * in @box already, and not before tg_outbox_send() unless @box is full. Until
 * then @src has to stay.
 */
enum tg_status tg_outbox_put(struct tg_vm *vm, struct tg_outbox *box,
			     const struct tg_place *place, uint64_t at,
			     const void *src, size_t bytes)
{
	const uint8_t *from = src;

	while (bytes) {
		struct tg_piece *p;

		if (box->count == TG_OUTBOX_PIECES) {
			enum tg_status status = tg_outbox_send(vm, box);

			if (status != TG_OK)
				return status;
		}
		p = &box->pieces[box->count++];
		p->src = from;
		p->bytes = piece(place, at, bytes, &p->ipa);
		from += p->bytes;
		at += p->bytes;
		bytes -= p->bytes;
	}
	return TG_OK;
}

/* Copies out at once, to what tg_place_has() found to be there. */
enum tg_status tg_place_copy_out(struct tg_vm *vm, const struct tg_place *place,
				 uint64_t at, const void *src, size_t bytes)
{
	const uint8_t *from = src;

	while (bytes) {
		struct tg_piece p = { .src = from };
		enum tg_status status;

		p.bytes = piece(place, at, bytes, &p.ipa);
		status = tg_port_copy_out(vm->guest, &p, 1);
		if (status != TG_OK)
			return status;
		from += p.bytes;
		at += p.bytes;
		bytes -= p.bytes;
	}
	return TG_OK;
}
