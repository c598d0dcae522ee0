# What a program is told: --json of a submission, and the log in JSON and in the journal.

load lib/common
load lib/account
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home XDG_CONFIG_HOME= XDG_STATE_HOME= TMPDIR=$PWD
	unset PENNYPOST_RELAY
	mkdir home
	ln -s "$PENNYPOST" pennypost
	ln -s "$PENNYPOST" msmtp
	ln -s "$PENNYPOST" sendmail
	printf 'From: ann@example.org\nMessage-ID: <1@example.org>\nSubject: test\n\nHello.\n' >message
}

teardown() {
	relay_stop
}

# is EXPRESSION...: of each line of `output`, as r, in Python; says which does not hold.
is() {
	python3 -c '
import json, sys
results = [json.loads(line) for line in sys.argv[1].splitlines()]
assert results, "no object"
for test in sys.argv[2:]:
    r = results[0]
    assert eval(test), test + " of " + json.dumps(results, indent=1)' "$output" "$@"
}

@test "--json: a message that is sent" {
	relay_start relay
	configure
	for name in ./pennypost ./msmtp; do
		run -0 --separate-stderr $name --json bob@example.org cat@example.org <message
		[ -z "$stderr" ]
		[ "${#lines[@]}" = 1 ]
		is 'r["outcome"] == "sent" and r["exit_code"] == 0 and r["queue_id"] is None' \
			'r["message_id"] == "<1@example.org>" and r["account"] == "work"' \
			'r["sender"] == "ann@example.org" and r["attempt"] == 1' \
			'[p["address"] for p in r["recipients"]] == ["bob@example.org", "cat@example.org"]' \
			'all(p["status"] == "sent" and p["code"] == 250 for p in r["recipients"])' \
			'all(p["enhanced"] == "2.0.0" for p in r["recipients"])' \
			'"stored as" in r["recipients"][0]["reply"] and not r["recipients"][0]["doubted"]' \
			'r["relay"]["name"] == "127.0.0.1" and r["relay"]["port"] == '"$relay_port" \
			'r["relay"]["address"] == "127.0.0.1" and r["tls"] is None' \
			'r["trouble"] is None and r["step"] is None' \
			'r["size"] > 0 and r["bytes_sent"] > r["size"] and r["bytes_received"] > 50'
	done
	tail -n 1 relay/relay.log
	is "r['round_trips'] == $(sed -n 's/^-- \([0-9]*\) round trips\.*/\1/p' relay/relay.log | tail -n 1)"
}

@test "--json: names that stay" {
	relay_start relay
	configure
	run -0 ./pennypost --json bob@example.org <message
	is 'list(r) == "message_id queue_id account sender size outcome exit_code trouble step attempt recipients relay tls timings bytes_sent bytes_received round_trips".split()' \
		'list(r["recipients"][0]) == "address status code enhanced reply queue_id doubted".split()' \
		'list(r["timings"]) == "prepare resolve connect tls hello auth envelope data verdict queue total".split()' \
		'all(type(t) == int and t >= 0 for t in r["timings"].values())' \
		'r["timings"]["total"] + 6 >= sum(v for k, v in r["timings"].items() if k != "total")'
}

@test "--json: where the time goes" {
	mkdir relay && touch relay/wait
	relay_start relay --hold relay/wait
	configure
	./pennypost --json bob@example.org <message >out 3>&- &
	local sender=$!
	within 10 test -e relay/held
	sleep 0.5
	rm relay/wait
	wait $sender
	output=$(cat out)
	is 'r["timings"]["verdict"] >= 400' 'r["timings"]["data"] < 400' 'r["timings"]["hello"] < 400'
}

@test "--json: TLS, and how it is trusted" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key
	configure 'tls on' 'tls_trust_file ca/ca.pem'
	run -0 --separate-stderr ./pennypost --json bob@example.org <message
	is 'r["tls"]["version"].startswith("TLS1.")' 'r["tls"]["verified"] is True' \
		'r["tls"]["resumed"] is False' 'len(r["tls"]["trust"]) > 3' 'r["tls"]["cipher"]'
}

@test "--json: refused, some or all" {
	relay_start relay --refuse bob@example.org
	configure
	run -67 --separate-stderr ./pennypost --json bob@example.org <message
	[[ $stderr == *"refused: 550"* ]]
	is 'r["outcome"] == "refused" and r["exit_code"] == 67 and r["queue_id"] is None' \
		'r["recipients"][0]["status"] == "refused" and r["recipients"][0]["code"] == 550'
	run -67 --separate-stderr ./pennypost --json bob@example.org cat@example.org <message
	is 'r["outcome"] == "partly" and r["exit_code"] == 67' \
		'[p["status"] for p in r["recipients"]] == ["refused", "sent"]'
}

@test "--json: queued, some or all" {
	relay_start relay --defer bob@example.org
	configure
	run -0 --separate-stderr ./pennypost --json bob@example.org cat@example.org <message
	[[ $stderr == *"queued as"* ]]
	is 'r["outcome"] == "partly" and r["exit_code"] == 0 and len(r["queue_id"]) >= 12' \
		'[p["status"] for p in r["recipients"]] == ["queued", "sent"]' \
		'r["recipients"][0]["code"] == 451 and r["recipients"][0]["queue_id"] == r["queue_id"]' \
		'r["recipients"][1]["queue_id"] is None'
	relay_stop
	run -0 --separate-stderr ./pennypost --json bob@example.org <message
	is 'r["outcome"] == "queued" and r["step"] == "connect" and "refused" in r["trouble"]' \
		'r["attempt"] == 1 and r["relay"]["address"] is None'
	run -0 --separate-stderr ./pennypost --json --delivery queue bob@example.org <message
	is 'r["outcome"] == "queued" and r["attempt"] == 0 and r["trouble"] is None' \
		'r["recipients"][0]["status"] == "queued" and r["relay"] is None'
	run -0 ./pennypost --show "$(printf %s "$output" | jq -r .queue_id)"
}

@test "--json: deferred, and no queue" {
	relay_start relay --defer bob@example.org
	configure 'queue off'
	run -75 --separate-stderr ./pennypost --json bob@example.org <message
	is 'r["outcome"] == "failed" and r["recipients"][0]["status"] == "deferred"' \
		'r["queue_id"] is None and r["exit_code"] == 75'
}

@test "--json: what fails before the relay" {
	configure
	run -64 --separate-stderr ./pennypost --json 'a b@example.org' <message
	[ -n "$stderr" ]
	is 'r["outcome"] == "failed" and r["exit_code"] == 64 and r["attempt"] == 0'
	printf 'From: ann@example.org\nTo: b@example.org, c d@\n\n' >malformed
	run -65 --separate-stderr ./pennypost --json -t <malformed
	is 'r["outcome"] == "failed" and r["exit_code"] == 65 and r["account"] == "work"'
	run -64 --separate-stderr ./pennypost --json <message
	is 'r["step"] == "usage" and r["recipients"] == []'
	run -64 --separate-stderr ./pennypost --json --nonsense bob@example.org <message
	is 'r["step"] == "usage" and "nonsense" in r["trouble"]'
	run -64 --separate-stderr ./pennypost --nonsense bob@example.org --json <message
	is 'r["step"] == "usage" and "nonsense" in r["trouble"]'
	configure 'nonsense on'
	run -78 --separate-stderr ./pennypost --json bob@example.org <message
	is 'r["step"] == "config" and r["exit_code"] == 78'
}

@test "--json: an object a message with --batch" {
	relay_start relay --refuse bob@example.org
	configure
	{ echo 'From x Mon Nov 23 10:40:51 2026'; cat message; echo; echo 'From x Mon Nov 23 10:40:51 2026'; cat message; } >mbox
	sed 's/^Subject/To: bob@example.org\nSubject/' message >third
	run -74 --separate-stderr ./pennypost --json --batch -t --to dan@example.org nowhere mbox third
	[ "${#lines[@]}" = 4 ]
	is '[(x["file"], x["number"], x["outcome"]) for x in results[1:]] == [("mbox", 1, "sent"), ("mbox", 2, "sent"), ("third", 1, "partly")]' \
		'results[3]["exit_code"] == 67 and results[2]["relay"]["address"] == "127.0.0.1"' \
		'results[0]["outcome"] == "failed" and "nowhere" in results[0]["trouble"]'
}

@test "--json: whatever the relay says" {
	cat >wild.py <<-'END'
		import random, socket, sys
		random.seed(int(sys.argv[1]))
		listener = socket.create_server(("127.0.0.1", 0))
		print(listener.getsockname()[1], flush=True)
		peer, _ = listener.accept()
		noise = bytes(random.choice(b"\"\\\x00\x01\x1b\x7f\x80\xc3\xa9\xe2\x80\xae\xf0\x9f\x98\x80\xff\t/<>&'{}") for _ in range(300))
		noise = noise.replace(b"\r", b"").replace(b"\n", b"")
		peer.sendall(b"220 " + noise[:50] + b"\r\n")
		file = peer.makefile("rb")
		for line in file:
		    if line.startswith(b"EHLO"):
		        peer.sendall(b"250-me\r\n250 " + noise[50:90] + b"\r\n")
		    elif line.startswith(b"RCPT"):
		        peer.sendall(b"550-5.1.1 " + noise[90:200] + b"\r\n550 5.1.1 " + noise[200:] + b"\r\n")
		    else:
		        peer.sendall(b"250 ok\r\n")
	END
	for seed in 1 2 3 4 5 6 7 8; do
		rm -f port
		python3 wild.py $seed >port 3>&- &
		within 5 test -s port
		relay_port=$(cat port) configure 'queue off'
		relay_port=$(cat port)
		configure 'queue off' 'timeout 5'
		./pennypost --json bob@example.org <message >out 2>err || :
		kill $! 2>/dev/null || :
		rm port
		LC_ALL=C grep -q '[^ -~]' out && false
		output=$(cat out)
		is 'r["outcome"] in ("refused", "failed")'
	done
}

@test "--json: not as sendmail, and nowhere else" {
	configure
	run -64 ./sendmail --json bob@example.org <message
	[[ $output == *"--json goes with"* ]]
	run -64 ./pennypost --json --dry-run bob@example.org <message
	run -64 ./pennypost --json --server-info
}

@test "--json: standard output that cannot be written changes nothing of the mail" {
	relay_start relay
	configure
	[ -c /dev/full ] || skip 'no /dev/full'
	run -0 sh -c './pennypost --json bob@example.org <message >/dev/full'
	[[ $output == *"cannot write the result"* ]]
	[ -e relay/1.message ]
}

# last_line EXPRESSION...: of the last line of the log, as r, in Python.
last_line() {
	output=$(tail -n 1 log)
	is "$@"
}

@test "log_format json: an object a line, with the names of --json" {
	relay_start relay --refuse cat@example.org
	configure "logfile $PWD/log" 'log_format json'
	run -0 ./pennypost bob@example.org <message
	last_line 'r["level"] == "info" and r["status"] == "sent" and r["to"] == "bob@example.org"' \
		'r["sender"] == "ann@example.org" and r["account"] == "work" and r["code"] == 250' \
		'r["message_id"] == "<1@example.org>" and r["size"] > 0 and "stored" in r["reply"]' \
		'r["message"].startswith("from=<ann@example.org> to=<bob@example.org> ")' \
		'r["time"].endswith("Z") and r["relay"] == "127.0.0.1:'"$relay_port"'"'
	run -67 ./pennypost cat@example.org <message
	last_line 'r["level"] == "error" and r["status"] == "refused" and r["enhanced"] == "5.1.1"'
	relay_stop
	run -0 ./pennypost bob@example.org <message
	last_line 'r["status"] == "queued" and len(r["queue_id"]) >= 12'
	run -0 ./pennypost --log-format text bob@example.org <message
	[[ $(tail -n 1 log) == 2*" queue-id="*" status=queued" ]]
	run -64 ./pennypost --log-format xml bob@example.org <message
}

# journal COMMAND...: runs it in a world with a journal, whose entries go to the file entries.
journal() {
	cat >journal.py <<-'END'
		import os, socket, struct, subprocess, sys
		os.makedirs("/run/systemd/journal")
		listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		listener.bind("/run/systemd/journal/socket")
		os.chmod("/run/systemd/journal/socket", 0o666)
		slow = os.environ.get("JOURNAL") == "stuck"
		if slow:
		    filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		    filler.setblocking(False)
		    try:
		        while True:
		            filler.sendto(b"X=y\n", "/run/systemd/journal/socket")
		    except BlockingIOError:
		        pass
		if os.environ.get("JOURNAL") == "dead":
		    listener.close()
		code = subprocess.call(sys.argv[1:])
		if os.environ.get("JOURNAL"):
		    sys.exit(code)
		listener.setblocking(False)
		with open("entries", "w") as out:
		    while True:
		        try:
		            data = listener.recv(1 << 20)
		        except OSError:
		            break
		        while data:
		            end = data.index(b"\n")
		            line, data = data[:end], data[end + 1:]
		            if b"=" not in line:
		                size = struct.unpack("<Q", data[:8])[0]
		                line, data = line + b"=" + data[8:8 + size], data[9 + size:]
		            print(line.decode("ascii", "backslashreplace").replace("\n", "|"), file=out)
		        print(file=out)
		sys.exit(code)
	END
	"$ROOT/tests/lib/world" "$PWD" -- /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$PWD" \
		env HOME="$HOME" JOURNAL="${JOURNAL-}" python3 journal.py "$@"
}

@test "the journal: fields" {
	need_world
	relay_start relay
	configure 'syslog LOG_LOCAL3'
	run -0 journal ./pennypost -L cron bob@example.org <message
	cat entries
	grep -qx 'MESSAGE=from=<ann@example.org> to=<bob@example.org> .* status=sent: 250 .*' entries
	grep -qx 'PRIORITY=6' entries
	grep -qx 'SYSLOG_FACILITY=19' entries
	grep -qx 'SYSLOG_IDENTIFIER=pennypost/cron' entries
	grep -qx 'SYSLOG_PID=[0-9]*' entries
	grep -qx 'PENNYPOST_TO=bob@example.org' entries
	grep -qx 'PENNYPOST_SENDER=ann@example.org' entries
	grep -qx 'PENNYPOST_MESSAGE_ID=<1@example.org>' entries
	grep -qx 'PENNYPOST_STATUS=sent' entries
	grep -qx 'PENNYPOST_CODE=250' entries
	relay_stop
	run -0 journal ./pennypost bob@example.org <message
	grep -qx 'PENNYPOST_QUEUE_ID=[a-z0-9]*' entries
	grep -qx 'PENNYPOST_STATUS=queued' entries
}

@test "the journal: not with syslog off" {
	need_world
	relay_start relay
	configure 'syslog off'
	run -0 journal ./pennypost bob@example.org <message
	[ ! -s entries ]
}

@test "the journal: one that is dead or takes nothing stops no mail" {
	need_world
	relay_start relay
	configure 'syslog on'
	JOURNAL=dead run -0 journal ./pennypost bob@example.org <message
	[ -e relay/1.message ]
	local start=$(date +%s)
	JOURNAL=stuck run -0 journal ./pennypost bob@example.org cat@example.org dan@example.org <message
	[ -e relay/2.message ]
	[ $(($(date +%s) - start)) -lt 5 ]
}
