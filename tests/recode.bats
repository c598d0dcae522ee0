#!/usr/bin/env bats
# Messages made fit for a relay that does not take 8-bit bytes, long lines, NULs or lone CRs: an
# independent reader, Python's email package, finds the same parts in what arrives.

load lib/common

teardown() {
	relay_stop
}

@test "random MIME trees have the same parts after re-encoding" {
	"$ROOT/tests/lib/recode-property" "$PENNYPOST_BUILD/tests/unit/recode-filter" 400 "$RANDOM"
}

# binary_message SIZE: a message with a part of so many random bytes, kept in the file part.
binary_message() {
	head -c "$1" /dev/urandom >part
	printf '%s\n' 'From: ann@example.org' 'MIME-Version: 1.0' \
		'Content-Type: multipart/mixed; boundary="b"' '' '--b' '' 'a text' '--b' \
		'Content-Type: application/octet-stream' 'Content-Transfer-Encoding: binary' ''
	cat part
	printf '\n%s\n' '--b--'
}

# arrived FILE FOLDER: what the part holds in the message that the relay has.
arrived() {
	python3 - "$1" "$2/1.message" <<-'END'
		import email, sys
		part, wire = (open(name, "rb").read() for name in sys.argv[1:])
		found = email.message_from_bytes(wire).get_payload()[1]
		if found["Content-Transfer-Encoding"] == "binary":
		    assert wire.endswith(b"\r\n\r\n" + part + b"\r\n--b--\r\n")
		else:
		    assert found.get_payload(decode=True) == part
	END
}

@test "a binary part is the same by BINARYMIME, in one chunk and in many, and as base64" {
	cd "$BATS_TEST_TMPDIR"
	for size in 1 4000 3000000; do
		binary_message "$size" >message
		for options in --chunking '--chunking --binarymime' --binarymime; do
			rm -rf relay
			# shellcheck disable=SC2086
			relay_start relay $options
			"$PENNYPOST" --host=127.0.0.1 --port="$relay_port" --tls=off --syslog=off \
				--from=ann@example.org bob@example.org <message
			relay_stop
			echo "$size bytes, $options"
			arrived part relay
			[ "$size" -eq 1 ] || [ "$options" != '--chunking --binarymime' ] ||
				grep -q '^body: BINARYMIME' relay/1.envelope
		done
	done
}

@test "a message that is one binary part arrives without another byte" {
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' 'From: ann@example.org' 'MIME-Version: 1.0' 'Content-Type: image/png' \
		'Content-Transfer-Encoding: binary' '' >message
	printf 'a\n\0\r' >>message
	relay_start relay --chunking --binarymime
	"$PENNYPOST" --host=127.0.0.1 --port="$relay_port" --tls=off --syslog=off \
		--from=ann@example.org bob@example.org <message
	relay_stop
	sed '1,/^\r$/d' relay/1.message >got
	printf 'a\n\0\r' | cmp - got
}
