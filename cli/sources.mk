# SPDX-License-Identifier: BSD-2-Clause
#
# The frame that `teegate` and `rpmbctl` share, for their Makefiles: each compiles it with its own flags.

frame_sources := $(addprefix cli/,command.c completion.c help.c number.c parser.c)
