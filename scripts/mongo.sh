#!/bin/sh
# Makes a server that speaks MongoDB's protocol in the target directory: mongo-java-server, started by tests/it/mongodb/Mongo.java.
#
#   scripts/mongo.sh
#
# It prints the server's folder: a class path. While neither the version below nor the Java file changes, nothing is done. It needs
# a JDK of version 17 or newer, and Maven. tests/it/support/mongo.rs knows the paths. Nothing outside of the target directory is
# changed, but for Maven's own cache.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
version=1.47.0
main=$root/tests/it/mongodb/Mongo.java
folder=${CARGO_TARGET_DIR:-$root/target}/mongo
marker=$folder/made-of

fail() {
    printf 'mongo: %s\n' "$*" >&2
    exit 1
}

wanted=$(printf '%s\n' "$version" && cat "$main")
if [ "$(cat "$marker" 2>/dev/null)" = "$wanted" ]; then
    printf '%s\n' "$folder"
    exit 0
fi

{ command -v javac && command -v mvn; } >/dev/null || fail "javac and mvn are not installed (Debian: default-jdk-headless, maven)"
printf 'mongo: fetching mongo-java-server %s into %s\n' "$version" "$folder" >&2
rm -rf "$folder"
mkdir -p "$folder"
cat >"$folder/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>manometer</groupId><artifactId>mongo</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>de.bwaldvogel</groupId><artifactId>mongo-java-server</artifactId><version>$version</version>
    </dependency>
  </dependencies>
</project>
POM
mvn -q -B -Dstyle.color=never -f "$folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder" >&2 ||
    fail "mvn could not fetch it; is there a network?"
javac -cp "$folder/*" -d "$folder" "$main" >&2 || fail "javac failed; is it of a JDK 17 or newer?"
printf '%s\n' "$wanted" >"$marker"
printf '%s\n' "$folder"
