// SPDX-License-Identifier: BSD-2-Clause
/*
 * The wrappers that an unmodified VMM runs into: ioctl() and close(). They
 * pass everything on to the C library's own and then tell vm.c about the few
 * requests of KVM's that matter. Nothing is decided here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/kvm_abi.h"
#include "../lib/sys.h"
#include "preload.h"

#define PUBLIC __attribute__((visibility("default")))

#ifdef __GLIBC__
typedef unsigned long request_t;
#else
typedef int request_t;
#endif

typedef int ioctl_fn(int fd, request_t request, ...);
typedef int close_fn(int fd);

static ioctl_fn *real_ioctl;
static close_fn *real_close;
static pthread_once_t resolve_once = PTHREAD_ONCE_INIT;

static void resolve(void)
{
	*(void **)&real_ioctl = dlsym(RTLD_NEXT, "ioctl");
	*(void **)&real_close = dlsym(RTLD_NEXT, "close");
	if (!real_ioctl || !real_close) {
		tgp_say("the C library has no ioctl() or close() to pass calls on to: is QEMU linked statically?");
		abort();
	}
}

int tgp_real_ioctl(int fd, unsigned long request, void *arg)
{
	pthread_once(&resolve_once, resolve);
	return real_ioctl(fd, (request_t)request, arg);
}

int tgp_real_close(int fd)
{
	pthread_once(&resolve_once, resolve);
	return real_close(fd);
}

int tg_sys_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int tg_sys_close(int fd)
{
	return tgp_real_close(fd) ? -errno : 0;
}

int tg_sys_ioctl(int fd, unsigned long request, void *arg)
{
	int ret = tgp_real_ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int tg_sys_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static bool is_memory(unsigned long request)
{
	return (uint32_t)request == (uint32_t)KVM_SET_USER_MEMORY_REGION ||
	       (uint32_t)request == (uint32_t)KVM_SET_USER_MEMORY_REGION2;
}

static int object_ioctl(const struct tgp_object *object, int fd,
			unsigned long request, void *arg)
{
	int ret, saved;

	if (object->vcpu && (uint32_t)request == (uint32_t)KVM_RUN)
		return tgp_vcpu_run(object->vcpu, fd, arg);
	if (!object->vcpu && is_memory(request))
		return tgp_vm_memory(object->vm, fd, request, arg);
	ret = tgp_real_ioctl(fd, request, arg);
	if (ret < 0)
		return ret;
	saved = errno;
	if (!object->vcpu && (uint32_t)request == (uint32_t)KVM_CREATE_VCPU)
		tgp_vcpu_created(object->vm, ret);
	else if (object->vcpu &&
		 (uint32_t)request == (uint32_t)KVM_ARM_VCPU_INIT)
		tgp_vcpu_init(object->vcpu);
	errno = saved;
	return ret;
}

PUBLIC int ioctl(int fd, request_t request, ...)
{
	const struct tgp_object *object;
	va_list args;
	void *arg;
	int ret, saved;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	object = tgp_object_find(fd);
	if (object)
		return object_ioctl(object, fd, (unsigned long)request, arg);
	ret = tgp_real_ioctl(fd, (unsigned long)request, arg);
	if ((uint32_t)request == (uint32_t)KVM_CREATE_VM && ret >= 0) {
		saved = errno;
		tgp_vm_created(ret);
		errno = saved;
	}
	return ret;
}

PUBLIC int close(int fd)
{
	if (tgp_object_find(fd))
		tgp_fd_closing(fd);
	return tgp_real_close(fd);
}
