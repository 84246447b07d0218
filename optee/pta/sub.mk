# SPDX-License-Identifier: BSD-2-Clause
# The RPMB key PTA's files, one for each switch: optee/lib.sh copies this
# directory to core/pta/rpmb_key/, which our series' core/pta/sub.mk names.
incdirs-y += include
srcs-y += rpmb_key.c
srcs-$(CFG_RPMB_PTA_VERIFY_KEY) += rpmb_key_verify.c
srcs-$(CFG_RPMB_PTA_SEALED) += rpmb_key_sealed.c
srcs-$(CFG_RPMB_PTA_SEALED) += rpmb_hpke.c
srcs-$(CFG_RPMB_KEY_PTA) += rpmb_key_clear.c
# For the emulated board only.
srcs-$(if $(CFG_TEEGATE_LAB_HUK),y) += lab_board.c
