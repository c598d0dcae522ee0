# What the scripts share that run servers inside a world (tests/lib/world).

# free_ports COUNT: as many ports of loopback that nothing listens on, below those that the system
# gives away meanwhile.
free_ports() {
	python3 -c '
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    try:
        held.append(socket.create_server(("127.0.0.1", random.randrange(10000, 32768))))
    except OSError:
        pass
print(*(s.getsockname()[1] for s in held))' "$1"
}

# users NAME...: users of a world, from 61001 on, each with its group; and names from files alone.
users() {
	local id=61000
	for user in "$@"; do
		id=$((id + 1))
		echo "$user:x:$id:$id::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
		echo "$user:x:$id:" >>/etc/group
	done
	sed -i '/^\(passwd\|group\|shadow\|hosts\):/d' /etc/nsswitch.conf 2>/dev/null || :
	printf '%s: files\n' passwd group hosts >>/etc/nsswitch.conf
	echo '127.0.0.1 localhost' >/etc/hosts
}

# boxes SHARE: the Maildirs of ann, bob, carol and bøb, for user vmail.
boxes() {
	chmod 711 "$1"
	mkdir -p "$1/mail"/{ann,bob,carol,bøb}
	chown -R vmail:vmail "$1/mail"
}

# announce SHARE NAME...: when something listens on the port in each variable NAME, writes these to
# SHARE/ports; then waits for SHARE/stop. Half an hour is for the tests that forgot to.
announce() {
	local share=$1 name tries
	shift
	for name in "$@"; do
		for ((tries = 0; tries < 100; tries++)); do
			(: </dev/tcp/127.0.0.1/"${!name}") 2>/dev/null && break
			sleep 0.1
		done
	done
	declare -p "$@" | sed 's/^declare -- //' >"$share/ports.new"
	mv "$share/ports.new" "$share/ports"
	until [ -e "$share/stop" ] || [ ! -e "$share/ports" ] || [ "$SECONDS" -gt 1800 ]; do
		sleep 0.2
	done
}
