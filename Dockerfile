# docker build -t brolly .
# docker run --rm -v "$PWD:/repo" brolly lint

FROM rust:1.95-bookworm AS build
# The SQL parser's bindings are made from C headers.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package brolly \
    && strip --output-file=/brolly target/release/brolly

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    # The mounted repository belongs to somebody else, and git would not read it.
    && git config --system --add safe.directory '*' \
    && useradd --create-home --uid 1000 brolly
COPY --from=build /brolly /usr/local/bin/brolly
USER 1000:1000
WORKDIR /repo
ENTRYPOINT ["brolly"]
CMD ["--help"]
