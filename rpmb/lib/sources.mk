# SPDX-License-Identifier: BSD-2-Clause
#
# librpmb's files, for rpmb/Makefile, the unit tests and the fuzzers; and, for
# the Makefile only (it has set obj), how the shared library is made.

lib_sources := $(addprefix lib/,cid.c derive.c device.c emmc.c emulated.c error.c frame.c hash.c hpke.c \
	key.c ops.c seal.c secret.c state.c)

ifdef obj
lib_soversion := 0
lib_so := librpmb.so.$(lib_soversion)
lib_real := librpmb.so.$(VERSION)
lib_crypto := $(shell $(PKG_CONFIG) --libs libcrypto 2>/dev/null || echo -lcrypto)

.PHONY: install-shared clean-shared
all: $(O)/librpmb.so
install: install-shared
clean: clean-shared

$(O)/$(lib_real): $(lib_sources:%.c=$(obj)/%.o) $(here)/lib/librpmb.map
	$(say) LD $(@F)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(lib_so) $(no_undefined) -Wl,-z,now \
		-Wl,--version-script=$(here)/lib/librpmb.map -o $@ $(filter %.o,$^) $(lib_crypto)

$(O)/$(lib_so): $(O)/$(lib_real)
	$(Q)ln -sf $(<F) $@

$(O)/librpmb.so: $(O)/$(lib_so)
	$(Q)ln -sf $(<F) $@

install-shared: $(O)/$(lib_real)
	install -d $(DESTDIR)$(LIBDIR)
	install -m 755 $(O)/$(lib_real) $(DESTDIR)$(LIBDIR)
	ln -sf $(lib_real) $(DESTDIR)$(LIBDIR)/$(lib_so)
	ln -sf $(lib_so) $(DESTDIR)$(LIBDIR)/librpmb.so

clean-shared:
	rm -f $(O)/$(lib_real) $(O)/$(lib_so) $(O)/librpmb.so
endif
