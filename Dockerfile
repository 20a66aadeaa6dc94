# The bot and its embedding model. Build it from the repository's root:
#   docker build --build-arg TORCH_INDEX=<address of an index with torch's CPU wheels> -t tandem .
# On x86-64 TORCH_INDEX is needed unless pip is set up to find torch's CPU wheel by itself.
# Every package is checked against its hash in deploy/lock; nothing is fetched when the bot runs.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG TORCH_INDEX=
# Of postgresql, otel, aws, lakes, runbooks and demo (which adds MLflow's server), apart by spaces.
ARG EXTRAS="postgresql otel"

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

WORKDIR /src
COPY deploy/lock deploy/lock
# What builds wheels stays in this stage, apart from what the bot runs with.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r deploy/lock/build.txt \
    && python -m venv --without-pip /opt/tandem
# The largest part first and by itself: a change of the others does not fetch it again.
RUN /opt/build/bin/pip --python /opt/tandem/bin/python install --require-hashes --no-deps \
        ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r deploy/lock/torch.txt \
    || { echo "torch's CPU wheel was not found: docker build --build-arg TORCH_INDEX=..." >&2; exit 1; } \
    && torch=/opt/tandem/lib/python3.11/site-packages/torch \
    && rm -rf "$torch/include" "$torch/test" \
    && find "$torch/bin" -type f ! -name torch_shm_manager -delete
# --no-deps: the lock is complete, and nothing beyond it may come in.
RUN for part in tandem ${EXTRAS}; do echo "-r deploy/lock/$part.txt"; done > wanted.txt \
    && mkdir wheels \
    && /opt/build/bin/pip wheel --require-hashes --no-deps --no-build-isolation \
        --wheel-dir wheels -r wanted.txt \
    && /opt/build/bin/pip --python /opt/tandem/bin/python install --no-index --no-deps wheels/*.whl \
    && rm -rf wheels \
    && find /opt/tandem/lib -type d -name tests -prune -exec rm -rf {} +

COPY pyproject.toml README.md LICENSE ./
COPY knowledge knowledge
COPY skills skills
COPY bot bot
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && /opt/build/bin/pip --python /opt/tandem/bin/python install --no-index --no-deps dist/*.whl \
    && /opt/build/bin/pip --python /opt/tandem/bin/python check


FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Tandem" \
      org.opencontainers.image.description="A Slack bot that joins AIOps and MLOps." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Nothing is installed in a running container.
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore setuptools wheel pip \
    && /usr/sbin/useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin tandem \
    && install -d -o tandem -g tandem /data
COPY --from=build /opt/tandem /opt/tandem

# /data and /tmp are all that is written to: the root file system may be read-only. Without
# DATABASE_URL the state is /data/tandem.db.
ENV PATH=/opt/tandem/bin:$PATH \
    HOME=/data \
    MPLCONFIGDIR=/tmp/matplotlib \
    MPLBACKEND=Agg \
    HF_HUB_OFFLINE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TANDEM_HTTP_HOST=0.0.0.0 \
    TANDEM_HTTP_PORT=8080

# By number: Kubernetes can then see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['TANDEM_HTTP_PORT'] + '/healthz', timeout=4)"]

ENTRYPOINT ["tandem"]
CMD ["run"]
