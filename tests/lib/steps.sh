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
guard=/usr/sbin/policy-rc.d
guarded=

export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
if [ -z "${POSTERN_SUITES:-}" ] && [ -d ../shared/suites ]; then
	POSTERN_SUITES=$(cd ../shared/suites && pwd)
fi
export POSTERN_SUITES=${POSTERN_SUITES:-}
mkdir -p "$logs"

packages="gcc libc6-dev make autoconf automake binutils mandoc
libmilter-dev libspf2-dev libopendkim-dev libopendmarc-dev libunbound-dev
libpsl-dev libidn2-dev libconfuse-dev libssl-dev libseccomp-dev
libsystemd-dev libcmocka-dev publicsuffix openssl clang libclang-rt-dev
postfix nsd python3 python3-pytest python3-dkim python3-nacl python3-yaml
python3-dnspython"

stop_guarding()
{
	[ -z "$guarded" ] || rm -f "$guard"
	guarded=
}

give_up()
{
	echo "$*"
	failed=$((failed + 1))
	sum_up
}

# Whatever is still running of ours ends with us.
clean_up()
{
	stop_guarding
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

# No service of the system is started by an installation.
start_guarding()
{
	[ ! -e "$guard" ] || return 0
	printf '#!/bin/sh\nexit 101\n' > "$guard" && chmod 755 "$guard"
	guarded=1
}

install_packages()
{
	local missing=() p
	for p in $packages; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" \
		    2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] ||
	    give_up "packages are missing; as root: apt-get install ${missing[*]}"
	start_guarding
	export DEBIAN_FRONTEND=noninteractive
	apt-get update > "$logs/packages.log" 2>&1
	apt-get install -y --no-install-recommends debconf \
	    >> "$logs/packages.log" 2>&1
	echo 'postfix postfix/main_mailer_type select No configuration' |
	    debconf-set-selections >> "$logs/packages.log" 2>&1
	apt-get install -y --no-install-recommends "${missing[@]}" \
	    >> "$logs/packages.log" 2>&1 || {
		tail -n 20 "$logs/packages.log"
		give_up "packages cannot be installed: ${missing[*]}"
	}
	stop_guarding
	echo "installed: ${missing[*]}"
}

# ---- builds

# A tree that was configured in place cannot be built elsewhere as well: then
# from a copy without what that build made.
source_folder()
{
	src=$top
	[ -e config.status ] || return 0
	src=$top/build/source
	rm -rf "$src"
	mkdir -p "$src"
	tar -cf - --exclude='./build*' --exclude=./.git --exclude='*.o' \
	    --exclude='*.a' --exclude=./config.status --exclude=./config.h \
	    --exclude=./Makefile --exclude=.deps --exclude=.dirstamp . |
	    tar -xf - -C "$src"
	cp -a build-aux "$src/" 2>/dev/null
	true
}

# FOLDER OPTIONS...: out of the tree.
build_in()
{
	local folder=$1
	shift
	mkdir -p "$folder"
	(
		if [ ! -e "$src/configure" ] ||
		    [ "$src/configure.ac" -nt "$src/configure" ] ||
		    [ "$src/Makefile.am" -nt "$src/Makefile.in" ]; then
			"$src/autogen.sh" || exit 1
		fi
		cd "$folder" || exit 1
		[ -e Makefile ] && [ Makefile -nt "$src/configure" ] ||
		    "$src/configure" "$@" || exit 1
		exec make -j"$jobs"
	)
}
export -f build_in

plain_build()
{
	source_folder
	export src jobs
	step build 900 bash -c 'build_in "$@"' - build --enable-werror ||
	    sum_up
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
	CFLAGS="-g -O1" step "$1" 900 bash -c 'build_in "$@"' - "$1" \
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
	local name=unit-$1 code
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
	LSAN_OPTIONS=suppressions=$top/tests/lib/lsan.supp \
	TSAN_OPTIONS=suppressions=$top/tests/lib/tsan.supp \
	    quietly "$name" 900 ${runner[@]+"${runner[@]}"} \
	    make -C "$1" -j"$jobs" check
	code=$?
	if ! grep -q '^# TOTAL:' "$logs/$name.log"; then
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
	local folder=$1 name=flow-$1 code
	shift
	(
		cd tests || exit 1
		POSTERN_BUILD=$top/$folder quietly "$name" 3600 \
		    ${runner[@]+"${runner[@]}"} "$python" -m pytest -q "$@"
	)
	code=$?
	add_pytest "$logs/$name.log"
	grep -E '^(FAILED|ERROR) ' "$logs/$name.log"
	grep -E '^rfc[0-9]+: ' "$logs/$name.log"
	echo "$name: ${summary:-no summary}"
	# 5: nothing was selected.  Without a line of sums it broke down.
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
