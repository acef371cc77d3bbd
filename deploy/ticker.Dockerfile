# syntax=docker/dockerfile:1
# The example service, as the playground runs it: something to watch.
#
#   docker build -f deploy/ticker.Dockerfile -t manometer-ticker .

FROM rust:1.95-alpine AS build
RUN apk add --no-cache gcc make musl-dev perl
WORKDIR /build
COPY . .
# The cache is no part of the image, so the binary has to be copied out of it in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --locked --release --package manometer-examples --bin ticker && cp target/release/ticker /ticker

FROM scratch
COPY --from=build /ticker /ticker
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/ticker"]
