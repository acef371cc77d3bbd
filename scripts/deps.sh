#!/bin/sh
# Sees to it that what a make target needs is there, and installs what is missing.
#
#   scripts/deps.sh [build|lint|run|test|fuzz|engines|image|bench]      (default: build)
#
# Debian and Ubuntu: packages by apt, with sudo when not root. Anywhere else it names what is missing and how to
# get it, and exits 1. Rust comes from rustup. A service that a package brings along is neither started nor left
# enabled; services that were there before are not touched. Where all is there it changes nothing.
set -eu
# comm and sort have to agree on one order.
export LC_ALL=C

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cargo=$root/scripts/cargo.sh
needed=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$root/Cargo.toml")
policy=/usr/sbin/policy-rc.d
policy_mark='manometer scripts/deps.sh'

say() { printf 'deps: %s\n' "$*"; }
fail() {
    printf 'deps: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

have_rust() { "$cargo" --version >/dev/null 2>&1; }

# clippy and rustfmt are parts of a toolchain that a minimal one lacks.
have_lint_tools() {
    "$cargo" clippy --version >/dev/null 2>&1 && "$cargo" fmt --version >/dev/null 2>&1
}

# Compiles and links: a compiler without the C library's headers and start files is of no use to ring.
c_compiler_works() {
    printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | cc -x c - -o /dev/null 2>/dev/null
}

# A busybox that needs no library runs in an image that holds nothing else.
have_static_busybox() {
    have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1
}

# The one for programs with threads, wherever the machine keeps its libraries.
have_faketime() { ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; }

# Debian keeps what makes an environment apart from Python itself.
have_venv() { python3 -c 'import venv, ensurepip' >/dev/null 2>&1; }

# add PACKAGE...: marks Debian packages as missing, once each.
add() {
    for package in "$@"; do
        case " $missing " in
        *" $package "*) ;;
        *) missing="$missing $package" ;;
        esac
    done
}

# What the mode needs and this machine lacks, as Debian packages in $missing. A command that is there counts,
# wherever it came from.
find_missing() {
    missing=
    c_compiler_works || add gcc libc6-dev
    case $1 in
    build | lint) ;;
    # What libFuzzer is written in.
    fuzz) have c++ || add g++ ;;
    engines)
        have qemu-system-x86_64 || add qemu-system-x86 seabios
        have debootstrap || add debootstrap
        have mke2fs || add e2fsprogs
        have_static_busybox || add busybox-static
        have podman || add podman
        ;;
    run) have redis-server || add redis-server ;;
    test | image | bench)
        have redis-server || add redis-server
        { have prometheus && have promtool; } || add prometheus
        { { have alertmanager || have prometheus-alertmanager; } && have amtool; } || add prometheus-alertmanager
        have prometheus-node-exporter || add prometheus-node-exporter
        have prometheus-redis-exporter || have redis_exporter || add prometheus-redis-exporter
        # The engine that the tests start is their own; on a machine without one it needs these, and a shell for its images.
        { have dockerd && have docker; } || add docker.io
        have_static_busybox || add busybox-static
        # For clients with real pools and servers of other versions (scripts/pypi.sh).
        have_venv || add python3 python3-venv
        # For a library of queues (scripts/npm.sh).
        { have node && have npm; } || add nodejs npm
        # For Apache's own brokers and a MongoDB (scripts/kafka.sh, scripts/mongo.sh).
        { have javac && have mvn; } || add default-jdk-headless maven
        # The name server whose SRV records name targets.
        have dnsmasq || add dnsmasq-base
        # Before the engine's socket, as docs/SECURITY.md has it, and with a status page of its own.
        have nginx || add nginx
        # A broker with its management API. Debian's sbin holds a wrapper that changes the user.
        have rabbitmq-server || add rabbitmq-server
        # A proxy before Redis that closes the connection at commands that it does not know (twemproxy).
        have nutcracker || add nutcracker
        # Clocks that go wrong, for the agent alone.
        have_faketime || add faketime
        # The commands of the runbooks.
        have curl || add curl ca-certificates
        have jq || add jq
        # A static agent: ring compiles C for it.
        [ "$1" != image ] || have musl-gcc || [ -e /etc/alpine-release ] || add musl-tools
        ;;
    *) fail "unknown mode '$1': build, lint, run, test, fuzz, engines, image or bench" ;;
    esac
    [ "$1" != bench ] || have wrk || add wrk
    # What fetches rustup, where Rust is missing too.
    if ! have_rust && ! have rustup && ! have curl; then
        add curl ca-certificates
    fi
}

# Names what is missing under the names of the other package managers.
name_elsewhere() {
    for package in $missing; do
        case $package in
        gcc) say "missing: C compiler - brew, dnf, pacman, apk: gcc" ;;
        libc6-dev) say "missing: C headers - dnf: glibc-devel; pacman: glibc; apk: musl-dev; macOS: xcode-select --install" ;;
        redis-server) say "missing: redis-server - brew, dnf, pacman, apk: redis" ;;
        prometheus) say "missing: prometheus, promtool - brew, pacman, apk: prometheus; dnf: golang-github-prometheus" ;;
        prometheus-alertmanager) say "missing: alertmanager, amtool - brew, pacman, apk: alertmanager; https://prometheus.io/download" ;;
        docker.io) say "missing: dockerd, docker - https://docs.docker.com/engine/install; pacman, apk: docker" ;;
        python3-venv) ;;
        default-jdk-headless) say "missing: java and javac, 17 or newer - brew: openjdk; dnf: java-latest-openjdk-devel; pacman: jdk-openjdk; apk: openjdk17" ;;
        g++) say "missing: C++ compiler - brew: gcc; dnf: gcc-c++; pacman: gcc; apk: g++" ;;
        busybox-static) say "missing: static busybox - dnf, pacman: busybox; apk: busybox-static" ;;
        nutcracker) say "missing: twemproxy - brew: nutcracker; https://github.com/twitter/twemproxy" ;;
        rabbitmq-server) say "missing: rabbitmq-server - brew, apk: rabbitmq; https://www.rabbitmq.com/docs/download" ;;
        prometheus-redis-exporter) say "missing: redis_exporter - https://github.com/oliver006/redis_exporter/releases" ;;
        dnsmasq-base) say "missing: dnsmasq - brew, dnf, pacman, apk: dnsmasq" ;;
        faketime) say "missing: libfaketime - dnf, pacman, apk: libfaketime" ;;
        curl) ;;
        *) say "missing: $package - brew, dnf, pacman, apk: $package" ;;
        esac
    done
    have_rust || say "missing: Rust $needed or newer - https://rustup.rs"
}

# packages STATUS: the names of the packages which dpkg knows in that state.
packages() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n "s/^$1 //p" | sort -u; }

# The unit files and init scripts that are this machine's own. What a removed package left behind is not: its init
# script, and its unit masked by a link to /dev/null.
services_here() {
    packages config-files | while read -r package; do dpkg -L "$package"; done >"$state/left-behind"
    for file in /etc/systemd/system/* /lib/systemd/system/* /usr/lib/systemd/system/* /etc/init.d/*; do
        if [ ! -e "$file" ] || [ "$(readlink "$file" || true)" = /dev/null ]; then continue; fi
        grep -qxF "$file" "$state/left-behind" || printf '%s\n' "${file##*/}"
    done | sort -u
}

# The packages installed since the state was taken.
new_packages() { packages installed | comm -13 "$state/packages" -; }

# The service names that came with them, under FOLDER or below /usr.
new_services() {
    new_packages | while read -r package; do
        dpkg -L "$package" | sed -n "s#^$1/\([^/]*\)\$#\1#p; s#^/usr$1/\([^/]*\)\$#\1#p"
    done | sort -u | comm -23 - "$state/services"
}

# Takes the new services out of the boot, and stops what a policy other than ours let start.
disable_new_services() {
    for unit in $(new_services /lib/systemd/system); do
        case $unit in
        *@.*) continue ;;
        *.service | *.socket | *.timer | *.path) ;;
        *) continue ;;
        esac
        if [ -d /run/systemd/system ]; then
            as_root systemctl --quiet disable --now "$unit" 2>/dev/null || true
        elif have systemctl; then
            as_root systemctl --quiet disable "$unit" 2>/dev/null || true
        else
            as_root deb-systemd-helper disable "$unit" >/dev/null 2>&1 || true
        fi
    done
    for script in $(new_services /etc/init.d); do
        if [ ! -d /run/systemd/system ] && [ ! -e "$state/policy-is-ours" ]; then
            as_root "/etc/init.d/$script" stop >/dev/null 2>&1 || true
        fi
        as_root update-rc.d "$script" disable >/dev/null 2>&1 || true
        say "service $script is installed, not started and not enabled"
    done
    # RabbitMQ asks its node while it is installed, and what asks starts Erlang's name server. It stays where a node is.
    if new_packages | grep -qx erlang-base; then epmd -kill >/dev/null 2>&1 || true; fi
}

# Runs on every way out, and only undoes what this run did. The policy goes last: until the services are out of the
# boot, nothing may start them.
clean_up() {
    status=$?
    trap - EXIT
    trap '' INT TERM HUP
    [ ! -e "$state/services" ] || disable_new_services
    [ ! -e "$state/policy-is-ours" ] || as_root rm -f "$policy"
    rm -rf "$state"
    trap - INT TERM HUP
    return "$status"
}

# While apt runs, invoke-rc.d asks this file, and 101 means: do not start it.
forbid_service_starts() {
    if [ -e "$policy" ] && ! grep -q "$policy_mark" "$policy"; then
        return
    fi
    : >"$state/policy-is-ours"
    # shellcheck disable=SC2016
    as_root sh -c 'printf "#!/bin/sh\n# %s\nexit 101\n" "$1" >"$2" && chmod 755 "$2"' sh "$policy_mark" "$policy"
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" >>"$state/apt.log" 2>&1
}

install_packages() {
    if [ "$(id -u)" -ne 0 ] && ! have sudo; then
        fail "missing:$missing; as root: apt-get install --no-install-recommends$missing"
    fi
    say "installing$missing"
    state=$(mktemp -d)
    trap 'clean_up || exit $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    packages installed >"$state/packages"
    services_here >"$state/services"
    forbid_service_starts
    # One unreachable source of several fails an update; whether it matters, the installation shows.
    apt_get update || say "apt-get update failed; trying with the lists that are here"
    # shellcheck disable=SC2086
    apt_get install -y --no-install-recommends $missing || {
        tail -n 20 "$state/apt.log" >&2
        fail "apt-get could not install$missing"
    }
    clean_up
}

# fetch_rustup FILE: rustup's own installer, from its short name or from the host that serves everything after it.
fetch_rustup() {
    for url in https://sh.rustup.rs https://static.rust-lang.org/rustup/rustup-init.sh; do
        curl --proto '=https' --tlsv1.2 -sSfL --max-time 60 -o "$1" "$url" && return
    done
    return 1
}

# Nothing of the user's shell is changed (--no-modify-path): scripts/cargo.sh finds it anyway.
install_rust() {
    home=${CARGO_HOME:-$HOME/.cargo}
    PATH=$PATH:$home/bin
    if have rustup; then
        say "cargo $needed or newer is missing: rustup toolchain install $needed"
        rustup toolchain install "$needed" --profile minimal --component clippy,rustfmt ||
            fail "rustup could not install it; is there a network? needed: Rust $needed"
    else
        say "cargo $needed or newer is missing: installing Rust by rustup (https://rustup.rs) into $home"
        installer=$(mktemp)
        trap 'rm -f "$installer"' EXIT
        if ! fetch_rustup "$installer" ||
            ! sh "$installer" -y --quiet --profile minimal --component clippy,rustfmt --no-modify-path \
                --default-toolchain "$needed"; then
            fail "rustup could not be installed; is there a network? needed: Rust $needed"
        fi
    fi
    "$cargo" --version >/dev/null || fail "Rust is installed and still older than $needed"
}

install_lint_tools() {
    PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    have rustup || fail "missing: clippy and rustfmt for $("$cargo" --version) (dnf, apk: clippy rustfmt)"
    say "clippy or rustfmt is missing: rustup component add clippy rustfmt"
    rustup component add clippy rustfmt || true
    have_lint_tools || rustup component add --toolchain "$needed" clippy rustfmt || true
    have_lint_tools || fail "rustup could not add clippy and rustfmt; is there a network?"
}

# The standard library for a static binary.
add_static_target() {
    PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    target=$(uname -m)-unknown-linux-musl
    sysroot=$(cd "$root" && rustc --print sysroot 2>/dev/null) || return 0
    if [ -d "$sysroot/lib/rustlib/$target" ] || ! have rustup; then return 0; fi
    say "the standard library for static binaries is missing: rustup target add $target"
    (cd "$root" && rustup target add "$target") || fail "rustup could not add it; is there a network?"
}

mode=${1:-build}
find_missing "$mode"
if ! have apt-get || ! have dpkg-query; then
    if [ -n "$missing" ] || ! have_rust; then
        name_elsewhere
        fail "this is no Debian or Ubuntu: install what is named above and run it again"
    fi
fi
[ -z "$missing" ] || install_packages
have_rust || install_rust
case $mode in
lint | test) have_lint_tools || install_lint_tools ;;
esac
[ "$mode" != image ] || add_static_target
# Without it the tests that need it say so, and fail where CI is set.
[ "$mode" != test ] || "$root/scripts/pypi.sh" >/dev/null || say "no Python environment: tests with real pools and queues are left out"
[ "$mode" != test ] || "$root/scripts/npm.sh" >/dev/null || say "no Node packages: tests with BullMQ are left out"
[ "$mode" != test ] || "$root/scripts/mongo.sh" >/dev/null || say "no mongo-java-server: a test of MongoDB is left out"
[ "$mode" != test ] || "$root/scripts/kafka.sh" >/dev/null || say "no Kafka: tests with real brokers are left out"
