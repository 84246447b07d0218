# SPDX-License-Identifier: BSD-2-Clause
#
# The store of RPMB keys, and a station's work on one device. p11-kit is there
# for its header alone: without it, private keys come from files only.

store_sources := $(addprefix store/,audit.c check.c claim.c db.c db_postgres.c db_sqlite.c digest.c identity.c \
	log.c open_key.c pem.c pkcs11.c recipient.c record.c schema.c station.c store.c)
WITH_P11KIT ?= $(call have,p11-kit-1)
ifeq ($(WITH_P11KIT),1)
own_cflags += -DRPMB_HAVE_P11KIT=1 $(shell $(PKG_CONFIG) --cflags p11-kit-1)
endif
