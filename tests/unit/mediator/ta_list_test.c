// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which trusted applications a guest may open sessions to: the table in
 * policy.c, the administrator's list and that of the guest's VMM. The RPMB
 * key PTA, which has a rule of its own, is also in rpmb_test.c.
 */
#include <stdio.h>
#include <string.h>

#include "common.h"

/* Those of the machine, as OP-TEE's headers write them. */
static const char *const machines[] = {
	"f389f8c8-845f-496c-8bbe-d64bd24c92fd", /* PTA_RTC_UUID */
	"a8cfe406-d4f5-4a2e-9f8d-a25dc754c099", /* PTA_SCMI_UUID */
	"3f3eb880-3639-11ec-9b9d-0f3fc9468f50", /* PTA_APDU_UUID */
	"be0e5821-e718-4f77-ab3e-8e6c73a9c735", /* PTA_SCP03_UUID */
	"9abdf255-d8fa-40de-8f60-4d0b27927b7d", /* PTA_OCOTP_UUID */
	"ef477737-0db1-4a9d-8437-f2f535c0bd92", /* PTA_DEK_BLOB_UUID */
	"83268b7c-85e3-11e8-adc0-fa7ae01bbebc", /* PTA_MANUFACT_PROTEC_UUID */
	"94cf71ad-80e6-40b5-a7c6-3dc501eb2803", /* PTA_BSEC_UUID */
	"dd05bc8b-9f3b-49f0-b649-01aa10c1c210", /* PTA_STM32_DBG_ACCESS_UUID */
	"80a4c275-0a47-4905-8285-1486a9771a08", /* TA_REMOTEPROC_UUID */
	"5cfa57f6-1a4c-407f-94a7-a56c8c47019d", /* PTA_RK_SECURE_BOOT_UUID */
	"acc50f40-0613-4abd-8dfe-a964cb74eb69", /* PTA_K3_OTP_KEYWRITING_UUID */
	"6272636d-2018-1101-4243-4d5f534f5450", /* SOTP_SERVICE_UUID */
	"6272636d-2018-1101-4243-4d5f4750494f", /* GPIO_SERVICE_UUID */
	"6272636d-2019-0716-4243-4d5f53434849", /* BNXT_SERVICE_UUID */
	"6272636d-2019-0701-4243-4d5f454c4f47", /* ELOG_SERVICE_UUID */
	"6272636d-2019-0801-4243-4d5f57445430", /* SEC_WD_SERVICE_UUID */
};

#define KEY_PTA "da6ed28c-0d65-4406-891f-e8422f57c202"
#define RTC machines[0]
/* Two of nobody's. */
#define ORDINARY "8aaaf200-2450-11e4-abe2-0002a5d5c51b"
#define OTHER "8aaaf200-2450-11e4-abe2-0002a5d5c51c"

static struct tg_ta_list administrators, vmms;

static struct tg_uuid uuid_of(const char *text)
{
	struct tg_uuid uuid;
	unsigned int byte;

	for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
		text += *text == '-';
		assert_int_equal(sscanf(text, "%2x", &byte), 1);
		uuid.bytes[i] = (uint8_t)byte;
		text += 2;
	}
	return uuid;
}

static void list_add(struct tg_ta_list *list, const char *uuid)
{
	list->uuids[list->count++] = uuid_of(uuid);
}

static int setup(void **state)
{
	administrators.count = 0;
	vmms.count = 0;
	return common_setup(state);
}

static uint32_t open(struct tg_guest *guest, struct tg_uuid uuid)
{
	const uint64_t meta = OPTEE_MSG_ATTR_META | OPTEE_MSG_ATTR_VALUE_IN;
	struct sim_msg msg;
	uint32_t ret;

	msg_open(&msg, uuid.bytes, meta);
	ret = invoke(guest, &msg);
	if (ret == TEE_SUCCESS)
		assert_int_equal(sim_close(guest, msg.session), TEE_SUCCESS);
	else
		assert_refused(&msg, TEE_ERROR_ACCESS_DENIED);
	return ret;
}

static bool may(struct tg_guest *guest, const char *uuid)
{
	return open(guest, uuid_of(uuid)) == TEE_SUCCESS;
}

static void end(struct tg_guest *guest)
{
	assert_idle(guest);
	sim_guest_destroy(guest);
}

static void what_acts_on_the_machine_is_not_for_guests(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);
	uint64_t before = tee.smcs;

	(void)state;
	for (size_t i = 0; i < ROWS(machines); i++)
		assert_false(may(guest, machines[i]));
	assert_int_equal(stats_of(guest).refused[TG_DENIED_TA], ROWS(machines));
	assert_int_equal(sim.trace_counts[TG_TRACE_TA_DENIED], ROWS(machines));
	/* The partition's making is the one SMC that OP-TEE heard of. */
	assert_int_equal(tee.smcs, before + 1);
	assert_true(may(guest, ORDINARY));
	end(guest);
}

static void the_administrator_may_name_them(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	for (size_t i = 0; i < ROWS(machines); i++)
		list_add(&administrators, machines[i]);
	sim.sys.tas = &administrators;
	for (size_t i = 0; i < ROWS(machines); i++)
		assert_true(may(guest, machines[i]));
	assert_false(may(guest, ORDINARY));
	end(guest);
}

static void the_administrators_list_is_all_that_guests_get(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	list_add(&administrators, ORDINARY);
	sim.sys.tas = &administrators;
	assert_true(may(guest, ORDINARY));
	assert_false(may(guest, OTHER));
	assert_false(may(guest, RTC));
	end(guest);
}

static void the_vmms_list_narrows(void **state)
{
	struct tg_guest *guest, *other;

	(void)state;
	list_add(&vmms, ORDINARY);
	sim.guest_tas = &vmms;
	guest = sim_guest_create(NULL);
	sim.guest_tas = NULL;
	other = sim_guest_create(NULL);
	assert_true(may(guest, ORDINARY));
	assert_false(may(guest, OTHER));
	assert_int_equal(sim_guest_reset(guest), TG_OK);
	assert_true(may(guest, ORDINARY));
	assert_false(may(guest, OTHER));
	assert_true(may(other, OTHER));
	end(other);
	end(guest);
}

static void the_vmms_list_does_not_widen(void **state)
{
	struct tg_guest *guest;

	(void)state;
	list_add(&vmms, RTC);
	list_add(&vmms, KEY_PTA);
	list_add(&vmms, OTHER);
	sim.guest_tas = &vmms;
	guest = sim_guest_create(NULL);
	assert_false(may(guest, RTC));
	assert_false(may(guest, KEY_PTA));
	assert_true(may(guest, OTHER));
	list_add(&administrators, ORDINARY);
	list_add(&administrators, RTC);
	sim.sys.tas = &administrators;
	assert_false(may(guest, OTHER));
	assert_false(may(guest, ORDINARY));
	assert_true(may(guest, RTC));
	end(guest);
}

static void an_empty_list_is_no_missing_list(void **state)
{
	struct tg_guest *guest;

	(void)state;
	sim.guest_tas = &vmms;
	guest = sim_guest_create(NULL);
	assert_false(may(guest, ORDINARY));
	end(guest);
}

static void a_full_list_counts_to_its_end(void **state)
{
	struct tg_uuid uuid = uuid_of(ORDINARY);
	struct tg_guest *guest;

	(void)state;
	for (uint32_t i = 0; i < TG_TAS_MAX; i++) {
		uuid.bytes[7] = (uint8_t)i;
		vmms.uuids[vmms.count++] = uuid;
	}
	sim.guest_tas = &vmms;
	guest = sim_guest_create(NULL);
	for (unsigned int i = 0; i < 256; i++) {
		uuid.bytes[7] = (uint8_t)i;
		assert_int_equal(open(guest, uuid),
				 i < TG_TAS_MAX ? TEE_SUCCESS :
						  TEE_ERROR_ACCESS_DENIED);
	}
	end(guest);
}

static void each_byte_of_a_name_counts(void **state)
{
	struct tg_guest *guest;

	(void)state;
	list_add(&vmms, ORDINARY);
	sim.guest_tas = &vmms;
	guest = sim_guest_create(NULL);
	for (size_t i = 0; i < sizeof(struct tg_uuid); i++) {
		struct tg_uuid uuid = uuid_of(ORDINARY);

		uuid.bytes[i] ^= 1;
		assert_int_equal(open(guest, uuid), TEE_ERROR_ACCESS_DENIED);
	}
	end(guest);
}

static void the_key_pta_is_the_owners_and_listed(void **state)
{
	struct tg_guest *guest = sim_guest_create(NULL);

	(void)state;
	list_add(&administrators, KEY_PTA);
	sim.sys.tas = &administrators;
	assert_false(may(guest, KEY_PTA));
	assert_true(tg_system_rpmb_grant(&sim.sys, guest));
	assert_true(may(guest, KEY_PTA));
	administrators.count = 0;
	assert_false(may(guest, KEY_PTA));
	end(guest);
	tg_system_rpmb_withdraw(&sim.sys, guest);
}

static void the_system_says_what_a_list_may_name(void **state)
{
	const struct tg_uuid rtc = uuid_of(RTC), ordinary = uuid_of(ORDINARY),
			     key_pta = uuid_of(KEY_PTA);

	(void)state;
	assert_false(tg_system_allows_ta(&sim.sys, &rtc));
	assert_true(tg_system_allows_ta(&sim.sys, &ordinary));
	assert_true(tg_system_allows_ta(&sim.sys, &key_pta));
	list_add(&administrators, RTC);
	sim.sys.tas = &administrators;
	assert_true(tg_system_allows_ta(&sim.sys, &rtc));
	assert_false(tg_system_allows_ta(&sim.sys, &ordinary));
	assert_false(tg_system_allows_ta(&sim.sys, &key_pta));
}

#define LIST_TEST(f) cmocka_unit_test_setup_teardown(f, setup, common_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIST_TEST(what_acts_on_the_machine_is_not_for_guests),
		LIST_TEST(the_administrator_may_name_them),
		LIST_TEST(the_administrators_list_is_all_that_guests_get),
		LIST_TEST(the_vmms_list_narrows),
		LIST_TEST(the_vmms_list_does_not_widen),
		LIST_TEST(an_empty_list_is_no_missing_list),
		LIST_TEST(a_full_list_counts_to_its_end),
		LIST_TEST(each_byte_of_a_name_counts),
		LIST_TEST(the_key_pta_is_the_owners_and_listed),
		LIST_TEST(the_system_says_what_a_list_may_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
