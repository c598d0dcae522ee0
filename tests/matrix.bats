#!/usr/bin/env bats
# Relays with good and bad certificates and manners (the table is in tests/lib/matrix): mail goes to
# exactly the good ones, and no other ever hears a word of the login.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	export WORLD=$BATS_FILE_TMPDIR/world TABLE=$BATS_FILE_TMPDIR/table
	"$ROOT/tests/lib/matrix" "$WORLD" >"$TABLE" 2>"$BATS_FILE_TMPDIR/errors" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	until grep -q '^end$' "$TABLE"; do
		kill -0 "$(cat "$BATS_FILE_TMPDIR/pid")" || { cat "$BATS_FILE_TMPDIR/errors"; return 1; }
		sleep 0.1
	done
	echo the-secret-of-ann >"$BATS_FILE_TMPDIR/password"
	chmod 600 "$BATS_FILE_TMPDIR/password"
	printf '%s\n' 'From: ann@example.test' 'Subject: to whom it may concern' '' 'hello' \
		>"$BATS_FILE_TMPDIR/message"
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/pid")"
}

setup() {
	export HOME=$BATS_TEST_TMPDIR
	unset XDG_STATE_HOME XDG_CONFIG_HOME
}

# meets NAME VERDICT URL OPTION...: sends to one of them; says what is wrong, if anything is.
meets() {
	local name=$1 verdict=$2 url=$3
	shift 3
	run --separate-stderr "$PENNYPOST" "--relay=$url" "$@" --queue=off \
		--syslog=off "--password-file=$BATS_FILE_TMPDIR/password" -f ann@example.test -- \
		bob@example.test <"$BATS_FILE_TMPDIR/message"
	local heard=no has=no
	grep -qaE 'AUTH|the-secret|dGhlLXNlY3JldC|RoZS1zZWNyZX|0aGUtc2VjcmV0' "$WORLD/$name/heard" 2>/dev/null &&
		heard=yes
	[ ! -e "$WORLD/$name/1.message" ] || has=yes
	case $verdict in
	good) [ "$status $heard $has" = '0 yes yes' ] ;;
	*) [ "$status" -ne 0 ] && [ "$heard $has" = 'no no' ] && [[ $stderr =~ $verdict ]] ;;
	esac || echo "$name, wanted $verdict: status $status, login $heard, mail $has: $stderr"
}

# group NAME LEAST: all rows of a group, of which there are so many at least.
group() {
	local group name verdict url options count=0 wrong=
	while IFS=$'\t' read -r group name verdict url options; do
		[ "$group" = "$1" ] || continue
		count=$((count + 1))
		# shellcheck disable=SC2086
		wrong+=$(meets "$name" "$verdict" "$url" $options)
	done <"$TABLE"
	echo "$count rows; $wrong"
	[ -z "$wrong" ]
	[ "$count" -ge "$2" ]
}

@test "names and addresses, wildcards" { group names 30; }
@test "dates" { group dates 5; }
@test "chains, CAs and their constraints" { group chains 25; }
@test "purposes and key usage" { group purposes 9; }
@test "algorithms and versions" { group strength 20; }
@test "revocation: lists, staples, must-staple" { group revocation 24; }
@test "pins and fingerprints" { group pins 10; }
@test "STARTTLS stripped, refused, injected; TLS cut short" { group manners 16; }
