# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The initial RAM disks, under build/lab/initrd: "host-KERNEL" mounts the board's 9p root, "guest-KERNEL" is a whole
# guest with xtest, tee-supplicant and the TAs. Uncompressed: unpacking costs an emulated CPU more than reading
# does. What they do once booted is in lab/board/.

# shellcheck source=lab/kernels.sh
. "$(dirname "${BASH_SOURCE[0]}")/kernels.sh"

INITRD=$LAB_OUT/initrd
HOST_INITRD_MODULES="9pnet_virtio 9p overlay"
GUEST_INITRD_MODULES="optee"
GUEST_PROGRAMS="usr/bin/xtest usr/sbin/tee-supplicant"

# initrd_modules KERNEL DIR MODULE...: put modules into DIR as 00-NAME.ko, 01-…, in the order in which they load.
initrd_modules()
{
	local kernel=$1 dir=$2 n=0 m file
	shift 2
	mkdir -p "$dir"
	for m in "$@"; do
		"$LAB_TOP/lab/cross" modprobe --show-depends -d "$KERNELS/$kernel/root" -S "$(kernel_release "$kernel")" "$m" |
			sed -n 's/^insmod \([^ ]*\).*/\1/p'
	done | awk '!seen[$0]++' | while read -r file; do
		m=$(basename "$file")
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -dc "$file" ;;
		*) cat "$file" ;;
		esac >"$dir/$(printf '%02d' "$n")-${m%%.ko*}.ko"
		n=$((n + 1))
	done
}

# initrd_program DIR FILE: copy a program of the host tree with the shared libraries that it names, and theirs.
initrd_program()
{
	local dir=$1 file=$2 lib path
	[ ! -e "$dir/$file" ] || return 0
	mkdir -p "$dir/$(dirname "$file")"
	cp -L "$TREES/host/$file" "$dir/$file"
	"$LAB_TOP/lab/cross" aarch64-linux-gnu-readelf -d "$dir/$file" |
		sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r lib; do
		path=usr/lib/aarch64-linux-gnu/$lib
		[ -e "$TREES/host/$path" ] || path=usr/lib/$lib
		initrd_program "$dir" "$path"
	done
}

initrd_skeleton()
{
	local dir=$1
	rm -rf "$dir"
	mkdir -p "$dir"/{proc,sys,dev,run,tmp,root,etc,mnt,usr/bin,usr/sbin,usr/lib}
	ln -s usr/bin "$dir/bin"
	ln -s usr/sbin "$dir/sbin"
	ln -s usr/lib "$dir/lib"
	cp "$TREES/host/usr/bin/busybox" "$dir/usr/bin/busybox"
	ln -s busybox "$dir/usr/bin/sh"
}

initrd_pack()
{
	local dir=$1 out=$2
	(cd "$dir" && find . -print | LC_ALL=C sort |
		"$LAB_TOP/lab/cross" cpio -o -H newc --quiet --reproducible --owner 0:0) >"$out.new"
	rm -rf "$dir"
	mv "$out.new" "$out"
}

initrd_host_build()
{
	local kernel=$1 dir=$INITRD/host-$1.dir
	initrd_skeleton "$dir"
	# shellcheck disable=SC2086  # a list
	initrd_modules "$kernel" "$dir/modules" $HOST_INITRD_MODULES
	install -m 755 "$LAB_TOP/lab/board/initrd-init.sh" "$dir/init"
	initrd_pack "$dir" "$INITRD/host-$kernel"
}

initrd_guest_build()
{
	local kernel=$1 dir=$INITRD/guest-$1.dir p
	initrd_skeleton "$dir"
	# The small kernel has all that it needs built in, the patched one all but this.
	# shellcheck disable=SC2086  # a list
	[ "$kernel" = small ] || initrd_modules "$kernel" "$dir/modules" $GUEST_INITRD_MODULES
	for p in $GUEST_PROGRAMS; do initrd_program "$dir" "$p"; done
	cp "$TREES/host/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" "$dir/usr/lib/"
	mkdir -p "$dir/usr/lib/tee-supplicant" "$dir/var/lib/tee"
	cp -r "$TREES/host/usr/lib/optee_armtz" "$dir/usr/lib/"
	find "$TREES/host/usr/lib" -path '*tee-supplicant/plugins' -exec cp -r {} "$dir/usr/lib/tee-supplicant/" \;
	cp "$TREES/host/etc/passwd" "$TREES/host/etc/group" "$TREES/host/etc/hosts" "$dir/etc/"
	install -m 755 "$LAB_TOP/lab/board/guest-init.sh" "$dir/init"
	initrd_pack "$dir" "$INITRD/guest-$kernel"
}

# initrd_need host|guest KERNEL
initrd_need()
{
	local kind=$1 kernel=$2 key script=guest-init.sh
	[ "$kind" = guest ] || script=initrd-init.sh
	mkdir -p "$INITRD"
	key=$(step_key "$INITRD $HOST_INITRD_MODULES $GUEST_INITRD_MODULES $GUEST_PROGRAMS" "initrd_${kind}_build" \
		initrd_modules initrd_program initrd_skeleton initrd_pack; sha256sum <"$LAB_TOP/lab/board/$script"
		cat "$LAB_OUT/stamps/tree-host" "$LAB_OUT/stamps/kernel-$kernel")
	lab_step "initrd-$kind-$kernel" "initial RAM disk ($kind, $kernel)" "$(sha256sum <<<"$key")" \
		"initrd_${kind}_build" "$kernel"
}
