#!/usr/bin/env bats
# Every transcript in tests/transcripts, by area: what the name begins with. tests/peer plays them.

load lib/common

# play AREA
play() {
	run "$ROOT/tests/peer" -p "$PENNYPOST" "$ROOT"/tests/transcripts/"$1"-*.txt
	printf '%s\n' "$output" | grep -v '^ok ' || :
	[ "$status" -eq 0 ]
}

@test "every transcript belongs to an area that is played" {
	cd "$ROOT/tests/transcripts"
	for file in *.txt; do
		grep -q "^	play ${file%%-*}\$" "$BATS_TEST_FILENAME"
	done
}

@test "transcripts: whole sessions" {
	play session
}

@test "transcripts: the greeting" {
	play greeting
}

@test "transcripts: EHLO and HELO" {
	play ehlo
}

@test "transcripts: MAIL" {
	play mail
}

@test "transcripts: what a sender wishes" {
	play wish
}

@test "transcripts: RCPT" {
	play rcpt
}

@test "transcripts: DATA and the message on its way" {
	play data
}

@test "transcripts: the reply to the end of data" {
	play verdict
}

@test "transcripts: QUIT" {
	play quit
}

@test "transcripts: messages of all forms" {
	play message
}

@test "transcripts: arguments that must not become commands" {
	play argument
}

@test "transcripts: connecting" {
	play connect
}

@test "transcripts: modes that send nothing" {
	play mode
}

@test "transcripts: TLS" {
	play tls
}

@test "transcripts: AUTH" {
	play auth
}

@test "transcripts: LMTP" {
	play lmtp
}

@test "transcripts: several messages" {
	play batch
}

@test "transcripts: messages in chunks" {
	play bdat
}

@test "transcripts: flights" {
	play flight
}

@test "transcripts: limits" {
	play limits
}

@test "transcripts: several messages on a connection" {
	play batch
}

@test "transcripts: binary parts" {
	play binary
}

@test "transcripts: what is queued" {
	play queue
}

@test "transcripts: what is handed over by -bs" {
	play serve
}
