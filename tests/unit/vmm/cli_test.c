// SPDX-License-Identifier: BSD-2-Clause
/*
 * The parts of `teegate` that need no device: QEMU's command line, device
 * trees, tables of options, completion, numbers. Whole runs of the command
 * are in cli_test.sh.
 */
#include <libfdt.h>
#include <stdio.h>

#include <teegate.h>

#include "../../../vmm/cli/cli.h"
#include "../../../vmm/cli/dtb.h"
#include "../../../vmm/cli/dump.h"
#include "test.h"

/* Splits at spaces; enough for these. */
static bool parse(const char *line, struct qemu_args *args)
{
	char copy[1024], *word, *argv[64];
	size_t argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return qemu_args_parse(argc, argv, args);
}

static void shape_is(const char *line, const char *expected)
{
	struct qemu_args args;
	char joined[1024] = "";
	size_t n;

	assert_true(parse(line, &args));
	for (n = 0; n < args.shape.count; n++) {
		strcat(joined, n ? " " : "");
		strcat(joined, args.shape.word[n]);
	}
	assert_string_equal(joined, expected);
	qemu_args_fini(&args);
}

static void only_what_shapes_the_machine_is_kept(void **state)
{
	static const char *const rows[][2] = {
		{ "qemu-system-aarch64 -M virt -cpu host -smp 4 -m 1G -accel kvm",
		  "-machine virt -cpu host -smp 4 -m 1G -accel kvm" },
		{ "qemu-system-aarch64 --machine virt,gic-version=3 --enable-kvm",
		  "-machine virt,gic-version=3 -enable-kvm" },
		{ "q -daemonize -pidfile /p -M virt -S -drive file=d,if=none -netdev user,id=n d.img",
		  "-machine virt" },
		{ "q -append -M -kernel -m -M virt", "-machine virt" },
		{ "q -serial file:/x -serial none -monitor stdio -serial tcp::1",
		  "-serial null -serial none -serial null" },
		{ "q -object memory-backend-file,id=m,mem-path=/h,size=1G,prealloc=on -M virt,memory-backend=m",
		  "-object memory-backend-ram,id=m,size=1G -machine virt,memory-backend=m" },
		{ "q -object rng-random,id=r,filename=/dev/random -numa node,memdev=m",
		  "-numa node,memdev=m" },
		{ "q -chardev socket,path=/s,id=c -device virtio-net-pci -M virt",
		  "-machine virt" },
		{ "q -M", "" },
		{ "q", "" },
	};
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++)
		shape_is(rows[n][0], rows[n][1]);
}

static void machine_and_accelerator_are_found(void **state)
{
	static const struct {
		const char *line, *machine, *accel;
	} rows[] = {
		{ "q -M virt,accel=kvm:tcg", "virt", "kvm" },
		{ "q -machine type=virt-9.0 -accel kvm,dirty-ring-size=4096",
		  "virt-9.0", "kvm" },
		{ "q -M gic-version=3,accel=tcg -M virt", "virt", "tcg" },
		{ "q -M virt -accel tcg -accel kvm", "virt", "tcg" },
		{ "q -M virt -enable-kvm", "virt", "kvm" },
		{ "/usr/libexec/qemu-kvm -M virt", "virt", "kvm" },
		{ "q", NULL, NULL },
	};
	struct qemu_args args;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		assert_true(parse(rows[n].line, &args));
		assert_int_equal(args.machine == NULL, rows[n].machine == NULL);
		assert_int_equal(args.accel == NULL, rows[n].accel == NULL);
		if (args.machine)
			assert_string_equal(args.machine, rows[n].machine);
		if (args.accel)
			assert_string_equal(args.accel, rows[n].accel);
		qemu_args_fini(&args);
	}
}

static void wrappers_are_stepped_over(void **state)
{
	struct qemu_args args;

	(void)state;
	assert_true(
		parse("taskset -c 2 /opt/qemu-system-aarch64 -m 1G", &args));
	assert_int_equal(args.program, 3);
	assert_int_equal(args.shape.count, 2);
	qemu_args_fini(&args);
	assert_true(parse("/opt/my-qemu -m 1G", &args));
	assert_int_equal(args.program, 0);
	qemu_args_fini(&args);
}

static void what_cannot_be_guessed_is_noticed(void **state)
{
	struct qemu_args args;

	(void)state;
	assert_true(parse(
		"q -device tpm-tis-device,tpmdev=t -device virtio-iommu-pci",
		&args));
	assert_string_equal(args.unseen, "-device tpm-tis-device");
	qemu_args_fini(&args);
	assert_true(parse(
		"q -readconfig c.cfg -incoming defer -M virt,dumpdtb=x,dtb=y -dtb z",
		&args));
	assert_string_equal(args.unseen, "-readconfig c.cfg");
	assert_true(args.incoming);
	assert_true(args.dumpdtb);
	assert_string_equal(args.dtb, "z");
	assert_false(args.firmware);
	qemu_args_fini(&args);
	assert_true(parse("q -drive if=pflash,file=f -M virt,acpi=off", &args));
	assert_true(args.firmware);
	assert_true(args.acpi_off);
	qemu_args_fini(&args);
}

static void properties_are_read_as_qemu_does(void **state)
{
	static const struct {
		const char *value, *key, *implied, *expected;
	} rows[] = {
		{ "virt,a=1,b=2", "b", NULL, "2" },
		{ "virt,a=1", "type", "type", "virt" },
		{ "a=1,virt", "type", "type", NULL },
		{ "type=x,a=1", "type", "type", "x" },
		{ "a=x,,y,b=1", "a", NULL, "x,y" },
		{ "a=1,a=2", "a", NULL, "2" },
		{ "ab=1", "a", NULL, NULL },
		{ "a=", "a", NULL, "" },
		{ "", "a", "a", NULL },
		{ "a,", "b", "b", "a" },
	};
	char *found;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_COUNT(rows); n++) {
		found = qemu_property(rows[n].value, rows[n].key,
				      rows[n].implied);
		assert_int_equal(found == NULL, rows[n].expected == NULL);
		if (found)
			assert_string_equal(found, rows[n].expected);
		free(found);
	}
}

static void dump_command_is_quiet(void **state)
{
	struct words words = { 0 };
	struct qemu_args args;

	(void)state;
	assert_true(parse("q -M virt -nographic", &args));
	assert_true(dump_command(&args, "/opt/q", "/t/dtb", &words));
	assert_string_equal(words.word[0], "/opt/q");
	assert_string_equal(words.word[words.count - 1], "dumpdtb=/t/dtb");
	assert_null(words.word[words.count]);
	assert_int_equal(words.count, 1 + 2 + 5 + 2);
	words_fini(&words);
	qemu_args_fini(&args);
}

static void *tree_make(bool firmware, bool optee)
{
	void *fdt = malloc(4096);

	assert_non_null(fdt);
	assert_int_equal(fdt_create(fdt, 4096), 0);
	assert_int_equal(fdt_finish_reservemap(fdt), 0);
	assert_int_equal(fdt_begin_node(fdt, ""), 0);
	if (firmware) {
		fdt_begin_node(fdt, "firmware");
		if (optee) {
			fdt_begin_node(fdt, "optee");
			fdt_property_string(fdt, "method", "hvc");
			fdt_property_string(fdt, "status", "disabled");
			fdt_end_node(fdt);
		}
		fdt_end_node(fdt);
	}
	fdt_begin_node(fdt, "keep");
	fdt_property_u32(fdt, "me", 42);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	assert_int_equal(fdt_finish(fdt), 0);
	return fdt;
}

static void property_is(const void *fdt, const char *name, const char *expected)
{
	int node = fdt_path_offset(fdt, TEEGATE_DT_PATH), bytes;
	const char *value =
		node < 0 ? NULL : fdt_getprop(fdt, node, name, &bytes);

	assert_true(node >= 0);
	if (!expected) {
		assert_null(value);
		return;
	}
	assert_non_null(value);
	assert_string_equal(value, expected);
}

static void the_node_is_added_or_corrected(void **state)
{
	size_t bytes, n;
	void *fdt, *out;

	(void)state;
	for (n = 0; n < 3; n++) {
		fdt = tree_make(n > 0, n > 1);
		assert_int_equal(dtb_add_optee(fdt, fdt_totalsize(fdt), -1,
					       &out, &bytes),
				 0);
		assert_int_equal(fdt_check_full(out, bytes), 0);
		property_is(out, "compatible", "linaro,optee-tz");
		property_is(out, "method", "smc");
		property_is(out, "status", NULL);
		assert_true(fdt_path_offset(out, "/keep") > 0);
		free(fdt);
		free(out);
	}
}

static void a_broken_tree_is_refused(void **state)
{
	char text[64] = "this is no device tree";
	void *fdt = tree_make(false, false), *out = NULL;
	size_t bytes;

	(void)state;
	assert_true(dtb_add_optee(text, sizeof(text), -1, &out, &bytes) < 0);
	assert_true(dtb_add_optee(text, 0, -1, &out, &bytes) < 0);
	assert_true(dtb_add_optee(fdt, fdt_totalsize(fdt) - 8, -1, &out,
				  &bytes) < 0);
	assert_null(out);
	free(fdt);
}

/*
 * A tree with a GIC and a device of which @spi is one of the interrupts.
 * @cells: how many name an interrupt.
 */
static void *tree_with_interrupts(uint32_t spi, uint32_t cells)
{
	const fdt32_t pair[] = { 0, cpu_to_fdt32(8),   cpu_to_fdt32(4),
				 0, cpu_to_fdt32(spi), cpu_to_fdt32(1) };
	void *fdt = malloc(4096);

	assert_non_null(fdt);
	assert_int_equal(fdt_create(fdt, 4096), 0);
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_property_u32(fdt, "interrupt-parent", 5);
	fdt_begin_node(fdt, "gic");
	fdt_property_u32(fdt, "phandle", 5);
	fdt_property_u32(fdt, "#interrupt-cells", cells);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "device");
	fdt_property_u32(fdt, "reg", 186);
	fdt_property(fdt, "interrupts", pair, sizeof(pair));
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	assert_int_equal(fdt_finish(fdt), 0);
	return fdt;
}

static int spi_free(uint32_t taken, uint32_t cells, int count)
{
	void *fdt = tree_with_interrupts(taken, cells);
	int spi = dtb_spi_free(fdt, fdt_totalsize(fdt), 187, count);

	free(fdt);
	return spi;
}

static void an_interrupt_that_is_in_use_is_not_taken(void **state)
{
	(void)state;
	assert_int_equal(spi_free(16, 3, 12), 187);
	assert_int_equal(spi_free(187, 3, 12), 186);
	assert_int_equal(spi_free(187, 3, 1), -FDT_ERR_NOTFOUND);
	/* Not as Arm's GIC names them. */
	assert_int_equal(spi_free(16, 2, 12), -FDT_ERR_NOTFOUND);
}

static void interrupts_of_no_gic_are_not_guessed(void **state)
{
	void *fdt = tree_make(false, false);

	(void)state;
	assert_int_equal(dtb_spi_free(fdt, fdt_totalsize(fdt), 187, 12),
			 -FDT_ERR_NOTFOUND);
	assert_true(dtb_spi_free(fdt, 8, 187, 12) < 0);
	free(fdt);
}

static void the_node_tells_of_the_interrupt(void **state)
{
	const fdt32_t expected[] = { 0, cpu_to_fdt32(187), cpu_to_fdt32(1) };
	void *fdt = tree_with_interrupts(16, 3), *out, *again;
	const void *value;
	size_t bytes;
	int node, got;

	(void)state;
	assert_int_equal(
		dtb_add_optee(fdt, fdt_totalsize(fdt), 187, &out, &bytes), 0);
	node = fdt_path_offset(out, TEEGATE_DT_PATH);
	value = fdt_getprop(out, node, "interrupts", &got);
	assert_non_null(value);
	assert_int_equal(got, sizeof(expected));
	assert_memory_equal(value, expected, sizeof(expected));
	/* One that is there without a meaning goes. */
	assert_int_equal(dtb_add_optee(out, bytes, -1, &again, &bytes), 0);
	node = fdt_path_offset(again, TEEGATE_DT_PATH);
	assert_true(node >= 0);
	assert_null(fdt_getprop(again, node, "interrupts", &got));
	free(fdt);
	free(out);
	free(again);
}

static void numbers_and_sizes(void **state)
{
	uint64_t bytes = 0;
	uint32_t count = 0;

	(void)state;
	assert_true(cli_size_parse("64M", &bytes) && bytes == 64u << 20);
	assert_true(cli_size_parse("4096", &bytes) && bytes == 4096);
	assert_true(cli_size_parse("16T", &bytes) && bytes == 16ull << 40);
	assert_false(cli_size_parse("64MB", &bytes));
	assert_false(cli_size_parse("-1", &bytes));
	assert_false(cli_size_parse("", &bytes));
	assert_false(cli_size_parse("18446744073709551615K", &bytes));
	assert_true(cli_count_parse("4294967295", &count) &&
		    count == UINT32_MAX);
	assert_false(cli_count_parse("4294967296", &count));
	assert_false(cli_count_parse("4x", &count));
}

static char *written(void (*write)(FILE *out))
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	write(out);
	fclose(out);
	return text;
}

static void write_completion(FILE *out)
{
	cli_completion_bash(cli_commands, out);
}

static void write_help(FILE *out)
{
	cli_command_help(&cmd_run, out);
}

static void help_and_completion_name_every_option(void **state)
{
	const struct cli_command *const *command;
	const struct cli_option *option;
	char *completion = written(write_completion),
	     *help = written(write_help);
	char name[64];

	(void)state;
	for (command = cli_commands; *command; command++) {
		assert_non_null((*command)->summary);
		snprintf(name, sizeof(name), "\t\t%s)", (*command)->name);
		assert_non_null(strstr(completion, name));
		for (option = (*command)->options; option && option->name;
		     option++) {
			snprintf(name, sizeof(name), "--%s", option->name);
			assert_non_null(strstr(completion, name));
			if (*command == &cmd_run)
				assert_non_null(strstr(help, name));
			assert_non_null(option->help);
		}
	}
	free(completion);
	free(help);
}

static void options_fit_the_parser(void **state)
{
	const struct cli_command *const *command;
	const struct cli_option *option;
	size_t count;

	(void)state;
	for (command = cli_commands; *command; command++) {
		count = 0;
		for (option = (*command)->options; option && option->name;
		     option++)
			count++;
		assert_true(count <= CLI_OPTIONS_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_shapes_the_machine_is_kept),
		cmocka_unit_test(machine_and_accelerator_are_found),
		cmocka_unit_test(wrappers_are_stepped_over),
		cmocka_unit_test(what_cannot_be_guessed_is_noticed),
		cmocka_unit_test(properties_are_read_as_qemu_does),
		cmocka_unit_test(dump_command_is_quiet),
		cmocka_unit_test(the_node_is_added_or_corrected),
		cmocka_unit_test(a_broken_tree_is_refused),
		cmocka_unit_test(an_interrupt_that_is_in_use_is_not_taken),
		cmocka_unit_test(interrupts_of_no_gic_are_not_guessed),
		cmocka_unit_test(the_node_tells_of_the_interrupt),
		cmocka_unit_test(numbers_and_sizes),
		cmocka_unit_test(help_and_completion_name_every_option),
		cmocka_unit_test(options_fit_the_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
