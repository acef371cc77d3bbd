#!/bin/sh
# Builds the Prometheus, Alertmanager and vmalert of today from their Go modules: Debian's are older.
#
#   scripts/go_peers.sh [promtool|prometheus|amtool|alertmanager|vmalert|vmalert-tool ...]     (default: all)
#
# It prints the folder in the target directory into which it puts them. What is there in that version is not built again.
# On two cores Prometheus takes from 3 to 14 minutes, the others 2 to 4. Nothing outside of the target directory is changed,
# but for Go's own caches.
set -eu

prometheus=github.com/prometheus/prometheus@v0.316.0
alertmanager=github.com/prometheus/alertmanager@v0.35.0
victoria=github.com/VictoriaMetrics/VictoriaMetrics@v1.151.0

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
mkdir -p "${CARGO_TARGET_DIR:-$root/target}/peers"
folder=$(CDPATH='' cd -- "${CARGO_TARGET_DIR:-$root/target}/peers" && pwd)

fail() {
    printf 'go_peers: %s\n' "$*" >&2
    exit 1
}

# into FOLDER MODULE@VERSION PACKAGE: builds a program as its makers publish it.
install() {
    GOBIN=$1 GOFLAGS=-buildvcs=false go install "${2%@*}/$3@${2#*@}" >&2
}

# A server whose web page is not in the module: it embeds whatever lies there.
without_page() {
    source=$(go mod download -json "$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    [ -d "$source" ] || fail "go mod download $2 names no folder"
    copy=$(mktemp -d)
    cp -r "$source/." "$copy"
    chmod -R u+w "$copy"
    mkdir -p "$copy/ui/app/dist"
    echo '<html></html>' >"$copy/ui/app/dist/index.html"
    (cd "$copy" && GOFLAGS=-buildvcs=false go build -o "$1/" "./$3") >&2
    rm -rf "$copy"
}

command -v go >/dev/null || fail "go is not installed (https://go.dev/dl, 1.26 or newer)"
for tool in "${@:-promtool prometheus amtool alertmanager vmalert vmalert-tool}"; do
    for one in $tool; do
        case $one in
        promtool | prometheus) module=$prometheus package=cmd/$one how=install ;;
        amtool | alertmanager) module=$alertmanager package=cmd/$one how=without_page ;;
        vmalert | vmalert-tool) module=$victoria package=app/$one how=install ;;
        *) fail "$one is not one of promtool prometheus amtool alertmanager vmalert vmalert-tool" ;;
        esac
        # A folder for each version, and a link to what is in force.
        place=$folder/${module##*@}
        mkdir -p "$place"
        if ! [ -x "$place/$one" ]; then
            printf 'go_peers: building %s of %s\n' "$one" "$module" >&2
            "$how" "$place" "$module" "$package" || fail "$one of $module cannot be built; is there a network?"
        fi
        ln -sf "$place/$one" "$folder/$one"
    done
done
printf '%s\n' "$folder"
