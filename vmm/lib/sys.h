/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that the library makes, under names of its own. The
 * linker chooses who answers: sys.c in the library, the preload's own file
 * (whose ioctl() is a wrapper that these must not run into), or a fake in the
 * unit tests. Nothing else belongs here.
 */
#ifndef TG_SYS_H
#define TG_SYS_H

/* 0 or a positive result, or a negative errno. */
int tg_sys_open(const char *path);
int tg_sys_close(int fd);
int tg_sys_ioctl(int fd, unsigned long request, void *arg);
/* A new eventfd that is closed on exec. */
int tg_sys_eventfd(void);

#endif
