#!/bin/sh
# Makes the folder of clients that tests/record/record.py runs: each by the package manager of its language.
#
#   tests/record/prepare.sh FOLDER
#
# Of Ruby and PHP the clients of Debian are taken (apt-get install ruby-redis ruby-sidekiq php-cli php-redis php-predis).
# What a language has not is left out: record.py runs what is there.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=${1:?usage: prepare.sh FOLDER}
mkdir -p "$folder/node" "$folder/go" "$folder/java/src/main/java" "$folder/rust"
folder=$(CDPATH='' cd -- "$folder" && pwd)

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet redis hiredis django-redis channels_redis celery packaging rq

(cd "$folder/node" && npm install --silent --legacy-peer-deps ioredis redis@4 redis5@npm:redis@5 bullmq pino winston)

cp "$here/client.go" "$folder/go/main.go"
(cd "$folder/go" && { [ -e go.mod ] || go mod init rec; } && go mod tidy && go build -o rec .)

cp "$here/client.rs" "$folder/rust/client.rs"
cp "$here/rust.toml" "$folder/rust/Cargo.toml"
(cd "$folder/rust" && CARGO_TARGET_DIR=target cargo build --quiet --release)

cp "$here/pom.xml" "$folder/java/"
cp "$here/Client.java" "$folder/java/src/main/java/"
(cd "$folder/java" && mvn --quiet compile dependency:copy-dependencies)
