#!/usr/bin/env bats
# Looking at the queue and steering it: mailq, --list-queue, --show, --check-queue, --retry and the
# rest, over entries that tests/lib/queue-put has put there.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home TZ=UTC0 XDG_CONFIG_HOME= XDG_STATE_HOME=
	queue=$HOME/.local/state/pennypost/queue
	mkdir -m 700 -p "$queue"
	ln -s "$PENNYPOST" pennypost
	ln -s "$PENNYPOST" sendmail
	ln -s "$PENNYPOST" mailq
	configure "relay smtp://127.0.0.1:9" 'runner off'
}

teardown() {
	relay_stop
	[ -z "${holder-}" ] || kill "$holder" 2>/dev/null || :
}

# configure LINE...: the account.
configure() {
	mkdir -p "$HOME/.config/pennypost"
	printf '%s\n' 'account default' 'from ann@example.org' 'syslog off' "logfile $PWD/log" "$@" \
		>"$HOME/.config/pennypost/config"
}

# put WORD...: one entry; sets id.
put() {
	id=$("$PENNYPOST_BUILD/tests/lib/queue-put" "$queue" 1 "$@")
}

# json KEY: that of the one entry.
json() {
	./pennypost --list-queue --json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# hold_lock FILE: locks it as a process that sends it.
hold_lock() {
	python3 -c '
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(60)' "$1" >locked 3>&- &
	holder=$!
	within 5 test -s locked
}

@test "an empty queue, or none" {
	for command in ./mailq './sendmail -bp' './pennypost -bp' './pennypost --list-queue'; do
		run -0 --separate-stderr $command
		[ "$output" = 'Mail queue is empty' ]
		[ -z "$stderr" ]
	done
	rmdir "$queue"
	run -0 --separate-stderr ./mailq
	[ "$output" = 'Mail queue is empty' ]
	[ ! -e "$queue" ]
	run -0 --separate-stderr ./pennypost --list-queue --json
	[ -z "$output$stderr" ]
}

@test "the list is in the form of Postfix, in order of arrival" {
	put arrived=1795430451 to=bob@example.net to=carol@example.net attempts=1 \
		'trouble=connect to 127.0.0.1: Connection refused'
	first=$id
	put arrived=1795430460 from= to=dave@example.net held
	run -0 --separate-stderr ./mailq
	[ "$output" = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
$first     19 Mon Nov 23 10:40:51  ann@example.org
                                    (connect to 127.0.0.1: Connection refused)
                                         bob@example.net
                                         carol@example.net

$id!    19 Mon Nov 23 10:41:00  MAILER-DAEMON
                                         dave@example.net

-- 0 Kbytes in 2 Requests." ]
	[ -z "$stderr" ]
	# What scripts do with Postfix's.
	[ "$(./mailq | tail -n +2 | awk 'BEGIN { RS = "" } $7 == "ann@example.org" { print $1 }')" = "$first" ]
	[ "$(./mailq | grep -c '^[0-9A-Za-z]')" = 2 ]
	[ "$(./mailq | sed -n 's/^-- .* in \([0-9]*\) Request.*/\1/p')" = 2 ]
	# Whoever stops reading is no error.
	bash -c 'set -o pipefail; ./mailq | true'
}

@test "each state has its mark" {
	put to=b@x state=marked
	doubt=$id
	put to=b@x release=4000000000
	later=$id
	put to=b@x state=dead from= failed 'reply=550 5.1.1 no'
	dead=$id
	put to=b@x state=bad
	bad=$id
	put to=b@x
	hold_lock "$queue/$id.msg"
	run -0 --separate-stderr ./mailq -v
	for want in "$doubt?" "$later!" "$dead#" "$bad#" "$id*"; do
		grep -qF "$want " <<<"$output"
	done
	grep -qF '(not before Tue, 2 Oct 2096 07:06:40 +0000)' <<<"$output"
	grep -qF '(failed: 550 5.1.1 no)' <<<"$output"
	grep -qF '(account default)' <<<"$output"
}

@test "JSON: one object a line, with all that is known" {
	put arrived=1795430451 to=bob@example.net 'to="c \"d"@example.net' attempts=2 next=1795430600 \
		'reply=450 4.2.0 "later"' account=work config=/etc/other
	put to=x@example.net
	./pennypost --list-queue --json >out
	python3 - "$id" <<-'END'
		import json, os, sys
		first, second = [json.loads(line) for line in open("out")]
		assert first["arrival"] == "2026-11-23T10:40:51Z", first
		assert first["next_attempt"] == "2026-11-23T10:43:20Z"
		assert first["uid"] == os.getuid()
		assert first["account"] == "work" and first["config"] == "/etc/other"
		assert first["expires"] is None and second["expires"] is not None
		assert first["state"] == "deferred" and first["attempts"] == 2
		assert [r["address"] for r in first["recipients"]] == ["bob@example.net", '"c \\"d"@example.net']
		assert first["recipients"][0]["reply"] == '450 4.2.0 "later"'
		assert second["id"] == sys.argv[1] and second["state"] == "waiting"
	END
	run -0 --separate-stderr ./pennypost --show "$id" --json
	[ "$output" = "$(tail -n 1 out)" ]
}

@test "damaged entries are shown, and in nobody's way" {
	put to=good@x
	good=$id
	put to=b@x
	printf 'rubbish' >"$queue/$id.msg"
	damaged=$id
	put to=b@x
	truncate -s 60 "$queue/$id.msg"
	mkdir "$queue/bk0yamvywf2m.msg"
	ln -s /etc/passwd "$queue/bk0yamvywf3m.msg"
	mkfifo "$queue/bk0yamvywf4m.msg"
	run -0 --separate-stderr timeout 10 ./mailq
	echo "$output" "$stderr"
	grep -qF "$good " <<<"$output"
	grep -qF "$damaged# " <<<"$output"
	grep -qF "$id# " <<<"$output"
	grep -qF 'Requests.' <<<"$output"
	grep -q 'bk0yamvywf3m.*passed over' <<<"$stderr$output"
	run ! grep -q root: <<<"$output"
	./pennypost --list-queue --json | grep -q "\"id\":\"$damaged\".*\"state\":\"damaged\""
	run -0 --separate-stderr ./pennypost --show "$damaged"
	grep -qF "file: $queue/$damaged.msg" <<<"$output"
	run -0 --separate-stderr ./pennypost --remove "$damaged" "$id"
	[ "$output" = '2 messages removed' ]
	run -0 --separate-stderr ./mailq
	grep -qF "$good " <<<"$output"
}

@test "--show: words, and the message as it is" {
	put to=bob@example.net attempts=1 'trouble=no luck' $'text=Subject: x\n\n\e[31mr\xc3\xb6t\xff\n'
	./pennypost --show "$id" >out
	grep -qx "id: $id" out
	grep -qx 'trouble: no luck' out
	grep -qx 'sender: <ann@example.org>' out
	grep -qx 'recipient: <bob@example.net> deferred' out
	grep -qx "file: $queue/$id.msg" out
	sed '1,/^$/d' out | cmp - <(printf 'Subject: x\n\n\e[31mr\xc3\xb6t\xff\n')
	script -qec "./pennypost --show $id" /dev/null </dev/null >out
	grep -q '^\\x1B\[31mröt\\xFF' out
	run -69 --separate-stderr ./pennypost --show "$id" bk0yamvywf2m
	[ "$stderr" = 'pennypost: message bk0yamvywf2m is not in the queue' ]
	grep -q "id: $id" <<<"$output"
	printf x >>"$queue/$id.msg"
	./pennypost --show "$id" | grep -q 'state: damaged'
	rm "$queue/$id.msg"
	put to=bob@example.net
	printf X | dd of="$queue/$id.msg" bs=1 conv=notrunc seek=$(($(stat -c %s "$queue/$id.msg") - 2)) \
		status=none
	run -74 --separate-stderr ./pennypost --show "$id"
	[[ $stderr == *'its checksum is wrong' ]]
	[[ $output == *hellX ]]
}

@test "--hold and --release" {
	put to=bob@example.net
	run -0 --separate-stderr ./pennypost --hold "$id"
	[ "$output" = '1 message held' ]
	[ "$(json state)" = held ]
	grep -q "queue-id=$id status=held" log
	run -69 --separate-stderr ./pennypost --retry "$id"
	[ "$stderr" = "pennypost: message $id is held: say --release $id" ]
	run -0 ./pennypost --retry all
	[ "$output" = '0 messages due now' ]
	run -0 ./pennypost --release all
	[ "$output" = '1 message released' ]
	[ "$(json state)" = waiting ]
	rm "$queue/$id".*
	put to=bob@example.net release=4000000000
	[ "$(json state)" = scheduled ]
	run -69 --separate-stderr ./pennypost --retry "$id"
	[ "$stderr" = "pennypost: message $id is for a later time: say --release $id" ]
	run -0 ./pennypost --retry all
	[ "$output" = '0 messages due now' ]
	./pennypost --release "$id"
	[ "$(json state)" = waiting ]
}

@test "--retry makes it due, whatever its relay did" {
	put to=bob@example.net attempts=3 next=4000000000
	[ "$(json next_attempt)" = 2096-10-02T07:06:40Z ]
	run -0 ./pennypost --retry "$id"
	[ "$output" = '1 message due now' ]
	[ "$(json next_attempt)" = None ]
	rm "$queue/$id".*
	put to=bob@example.net from= state=dead failed 'reply=550 no'
	./pennypost --retry "$id"
	[ "$(json state)" = waiting ]
}

@test "--retry sends behind" {
	relay_start relay --plain
	configure "relay smtp://127.0.0.1:$relay_port" 'tls off'
	put to=bob@example.net attempts=3 next=$(($(date +%s) + 3600))
	put to=carol@example.net attempts=3 next=$(($(date +%s) + 3600))
	./pennypost --retry "$id"
	# It has another name while it is being sent.
	within 20 bash -c '! compgen -G "$1.*" >/dev/null' - "$queue/$id"
	[ "$(./pennypost --list-queue --json | wc -l)" = 1 ]
	# The runner stays for what is due soon; nothing is.
	run within 20 bash -c '! pgrep -f "^./pennypost --retry '"$id"'"'
	[ "$status" -eq 0 ]
}

@test "--remove and --cancel" {
	put to=a@example.net
	one=$id
	put to=b@example.net attempts=1 'reply=450 no'
	run -0 --separate-stderr ./pennypost --remove "$one"
	[ "$output" = '1 message removed' ]
	grep -q "queue-id=$one status=removed" log
	run -69 --separate-stderr ./pennypost --remove "$one"
	[ "$stderr" = "pennypost: message $one is not in the queue" ]
	[ -z "$output" ]
	run -69 --separate-stderr ./pennypost --cancel "$one" "$id"
	[ "$stderr" = "pennypost: message $one is not in the queue: it has been sent already, or never was there" ]
	[ "$output" = '1 message cancelled' ]
	[ -z "$(ls "$queue")" ]
	put to=b@example.net state=marked
	run -0 --separate-stderr ./pennypost --cancel "$id"
	[[ $stderr == *'may have been delivered already' ]]
	put to=b@example.net state=marked
	run -0 --separate-stderr ./pennypost --retry "$id"
	[[ $stderr == *"message $id may have been delivered: it is tried again ten minutes after it was" ]]
	put to=b@example.net state=dead
	put to=b@example.net state=bad
	put to=b@example.net held
	run -0 --separate-stderr ./pennypost --remove all
	[ "$output" = '4 messages removed' ]
	[ -z "$(find "$queue" -name '*.*')" ]
}

@test "a message that is being sent is waited for, and then left alone" {
	put to=a@example.net
	hold_lock "$queue/$id.msg"
	run -75 --separate-stderr ./pennypost --remove "$id"
	[ "$stderr" = "pennypost: message $id is being sent right now: try again later" ]
	[ -e "$queue/$id.msg" ]
	(sleep 1 && kill "$holder") 3>&- &
	run -0 --separate-stderr ./pennypost --hold "$id"
	[ "$output" = '1 message held' ]
}

@test "--check-queue is for monitoring" {
	run -0 --separate-stderr ./pennypost --check-queue
	[ "$output" = 'QUEUE OK - 0 waiting | waiting=0 doubt=0 held=0 dead=0 damaged=0 oldest=0s;3600;;0' ]
	now=$(date +%s)
	put to=a@x arrived=$((now - 1800))
	run -0 ./pennypost --check-queue
	[[ $output == 'QUEUE OK - 1 waiting, the oldest for 30m'* ]]
	run -1 ./pennypost --check-queue --older-than 20m
	[[ $output == 'QUEUE WARNING - '*'oldest='*'s;1200;;0' ]]
	run -2 ./pennypost --check-queue --older-than 10m,20m
	[[ $output == 'QUEUE CRITICAL - '*'s;600;1200;0' ]]
	./pennypost --hold all
	run -0 ./pennypost --check-queue --older-than 20m
	[[ $output == 'QUEUE OK - 0 waiting, 1 held |'* ]]
	put to=a@x from= state=dead
	run -1 ./pennypost --check-queue
	put to=a@x state=bad
	run -2 ./pennypost --check-queue
	[[ $output == *', 1 dead, 1 damaged |'* ]]
	echo nonsense >>"$HOME/.config/pennypost/config"
	run -3 --separate-stderr ./pennypost --check-queue
	[[ $output == 'QUEUE UNKNOWN - '*'config:'* ]]
}

@test "accounts with queues of their own" {
	configure 'relay smtp://127.0.0.1:9' "queue_dir $PWD/one"
	printf '%s\n' 'account two : default' "queue_dir $PWD/two" 'account three : default' \
		>>"$HOME/.config/pennypost/config"
	queue=$PWD/one put to=one@x
	queue=$PWD/two put to=two@x
	run -0 ./mailq
	[[ $output == *one@x*two@x*'in 2 Requests.' ]]
	run -0 ./pennypost -a two --list-queue
	[[ $output != *one@x* ]]
	run -0 ./pennypost --queue-dir "$PWD/one" --list-queue
	[[ $output == *one@x* && $output != *two@x* ]]
	rm -r "$HOME/.config"
	run -0 ./pennypost --queue-dir "$PWD/two" --list-queue
	[[ $output == *two@x* ]]
	run -0 ./pennypost --remove "$(./pennypost --queue-dir "$PWD/two" --list-queue --json | cut -d '"' -f 4)" \
		--queue-dir "$PWD/two"
}

@test "a relay that is down is the trouble of all its messages" {
	put to=a@example.net
	put to=b@example.net
	run ./pennypost -q
	[ "$(./mailq | grep -c '(.*Connection refused')" = 2 ]
	./pennypost --list-queue --json | grep -c '"trouble":".*Connection refused.*"next_attempt":"2' | grep -qx 2
	[ "$(./pennypost --retry all)" = '2 messages due now' ]
	[ "$(./mailq | grep -c '(.*Connection refused')" -lt 2 ]
}

@test "what sendmail queues is listed, cancelled and sent" {
	printf 'Subject: one\n\none\n' | ./sendmail -v -odq -f ann@example.org bob@example.net 2>said
	id=$(sed -n 's/.*queued as \([a-z0-9]*\).*/\1/p' said)
	cat said
	[ "$(json id)" = "$id" ]
	[ "$(json sender)" = ann@example.org ]
	./pennypost --show "$id" | sed '1,/^$/d' | grep -qx 'Subject: one'
	[ "$(./pennypost --cancel "$id")" = '1 message cancelled' ]
	printf 'Subject: two\n\ntwo\n' | ./pennypost --hold 4h bob@example.net 2>said
	[ "$(json state)" = scheduled ]
	relay_start relay --plain
	configure "relay smtp://127.0.0.1:$relay_port" 'tls off'
	./pennypost --release all
	within 20 bash -c './mailq | grep -q empty'
	run -69 ./pennypost --cancel "$(sed -n 's/.*queued as \([a-z0-9]*\).*/\1/p' said)"
	[[ $output == *'it has been sent already, or never was there' ]]
}

@test "a queue that is not ours is refused" {
	chmod 777 "$queue"
	run --separate-stderr ./mailq
	[ "$status" -ne 0 ]
	[ -z "$output" ]
	[[ $stderr == *"chmod 700 $queue"* ]]
}

# as_root: the rest of the script on standard input, with a /var/spool of its own.
as_root() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	own_mounts || skip 'no private mount namespace'
	{
		cat <<-'END'
			set -euo pipefail
			mount -t tmpfs -o mode=755 tmpfs /var/spool
			trap 'umount -l /var/spool' EXIT
			mkdir -m 1733 /var/spool/pennypost
			# user UID WORD...: a message of that user's.
			user() {
				local uid=$1
				shift
				setpriv --reuid "$uid" --regid "$uid" --clear-groups \
					"$PUT" "/var/spool/pennypost/$uid" 1 "$@"
			}
		END
		cat
	} >script
	PUT=$PENNYPOST_BUILD/tests/lib/queue-put unshare "${mounts[@]}" bash script
}

@test "root sees and steers the queues of all users, and opens none as root" {
	put to=own@x
	as_root <<-'END'
		first=$(user 54321 to=first@x)
		second=$(user 54322 to=second@x)
		mkdir /var/spool/pennypost/54323 /var/spool/pennypost/rubbish
		ln -s /root /var/spool/pennypost/54324
		# What a user plants: links and FIFOs in his queue, and a queue in another's name.
		ln -s /etc/shadow /var/spool/pennypost/54321/bk0yamvywf3m.msg
		ln -s /etc/shadow /var/spool/pennypost/54321/bk0yamvywf3m.log
		mkfifo /var/spool/pennypost/54321/bk0yamvywf4m.msg
		ASAN_OPTIONS=detect_leaks=0 strace -f -q -e signal=none -e trace=openat,setresuid,flock -o trace ./pennypost --list-queue >out 2>errors
		cat out errors
		grep -o '[a-z]*@x$' out | grep -v ann | tr '\n' ' ' | grep -qx 'own@x first@x second@x '
		grep -q 'in 3 Requests.' out
		grep -q '54323 is no directory of user 54323' errors
		grep -q '54324 is no directory of user 54324' errors
		# After its setresuid() a child opens the queue; root's own process opens none of it.
		root=$(head -n 1 trace | cut -d ' ' -f 1)
		! grep -E "^$root .*(54321|54322)" trace
		grep -c 'setresuid(5432[12], 5432[12], 5432[12]) *= 0' trace | grep -qx 2
		./pennypost --list-queue --json |
			python3 -c 'import json, sys
		assert sorted(json.loads(l)["uid"] for l in sys.stdin) == [0, 54321, 54322]'
		./pennypost --show "$second" | grep -q 'recipient: <second@x>'
		./pennypost --check-queue | grep -q '^QUEUE OK - 3 waiting'
		[ "$(./pennypost --hold "$first" "$second")" = '2 messages held' ]
		[ "$(stat -c %u "/var/spool/pennypost/54321/$first.log")" = 54321 ]
		[ "$(./pennypost --release all)" = '3 messages released' ]
		./pennypost --remove "$first" bk0000000000 && exit 1 || [ $? = 69 ]
		[ "$(./pennypost --remove all 2>/dev/null)" = '2 messages removed' ]
		! ls /var/spool/pennypost/54322/*.msg
		mkdir $(seq -f /var/spool/pennypost/%g 60001 60040)
		./pennypost --list-queue 2>errors
		[ "$(grep -c 'is no directory of user' errors)" -eq 19 ]
		grep -q 'more below /var/spool/pennypost is passed over' errors
	END
}

@test "a user sees his own queue below /var/spool alone" {
	as_root <<-'END'
		own=$(user 54321 to=own@x)
		other=$(user 54322 to=other@x)
		cp "$(readlink pennypost)" /var/spool/pennypost.bin
		as() { (cd / && env HOME=/nonexistent setpriv --reuid 54321 --regid 54321 --clear-groups \
			/var/spool/pennypost.bin "$@"); }
		as --list-queue >out
		grep -q own@x out
		! grep -q other@x out
		as --remove "$other" 2>errors && exit 1 || [ $? = 69 ]
		[ -e "/var/spool/pennypost/54322/$other.msg" ]
		as --show "$own" | grep -q own@x
		[ "$(as --remove all)" = '1 message removed' ]
	END
}

@test "-bP counts, and -bh shows the relays that are left alone, and why" {
	[ "$(./sendmail -bP)" = 0 ]
	[ "$(./sendmail -bh)" = 'No relay is known to be down' ]
	./pennypost bob@example.net <<<'Subject: x'
	./pennypost bob@example.net <<<'Subject: x'
	[ "$(./sendmail -bP)" = 2 ]
	run -0 ./pennypost -q
	run -0 --separate-stderr ./sendmail -bh
	echo "$output"
	[[ $output == 'default: failed 1 time in a row, not tried before '*': 127.0.0.1:9: cannot connect'* ]]
	[ "${#lines[@]}" -eq 1 ]
	run -64 ./pennypost -bP --json
}
