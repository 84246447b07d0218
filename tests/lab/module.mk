# SPDX-License-Identifier: BSD-2-Clause
# A kernel module of the lab's own, built against the kernel in KDIR without
# leaving a file in the source tree: O/NAME.ko. The Makefile that includes this
# file has set name and here, its directory.

# Not for the kernel's make: O would tell it where its own output is.
MAKEOVERRIDES :=
unexport O KDIR
export LANG := C
out := $(abspath $(O))/$(name)

.PHONY: all
all:
	@mkdir -p $(out)
	@ln -sfn $(here)/$(name).c $(here)/Kbuild $(out)/
	+$(MAKE) -C $(KDIR) ARCH=arm64 CROSS_COMPILE=$(CROSS_COMPILE) W=$(W) $(if $(C),C=$(C)) M=$(out) modules
	@cp $(out)/$(name).ko $(O)/
