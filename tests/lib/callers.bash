# What the tests of real callers share: programs unpacked into build/, run where /usr/sbin/sendmail is
# ours, and what came of it at tests/relay, which demands TLS and AUTH. Load it behind lib/common.

# unpacked LAYER PACKAGE...: for setup_file(): the packages in build/LAYER, from which in_world() takes
# them; does nothing where there is no world.
unpacked() {
	export SHARE=$BATS_FILE_TMPDIR/share
	mkdir -p "$SHARE"
	have_world >/dev/null || return 0
	local layer=$1
	shift
	"$ROOT/tests/lib/unpack" "$ROOT/build/$layer" "$@"
	[ -d "$SHARE/ca" ] || "$ROOT/tests/lib/ca" "$SHARE/ca"
}

# caller_setup LAYER: a home, a relay and a configuration for the test; programs come from LAYER.
caller_setup() {
	layer=$1
	need_world
	home=$SHARE/$BATS_TEST_NUMBER
	mkdir -p "$home/.config/pennypost"
	cd "$home"
	relay_start relay --starttls --cert "$SHARE/ca/server.pem" --key "$SHARE/ca/server.key" \
		--auth 'ann:a secret' --refuse nobody@example.net
	cat >.config/pennypost/config <<-END
		account default
		host 127.0.0.1
		port $relay_port
		from ann@example.org
		from_full_name "Ann of the Account"
		tls on
		tls_trust_file $SHARE/ca/ca.pem
		auth on
		user ann
		password "a secret"
		syslog off
		queue off
	END
	chmod 600 .config/pennypost/config
	printf '%s\n' 'A first line.' '.' '..two dots' 'From here on: Grüße ✓' '' 'The end.' >body
}

# in_world COMMAND...: runs it where sendmail is ours; the working directory is the test's own.
in_world() {
	run "$ROOT/tests/lib/world" "$SHARE" "$ROOT/build/$layer" -- env -i PATH=/usr/sbin:/usr/bin \
		HOME="$home" USER=root LOGNAME=root LC_ALL=C.UTF-8 TERM=dumb /bin/bash -c '
			for path in /usr/sbin/sendmail /usr/lib/sendmail; do
				rm -f "$path"
				ln -s "$0" "$path"
			done
			# s-nail believes the passwd entry, not HOME.
			sed -i "/^root:/s,:/root:,:$HOME:," /etc/passwd
			cd "$HOME" && exec "$@"' "$PENNYPOST" "$@"
	echo "$output"
}

# sent SENDER RECIPIENT...: one message arrived, with just this envelope; sets head and body.
sent() {
	[ -f relay/1.message ]
	[ ! -e relay/2.message ]
	envelope_is 1 "$@"
	read_message 1
}

# envelope_is NUMBER SENDER RECIPIENT...
envelope_is() {
	local number=$1
	cat "relay/$number.envelope"
	grep -qx "from: <$2>" "relay/$number.envelope"
	shift 2
	diff <(grep '^to:' "relay/$number.envelope" | sort) \
		<(printf 'to: <%s>\n' "$@" | sort)
}

# read_message NUMBER: its unfolded header in the file head, its body in the file arrived.
read_message() {
	tr -d '\r' <"relay/$1.message" >plain
	sed '/^$/,$d' plain | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]/ /g' >head
	sed '1,/^$/d' plain >arrived
	cat head
}

# has FIELD: the header has it once, exactly so; "has" compares case of names, too.
has() {
	[ "$(grep -cxF -e "$1" head)" -eq 1 ]
}

# lacks NAME
lacks() {
	! grep -qi "^$1:" head
}

# decoded FILE: quoted-printable or base64 undone as the header says.
decoded() {
	case $(grep -i '^content-transfer-encoding:' head) in
	*quoted-printable*) python3 -c 'import quopri, sys
sys.stdout.buffer.write(quopri.decodestring(sys.stdin.buffer.read()))' <"$1" ;;
	*base64*) base64 -d <"$1" ;;
	*) cat "$1" ;;
	esac
}

complete() {
	grep -qi '^date: ' head
	grep -qi '^message-id: <.*@.*>$' head
}
