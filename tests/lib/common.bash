# What the tests share. A test file says: load lib/common

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
: "${PENNYPOST_BUILD:=$ROOT/build}"
PENNYPOST=$PENNYPOST_BUILD/src/pennypost
export LC_ALL=C.UTF-8

# relay_start FOLDER OPTION...: starts tests/relay; sets relay_port and relay_pid.
relay_start() {
	local folder=$1
	shift
	mkdir -p "$folder"
	# The port of a relay that was here before is none of this one's.
	rm -f "$folder/port"
	"$ROOT/tests/relay" --dir "$folder" "$@" >"$folder/port" 2>"$folder/errors" 3>&- &
	relay_pid=$!
	local tries=0
	until [ -s "$folder/port" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] && kill -0 "$relay_pid" || { cat "$folder/errors"; return 1; }
		sleep 0.1
	done
	relay_port=$(cat "$folder/port")
}

# relay_stop: ends it.
relay_stop() {
	[ -z "${relay_pid-}" ] || { kill "$relay_pid" && wait "$relay_pid"; } 2>/dev/null || :
	relay_pid=
}

# have_world: whether tests/lib/world works here; says why not.
have_world() {
	"$ROOT/tests/lib/world" "$BATS_FILE_TMPDIR" -- true 2>&1
}

# need_world: skips the test if not.
need_world() {
	local said
	said=$(have_world) || skip "no private mount namespace: $said"
}

# within SECONDS COMMAND...: tries COMMAND until it succeeds.
within() {
	local end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# own_mounts: sets mounts to the options of unshare(1) for a namespace of mounts; fails where there
# is none to be had. A chroot whose root is no mount point cannot be made private as a whole, so
# what is mounted there has to be unmounted, too.
own_mounts() {
	mounts=(--mount)
	unshare "${mounts[@]}" true 2>/dev/null && return
	mounts+=(--propagation unchanged)
	unshare "${mounts[@]}" true 2>/dev/null
}
