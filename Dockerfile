# One image for every service; which one a container runs is its command: dist/apps/<service>/src/main.js.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package's own script runs: what they would link is the embedded PostgreSQL, which the image does without.
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY .swcrc tsconfig.json ./
COPY apps apps
COPY libs libs
RUN npm run build

FROM node:24-slim AS modules
WORKDIR /build
COPY package.json package-lock.json ./
# The optional packages are Node itself and the embedded PostgreSQL, for machines that have neither.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
WORKDIR /keyledger
COPY --from=modules /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
USER node
EXPOSE 4000
ENV MALLOC_ARENA_MAX=2
ENTRYPOINT ["node", "--enable-source-maps", "--disable-warning=TimeoutNegativeWarning", "--max-semi-space-size=16", "--heap-growing-percent=100"]
# Everything in one process; it wants a DATABASE_URL here.
CMD ["dist/apps/keyledger/src/main.js"]
