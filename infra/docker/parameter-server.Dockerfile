# syntax=docker/dockerfile:1
# The parameter server. From the repository's top folder:
#   docker build -f infra/docker/parameter-server.Dockerfile -t llava-parameter-server:0.1.0 .
# Pin the base by digest: --build-arg BASE=node:22-bookworm-slim@sha256:...
# A bill of materials: docker build --sbom=true ...
ARG BASE=node:22-bookworm-slim

FROM ${BASE} AS build
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    apt-get update && apt-get install --yes --no-install-recommends g++ python3 python3-pip
WORKDIR /app
ENV LLAVA_CACHE=/opt/llava
COPY . .
# TensorFlow comes last: the server encodes nothing, but digests and exports need its libraries
RUN --mount=type=cache,target=/root/.npm --mount=type=cache,target=/root/.cache/pip \
    npm ci && npm run build \
    && npm prune --omit=dev --ignore-scripts \
    && node apps/cli/bin/llava.js runtime install --device cpu

FROM ${BASE}
ENV NODE_ENV=production LLAVA_CACHE=/opt/llava
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin llava
WORKDIR /app
COPY --from=build /opt/llava /opt/llava
COPY --from=build /app /app
USER 10001:10001
EXPOSE 50051 50052 50053
# node handles SIGTERM itself: no new leases, a snapshot, good-bye
ENTRYPOINT ["node", "apps/parameter-server/dist/main.js"]
