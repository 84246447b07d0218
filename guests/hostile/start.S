/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where both vCPUs begin: relocation, page tables, MMU and caches, stacks,
 * exception vectors. The map is one GiB of devices at 0 and the GiB that this
 * program is in. Without the MMU the host would see stale memory: accesses
 * would bypass the caches that it looks into.
 */
#define DEVICE_BLOCK 0x0060000000000401 /* XN, AF, MAIR 0 */
#define MEMORY_BLOCK 0x0000000000000705 /* AF, inner shareable, MAIR 1 */
#define MAIR 0xff00 /* 1: write-back; 0: nGnRnE */
#define TCR 0x0000000200803519 /* 39 bits, 4 KiB, write-back, 40 bits out */
#define SCTLR 0x0000000030d5180d /* M, C, SA, I */

#define STACK_BYTES 0x8000

	.section .text.start, "ax"
	.global _start
_start:
	mov	x19, x0			/* the device tree */
	adr	x20, _start
	adrp	x1, __rela_start
	add	x1, x1, :lo12:__rela_start
	adrp	x2, __rela_end
	add	x2, x2, :lo12:__rela_end
1:	cmp	x1, x2
	b.hs	2f
	ldp	x3, x4, [x1], #16	/* offset, type: R_AARCH64_RELATIVE */
	ldr	x5, [x1], #8
	add	x5, x5, x20
	str	x5, [x20, x3]
	b	1b

2:	adrp	x0, tables
	movz	x1, #(DEVICE_BLOCK & 0xffff)
	movk	x1, #(DEVICE_BLOCK >> 48), lsl #48
	str	x1, [x0]
	lsr	x2, x20, #30
	lsl	x3, x2, #30
	mov	x1, #MEMORY_BLOCK
	orr	x1, x1, x3
	str	x1, [x0, x2, lsl #3]
	dsb	sy
	bl	mmu_on

	adrp	x1, stacks
	add	x1, x1, #STACK_BYTES
	mov	sp, x1
	mov	x0, x19
	mov	x1, x20
	bl	guest_main
	b	.

/* By PSCI's CPU_ON; x0 is nothing of interest. */
	.global second_entry
second_entry:
	bl	mmu_on
	adrp	x1, stacks
	add	x1, x1, #(2 * STACK_BYTES)
	mov	sp, x1
	bl	second_main
	b	.

mmu_on:
	adrp	x0, tables
	msr	ttbr0_el1, x0
	mov	x0, #MAIR
	msr	mair_el1, x0
	ldr	x0, =TCR
	msr	tcr_el1, x0
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	ldr	x0, =SCTLR
	msr	sctlr_el1, x0
	isb
	ret

/* Nothing is expected to end here; the report says where it came from. */
	.balign	2048
vectors:
	.rept	16
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	b	exception_report
	.balign	128
	.endr

	.ltorg

	.bss
	.balign	4096
tables:
	.skip	4096
stacks:
	.skip	2 * STACK_BYTES
