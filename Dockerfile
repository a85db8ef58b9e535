# One image for all services. The argument of a container chooses its service: dist/apps/keyledger/src/main.js licensing.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Of every workspace, else npm ci leaves out its dependencies without an error.
COPY libs/client/package.json libs/client/
# Install scripts would only link the embedded PostgreSQL, which the image does not contain.
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY .swcrc tsconfig.json ./
COPY apps apps
COPY libs libs
RUN npm run build

FROM node:24-slim AS modules
WORKDIR /build
COPY package.json package-lock.json ./
# Optional packages are Node.js itself and the embedded PostgreSQL. Workspaces are not part of the services.
RUN npm ci --omit=dev --omit=optional --workspaces=false --ignore-scripts --no-audit --no-fund --loglevel=error
# Documents use one weight of each font, and two of Latin (apps/billing/src/documents/fonts.ts). The others are 95 MB.
RUN find node_modules/@embedpdf -name '*.otf' ! -name '*-Regular.otf' -delete \
 && find node_modules/@expo-google-fonts -name '*.ttf' ! -name '*_400Regular.ttf' ! -name 'NotoSans_700Bold.ttf' -delete \
 && find node_modules/@expo-google-fonts -name '*.png' -delete

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
WORKDIR /keyledger
COPY --from=modules /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
USER node
EXPOSE 4000
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
ENTRYPOINT ["node", "--enable-source-maps", "--disable-warning=TimeoutNegativeWarning", "--max-semi-space-size=16", "--heap-growing-percent=70"]
# All services in one process; DATABASE_URL must be set.
CMD ["dist/apps/keyledger/src/main.js"]
