// SPDX-License-Identifier: BSD-2-Clause
/*
 * An eMMC's RPMB by way of Linux's own driver: /dev/mmcblkNrpmb takes groups
 * of commands (MMC_IOC_MULTI_CMD) that it executes without any other access in
 * between; it sets the block counts (CMD23) by itself. What the frames mean is
 * not known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/mmc/ioctl.h>

#include "emmc.h"

/* From the eMMC standard and the kernel's include/linux/mmc/core.h. */
#define READ_MULTIPLE_BLOCK 18
#define WRITE_MULTIPLE_BLOCK 25
#define RSP_PRESENT (1u << 0)
#define RSP_CRC (1u << 2)
#define RSP_OPCODE (1u << 4)
#define CMD_ADTC (1u << 5)
#define RSP_SPI_S1 (1u << 7)
#define DATA_COMMAND \
	(RSP_PRESENT | RSP_CRC | RSP_OPCODE | CMD_ADTC | RSP_SPI_S1)
#define WRITE_FLAG 1
#define RELIABLE_WRITE (1u << 31)

#define COMMANDS_MAX 3
#define ATTRIBUTE_BYTES_MAX 64
/* The card is the RPMB's parent; some kernels have a folder in between. */
#define LEVELS_MAX 4

#define SIZE_UNITS_MAX 128

_Static_assert(sizeof(struct mmc_ioc_cmd) == 72, "Linux's ABI");
_Static_assert(sizeof(struct mmc_ioc_multi_cmd) == 8, "Linux's ABI");

/* Reads a line of text without its end. */
static int attribute_read(const char *directory, const char *name,
			  char text[ATTRIBUTE_BYTES_MAX])
{
	char path[PATH_MAX];
	ssize_t bytes;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	bytes = read(fd, text, ATTRIBUTE_BYTES_MAX - 1);
	close(fd);
	if (bytes < 0)
		return -EIO;
	text[bytes] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int attribute_number(const char *directory, const char *name,
			    uint32_t *ret_value)
{
	char text[ATTRIBUTE_BYTES_MAX], *end;
	unsigned long value;
	int rc;

	rc = attribute_read(directory, name, text);
	if (rc)
		return rc;
	errno = 0;
	value = strtoul(text, &end, 0);
	if (end == text || *end || errno || value > UINT32_MAX)
		return -EINVAL;
	*ret_value = (uint32_t)value;
	return 0;
}

static void describe_name(const char *directory, struct rpmb_info *info)
{
	char text[ATTRIBUTE_BYTES_MAX];
	size_t n;

	if (attribute_read(directory, "name", text))
		strcpy(text, "eMMC");
	for (n = 0; text[n] && n < sizeof(info->name) - 1; n++)
		info->name[n] =
			(char)(text[n] >= 0x20 && text[n] < 0x7f ? text[n] :
								   '?');
	info->name[n] = '\0';
}

/* Goes up from @directory to the card: the one that has a CID. */
static int find_card(const char *directory, char card[PATH_MAX],
		     char cid[ATTRIBUTE_BYTES_MAX])
{
	unsigned int level;
	char *slash;

	if (!realpath(directory, card))
		return -errno;
	for (level = 0; level < LEVELS_MAX; level++) {
		if (!attribute_read(card, "cid", cid))
			return 0;
		slash = strrchr(card, '/');
		if (!slash || slash == card)
			break;
		*slash = '\0';
	}
	return -ENODEV;
}

int rpmb_emmc_describe(const char *directory, struct rpmb_info *ret_info,
		       struct rpmb_error *error)
{
	struct rpmb_info info = { .backend = RPMB_BACKEND_EMMC };
	char card[PATH_MAX], text[ATTRIBUTE_BYTES_MAX];
	uint32_t enhanced = 0;

	if (find_card(directory, card, text) || rpmb_cid_parse(text, &info.cid))
		return rpmb_fail(error, -ENODEV,
				 "%s is not of an eMMC: no CID there or above",
				 directory);
	if (attribute_number(card, "raw_rpmb_size_mult", &info.size_units) ||
	    !info.size_units || info.size_units > SIZE_UNITS_MAX)
		return rpmb_fail(error, -ENODEV,
				 "%s/raw_rpmb_size_mult tells no size of an "
				 "RPMB",
				 card);
	if (attribute_number(card, "rel_sectors", &info.reliable_write_sectors))
		info.reliable_write_sectors = 0;
	/* Absent on older kernels: then no big writes. */
	if (attribute_number(card, "enhanced_rpmb_supported", &enhanced))
		enhanced = 0;
	info.size_bytes = info.size_units * RPMB_SIZE_UNIT_BYTES;
	info.block_count = info.size_bytes / RPMB_BLOCK_BYTES;
	/* JEDEC 7.4, WR_REL_PARAM: 1 and 2 blocks, or 32 as well. */
	info.write_blocks_max = 1;
	if (info.reliable_write_sectors)
		info.write_blocks_max = enhanced ? 32 : 2;
	describe_name(card, &info);
	*ret_info = info;
	return 0;
}

int rpmb_emmc_open(struct rpmb_device *device, const char *path,
		   struct rpmb_error *error)
{
	char directory[64];
	struct stat status;
	int rc;

	device->fd = open(path, O_RDWR | O_CLOEXEC);
	if (device->fd < 0) {
		rc = -errno;
		return rpmb_fail(error, rc, "%s cannot be opened: %s", path,
				 strerror(-rc));
	}
	if (fstat(device->fd, &status) || !S_ISCHR(status.st_mode)) {
		rc = rpmb_fail(error, -ENODEV,
			       "%s is not a character device, as an eMMC's "
			       "RPMB is; an emulated one is given as file:%s",
			       path, path);
	} else {
		snprintf(directory, sizeof(directory), "/sys/dev/char/%u:%u",
			 major(status.st_rdev), minor(status.st_rdev));
		rc = rpmb_emmc_describe(directory, &device->info, error);
	}
	if (rc) {
		close(device->fd);
		device->fd = -1;
	}
	return rc;
}

static void command_set(struct mmc_ioc_cmd *command, uint32_t opcode,
			uint32_t flags, const struct rpmb_frame *frames,
			uint32_t count)
{
	command->opcode = opcode;
	command->write_flag = (int)flags;
	command->flags = DATA_COMMAND;
	command->blksz = RPMB_FRAME_BYTES;
	command->blocks = count;
	mmc_ioc_cmd_set_data((*command), frames);
}

int rpmb_emmc_transfer(int fd, const struct rpmb_frame *request,
		       uint32_t request_count, bool with_result,
		       struct rpmb_frame *ret_response, uint32_t response_count,
		       struct rpmb_error *error)
{
	union {
		struct mmc_ioc_multi_cmd multi;
		uint8_t room[sizeof(struct mmc_ioc_multi_cmd) +
			     COMMANDS_MAX * sizeof(struct mmc_ioc_cmd)];
	} group;
	struct mmc_ioc_cmd *command = group.multi.cmds;
	struct rpmb_frame result;
	int rc;

	/* All of it: the driver sleeps as long as stray bytes tell it to. */
	memset(&group, 0, sizeof(group));
	command_set(command++, WRITE_MULTIPLE_BLOCK,
		    WRITE_FLAG | (with_result ? RELIABLE_WRITE : 0), request,
		    request_count);
	if (with_result) {
		rpmb_request_init(&result, RPMB_READ_RESULT, NULL);
		command_set(command++, WRITE_MULTIPLE_BLOCK, WRITE_FLAG,
			    &result, 1);
	}
	command_set(command++, READ_MULTIPLE_BLOCK, 0, ret_response,
		    response_count);
	group.multi.num_of_cmds = (uint64_t)(command - group.multi.cmds);
	memset(ret_response, 0, response_count * sizeof(*ret_response));
	if (ioctl(fd, MMC_IOC_MULTI_CMD, &group) < 0) {
		rc = -errno;
		return rpmb_fail(error, rc,
				 "the eMMC driver failed to transfer: %s",
				 strerror(-rc));
	}
	return 0;
}
