/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints teegate:*, one for each event that the core tells of. Numbers of
 * the protocol only: no addresses of the host, no message contents.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM teegate

#if !defined(TEEGATE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TEEGATE_TRACE_H

#include <linux/tracepoint.h>

/* What was asked and what was answered; @value is x3 or x0. */
/* clang-format off */
DECLARE_EVENT_CLASS(teegate_smc,
	TP_PROTO(u16 vm, u32 function, u64 value),
	TP_ARGS(vm, function, value),
	TP_STRUCT__entry(
		__field(u16, vm)
		__field(u32, function)
		__field(u64, value)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->function = function;
		__entry->value = value;
	),
	TP_printk("vm=%u function=0x%08x value=0x%llx", __entry->vm,
		  __entry->function, __entry->value)
);

DEFINE_EVENT(teegate_smc, smc_in,
	TP_PROTO(u16 vm, u32 function, u64 value),
	TP_ARGS(vm, function, value));

DEFINE_EVENT(teegate_smc, smc_out,
	TP_PROTO(u16 vm, u32 function, u64 value),
	TP_ARGS(vm, function, value));

DEFINE_EVENT(teegate_smc, tee_in,
	TP_PROTO(u16 vm, u32 function, u64 value),
	TP_ARGS(vm, function, value));

DEFINE_EVENT(teegate_smc, tee_out,
	TP_PROTO(u16 vm, u32 function, u64 value),
	TP_ARGS(vm, function, value));

TRACE_EVENT(rpc,
	TP_PROTO(u16 vm, u32 command, u32 params),
	TP_ARGS(vm, command, params),
	TP_STRUCT__entry(
		__field(u16, vm)
		__field(u32, command)
		__field(u32, params)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->command = command;
		__entry->params = params;
	),
	TP_printk("vm=%u command=%u params=%u", __entry->vm, __entry->command,
		  __entry->params)
);

TRACE_EVENT(refused,
	TP_PROTO(u16 vm, const char *reason, u64 about),
	TP_ARGS(vm, reason, about),
	TP_STRUCT__entry(
		__field(u16, vm)
		__array(char, reason, 24)
		__field(u64, about)
	),
	TP_fast_assign(
		__entry->vm = vm;
		strscpy(__entry->reason, reason, sizeof(__entry->reason));
		__entry->about = about;
	),
	TP_printk("vm=%u reason=%s about=0x%llx", __entry->vm, __entry->reason,
		  __entry->about)
);

/* A guest's interrupt for @values, a bit each. */
TRACE_EVENT(notif,
	TP_PROTO(u16 vm, u64 values),
	TP_ARGS(vm, values),
	TP_STRUCT__entry(
		__field(u16, vm)
		__field(u64, values)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->values = values;
	),
	TP_printk("vm=%u values=0x%llx", __entry->vm, __entry->values)
);

TRACE_EVENT(partition,
	TP_PROTO(u16 vm, const char *what),
	TP_ARGS(vm, what),
	TP_STRUCT__entry(
		__field(u16, vm)
		__array(char, what, 16)
	),
	TP_fast_assign(
		__entry->vm = vm;
		strscpy(__entry->what, what, sizeof(__entry->what));
	),
	TP_printk("vm=%u %s", __entry->vm, __entry->what)
);

/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
