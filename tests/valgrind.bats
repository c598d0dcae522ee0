#!/usr/bin/env bats
# The built program under valgrind: no error and no leak of its own on the usual ways through it.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	command -v valgrind >/dev/null || skip 'valgrind is not installed'
	case $(meson introspect --buildoptions "$PENNYPOST_BUILD" 2>/dev/null) in
	*'"value": "address'*) skip 'a build with sanitizers cannot run under valgrind' ;;
	esac
	printf 'To: ann@example.org, bob@example.org\nBcc: eve@example.org\nSubject: gr\303\274n\n\nhello\n' >message
}

teardown() {
	relay_stop
}

# clean STATUS COMMAND...: COMMAND ends with STATUS, and valgrind has nothing to say.
clean() {
	run "-$1" valgrind --quiet --leak-check=full --show-leak-kinds=definite \
		--errors-for-leak-kinds=definite --error-exitcode=99 "${@:2}"
}

@test "valgrind: a message in clear, one recipient refused" {
	relay_start relay --plain --auth joe:secret --refuse bob@example.org
	printf '%s\n' 'host 127.0.0.1' "port $relay_port" 'tls off' 'user joe' 'password secret' \
		'from joe@example.org' 'syslog off' 'queue off' >config
	chmod 600 config
	clean 67 "$PENNYPOST" -C config -t <message
}

@test "valgrind: STARTTLS, AUTH CRAM-MD5" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth joe:secret
	printf '%s\n' "relay submission://joe@127.0.0.1:$relay_port" "tls_trust_file $PWD/ca/ca.pem" \
		'auth cram-md5' 'passwordeval echo secret' 'from joe@example.org' 'syslog off' 'queue off' >config
	chmod 600 config
	clean 0 "$PENNYPOST" -C config -t -v <message
}

@test "valgrind: errors of the command line, the configuration and the message" {
	clean 64 "$PENNYPOST" --nonsense
	printf 'host\n' >config
	chmod 600 config
	clean 78 "$PENNYPOST" -C config -t <message
	printf 'To: a@b@c\n\nhello\n' >message
	clean 65 "$PENNYPOST" --host 127.0.0.1 -t --dry-run <message
}
