# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The part of optee/check that is about RPMB keys: the series in optee/patches/rpmb/ applies and compiles patch by
# patch, and a build contains the commands of optee/pta/ that it was asked for and no others. That the commands work is
# the lab's business: scenario rpmb-pta. Sourced by optee/check.

OPTEE_RPMB_SCRATCH=$OPTEE_OUT/rpmb-scratch

# rpmb_object SOURCE OUT [ARGUMENT...]: compile the one file of OP-TEE's that the series changes.
rpmb_object()
{
	local source=$1 out=$2
	shift 2
	rm -rf "$out"
	optee_make "$source" "$out" CFG_RPMB_FS=y "$@" "$out/core/tee/tee_rpmb_fs.o"
}

# A branch of the code for each of these; the build is told of CFG_RPMB_PTA also where no patch has named it yet.
rpmb_prefixes_compile() # VERSION
{
	local dir=$OPTEE_RPMB_SCRATCH/source out=$OPTEE_RPMB_SCRATCH/out p
	rm -rf "$OPTEE_RPMB_SCRATCH"
	optee_unpack "$1" "$dir"
	# The last patch names our directory.
	cp -r "$OPTEE_PTA" "$dir/core/pta/rpmb_key"
	while read -r p; do
		echo "== ${p##*/}"
		optee_git_apply "$dir" "$p" || return 1
		rpmb_object "$dir" "$out" CFG_RPMB_PTA=y || return 1
		rpmb_object "$dir" "$out" CFG_RPMB_PTA=y CFG_RPMB_TESTKEY=y CFG_RPMB_WRITE_KEY=y || return 1
	done < <(optee_rpmb_series "$1")
	rpmb_object "$dir" "$out"
}

# Without the switches the file has no more to offer than before.
rpmb_off_by_default()
{
	local symbols
	symbols=$(rpmb_symbols "$OPTEE_RPMB_SCRATCH/out/core/tee/tee_rpmb_fs.o") || return 1
	grep -qx rpmb_fs_ops <<<"$symbols" && ! grep -qE '^tee_rpmb_(key_derive|key_source|get_dev_state)$' <<<"$symbols"
}

rpmb_symbols() { headers_cc aarch64-linux-gnu-nm "$1" | sed 's/.* //' | sort; }

# rpmb_refused VERSION MESSAGE [ARGUMENT...]: the build stops, and says why.
rpmb_refused()
{
	local source=$OPTEE_OUT/$1/rpmb-source out=$OPTEE_RPMB_SCRATCH/refused message=$2 log
	log=$LAB_LOGS/optee-rpmb-refused.log
	shift 2
	rm -rf "$out"
	! optee_make "$source" "$out" "$@" "$out/core/tee-pager_v2.bin" >"$log" 2>&1 && grep -qF "$message" "$log"
}

# The list is complete before it is searched: "nm | grep -q" fails now and then where the name is there, since nm is cut off.
rpmb_has() # VERSION VARIANT SYMBOL
{
	local symbols
	symbols=$(rpmb_symbols "$OPTEE_OUT/$1/$2/core/tee.elf") || return 2
	grep -qx "$3" <<<"$symbols"
}

rpmb_has_not()
{
	local rc=0
	rpmb_has "$@" || rc=$?
	[ "$rc" -eq 1 ]
}

# The file's name is in the debugging information of whatever was made of it.
rpmb_names() { grep -qaF rpmb_key_clear "$OPTEE_OUT/$1/$2/core/tee.elf"; }
rpmb_names_not() { [ -r "$OPTEE_OUT/$1/$2/core/tee.elf" ] && ! rpmb_names "$@"; }

check_rpmb_contents() # VERSION
{
	local v=$1 f
	judge "optee-os $v: rpmb-dev builds" optee_variant_need "$v" rpmb-dev || return 0
	judge "optee-os $v: rpmb-prod builds, with CFG_INSECURE=n" optee_variant_need "$v" rpmb-prod || return 0
	for f in rpmb_key_verify rpmb_key_get_sealed rpmb_hpke_seal; do
		judge "optee-os $v: $f is in rpmb-prod" rpmb_has "$v" rpmb-prod $f || true
	done
	judge "optee-os $v: GET_KEY is in rpmb-dev" rpmb_has "$v" rpmb-dev rpmb_key_get_clear || true
	judge "optee-os $v: no symbol of GET_KEY is in rpmb-prod" rpmb_has_not "$v" rpmb-prod rpmb_key_get_clear || true
	judge "optee-os $v: GET_KEY's file left its name in rpmb-dev" rpmb_names "$v" rpmb-dev || true
	judge "optee-os $v: GET_KEY's file left no name in rpmb-prod" rpmb_names_not "$v" rpmb-prod || true
}

check_rpmb_refusals() # VERSION
{
	local v=$1 fs=CFG_RPMB_FS=y
	judge "optee-os $v: a build with GET_KEY and CFG_INSECURE=n stops" \
		rpmb_refused "$v" "CFG_RPMB_KEY_PTA requires CFG_INSECURE=y" $fs CFG_RPMB_KEY_PTA=y CFG_INSECURE=n || true
	judge "optee-os $v: a build with the PTA and no RPMB file system stops" \
		rpmb_refused "$v" "CFG_RPMB_FS is set to 'n'" CFG_RPMB_PTA=y || true
	judge "optee-os $v: a build with a command and CFG_RPMB_PTA=n stops" \
		rpmb_refused "$v" "CFG_RPMB_PTA is set to 'n'" $fs CFG_RPMB_PTA=n CFG_RPMB_PTA_VERIFY_KEY=y || true
	judge "optee-os $v: a build with sealing and no public key stops" \
		rpmb_refused "$v" "requires CFG_RPMB_SEAL_PUBKEY" $fs CFG_RPMB_PTA_SEALED=y || true
	judge "optee-os $v: a build with 63 digits of a public key stops" \
		rpmb_refused "$v" "requires CFG_RPMB_SEAL_PUBKEY" $fs CFG_RPMB_PTA_SEALED=y \
		"CFG_RPMB_SEAL_PUBKEY=${OPTEE_SEAL_PUBKEY%?}" || true
}

check_rpmb() # VERSION
{
	local version=$1 rc=0 what
	optee_source_need "$version" || rc=$?
	if [ $rc -ne 0 ]; then
		for what in "applies to Debian's source" "compiles patch by patch" "leaves GET_KEY out of production builds"; do
			skipped "optee-os $version: the RPMB series $what ($(optee_why "$version"))"
		done
		return 0
	fi
	judge "optee-os $version: the RPMB series applies to Debian's source" optee_rpmb_tree_need "$version" || return 0
	optee_dev_need
	judge "optee-os $version: the RPMB series compiles patch by patch" \
		ui_run "optee-rpmb-prefixes-$version" "optee-os $version: the RPMB series, patch by patch" rpmb_prefixes_compile "$version" || true
	judge "optee-os $version: the RPMB series adds nothing to a build that does not ask" rpmb_off_by_default || true
	judge "optee-os $version: the RPMB series applies on top of the one for headers" optee_all_tree_need "$version" || true
	check_rpmb_refusals "$version"
	check_rpmb_contents "$version"
	rm -rf "$OPTEE_RPMB_SCRATCH"
}
