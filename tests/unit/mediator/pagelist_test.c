// SPDX-License-Identifier: BSD-2-Clause
/*
 * Buffers given as page lists: every length around a list page's end, offsets,
 * sizes that overflow, entries that are none of the guest's pages, lists that
 * loop.
 */
#include "one_guest.h"

#define LIST OPTEE_MSG_ATTR_NONCONTIG

static uint32_t touch_list(uint64_t buf_ptr, uint64_t size)
{
	struct sim_msg msg;

	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_INOUT | LIST, buf_ptr, size,
		     0x42);
	return invoke(guest, &msg);
}

static uint8_t byte_at(uint64_t ipa)
{
	return *(uint8_t *)sim_guest_at(guest, ipa);
}

static uint64_t *list_at(uint64_t ipa)
{
	return sim_guest_at(guest, ipa);
}

/* Looks at the ends of each page only; the rest follows. */
static void check_touched(uint64_t ipa, uint64_t pages, uint8_t want)
{
	for (uint64_t i = 0; i < pages; i++) {
		assert_int_equal(byte_at(ipa + i * TG_PAGE_BYTES), want);
		assert_int_equal(byte_at(ipa + i * TG_PAGE_BYTES + 4095), want);
	}
}

static void i1_lists_of_every_length(void **state)
{
	static const uint64_t lengths[] = { 1,	 2,   3,    510,  511,
					    512, 513, 1021, 1022, 1023 };
	uint64_t ipa = sim_guest_alloc(guest, 1025 * TG_PAGE_BYTES);

	(void)state;
	for (size_t i = 0; i < ROWS(lengths); i++) {
		uint64_t bytes = lengths[i] * TG_PAGE_BYTES;

		sim_guest_fill(guest, ipa, 9, bytes + TG_PAGE_BYTES);
		assert_int_equal(
			touch_list(sim_pagelist(guest, ipa, lengths[i]), bytes),
			TEE_SUCCESS);
		check_touched(ipa, lengths[i], 10);
		check_touched(ipa + bytes, 1, 9);
	}
}

/* The same lengths by their address alone. */
static void i1_contiguous_ranges_of_every_length(void **state)
{
	static const uint64_t lengths[] = { 1, 510, 511, 512, 1022, 1023 };
	uint64_t ipa = sim_guest_alloc(guest, 1024 * TG_PAGE_BYTES);

	(void)state;
	for (size_t i = 0; i < ROWS(lengths); i++) {
		uint64_t bytes = lengths[i] * TG_PAGE_BYTES;
		struct sim_msg msg;

		sim_guest_fill(guest, ipa, 3, bytes + TG_PAGE_BYTES);
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session,
			     TEE_TA_TOUCH);
		sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa, bytes, 1);
		assert_int_equal(invoke(guest, &msg), TEE_SUCCESS);
		check_touched(ipa, lengths[i], 4);
		check_touched(ipa + bytes, 1, 3);
	}
}

/* A list of one full page is read without the link behind it. */
static void a_full_list_needs_no_link(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 511 * TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 511);

	(void)state;
	list_at(list)[511] = 0x123;
	assert_int_equal(touch_list(list, 511 * TG_PAGE_BYTES), TEE_SUCCESS);
	check_touched(ipa, 511, 1);
}

static void offset_in_the_first_page(void **state)
{
	static const uint64_t offsets[] = { 1, 8, 2048, 4095 };
	uint64_t ipa = sim_guest_alloc(guest, 4 * TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 4);

	(void)state;
	for (size_t i = 0; i < ROWS(offsets); i++) {
		uint64_t first = ipa + offsets[i];

		sim_guest_fill(guest, ipa, 0, 4 * TG_PAGE_BYTES);
		assert_int_equal(touch_list(list | offsets[i], 8192),
				 TEE_SUCCESS);
		assert_int_equal(byte_at(first - 1), 0);
		assert_int_equal(byte_at(first), 1);
		assert_int_equal(byte_at(first + 8191), 1);
		assert_int_equal(byte_at(first + 8192), 0);
		/* Up to the page's end, one byte on, one byte alone. */
		assert_int_equal(touch_list(list | offsets[i],
					    4096 - offsets[i]),
				 TEE_SUCCESS);
		assert_int_equal(touch_list(list | offsets[i],
					    4097 - offsets[i]),
				 TEE_SUCCESS);
		assert_int_equal(touch_list(list | offsets[i], 1), TEE_SUCCESS);
		assert_int_equal(byte_at(first), 4);
	}
}

static void sizes_that_overflow(void **state)
{
	static const uint64_t sizes[] = {
		UINT64_MAX,	     UINT64_MAX - 1,	UINT64_MAX - 4094,
		UINT64_MAX - 4095,   UINT64_MAX - 4096, UINT64_MAX - 8191,
		1ull << 63,	     1ull << 52,	(1ull << 52) - 1,
		0x1000000000000000u, 1ull << 44,	1ull << 33,
	};
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 1);
	uint64_t pins = sim.ops[SIM_OP_PIN];

	(void)state;
	for (size_t i = 0; i < ROWS(sizes); i++)
		for (uint64_t offset = 0; offset < 4096; offset += 4095) {
			uint32_t ret = touch_list(list | offset, sizes[i]);

			assert_true(ret == TEE_ERROR_BAD_PARAMETERS ||
				    ret == TEE_ERROR_OUT_OF_MEMORY);
		}
	assert_int_equal(sim.ops[SIM_OP_PIN], pins);
}

static void list_of_no_bytes(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);

	(void)state;
	assert_int_equal(touch_list(sim_pagelist(guest, ipa, 1), 0),
			 TEE_ERROR_BAD_PARAMETERS);
}

/* There is RAM up to the last address, and more from the first one on. */
static void i1_contiguous_range_that_wraps(void **state)
{
	static const struct {
		uint64_t start;
		uint64_t pages;
		uint32_t want;
	} rows[] = {
		{ 0xfffffffffffff000, 1, TEE_SUCCESS },
		{ 0xffffffffffff0000, 16, TEE_SUCCESS },
		{ 0xfffffffffffff000, 2, TEE_ERROR_BAD_PARAMETERS },
		{ 0xffffffffffffe000, 4, TEE_ERROR_BAD_PARAMETERS },
		{ 0xffffffffffff0000, 24, TEE_ERROR_BAD_PARAMETERS },
	};
	struct sim_msg msg;

	(void)state;
	guest->regions[3].ipa = 0xffffffffffff0000;
	for (size_t i = 0; i < ROWS(rows); i++) {
		sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session,
			     TEE_TA_TOUCH);
		sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_INOUT, rows[i].start,
			     rows[i].pages * TG_PAGE_BYTES, 1);
		assert_int_equal(invoke(guest, &msg), rows[i].want);
	}
	/* With an offset the last page is one more. */
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_INOUT, 0xfffffffffffff008, 4096,
		     1);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
}

/* One bad entry, anywhere in the list, refuses the whole and pins nothing. */
static void i1_bad_entries(void **state)
{
	const uint64_t end = SIM_RAM_IPA + SIM_RAM_PAGES * TG_PAGE_BYTES;
	const uint64_t bad[] = { end,
				 SIM_RAM_IPA - TG_PAGE_BYTES,
				 SIM_ROM_IPA,
				 SIM_PA_BASE,
				 SIM_RAM_IPA + 1,
				 SIM_RAM_IPA + 0x800,
				 0x30000000,
				 0xfffffffffffff000 };
	static const uint64_t places[] = { 0, 1, 510, 512, 599 };
	uint64_t ipa = sim_guest_alloc(guest, 600 * TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 600);

	(void)state;
	for (size_t b = 0; b < ROWS(bad); b++)
		for (size_t p = 0; p < ROWS(places); p++) {
			uint64_t page = list + places[p] / 511 * TG_PAGE_BYTES;
			uint64_t *entry = &list_at(page)[places[p] % 511];
			uint64_t saved = *entry;
			uint64_t calls = tee.smcs;

			*entry = bad[b];
			assert_int_equal(touch_list(list, 600 * TG_PAGE_BYTES),
					 TEE_ERROR_BAD_PARAMETERS);
			assert_int_equal(sim.pins, 0);
			assert_int_equal(tee.smcs, calls);
			*entry = saved;
		}
	assert_int_equal(touch_list(list, 600 * TG_PAGE_BYTES), TEE_SUCCESS);
}

static void bad_list_addresses(void **state)
{
	const uint64_t end = SIM_RAM_IPA + SIM_RAM_PAGES * TG_PAGE_BYTES;
	const uint64_t bad[] = { end, 0x30000000, SIM_PA_BASE,
				 0xfffffffffffff000, SIM_RAM_IPA + 8 };
	uint64_t ipa = sim_guest_alloc(guest, 600 * TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 600);

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		if (!(bad[i] & TG_PAGE_MASK))
			assert_int_equal(touch_list(bad[i], 4096),
					 TEE_ERROR_BAD_PARAMETERS);
		list_at(list)[511] = bad[i];
		assert_int_equal(touch_list(list, 600 * TG_PAGE_BYTES),
				 TEE_ERROR_BAD_PARAMETERS);
	}
}

/* All is good about the second list page but its place. */
static void an_unaligned_link(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 512 * TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 512);

	(void)state;
	list_at(list + TG_PAGE_BYTES)[1] = ipa;
	list_at(list)[511] = list + TG_PAGE_BYTES + 8;
	assert_int_equal(touch_list(list, 512 * TG_PAGE_BYTES),
			 TEE_ERROR_BAD_PARAMETERS);
	list_at(list)[511] = list + TG_PAGE_BYTES;
	assert_int_equal(touch_list(list, 512 * TG_PAGE_BYTES), TEE_SUCCESS);
}

/* Read-only memory may hold a list; it may not be shared. */
static void i1_read_only_memory(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	uint64_t entry = ipa;
	struct sim_msg msg;

	(void)state;
	sim_guest_write(guest, SIM_ROM_IPA, &entry, sizeof(entry));
	assert_int_equal(touch_list(SIM_ROM_IPA, 4096), TEE_SUCCESS);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, session, TEE_TA_TOUCH);
	sim_msg_tmem(&msg, OPTEE_MSG_ATTR_TMEM_IN, SIM_ROM_IPA, 16, 1);
	assert_int_equal(invoke(guest, &msg), TEE_ERROR_BAD_PARAMETERS);
	assert_refused(&msg, TEE_ERROR_BAD_PARAMETERS);
}

/* A list that links to itself is read as far as the size says. */
static void i3_a_list_that_loops_ends(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 511 * TG_PAGE_BYTES);
	uint64_t list = sim_pagelist(guest, ipa, 511);
	uint64_t before;

	(void)state;
	sim.refetch_allowed = true;
	list_at(list)[511] = list;
	before = sim.ops[SIM_OP_COPY_IN];
	assert_int_equal(touch_list(list, 5 * 511 * TG_PAGE_BYTES),
			 TEE_SUCCESS);
	/* The message, five list pages. */
	assert_int_equal(sim.ops[SIM_OP_COPY_IN], before + 6);
	check_touched(ipa, 511, 5);
}

/* A list that contains itself: OP-TEE works on the shadow of it. */
static void i3_a_list_among_its_own_pages(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 2 * TG_PAGE_BYTES);
	uint64_t *list = list_at(ipa);

	(void)state;
	list[0] = ipa;
	list[1] = ipa + TG_PAGE_BYTES;
	assert_int_equal(touch_list(ipa, 8192), TEE_SUCCESS);
	assert_int_equal(byte_at(ipa + 0x800), 1);
	assert_int_equal(byte_at(ipa + TG_PAGE_BYTES), 1);
}

static void one_page_many_times(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	uint64_t list = sim_guest_alloc(guest, TG_PAGE_BYTES);

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		list_at(list)[i] = ipa;
	assert_int_equal(touch_list(list, 200 * TG_PAGE_BYTES), TEE_SUCCESS);
	assert_int_equal(byte_at(ipa), 200);
}

/* Pages of several regions, also above 4 GiB and at 0. */
static void pages_of_all_regions(void **state)
{
	uint64_t list = sim_guest_alloc(guest, TG_PAGE_BYTES);
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);

	(void)state;
	list_at(list)[0] = SIM_HIGH_IPA + 15 * TG_PAGE_BYTES;
	list_at(list)[1] = 0;
	list_at(list)[2] = ipa;
	assert_int_equal(touch_list(list, 3 * TG_PAGE_BYTES), TEE_SUCCESS);
	assert_int_equal(byte_at(SIM_HIGH_IPA + 15 * TG_PAGE_BYTES), 1);
	assert_int_equal(byte_at(0), 1);
	assert_int_equal(byte_at(ipa), 1);
}

static uint64_t rewrite_at;
static uint64_t rewrite_to;

/* Another vCPU rewrites the list as soon as it was read. */
static void rewrite_list(const struct sim_event *event, void *arg)
{
	(void)arg;
	if (event->op == SIM_OP_PIN)
		list_at(rewrite_at)[0] = rewrite_to;
}

static void i3_the_list_changes_after_it_was_read(void **state)
{
	uint64_t ipa = sim_guest_alloc(guest, 2 * TG_PAGE_BYTES);

	(void)state;
	rewrite_at = sim_pagelist(guest, ipa, 1);
	rewrite_to = ipa + TG_PAGE_BYTES;
	sim_hook_set(rewrite_list, NULL);
	assert_int_equal(touch_list(rewrite_at, 4096), TEE_SUCCESS);
	assert_int_equal(byte_at(ipa), 1);
	assert_int_equal(byte_at(ipa + TG_PAGE_BYTES), 0);
	rewrite_to = SIM_PA_BASE;
	assert_int_equal(touch_list(rewrite_at, 4096), TEE_SUCCESS);
	sim_hook_set(NULL, NULL);
}

/* Another guest's page at the same IPA is another page. */
static void i1_guests_with_the_same_map(void **state)
{
	struct tg_guest *other = sim_guest_create(NULL);
	uint64_t ipa = sim_guest_alloc(guest, TG_PAGE_BYTES);
	uint32_t other_session = sim_open(other);
	struct sim_msg msg;

	(void)state;
	sim_guest_alloc(other, TG_PAGE_BYTES);
	assert_int_equal(touch_list(sim_pagelist(guest, ipa, 1), 4096),
			 TEE_SUCCESS);
	assert_int_equal(byte_at(ipa), 1);
	assert_int_equal(*(uint8_t *)sim_guest_at(other, ipa + 100), 0);
	sim_msg_init(&msg, OPTEE_MSG_CMD_INVOKE_COMMAND, other_session,
		     TEE_TA_TOUCH);
	sim_msg_temp(other, &msg, OPTEE_MSG_ATTR_TMEM_INOUT, ipa + 100, 8);
	assert_int_equal(invoke(other, &msg), TEE_SUCCESS);
	assert_int_equal(*(uint8_t *)sim_guest_at(other, ipa + 100), 1);
	assert_int_equal(byte_at(ipa + 100), 1);
	sim_guest_destroy(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_TEST(i1_lists_of_every_length),
		GUEST_TEST(i1_contiguous_ranges_of_every_length),
		GUEST_TEST(a_full_list_needs_no_link),
		GUEST_TEST(offset_in_the_first_page),
		GUEST_TEST(sizes_that_overflow),
		GUEST_TEST(list_of_no_bytes),
		GUEST_TEST(i1_contiguous_range_that_wraps),
		GUEST_TEST(i1_bad_entries),
		GUEST_TEST(bad_list_addresses),
		GUEST_TEST(an_unaligned_link),
		GUEST_TEST(i1_read_only_memory),
		GUEST_TEST(i3_a_list_that_loops_ends),
		GUEST_TEST(i3_a_list_among_its_own_pages),
		GUEST_TEST(one_page_many_times),
		GUEST_TEST(pages_of_all_regions),
		GUEST_TEST(i3_the_list_changes_after_it_was_read),
		GUEST_TEST(i1_guests_with_the_same_map),
	};

	return cmocka_run_group_tests_name("pagelist", tests, NULL, NULL);
}
