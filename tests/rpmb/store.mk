# SPDX-License-Identifier: BSD-2-Clause
#
# Tests of the store and the station, included by ../../rpmb/Makefile: check-store-unit is part of check and bears
# sanitizers; check-store runs real processes, kills them by a preloaded library and starts a PostgreSQL server of its
# own (a step of its own, without sanitizers); check-store-long adds 1,000 devices, and figures.

store_tests_dir := $(top)/tests/rpmb
store_tests_out := $(O)/tests/rpmb

$(obj)/tests/rpmb/store_%.o: $(store_tests_dir)/store_%.c $(obj)/flags
	$(say) CC tests/rpmb/store_$*.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(own_cflags) $(shell $(PKG_CONFIG) --cflags cmocka) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(store_tests_out)/store_%: $(obj)/tests/rpmb/store_%.o $(store_objects) $(library)
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(packages_libs) $(store_libs) $(shell $(PKG_CONFIG) --libs cmocka)

$(store_tests_out)/killer.so: $(store_tests_dir)/store/killer.c
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -shared -fPIC -o $@ $< -ldl

.PHONY: check-store-unit check-store check-store-long
check: check-store-unit
check-store-unit: $(store_tests_out)/store_test $(store_tests_out)/store_pem_test
	$(Q)$(store_tests_out)/store_test
	$(Q)$(store_tests_out)/store_pem_test

check-store: $(program) $(store_tests_out)/killer.so $(store_tests_out)/store_holds
	$(Q)$(store_tests_dir)/store/run $(program) $(store_tests_out)

check-store-long: $(program) $(store_tests_out)/killer.so $(store_tests_out)/store_holds
	$(Q)$(store_tests_dir)/store/run $(program) $(store_tests_out) --long
