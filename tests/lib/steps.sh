# SPDX-License-Identifier: BSD-2-Clause
#
# The steps of tests/all and tests/long, which read this file (bash) with the
# top folder as the current one.  Each step writes build/test-logs/NAME.log,
# says what came of it in one line, and adds to the sums.

top=$PWD
logs=$top/build/test-logs
python=/usr/bin/python3
jobs=$(nproc)
passed=0 failed=0 skipped=0
began=$SECONDS

export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
if [ -z "${POSTERN_SUITES:-}" ] && [ -d ../shared/suites ]; then
	POSTERN_SUITES=$(cd ../shared/suites && pwd)
fi
export POSTERN_SUITES=${POSTERN_SUITES:-}
mkdir -p "$logs"

# Whatever is still running of ours ends with us.
clean_up()
{
	local mine
	mine=$(jobs -p)
	[ -z "$mine" ] || kill $mine 2>/dev/null
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# NAME SECONDS COMMAND...: runs it with its output in a log; counts nothing.
quietly()
{
	local name=$1 seconds=$2 started=$SECONDS
	shift 2
	timeout -k 20 "$seconds" "$@" > "$logs/$name.log" 2>&1 &
	wait $!
	local code=$?
	took=$((SECONDS - started))
	return $code
}

# The same as one test.
step()
{
	if quietly "$@"; then
		passed=$((passed + 1))
		echo "$1: passed (${took} s)"
	else
		failed=$((failed + 1))
		echo "$1: FAILED, see $logs/$1.log"
		tail -n 30 "$logs/$1.log"
		return 1
	fi
}

# ---- packages

install_packages()
{
	quietly packages 1800 tests/lib/install build run test fuzz && return
	cat "$logs/packages.log"
	failed=$((failed + 1))
	sum_up
}

# ---- builds

plain_build()
{
	step build 900 tests/lib/build build --enable-werror || sum_up
}

# True when a program with this sanitizer runs here.  Containers may forbid
# what the thread sanitizer needs: a fixed layout of memory.
sanitizer_runs()
{
	echo 'int main(void) { return 0; }' > "$logs/probe.c"
	gcc "-fsanitize=$1" -o "$logs/probe" "$logs/probe.c" \
	    > "$logs/probe.log" 2>&1 || return 1
	runner=()
	"$logs/probe" >> "$logs/probe.log" 2>&1 && return 0
	runner=(setarch -R)
	"${runner[@]}" "$logs/probe" >> "$logs/probe.log" 2>&1
}

# FOLDER LIST
sanitizer_build()
{
	if ! sanitizer_runs "$2"; then
		echo "$1: skipped, programs with -fsanitize=$2 do not run here"
		skipped=$((skipped + 1))
		return 1
	fi
	CFLAGS="-g -O1" step "$1" 900 tests/lib/build "$1" \
	    "--enable-sanitizer=$2"
}

# ---- tests

# Adds up automake's "# PASS: 3".
add_automake()
{
	local word n
	while read -r _ word n; do
		case $word in
		PASS:) passed=$((passed + n)) ;;
		SKIP:) skipped=$((skipped + n)) ;;
		FAIL: | ERROR: | XPASS:) failed=$((failed + n)) ;;
		esac
	done < <(grep -E '^# (PASS|SKIP|FAIL|ERROR|XPASS):' "$1")
}

# FOLDER: make check there; the lint has its own step.
unit_tests()
{
	local name=unit-$1
	G_SLICE=always-malloc \
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
	LSAN_OPTIONS=suppressions=$top/tests/lib/lsan.supp \
	TSAN_OPTIONS=suppressions=$top/tests/lib/tsan.supp \
	    quietly "$name" 900 ${runner[@]+"${runner[@]}"} \
	    make -C "$1" -j"$jobs" check
	# Not one that passed: no cmocka, or it broke down.
	if ! grep -q '^# PASS: *[1-9]' "$logs/$name.log"; then
		failed=$((failed + 1))
		echo "$name: FAILED, see $logs/$name.log"
		tail -n 30 "$logs/$name.log"
		return 1
	fi
	add_automake "$logs/$name.log"
	grep -E '^(FAIL|ERROR):' "$logs/$name.log"
	echo "$name: $(grep -E '^# (PASS|FAIL|ERROR):' "$logs/$name.log" |
	    tr -d '#' | tr -s ' \n' ' ') (${took} s)"
	return 0
}

# Adds up pytest's last line, "3 failed, 5 passed, 1 skipped in 2s".
add_pytest()
{
	local line n word
	line=$(grep -E '^(=+ )?[0-9]+ (passed|failed|skipped|error)' "$1" |
	    tail -n 1)
	while read -r n word; do
		case $word in
		passed*) passed=$((passed + n)) ;;
		failed* | error*) failed=$((failed + n)) ;;
		skipped*) skipped=$((skipped + n)) ;;
		esac
	done < <(grep -oE '[0-9]+ (passed|failed|skipped|errors?)' <<< "$line")
	summary=$line
}

# FOLDER PYTEST-ARGUMENTS...: with the programs of that folder.
flow_tests()
{
	local folder=$1 name=flow-$1
	shift
	cd tests || exit 1
	POSTERN_BUILD=$top/$folder quietly "$name" 3600 \
	    ${runner[@]+"${runner[@]}"} "$python" -m pytest -q "$@"
	cd ..
	add_pytest "$logs/$name.log"
	grep -E '^(FAILED|ERROR) ' "$logs/$name.log"
	grep -E '^rfc[0-9]+: ' "$logs/$name.log"
	echo "$name: ${summary:-no summary}"
	# Without a line of sums it broke down.
	if [ -z "$summary" ]; then
		failed=$((failed + 1))
		tail -n 30 "$logs/$name.log"
	fi
	return 0
}

# SECONDS for all targets together.
fuzz()
{
	if [ -x tests/fuzz/run ]; then
		step fuzz $(($1 * 3 + 900)) tests/fuzz/run "$1"
	fi
}

sum_up()
{
	echo "in $(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}
