# SPDX-License-Identifier: BSD-2-Clause
#
# Tests of rpmbctl as a whole, included by ../../rpmb/Makefile: check-cli runs it against emulated devices and an
# imitation of OP-TEE; check-secrets looks for keys in all of its memory, which sanitizers would fill with copies, so
# it is no part of check.

cli_tests_dir := $(top)/tests/rpmb
cli_tests_out := $(O)/tests/rpmb

$(obj)/tests/rpmb/%.o: $(cli_tests_dir)/%.c $(obj)/flags
	$(say) CC tests/rpmb/$*.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(own_cflags) -I$(here)/cli $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The same program with another TEE, and a device that can be tampered with.
$(cli_tests_out)/rpmbctl-fake-tee: $(cli_objects) $(obj)/tests/rpmb/cli_fake_tee.o $(store_objects) $(library)
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Wl,-z,relro,-z,now,--wrap=rpmb_read,--wrap=rpmb_program_key $(LDFLAGS) -pthread \
		-o $@ $^ $(packages_libs) $(store_libs)

$(cli_tests_out)/secrets_watch: $(obj)/tests/rpmb/secrets_watch.o $(obj)/tests/rpmb/secrets_forms.o
$(cli_tests_out)/secrets_leaky: $(obj)/tests/rpmb/secrets_leaky.o
$(cli_tests_out)/secrets_watch $(cli_tests_out)/secrets_leaky:
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Wl,-z,now $(LDFLAGS) -o $@ $^

.PHONY: check-cli check-secrets
check: check-cli
check-cli: $(program) $(cli_tests_out)/rpmbctl-fake-tee
	$(Q)$(cli_tests_dir)/cli.sh $(program) $(cli_tests_out)/rpmbctl-fake-tee

check-secrets: $(program) $(addprefix $(cli_tests_out)/,rpmbctl-fake-tee secrets_watch secrets_leaky)
	$(Q)$(cli_tests_dir)/secrets.sh $(cli_tests_out) $(program)
