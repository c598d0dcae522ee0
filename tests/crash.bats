#!/usr/bin/env bats
# kill -9 and power cuts at every system call: tests/crash/run. First a small sendmail with known
# faults, which it must find.

load lib/common

# sample BUG SCENARIO...: what it says of the sample.
sample() {
	local bug=$1
	shift
	export SAMPLE_BUG=$bug PENNYPOST=$ROOT/tests/crash/sample
	run "$ROOT/tests/crash/run" --most 2 "$@"
}

# catches BUG SCENARIO TEXT
catches() {
	sample "$1" "$2"
	[ "$status" -eq 1 ]
	[[ $output == *"not ok $2"* ]]
	[[ $output == *"$3"* ]]
}

@test "a queue without faults passes" {
	sample '' queue down pass-two
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "folders that were not synced, files and names that were not, are caught" {
	catches parents queue 'm1 for good@example.net is lost'
	catches file queue 'data durable'
	catches directory queue 'm1 for good@example.net is lost'
}

@test "success before it is true is caught" {
	catches exit queue 'm1 for good@example.net is lost'
}

@test "a message that is removed before its verdict is caught" {
	catches early pass 'm1 for good@example.net is lost'
}

@test "a missing mark, and a removal that is not durable, are caught" {
	catches mark pass 'no entry was marked'
	catches mark pass 'sent again within ten minutes'
	catches unlink pass 'came twice, though its verdict was known'
}

# everywhere OPTION... SCENARIO...: pennypost, killed at every call of them.
everywhere() {
	unset PENNYPOST
	"$ROOT/tests/crash/run" --most 3 "$@"
}

@test "a submission that is queued" {
	everywhere queue queue-big
	everywhere --way names --way 'no /proc' queue
}

@test "a submission that is queued and sent behind" {
	everywhere background background-mixed
	everywhere --way 'O_TMPFILE, one process' background
}

@test "a submission whose relay is down, puts it off, or is lost" {
	everywhere down defer mixed lost
}

@test "a pass over the queue" {
	everywhere pass pass-two pass-mixed
	everywhere --way 'O_TMPFILE, one process' pass-two
}

@test "a pass over the queue, with reports and deferred recipients" {
	everywhere pass-two-mixed pass-ride
	everywhere --way names pass-mixed
}

@test "a pass over the queue whose relay is down, or is lost" {
	everywhere pass-down pass-lost
}

@test "a pass over the queue that sends nothing twice" {
	everywhere pass-once pass-once-lost
}
