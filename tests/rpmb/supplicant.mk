# SPDX-License-Identifier: BSD-2-Clause
#
# Our emulated RPMB against the one in Debian's tee-supplicant, included by ../../rpmb/Makefile: check-supplicant gets
# Debian's source (supplicant/run), which is no part of this repository, and builds the test with it. Not in check:
# it asks Debian's mirror.

supplicant_dir := $(top)/tests/rpmb/supplicant
supplicant_obj := $(obj)/tests/rpmb/supplicant
supplicant_test := $(O)/tests/rpmb/supplicant_test
supplicant_objects := $(patsubst %,$(supplicant_obj)/%.o,operations stories supplicant_test)
# tee-supplicant's, whose rpmb.h is another than ours, and whose warnings are not ours to see. Sanitizers are welcome
# there but for one: it has 1 << 31.
supplicant_foreign := $(patsubst %,$(supplicant_obj)/foreign/%.o,theirs hmac_sha2 sha2)
supplicant_src := $(SUPPLICANT_SOURCE)/tee-supplicant/src
supplicant_cflags := -std=gnu11 -w -D_GNU_SOURCE -DRPMB_EMU -DDEBUGLEVEL=1 -DBINARY_PREFIX='"supplicant"' \
	-I$(supplicant_src) -I$(SUPPLICANT_SOURCE)/libteec/include

.PHONY: check-supplicant supplicant-test
check-supplicant:
	+$(Q)$(supplicant_dir)/run $(MAKE) -s -C $(here)

# What run calls: SUPPLICANT_SOURCE= is the unpacked source package.
supplicant-test: $(supplicant_test)
	$(Q)$<

$(supplicant_objects): $(supplicant_obj)/%.o: $(supplicant_dir)/%.c $(obj)/flags
	$(say) CC tests/rpmb/supplicant/$*.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(own_cflags) $(shell $(PKG_CONFIG) --cflags cmocka) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(supplicant_obj)/foreign/theirs.o: $(supplicant_dir)/theirs.c $(supplicant_src)/rpmb.c
$(supplicant_obj)/foreign/hmac_sha2.o: $(supplicant_src)/hmac_sha2.c
$(supplicant_obj)/foreign/sha2.o: $(supplicant_src)/sha2.c
# Always anew: the source may be another one.
$(supplicant_foreign): $(obj)/flags force
	$(say) CC tests/rpmb/supplicant/$(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(supplicant_cflags) $(CFLAGS) -fno-sanitize=shift -c -o $@ $(filter %/$(basename $(@F)).c,$^)

$(supplicant_test): $(supplicant_objects) $(supplicant_foreign) $(obj)/tests/unit/common.o $(lib_objects)
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,-z,now,--wrap=ioctl -o $@ $^ $(unit_libs) $(lib_crypto)

-include $(wildcard $(supplicant_obj)/*.d)
