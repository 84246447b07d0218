// SPDX-License-Identifier: BSD-2-Clause
/*
 * From a file descriptor to the VM or vCPU behind it. Looking up takes no
 * lock, since it happens on every ioctl() of the VMM; changes are made under
 * vm.c's lock. An object is never freed, only retired: a thread may have
 * looked it up just before. A VMM makes a handful of them in its life.
 */
#include <errno.h>
#include <stdlib.h>

#include "preload.h"

/* Untouched pages of this table cost nothing. */
#define FDS_MAX 65536

static _Atomic(struct tgp_object *) objects[FDS_MAX];
static struct tgp_object *retired;

struct tgp_object *tgp_object_find(int fd)
{
	if (fd < 0 || fd >= FDS_MAX)
		return NULL;
	return atomic_load_explicit(&objects[fd], memory_order_acquire);
}

struct tgp_object *tgp_object_retire(int fd)
{
	struct tgp_object *object = tgp_object_find(fd);

	if (!object)
		return NULL;
	atomic_store(&objects[fd], NULL);
	object->next_retired = retired;
	retired = object;
	return object;
}

int tgp_object_insert(int fd, struct tgp_vm *vm, struct tgp_vcpu *vcpu)
{
	struct tgp_object *object;

	if (fd < 0 || fd >= FDS_MAX)
		return -EMFILE;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->vm = vm;
	object->vcpu = vcpu;
	atomic_store_explicit(&objects[fd], object, memory_order_release);
	return 0;
}
