# Two images of one server: `docker build .` (or --target node), and --target deno.
# Versions are exact; a digest makes the base unchangeable too: --build-arg NODE_IMAGE=node@sha256:…
# The exec form of CMD makes the server process 1, so that it gets SIGTERM itself and can drain.

ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG DENO_IMAGE=denoland/deno:2.9.5

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# What is optional here are the binaries of build tools; none of the rest needs an install script.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM ${DENO_IMAGE} AS deno
# The image's own entry point puts tini and a shell script in front.
ENTRYPOINT []
WORKDIR /app
ENV HOST=0.0.0.0 PORT=8080
COPY --from=dependencies /app/node_modules node_modules
COPY package.json deno.json ./
COPY src src
USER deno
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s \
  CMD ["deno", "eval", "const { ok } = await fetch(`http://127.0.0.1:${Deno.env.get('PORT')}/healthz`); Deno.exit(ok ? 0 : 1)"]
CMD ["deno", "run", "--no-prompt", "--ignore-env", "--allow-net", "--allow-sys=hostname", "--allow-read=src/adapters/redis/lua", "--allow-env=HOST,PORT,REDIS_URL,INSTANCE_ID,JWT_SECRET,JWKS_URL,JWT_ISSUER,JWT_AUDIENCE,INTERNAL_SERVICE_KEYS,TRUSTED_PROXIES,LOG_LEVEL,WS_*", "src/main.deno.ts"]

# Node 22.18 and newer run TypeScript as it is, so tsx has no part in this image's start.
FROM ${NODE_IMAGE} AS node
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.node.ts"]
