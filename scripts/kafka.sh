#!/bin/sh
# Makes the Kafka of the tests in the target directory: the jars of Apache's broker and its tools, and the folders of two brokers
# as they are before the first start, with a user for each mechanism of SASL.
#
#   scripts/kafka.sh
#
# It prints the folder. Versions are those of scripts/kafka.txt; while they stay the same, nothing is done. Java 17 and Maven do
# the work. tests/it/support/kafka.rs knows the paths. Nothing outside of the target directory and Maven's own is changed.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
wanted=$root/scripts/kafka.txt
folder=${CARGO_TARGET_DIR:-$root/target}/kafka
marker=$folder/kafka.txt
# Any identity does.
cluster=bWFub21ldGVyLXRlc3RzLQ

fail() {
    printf 'kafka: %s\n' "$*" >&2
    exit 1
}

if cmp -s "$wanted" "$marker"; then
    printf '%s\n' "$folder"
    exit 0
fi

{ command -v java && command -v mvn; } >/dev/null || fail "Java and Maven are not installed (Debian: default-jdk-headless maven)"
printf 'kafka: fetching what the tests take from Maven Central into %s\n' "$folder" >&2
rm -rf "$folder"
mkdir -p "$folder"
{
    printf '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>\n'
    printf '<groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>\n'
    grep '^[a-z]' "$wanted" | sed 's#\(.*\):\(.*\):\(.*\)#<dependency><groupId>\1</groupId><artifactId>\2</artifactId><version>\3</version></dependency>#'
    printf '</dependencies></project>\n'
} >"$folder/pom.xml"
mvn -q -B -Dstyle.color=never -f "$folder/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/libs" >&2 ||
    fail "Maven failed; is there a network?"

# format NODE ROLES: the folder of a broker. Where it listens is said at its start.
format() {
    cat >"$folder/format.properties" <<CONF
process.roles=$2
node.id=$1
controller.quorum.voters=1@127.0.0.1:19093
controller.listener.names=CONTROLLER
listeners=$(if [ "$1" = 1 ]; then echo 'CLIENT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093'; else echo 'CLIENT://127.0.0.1:19094'; fi)
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
log.dirs=$folder/data-$1
CONF
    java -cp "$folder/libs/*" kafka.tools.StorageTool format --cluster-id "$cluster" --config "$folder/format.properties" \
        --add-scram 'SCRAM-SHA-256=[name="monitor",password="sesame"]' \
        --add-scram 'SCRAM-SHA-512=[name="monitor",password="sesame"]' >"$folder/format.log" 2>&1 ||
        fail "the folder of a broker could not be made: $(tail -n 5 "$folder/format.log")"
}

format 1 broker,controller
format 2 broker
cp "$wanted" "$marker"
printf '%s\n' "$folder"
