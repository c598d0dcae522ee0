#!/usr/bin/env bats
# Faults around the queue: full disks, broken disks, too few descriptors, wrong clocks, crowds, a
# caller without a network, input that breaks off. Nothing is lost, nothing doubled, and who is told
# of a failure is told in one line.

bats_require_minimum_version 1.5.0
load lib/common
load lib/moody

setup() {
	queue_setup
}

teardown() {
	moody_stop
	[ -z "${mounted-}" ] || umount -l "$mounted"
}

# one_line: what was said is one line, from sendmail.
one_line() {
	echo "status $status: $stderr"
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
	[[ $stderr == sendmail:* ]]
}

# submit ARGUMENT...: sends a letter "one" to bob.
submit() {
	run --separate-stderr ./sendmail -i "$@" bob@example.net < <(letter one "${lines_of-3}")
}

# flush [LIE]: runs the queue; sets status.
flush() {
	run --separate-stderr later "${1-0}" ./sendmail -q
	echo "-q: status $status: $stderr"
}

# once SUBJECT: after all, it came once and nothing waits.
once() {
	[ "$(came "$1")" -eq 1 ]
	empty || { waiting; return 1; }
}

# disk SIZE: a file system of that size for the spool.
disk() {
	[ "$(id -u)" -eq 0 ] || skip 'mounting needs root'
	mkdir -p state
	mount -t tmpfs -o "size=$1,mode=700" tmpfs state 2>/dev/null || skip 'cannot mount a tmpfs'
	mounted=$PWD/state
}

@test "every call on the spool fails while a message is queued" {
	for fault in ENOSPC EIO EDQUOT EROFS; do
		"$ROOT/tests/crash/run" --fault "$fault" --most 3 queue defer
	done
}

@test "every call on the spool fails while the queue is run" {
	for fault in ENOSPC EIO; do
		"$ROOT/tests/crash/run" --fault "$fault" --most 3 pass-two pass-mixed
	done
}

@test "a disk that is full when a message is queued" {
	disk 256k
	lines_of=8000 submit -odq
	[ "$status" -eq 75 ]
	one_line
	[[ $stderr == *'No space left'* ]]
	empty
	mood
	submit -odq
	[ "$status" -eq 0 ]
	flush
	once one
}

@test "a disk that is full when the journal is written" {
	disk 256k
	submit -odq
	[ "$status" -eq 0 ]
	mood defer
	head -c 1M /dev/zero >state/filler 2>/dev/null || :
	flush
	mood
	flush
	rm state/filler
	flush 30000
	once one
}

@test "a disk that is full makes nobody get a message twice" {
	disk 256k
	letter one | ./sendmail -i -odq bob@example.net later@example.net never@example.net
	head -c 1M /dev/zero >state/filler 2>/dev/null || :
	mood later
	for lie in 0 700 30000; do
		flush "$lie"
		[ "$status" -ne 0 ] || [ "$(came one)" -le 1 ]
	done
	rm state/filler
	mood
	for lie in 60000 90000 120000; do
		flush "$lie"
	done
	once one
	[ "$(came one later@example.net)" -eq 1 ]
	[ "$(report "sum(n for k, n in got.items() if k.startswith('<>'))")" -eq 1 ]
}

@test "a disk that is full takes nothing from a delivery" {
	disk 256k
	submit -odq
	head -c 1M /dev/zero >state/filler 2>/dev/null || :
	flush
	[ "$status" -eq 0 ]
	once one
}

@test "a spool that cannot be written" {
	disk 256k
	submit -odq
	[ "$status" -eq 0 ]
	mount -o remount,ro state
	submit -odq
	[ "$status" -eq 75 ]
	one_line
	flush
	[ "$status" -ne 0 ]
	one_line
	[ "$(came one)" -eq 0 ]
	mount -o remount,rw state
	flush
	once one
}

@test "files that may not be large enough" {
	lines_of=4000
	run --separate-stderr bash -c 'ulimit -f 8; exec ./sendmail -odq bob@example.net' \
		< <(letter one 4000)
	[ "$status" -eq 75 ]
	one_line
	empty
}

@test "too few descriptors" {
	for limit in 6 7 8 9 10 12 16; do
		for how in -odq -odb; do
			run --separate-stderr bash -c "ulimit -n $limit; exec ./sendmail -i $how bob@example.net" \
				< <(letter "$how $limit")
			echo "$how $limit: $status $stderr"
			[ "$status" -eq 0 ] || one_line
			[ "$status" -ne 0 ] || kept+=("$how $limit")
		done
	done
	[ "${#kept[@]}" -gt 0 ]
	for limit in 6 7 8 9 10 12; do
		run --separate-stderr bash -c "ulimit -n $limit; exec ./sendmail -q"
		echo "-q $limit: $status $stderr"
	done
	within 10 empty || flush 700
	for one in "${kept[@]}"; do
		[ "$(came "$one")" -eq 1 ]
	done
	empty
}

@test "the clock jumps forward and back" {
	run --separate-stderr later 31536000 ./sendmail -odq bob@example.net < <(letter ahead)
	[ "$status" -eq 0 ]
	run --separate-stderr later -31536000 ./sendmail -odq bob@example.net < <(letter behind)
	[ "$status" -eq 0 ]
	flush
	[ "$(came ahead)" -eq 1 ]
	# One that seems a year old is too old: its sender is told, once.
	told=$(report 'sum(n for k, n in got.items() if k.startswith("<>"))')
	[ "$(($(came behind) + told))" -eq 1 ]
	empty
}

@test "a clock that is set back while a message waits" {
	mood defer
	submit -odq
	flush 400000
	mood
	run --separate-stderr later -1000000 ./sendmail -q
	once one
}

@test "a clock that is set back while the verdict is in doubt" {
	mood lost
	submit
	[ "$status" -eq 0 ]
	[[ $(waiting) == *.end ]]
	mood
	flush
	[ "$(came one)" -eq 1 ]
	later -1000000 ./sendmail -q
	later -999000 ./sendmail -q
	[ "$(came one)" -eq 2 ]
	empty
}

@test "two hundred submitters at once, then a pass" {
	for ((i = 0; i < 200; i++)); do
		letter "$i" | ./sendmail -i -odq bob@example.net 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(waiting | wc -l)" -eq 200 ]
	flush
	[ "$(report 'sorted(got.values()) == [1] * 200')" = True ]
	[ "$(report 'most <= 8')" = True ]
	empty
}

@test "two hundred submitters at once, each with a delivery behind it" {
	sed -i '/^runner off/d' config/pennypost/config
	for ((i = 0; i < 200; i++)); do
		letter "$i" | ./sendmail -i -odb bob@example.net 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	within 60 empty
	[ "$(report 'sorted(got.values()) == [1] * 200')" = True ]
}

@test "five runners at once" {
	for ((i = 0; i < 50; i++)); do
		letter "$i" | ./sendmail -i -odq bob@example.net
	done
	mood slow
	for ((i = 0; i < 5; i++)); do
		./sendmail -q 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || :
	done
	flush
	[ "$(report 'sorted(got.values()) == [1] * 50')" = True ]
	[ "$(report 'most <= 8')" = True ]
	empty
}

@test "a first caller without a network does not hold up the second" {
	unshare --net true 2>/dev/null || skip 'no private network namespace'
	sed -i '/^runner off/d' config/pennypost/config
	letter first | unshare --net ./sendmail -i -odb bob@example.net
	letter first | unshare --net ./sendmail -i bob@example.net
	letter second | ./sendmail -i -odb bob@example.net
	within 10 test "$(came second)" -eq 1 || within 10 eval '[ "$(came second)" -eq 1 ]'
	flush 700
	[ "$(came first)" -eq 2 ]
	[ "$(came second)" -eq 1 ]
	within 10 empty
}

@test "input that cannot be read" {
	mkdir notes
	for how in -odq -odb -odi; do
		run --separate-stderr ./sendmail -i "$how" bob@example.net <notes
		[ "$status" -ne 0 ]
		one_line
		"$TRACE" -d notes -w "$PWD/notes" -f read:EIO -- ./sendmail -i "$how" bob@example.net \
			2>said < <(letter one)
		stderr=$(cat said) status=$(cat notes/status)
		[ "$status" -ne 0 ]
		one_line
		rm notes/*
	done
	[ "$(report 'len(got)')" -eq 0 ]
	empty
}

@test "input that comes slowly over a non-blocking pipe" {
	python3 - <<-'END'
		import os, subprocess, time
		reader, writer = os.pipe2(os.O_NONBLOCK)
		sendmail = subprocess.Popen(["./sendmail", "-i", "-odq", "bob@example.net"], stdin=reader)
		os.close(reader)
		for part in ("From: ann@example.org\nTo: bob@example.net\n", "Subject: one\n\n", "x\n"):
		    time.sleep(0.2)
		    os.write(writer, part.encode())
		os.close(writer)
		open("status", "w").write(str(sendmail.wait(10)))
	END
	flush
	# Either it waited, or it said no; it never takes a part for the whole.
	[ "$(cat status)" -eq 0 ] && [ "$(came one)" -eq 1 ] || [ "$(report 'len(got)')" -eq 0 ]
	empty
}

@test "input whose writer dies" {
	python3 - <<-'END'
		import socket, struct, subprocess
		listener = socket.create_server(("127.0.0.1", 0))
		writer = socket.create_connection(listener.getsockname())
		reader = listener.accept()[0]
		writer.sendall(b"From: ann@example.org\nSubject: one\n\nthe first ")
		sendmail = subprocess.Popen(["./sendmail", "-i", "-odq", "bob@example.net"], stdin=reader,
		                            stderr=subprocess.PIPE)
		reader.close()
		writer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		import time
		time.sleep(0.3)
		writer.close()
		open("said", "wb").write(sendmail.communicate(timeout=10)[1])
		open("status", "w").write(str(sendmail.returncode))
	END
	status=$(cat status) stderr=$(cat said)
	[ "$status" -ne 0 ]
	one_line
	empty
	[ "$(report 'len(got)')" -eq 0 ]
}
