# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What an ordinary client of the storage TA or of the test PTA can make an unpatched OP-TEE panic with (docs/optee-guests.md), on the host
# as VM 1. Arguments choose among storage_client_test's tests: a panic hides what would follow it.
# shellcheck source=lab/scenarios/lib.sh
. /lab/board/lib.sh
need_file /lab/modules/teegate.ko
need_file /lab/bin/storage_client_test

[ $# -gt 0 ] || set -- enumerator overwrite empty large
load_host_tee
for test in "$@"; do expect "$test" /lab/bin/storage_client_test "$test"; done
expect "the modules unload" unload_host_tee
