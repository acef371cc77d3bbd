# syntax=docker/dockerfile:1
# A static binary in an empty image: no shell, no libc, no user but the one named here.
#
#   docker build --build-arg GIT_REVISION="$(git rev-parse --short=12 HEAD)" -t manometer .
#   docker run -p 10121:10121 -v "$PWD/config.toml:/etc/manometer/config.toml:ro" manometer

FROM rust:1.95-alpine AS build
# ring compiles C and assembly; the toolchain of this image links musl statically by itself, on any architecture.
RUN apk add --no-cache ca-certificates gcc make musl-dev perl
WORKDIR /build
COPY . .
# The build context has no .git.
ARG GIT_REVISION=unknown
# The cache is no part of the image, so the binary has to be copied out of it in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    MANOMETER_GIT_REVISION="$GIT_REVISION" cargo build --locked --release --bin manometer \
    && cp target/release/manometer /manometer

FROM scratch
ARG GIT_REVISION=unknown
LABEL org.opencontainers.image.title="manometer" \
      org.opencontainers.image.description="Prometheus exporter and alerting agent for Redis-backed real-time services" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$GIT_REVISION"
# Where rustls looks for the roots of a TLS connection to Redis.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /manometer /manometer
# The default of 127.0.0.1 would not be reachable from outside the container.
ENV MANOMETER_WEB_LISTEN_ADDRESS=0.0.0.0:10121
USER 65532:65532
EXPOSE 10121
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["/manometer", "healthcheck"]
# Other commands and the flags of `run` may follow the image's name. A configuration is mounted to
# /etc/manometer/config.toml; without one the environment says what is watched (REDIS_URL ...).
ENTRYPOINT ["/manometer"]
CMD ["run"]
