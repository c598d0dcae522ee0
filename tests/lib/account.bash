# A person's account, and a relay that takes its time (tests/lib/slow-relay). A test file says: load
# lib/account, works in a folder of its own with home below it, and calls slow_stop at the end.

# configure LINE...: the account, with the relay at relay_port.
configure() {
	mkdir -p home/.config/pennypost
	printf '%s\n' 'account work' 'host 127.0.0.1' "port ${relay_port-1}" 'from ann@example.org' \
		'syslog off' 'runner off' 'tls off' "$@" >home/.config/pennypost/config
}

# slow STEP [RATE]: starts the relay, and makes the account for it.
slow() {
	slow_stop
	rm -f port go at-*
	"$ROOT/tests/lib/slow-relay" "$@" >port 3>&- &
	slow_pid=$!
	within 10 test -s port
	relay_port=$(cat port)
	configure
}

# slow_stop: ends it, whatever it waits for.
slow_stop() {
	touch go
	[ -z "${slow_pid-}" ] || { kill "$slow_pid" && wait "$slow_pid"; } 2>/dev/null || :
	slow_pid=
}
