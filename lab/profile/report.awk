# SPDX-License-Identifier: BSD-2-Clause
#
# Where the instructions of one operation went: from symbols-host (and, of a guest, symbols-guest) and a file of
# plugin.c, in this order, a table by who ran them and the dearest functions. -v route= and row= are its title, -v top=
# how many functions. Addresses are compared without their upper 16 bits, which awk's numbers have no room for; the
# kernel's have "ffff" there.

function hex(s, n, i)
{
	n = 0
	s = substr(s, length(s) - 11)
	for (i = 1; i <= length(s); i++)
		n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return n
}

BEGIN {
	# TF-A and OP-TEE on QEMU's board: the secure RAM, and where in it OP-TEE begins.
	SECURE = hex("00000e000000"); SECURE_BYTES = hex("000001000000"); OPTEE = hex("00000e100000")
	# Programs that are linked statically are down here; QEMU is not.
	LOW = hex("000010000000")
	who[++whos] = "the client's program"
	who[++whos] = "the client's kernel"
	who[++whos] = "the client's OP-TEE driver"
	who[++whos] = "the host's kernel"
	who[++whos] = "KVM"
	who[++whos] = "teegate.ko"
	who[++whos] = "the VMM"
	who[++whos] = "TF-A"
	who[++whos] = "OP-TEE"
}

# One file after the other: each begins with line 1.
FNR == 1 { file++; is_profile = /^operations / }
is_profile && FNR == 1 { operations = $2; next }

# ADDRESS TYPE NAME [MODULE], sorted
!is_profile {
	side = FILENAME ~ /symbols-guest/ ? "guest" : "host"
	if ($3 ~ /^__pi_/)
		next
	n = ++symbols[side]
	address[side, n] = hex($1)
	name[side, n] = $3
	module[side, n] = $4
	if ($3 == "_stext") start[side] = hex($1)
	if ($3 == "_etext") end[side] = hex($1)
	next
}

{
	n++
	vaddr[n] = hex($1)
	kernel[n] = substr($1, 1, 4) == "ffff"
	haddr[n] = hex($2)
	count[n] = $3 * $4
}

# The last symbol at or before an address.
function symbol(side, at, low, high, middle)
{
	low = 1
	high = symbols[side]
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (address[side, middle] <= at)
			low = middle
		else
			high = middle - 1
	}
	return low
}

# Far away from every symbol: nothing of this kernel's.
function is_of(side, at, i)
{
	if (!symbols[side])
		return 0
	i = symbol(side, at)
	return at >= address[side, i] && at - address[side, i] < 131072
}

# Where QEMU has the host's kernel, and the secure RAM: both are found from addresses that are told apart already.
function anchors(i)
{
	for (i = 1; i <= n; i++) {
		if (!host_delta && kernel[i] && vaddr[i] >= start["host"] && vaddr[i] < end["host"])
			host_delta = haddr[i] - vaddr[i]
		if (!secure && !kernel[i] && vaddr[i] >= SECURE && vaddr[i] < OPTEE)
			secure = haddr[i] - vaddr[i] + SECURE
	}
}

function of_client(side, i)
{
	return module[side, i] == "[optee]" || module[side, i] == "[tee]" ? "the client's OP-TEE driver" : "the client's kernel"
}

function of_host(i)
{
	if (module["host", i] == "[teegate]" || module["host", i] == "[route_shim]")
		return "teegate.ko"
	# At EL2 without VHE; what KVM has beside that is known by its names.
	if (name["host", i] ~ /^(__kvm_nvhe_|kvm_|__kvm_|vgic_|kvm|vcpu_|handle_|fpsimd_kvm|__vcpu|__guest_|timer_|vgic|__vgic)/ ||
		name["host", i] ~ /(_vcpu|kvm)/)
		return "KVM"
	return "the host's kernel"
}

function add(which, what, count)
{
	by_who[which] += count
	by_function[which "\t" what] += count
}

function place(i, s, at)
{
	if (secure && haddr[i] >= secure && haddr[i] < secure + SECURE_BYTES) {
		at = haddr[i] - secure + SECURE
		return at < OPTEE ? "TF-A\t(all)" : "OP-TEE\t(all)"
	}
	if (kernel[i] && guest && vaddr[i] >= start["guest"] && vaddr[i] < end["guest"])
		return "the client's kernel\t" name["host", symbol("host", vaddr[i] - start["guest"] + start["host"])]
	if (kernel[i] && guest && is_of("guest", vaddr[i])) {
		s = symbol("guest", vaddr[i])
		return of_client("guest", s) "\t" name["guest", s]
	}
	at = vaddr[i]
	# Code at EL2 has other addresses, and is in the same memory.
	if (!kernel[i] && host_delta && haddr[i] - host_delta >= start["host"] && haddr[i] - host_delta < end["host"])
		at = haddr[i] - host_delta
	if ((kernel[i] || at != vaddr[i]) && is_of("host", at)) {
		s = symbol("host", at)
		return (guest ? of_host(s) : route == "host" ? of_client("host", s) : of_host(s)) "\t" name["host", s]
	}
	if (!kernel[i])
		return vaddr[i] < LOW || !guest ? "the client's program\t(all)" : "the VMM\t(all)"
	return "the host's kernel\t(no symbol)"
}

END {
	guest = symbols["guest"] > 0
	if (guest && end["guest"] - start["guest"] != end["host"] - start["host"]) {
		print "profile: the guest's kernel is not the host's, so its functions have no names here" >"/dev/stderr"
		exit 1
	}
	anchors()
	for (i = 1; i <= n; i++) {
		split(place(i), p, "\t")
		add(p[1], p[2], count[i])
		total += count[i]
	}
	printf "%s, %s: %d instructions an operation (the mean of %d)\n", route, row, total / operations, operations
	for (i = 1; i <= whos; i++)
		if (by_who[who[i]])
			printf "%10d  %s\n", by_who[who[i]] / operations, who[i]
	printf "the dearest functions:\n"
	for (;top > 0; top--) {
		best = ""
		for (f in by_function)
			if (best == "" || by_function[f] > by_function[best])
				best = f
		if (best == "")
			break
		split(best, p, "\t")
		printf "%10d  %-28s %s\n", by_function[best] / operations, p[1], p[2]
		delete by_function[best]
	}
}
