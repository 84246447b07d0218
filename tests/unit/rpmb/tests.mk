# SPDX-License-Identifier: BSD-2-Clause
#
# The unit tests of ../../../rpmb/lib, included by rpmb/Makefile: `make check`
# runs them. No device and no TEE are needed. One alone: make check-lib.
# Sanitizers: make check CFLAGS="-g -O1 -fsanitize=address,undefined".

unit_dir := $(top)/tests/unit/rpmb
unit_cflags := $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
unit_libs := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null || echo -lcmocka)
unit_names := crash emmc emulated frame key ops seal secret
unit_tests := $(unit_names:%=$(O)/tests/unit/%_test)

# Bound at once: the dynamic linker's lazy resolver saves vector registers, and
# with them whatever key was copied last, on the stack; secret_test finds it.
unit_ldflags := -Wl,-z,now

# System calls that a test stands in for.
$(O)/tests/unit/crash_test: unit_wrap := pwrite fdatasync fsync ftruncate
$(O)/tests/unit/emmc_test: unit_wrap := ioctl
$(O)/tests/unit/secret_test: unit_wrap := munmap

.PHONY: check-lib
check: check-lib
check-lib: $(unit_tests) $(O)/librpmb.so
	$(Q)set -e; for t in $(unit_tests); do $$t; done
	$(Q)$(unit_dir)/../symbols.sh rpmb $(here)/include/rpmb.h $(here)/lib/librpmb.map $(O)/librpmb.so

$(obj)/tests/unit/%.o: $(unit_dir)/%.c $(obj)/flags
	$(say) CC tests/$*.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(own_cflags) $(unit_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(unit_tests): $(O)/tests/unit/%: $(obj)/tests/unit/%.o $(obj)/tests/unit/common.o $(lib_objects)
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(unit_ldflags) $(unit_wrap:%=-Wl$(comma)--wrap=%) -o $@ $^ $(unit_libs) $(lib_crypto)

# Against OpenSSL's own HPKE, where it has one: lab/cross make -C rpmb check-hpke
.PHONY: check-hpke
check-lib: check-hpke
ifneq ($(shell $(PKG_CONFIG) --atleast-version=3.2 libcrypto && echo 1),)
check-hpke: $(O)/tests/unit/hpke_openssl
	$(Q)$<
else
check-hpke:
	@echo "hpke_openssl: skipped: OpenSSL $$($(PKG_CONFIG) --modversion libcrypto) has no HPKE, 3.2 has;" \
		"the known answers of seal_test stand in"
endif
$(O)/tests/unit/hpke_openssl: $(obj)/tests/unit/hpke_openssl.o $(lib_objects)
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(lib_crypto)

# By hand: how many frames a second go through the emulated device.
.PHONY: bench-frames
bench-frames: $(O)/tests/bench_frames
	$< $(O)
$(O)/tests/bench_frames: $(top)/tests/rpmb/bench_frames.c $(lib_objects)
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(own_cflags) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,-z,now -o $@ $^ $(lib_crypto)
