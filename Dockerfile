# The tap in an image; docs/guides/install.md shows how to run it.
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY docs ./docs
COPY tap_oauth2_generic ./tap_oauth2_generic
RUN python -m venv /opt/tap \
    && /opt/tap/bin/python -m pip install --no-cache-dir --constraint constraints.txt pip \
    && /opt/tap/bin/python -m pip install --no-cache-dir --constraint constraints.txt \
        --build-constraint constraints.txt ".[parquet,xlsx,zstd]"

FROM python:3.13-slim-bookworm
# The ID is fixed, so that a volume has the same owner on each machine.
RUN groupadd --gid 10001 tap \
    && useradd --uid 10001 --gid tap --no-create-home --shell /usr/sbin/nologin tap \
    && install --directory --owner tap --group tap --mode 700 /var/lib/tap-oauth2-generic
COPY --from=build /opt/tap /opt/tap
# The token store is in XDG_STATE_HOME, unless token_store says otherwise.
ENV PATH="/opt/tap/bin:$PATH" \
    XDG_STATE_HOME=/var/lib
USER 10001:10001
VOLUME ["/var/lib/tap-oauth2-generic"]
# Healthy: the configuration is valid, and its token store can be read and written.
HEALTHCHECK --interval=5m --timeout=30s \
    CMD ["tap-oauth2-generic", "connections", "--config", "/config/config.json"]
ENTRYPOINT ["tap-oauth2-generic"]
CMD ["--config", "/config/config.json"]
