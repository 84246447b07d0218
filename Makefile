# SPDX-License-Identifier: BSD-2-Clause
# The tree's front: what to build for whom. Each directory has its own
# Makefile with the same variables (O, CC, CROSS_COMPILE, CFLAGS, DESTDIR,
# PREFIX, PKG_CONFIG, V), for packagers who want one part only.
#
#   make                the programs and libraries, for the machine CC is for
#   make arm64          the same with the lab's cross compiler, to build/out/arm64
#   make module         teegate.ko: for KDIR, or with KERNEL=6.12|newest|patched|debug for the lab
#   make route          what lab/run route needs beyond that (docs/routing.md)
#   make route-patches  do linux/patches apply to Debian's sources, and is checkpatch.pl content
#   make unit           unit tests of everything that runs on this machine
#   make install        programs, libraries, headers, manual pages
#   make dist           a tar archive of the tree as committed

top := $(CURDIR)
O ?= $(top)/build/out/native
KERNEL ?=
W ?=
C ?=

.PHONY: all arm64 module route route-patches unit install dist clean
all:
	+$(MAKE) -C vmm all O=$(O)
	+$(MAKE) -C rpmb all O=$(O)

arm64:
	$(top)/lab/cross make -C $(top)/vmm all O=$(top)/build/out/arm64 \
		CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar
	$(top)/lab/cross make -C $(top)/rpmb all O=$(top)/build/out/arm64 \
		CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar
	$(top)/lab/cross make -C $(top)/tests/lab all O=$(top)/build/out/arm64 \
		CC=aarch64-linux-gnu-gcc
	$(top)/lab/cross make -C $(top)/guests/hostile all O=$(top)/build/out/arm64 \
		CC=aarch64-linux-gnu-gcc OBJCOPY=aarch64-linux-gnu-objcopy

# What scenarios need besides, in tests/lab: for the host's kernel, or a guest's.
lab_modules_6.12 := smc balloon
lab_modules_patched := smc
lab_modules_debug := faults

ifneq ($(KERNEL),)
module:
	$(top)/lab/cross make -C $(top)/linux O=$(top)/build/out/$(KERNEL) \
		KDIR=$$($(top)/lab/kernel-headers $(KERNEL)) ARCH=arm64 W=$(W) C=$(C)
	for m in $(lab_modules_$(KERNEL)); do \
		$(top)/lab/cross make -C $(top)/tests/lab/$$m O=$(top)/build/out/$(KERNEL) \
			KDIR=$$($(top)/lab/kernel-headers $(KERNEL)) W=$(W) C=$(C) || exit 1; \
	done
else
module:
	+$(MAKE) -C linux
endif

# What lab/run route needs: the kernel series as modules for a stock kernel, a
# teegate.ko for it, and the series' selftest.
route:
	install -D $$($(top)/lab/route-parts)/smccc_route $(top)/build/out/arm64/smccc_route
	$(top)/tests/lab/route/unpack $(top)/build/out/6.12/route/src
	$(top)/lab/cross make -C $(top)/tests/lab/route O=$(top)/build/out/6.12 \
		KDIR=$$($(top)/lab/kernel-headers 6.12) TEE=$$($(top)/lab/route-parts)/drivers/tee W=$(W)

route-patches:
	$(top)/lab/route-patches

unit:
	+$(MAKE) -C tests/unit/mediator check O=$(top)/build/unit/native
	+$(MAKE) -C vmm check O=$(top)/build/unit/vmm-native
	+$(MAKE) -C rpmb check O=$(top)/build/unit/rpmb-native

install:
	+$(MAKE) -C vmm install O=$(O)
	+$(MAKE) -C rpmb install O=$(O)
	+$(MAKE) -C docs/man install O=$(O)

dist:
	git archive --prefix=teegate/ -o $(top)/build/teegate.tar.gz HEAD

clean:
	rm -rf $(top)/build/out $(top)/build/unit
