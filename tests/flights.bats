#!/usr/bin/env bats
# Flights against tests/relay, which counts the round trips of a session: how many there are, and
# that a message is the same in whatever form it travels.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	export SHARE=$BATS_FILE_TMPDIR
	"$ROOT/tests/lib/ca" "$SHARE/ca"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	printf '%s\n' 'From: ann@example.org' 'Date: Mon, 01 Jan 2024 00:00:00 +0000' \
		'Message-ID: <1@example.org>' 'Subject: hi' '' '.' '..' 'hello' >small
	certificate=(--cert "$SHARE/ca/server.pem" --key "$SHARE/ca/server.key")
}

teardown() {
	relay_stop
}

# configure WORD...: these words of configuration for a relay that was started.
configure() {
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $relay_port" 'from ann@example.org' \
		'syslog off' 'queue off' "tls_trust_file $SHARE/ca/ca.pem" "$@" >config
	chmod 600 config
}

# submit MESSAGE WORD...: sends it with these words of configuration.
submit() {
	local message=$1
	shift
	configure "$@"
	"$PENNYPOST" -C config "${to[@]-bob@example.org}" <"$message"
}

# turns FOLDER: the round trips of its last session.
turns() {
	sed -n 's/^-- \([0-9]*\) round trips$/\1/p' "$1/relay.log" | tail -n 1
}

# costs COUNT OPTION... -- WORD...: a small message costs so many round trips.
costs() {
	local count=$1 options=() folder
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	folder=$(mktemp -d relay.XXXXXX)
	relay_start "$folder" "${options[@]}"
	submit small "$@"
	within 5 grep -q 'round trips' "$folder/relay.log"
	relay_stop
	[ -f "$folder/1.message" ]
	echo "${options[*]}: $(turns "$folder") round trips, wanted $count"
	[ "$(turns "$folder")" -eq "$count" ]
}

@test "implicit TLS with AUTH: 3 round trips by BDAT, 4 by DATA" {
	local options=(--tls "${certificate[@]}" --auth ann:secret)
	local words=('tls on' 'tls_starttls off' 'user ann' 'password secret')
	costs 3 "${options[@]}" --chunking -- "${words[@]}"
	costs 4 "${options[@]}" -- "${words[@]}"
}

@test "STARTTLS with AUTH: 5 round trips by BDAT, 6 by DATA" {
	local options=(--starttls "${certificate[@]}" --auth ann:secret)
	local words=('tls on' 'user ann' 'password secret')
	costs 5 "${options[@]}" --chunking -- "${words[@]}"
	costs 6 "${options[@]}" -- "${words[@]}"
}

@test "in clear without AUTH: 3 round trips by BDAT, 4 by DATA" {
	costs 3 --chunking -- 'tls off'
	costs 4 -- 'tls off'
}

@test "many recipients cost no more" {
	to=()
	for n in {1..500}; do
		to+=("user$n@example.org")
	done
	costs 3 --chunking -- 'tls off'
	costs 4 -- 'tls off'
}

# batch_costs COUNT OPTION...: ten small messages over one session cost so many round trips.
batch_costs() {
	local count=$1 folder n
	shift
	folder=$(mktemp -d relay.XXXXXX)
	relay_start "$folder" "$@"
	configure 'tls off'
	for n in {1..10}; do
		cp small "$n.eml"
	done
	"$PENNYPOST" -C config --batch --to bob@example.org [0-9]*.eml
	within 5 grep -q 'round trips' "$folder/relay.log"
	relay_stop
	[ -f "$folder/10.message" ]
	echo "$*: $(turns "$folder") round trips, wanted $count"
	[ "$(turns "$folder")" -eq "$count" ]
}

@test "ten messages over one session: one round trip more for each, by BDAT and by DATA" {
	batch_costs 12 --chunking
	batch_costs 13
}

@test "a message is the same by DATA, in one chunk and in many" {
	local folder
	{ cat small; for n in {1..30000}; do printf '.line %d\n..\n\n' "$n"; done; printf 'end'; } >large
	relay_start data
	submit large 'tls off'
	relay_stop
	relay_start one --chunking
	submit large 'tls off' 'flight_size 1048576'
	relay_stop
	relay_start many --chunking
	submit large 'tls off'
	relay_stop
	relay_start careful --chunking
	submit large 'tls off' 'flight careful'
	relay_stop
	relay_start alone --chunking --no-pipelining
	submit large 'tls off'
	relay_stop
	[ "$(grep -c 'C: BDAT' one/relay.log)" -eq 1 ]
	[ "$(grep -c 'C: BDAT' many/relay.log)" -gt 2 ]
	run ! grep 'C: BDAT' careful/relay.log
	[ "$(grep -c 'C: BDAT' alone/relay.log)" -gt 2 ]
	sed 's/$/\r/' large >wanted
	printf '\n' >>wanted
	cmp wanted data/1.message
	for folder in one many careful alone; do
		cmp data/1.message "$folder/1.message"
	done
}

@test "a refused AUTH takes the flight with it, and nothing arrives" {
	relay_start relay --tls "${certificate[@]}" --auth ann:secret --chunking
	run -77 submit small 'tls on' 'tls_starttls off' 'user ann' 'password another'
	[[ $output == *'535 5.7.8'* ]]
	[ ! -e relay/1.message ]
	within 5 grep -q 'round trips' relay/relay.log
	[ "$(turns relay)" -eq 3 ]
}

@test "LMTP: each recipient has his own verdict" {
	relay_start relay --lmtp --chunking --refuse-late cat@example.org
	to=(ann@example.org bob@example.org cat@example.org)
	run -67 submit small 'protocol lmtp' 'tls off'
	[[ $output == *'cat@example.org> refused: 550 5.2.1'* ]]
	grep -qx 'to: <bob@example.org>' relay/1.envelope
	run ! grep -q cat relay/1.envelope
}

@test "more recipients than the relay takes at once, announced or not" {
	to=(a@example.org b@example.org c@example.org d@example.org e@example.org)
	relay_start said --chunking --rcptmax 2
	submit small 'tls off'
	relay_stop
	relay_start unsaid --chunking --room 2
	submit small 'tls off'
	relay_stop
	for folder in said unsaid; do
		[ -f "$folder/3.message" ]
		[ ! -e "$folder/4.message" ]
		[ "$(cat "$folder"/*.envelope | grep -c '^to:')" -eq 5 ]
	done
	[ "$(grep -c 'C: EHLO' said/relay.log)" -eq 1 ]
	[ "$(grep -c 'C: EHLO' unsaid/relay.log)" -eq 2 ]
}
