# Terrarium. `make run` serves the page, `make test` runs every test there is; each sets itself up.
SHELL := /bin/bash
PORT ?= 8080
GO ?= go
LDFLAGS := -s -w
export CGO_ENABLED ?= 0

GO_SOURCES := $(shell find sim wasm lessons -name '*.go' -o -name '*.json' -path 'sim/*' -o -name '*.gz' -path 'sim/*' -o -name '*.yaml' -path 'sim/*' -o -name '*.txt' -path 'sim/*') go.mod go.sum
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print)
LESSON_FILES := $(shell find lessons -type f -not -name '*.go')

.PHONY: run build test check recorded clients bench update clean setup go-test wasm-test web-test worker-test

run: build
	@bin/terrarium page --listen 127.0.0.1:$(PORT) web/dist

build: bin/terrarium web/dist/.stamp

bin/terrarium: $(GO_SOURCES)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./sim/cmd/terrarium

# Without inlining, and without TLS and CBOR, the wasm is more than a fifth smaller (RATIONALE.md).
WASMFLAGS := -gcflags=all=-l -modfile=build/wasm.mod

build/wasm.mod: go.mod go.sum scripts/overlay $(wildcard wasm/overlay/*/*.go)
	scripts/overlay

build/terrarium.wasm: $(GO_SOURCES) build/wasm.mod
	GOOS=js GOARCH=wasm $(GO) build -trimpath $(WASMFLAGS) -ldflags '$(LDFLAGS)' -o $@ ./wasm/browser

build/worker.wasm: $(GO_SOURCES) build/wasm.mod
	GOOS=js GOARCH=wasm $(GO) build -trimpath $(WASMFLAGS) -ldflags '$(LDFLAGS)' -o $@ ./wasm/worker

web/dist/.stamp: bin/terrarium build/terrarium.wasm web/node_modules/.stamp $(WEB_SOURCES) $(LESSON_FILES)
	cd web && node build.mjs
	bin/terrarium lesson build --out web/dist/lessons lessons
	node web/freeze.mjs build/terrarium.wasm web/dist
	node scripts/compress.mjs web/dist
	@touch $@

web/node_modules/.stamp: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

setup: web/node_modules/.stamp
	@scripts/setup

test: setup go-test wasm-test web-test worker-test

go-test:
	$(GO) test ./...

# The core, once more, as it runs in the browser.
wasm-test:
	PATH="$$PATH:$$($(GO) env GOROOT)/lib/wasm" GOOS=js GOARCH=wasm $(GO) test ./sim/clock ./sim/chance ./sim/store ./sim/apiserver ./sim/registry ./sim/kubelet ./sim/shell ./sim

web-test: build
	cd web && node --test --test-reporter=spec test/

worker-test: build/worker.wasm web/node_modules/.stamp
	cd wasm/worker && npm ci --no-audit --no-fund --loglevel=error && node --test --test-reporter=spec test/

# Plays what was recorded from real Kubernetes; testdata/oracle/known.txt lists what differs, and why.
recorded: bin/terrarium
	node scripts/recorded.mjs

# Runs released clients (client-go, controller-runtime, helm) against `terrarium serve`, troubled; SECONDS=60 each.
clients:
	cd sim/twins/clients && $(GO) test -count 1 -timeout 30m -v .

check: build setup
	@scripts/check

bench: build setup
	@scripts/bench

update:
	$(GO) generate ./...
	$(GO) test ./sim/... -update

clean:
	rm -rf bin build web/dist web/node_modules wasm/worker/node_modules
