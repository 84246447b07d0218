// SPDX-License-Identifier: BSD-2-Clause
/*
 * The guest's device tree, made with libfdt's sequential writer: one function
 * per node, each returning how many of its calls failed, so that a sum of
 * zero means success. The node that announces OP-TEE is optee_node().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libfdt.h>

#include "minivmm.h"

#define PHANDLE_GIC 1

#define IRQ_SPI 0
#define IRQ_PPI 1
#define IRQ_EDGE_RISING 1
#define IRQ_LEVEL_HIGH 4
#define IRQ_LEVEL_LOW 8

static int failed(int ret)
{
	return ret != 0;
}

static int cells(void *fdt, const char *name, const uint32_t *value,
		 size_t count)
{
	fdt32_t out[16];
	size_t n;

	for (n = 0; n < count; n++)
		out[n] = cpu_to_fdt32(value[n]);
	return failed(
		fdt_property(fdt, name, out, (int)(count * sizeof(out[0]))));
}

/* Pairs of address and size, 64 bits each. */
static int reg(void *fdt, const uint64_t *value, size_t count)
{
	uint32_t out[8];
	size_t n;

	for (n = 0; n < count; n++) {
		out[2 * n] = (uint32_t)(value[n] >> 32);
		out[2 * n + 1] = (uint32_t)value[n];
	}
	return cells(fdt, "reg", out, 2 * count);
}

static int text(void *fdt, const char *name, const char *value)
{
	return failed(fdt_property_string(fdt, name, value));
}

static int cell(void *fdt, const char *name, uint32_t value)
{
	return failed(fdt_property_u32(fdt, name, value));
}

static int empty(void *fdt, const char *name)
{
	return failed(fdt_property(fdt, name, NULL, 0));
}

static int begin(void *fdt, const char *name)
{
	return failed(fdt_begin_node(fdt, name));
}

static int end(void *fdt)
{
	return failed(fdt_end_node(fdt));
}

static int chosen_node(void *fdt, const struct vm *vm)
{
	int bad = begin(fdt, "chosen");

	bad += text(fdt, "bootargs", vm->config.cmdline);
	bad += text(fdt, "stdout-path", "/serial@9000000");
	bad += cell(fdt, "minivmm,restarts", vm->restarts);
	if (vm->initrd_bytes) {
		bad += failed(fdt_property_u64(fdt, "linux,initrd-start",
					       vm->initrd_gpa));
		bad += failed(
			fdt_property_u64(fdt, "linux,initrd-end",
					 vm->initrd_gpa + vm->initrd_bytes));
	}
	return bad + end(fdt);
}

static int memory_node(void *fdt, const struct vm *vm)
{
	const uint64_t where[] = { vm->config.ram_base, vm->config.ram_bytes };
	char name[32];
	int bad;

	snprintf(name, sizeof(name), "memory@%llx",
		 (unsigned long long)vm->config.ram_base);
	bad = begin(fdt, name);
	bad += text(fdt, "device_type", "memory");
	bad += reg(fdt, where, 2);
	return bad + end(fdt);
}

static int rom_node(void *fdt, const struct vm *vm)
{
	const uint64_t where[] = { ROM_BASE, vm->rom_bytes };
	int bad = begin(fdt, "rom@0");

	bad += text(fdt, "compatible", "mtd-rom");
	bad += reg(fdt, where, 2);
	return bad + end(fdt);
}

/* As KVM derives MPIDR from a vCPU's number: 16 to a cluster. */
static uint32_t affinity(unsigned int cpu)
{
	return (cpu & 0xf) | (cpu >> 4) << 8;
}

static int cpu_nodes(void *fdt, const struct vm *vm)
{
	int bad = begin(fdt, "cpus");
	unsigned int n;
	char name[16];

	bad += cell(fdt, "#address-cells", 1);
	bad += cell(fdt, "#size-cells", 0);
	for (n = 0; n < vm->config.cpus; n++) {
		snprintf(name, sizeof(name), "cpu@%x", affinity(n));
		bad += begin(fdt, name);
		bad += text(fdt, "device_type", "cpu");
		bad += text(fdt, "compatible", "arm,armv8");
		bad += text(fdt, "enable-method", "psci");
		bad += cell(fdt, "reg", affinity(n));
		bad += end(fdt);
	}
	return bad + end(fdt);
}

static int psci_node(void *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";
	int bad = begin(fdt, "psci");

	bad += failed(fdt_property(fdt, "compatible", compatible,
				   sizeof(compatible)));
	bad += text(fdt, "method", "hvc");
	return bad + end(fdt);
}

static int gic_node(void *fdt, const struct vm *vm)
{
	const uint64_t v3[] = { GICD_BASE, GICD_BYTES, GICR_BASE,
				GICR_BYTES_PER_CPU * vm->config.cpus };
	const uint64_t v2[] = { GICD_BASE, GICD_BYTES, GICC_BASE, GICC_BYTES };
	int bad = begin(fdt, "interrupt-controller@8000000");

	bad += text(fdt, "compatible",
		    vm->gic_v3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
	bad += empty(fdt, "interrupt-controller");
	bad += cell(fdt, "#interrupt-cells", 3);
	bad += reg(fdt, vm->gic_v3 ? v3 : v2, 4);
	bad += cell(fdt, "phandle", PHANDLE_GIC);
	return bad + end(fdt);
}

static int timer_node(void *fdt)
{
	/* Secure physical, physical, virtual, hypervisor. */
	static const uint32_t interrupts[] = {
		IRQ_PPI, 13, IRQ_LEVEL_LOW, IRQ_PPI, 14, IRQ_LEVEL_LOW,
		IRQ_PPI, 11, IRQ_LEVEL_LOW, IRQ_PPI, 10, IRQ_LEVEL_LOW,
	};
	int bad = begin(fdt, "timer");

	bad += text(fdt, "compatible", "arm,armv8-timer");
	bad += cells(fdt, "interrupts", interrupts,
		     sizeof(interrupts) / sizeof(interrupts[0]));
	bad += empty(fdt, "always-on");
	return bad + end(fdt);
}

static int uart_node(void *fdt)
{
	static const uint32_t interrupts[] = { IRQ_SPI, UART_SPI,
					       IRQ_LEVEL_HIGH };
	static const uint64_t where[] = { UART_BASE, UART_BYTES };
	int bad = begin(fdt, "serial@9000000");

	bad += text(fdt, "compatible", "ns16550a");
	bad += reg(fdt, where, 2);
	bad += cells(fdt, "interrupts", interrupts, 3);
	bad += cell(fdt, "clock-frequency", 1843200);
	bad += cell(fdt, "current-speed", 115200);
	return bad + end(fdt);
}

static int optee_node(void *fdt, const struct vm *vm)
{
	static const uint32_t interrupts[] = { IRQ_SPI, TEE_SPI,
					       IRQ_EDGE_RISING };
	int bad = begin(fdt, "firmware");

	bad += begin(fdt, "optee");
	bad += text(fdt, "compatible", TEEGATE_DT_COMPATIBLE);
	bad += text(fdt, "method", TEEGATE_DT_METHOD);
	if (vm->notif)
		bad += cells(fdt, "interrupts", interrupts, 3);
	bad += end(fdt);
	return bad + end(fdt);
}

static int tree(void *fdt, const struct vm *vm)
{
	int bad = begin(fdt, "");

	bad += text(fdt, "compatible", "teegate,minivmm");
	bad += text(fdt, "model", "minivmm");
	bad += cell(fdt, "#address-cells", 2);
	bad += cell(fdt, "#size-cells", 2);
	bad += cell(fdt, "interrupt-parent", PHANDLE_GIC);
	bad += chosen_node(fdt, vm);
	bad += memory_node(fdt, vm);
	if (vm->rom_bytes)
		bad += rom_node(fdt, vm);
	bad += cpu_nodes(fdt, vm);
	bad += psci_node(fdt);
	bad += gic_node(fdt, vm);
	bad += timer_node(fdt);
	bad += uart_node(fdt);
	if (vm->config.tee)
		bad += optee_node(fdt, vm);
	return bad + end(fdt);
}

static bool dump(const char *path, const void *fdt)
{
	ssize_t bytes = fdt_totalsize(fdt);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return fail("cannot write %s: %s", path, strerror(errno));
	if (write(fd, fdt, (size_t)bytes) != bytes) {
		close(fd);
		return fail("cannot write %s: %s", path, strerror(errno));
	}
	close(fd);
	return true;
}

bool guest_dtb(struct vm *vm)
{
	void *fdt = vm->ram + vm->config.ram_bytes - DTB_BYTES_MAX;
	int bad;

	vm->dtb_gpa =
		vm->config.ram_base + vm->config.ram_bytes - DTB_BYTES_MAX;
	bad = failed(fdt_create(fdt, DTB_BYTES_MAX));
	bad += failed(fdt_finish_reservemap(fdt));
	bad += tree(fdt, vm);
	bad += failed(fdt_finish(fdt));
	if (bad)
		return fail(
			"the device tree cannot be made; is --cmdline longer than 2 MiB?");
	return vm->config.dtb_dump ? dump(vm->config.dtb_dump, fdt) : true;
}
