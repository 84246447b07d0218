# SPDX-License-Identifier: BSD-2-Clause
#
# What the Makefiles of vmm/ and rpmb/ share: the version, the variables that
# packagers set, where things are built, and how a file is compiled. They set
# `here`, their own directory, before they include this file, and own_cflags,
# pc_description and pc_requires after.

VERSION := 0.1.0
comma := ,

top := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
part := $(notdir $(here))

CROSS_COMPILE ?=
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions

machine := $(shell $(CC) -dumpmachine)
O ?= $(top)/build/$(part)/$(machine)
O := $(abspath $(O))
# Both parts may be built to one O.
obj := $(O)/obj/$(part)

ifeq ($(V),1)
say = @:
Q :=
else
say = @printf '  %-7s %s\n'
Q := @
endif

CFLAGS ?= -O2 -g
base_cflags := -std=gnu11 -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow \
	-fPIC -pthread -MMD -MP -D_GNU_SOURCE
# clang's sanitizers leave their functions to the program.
no_undefined := $(if $(findstring -fsanitize,$(CFLAGS)),,-Wl$(comma)-z$(comma)defs)

# The frame of the commands, compiled with each one's flags.
include $(top)/cli/sources.mk
frame_objects := $(frame_sources:cli/%.c=$(obj)/frame/%.o)

.PHONY: all check install clean force
all:

# Other flags: everything anew.
$(obj)/flags: force
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(own_cflags) $(CPPFLAGS) $(CFLAGS))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(CC) $(own_cflags) $(CPPFLAGS) $(CFLAGS))' > $@
force:

define compile
	$(say) CC $(@:$(O)/obj/%=%)
	@mkdir -p $(@D)
	$(Q)$(CC) $(own_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
endef
$(obj)/%.o: $(here)/%.c $(obj)/flags
	$(compile)
$(obj)/frame/%.o: $(top)/cli/%.c $(obj)/flags
	$(compile)

# Each names the objects that its static library is made of.
$(O)/%.a:
	$(say) AR $(@F)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.pc: $(here)/Makefile $(top)/build.mk
	@mkdir -p $(@D)
	$(Q)printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: $*' \
		'Description: $(pc_description)' 'Version: $(VERSION)' \
		$(if $(pc_requires),'Requires.private: $(pc_requires)') \
		'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -l$*' > $@
