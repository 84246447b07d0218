# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A KVM that hands guests' calls to teegate.ko (docs/routing.md), whatever board: the "patched" kernel has the series in
# it; another gets it by modules (make route), into the running kernel and until it restarts. lib.sh comes first.

route_is_builtin() { [ "$BOARD_KERNEL" = patched ]; }

# What the series' modules lack, a word each; nothing if all are here.
route_missing()
{
	local f
	route_is_builtin || for f in teegate.ko optee.ko route_shim.ko smccc_route_test.ko; do
		[ -e /lab/modules/route/$f ] || printf '%s ' $f
	done
}

route_is_here() { [ -z "$(route_missing)" ]; }

route_need() { route_is_here || skip "the kernel series has not been built (make route): no $(route_missing)"; }

# From here on teegate.ko and OP-TEE's driver are those for the series.
route_modules_take()
{
	# shellcheck disable=SC2034  # lib.sh's
	route_is_builtin || TEEGATE_KO=/lab/modules/route/teegate.ko OPTEE_KO=/lab/modules/route/optee.ko
}

route_into_kernel() { route_is_builtin || expect "the series gets into the kernel" insmod /lab/modules/route/route_shim.ko; }

route_test_handler_load()
{
	if route_is_builtin; then modprobe smccc_route_test; else insmod /lab/modules/route/smccc_route_test.ko; fi
}

# VMs that start from now on come by KVM alone (1), or by their VMM (0).
route_offer() { echo "$1" >/sys/module/teegate/parameters/route; }
