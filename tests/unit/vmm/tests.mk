# SPDX-License-Identifier: BSD-2-Clause
#
# The unit tests of ../../../vmm, included by its Makefile: `make check` builds
# them for the machine at hand and runs them. No KVM, no device, no arm64.
# Sanitizers: make check CFLAGS="-g -O1 -fsanitize=address,undefined".

tests_dir := $(top)/tests/unit/vmm
tests_cflags := $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
tests_libs := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null || echo -lcmocka)
tests := $(addprefix $(O)/tests/,lib_test preload_test slots_test cli_test)

$(obj)/tests/%.o: $(tests_dir)/%.c
	$(say) CC tests/$*.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(own_cflags) $(tests_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/tests/lib_test: $(addprefix $(obj)/tests/,lib_test.o fake_sys.o) $(lib_objects)
$(O)/tests/preload_test $(O)/tests/slots_test: $(O)/tests/%: $(obj)/tests/%.o \
	$(addprefix $(obj)/tests/,fake_vm.o fake_sys.o) $(lib_objects) \
	$(filter-out %/ioctl.o,$(preload_objects))
$(O)/tests/cli_test: $(obj)/tests/cli_test.o $(filter-out %/main.o,$(cli_objects)) $(O)/libteegate.a

$(tests):
	$(say) LD $(@F)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(tests_libs) $(fdt_libs)

check: $(tests) $(O)/teegate $(O)/libteegate.so
	$(Q)set -e; for t in $(tests); do $$t; done
	$(Q)$(tests_dir)/cli_test.sh $(O)/teegate
	$(Q)$(tests_dir)/../symbols.sh teegate $(here)/include/teegate.h $(here)/lib/libteegate.map $(O)/libteegate.so
