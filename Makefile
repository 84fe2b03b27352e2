# make run   installs what is missing, builds, starts the all-in-one service
# make test  installs what the tests need, runs them all
# make help  lists the rest

SHELL := /bin/bash
export CGO_ENABLED ?= 0
# PostgreSQL does not run as root and could not reach into root's home.
STATE ?= $(if $(filter 0,$(shell id -u)),/var/lib/clinker,$(or $(XDG_STATE_HOME),$(HOME)/.local/state)/clinker)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: help run build test lint unit e2e devstack nova commands demo bench bench-api tempest tempest-guide generate clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## install what is missing, build, start the service on loopback
	@scripts/install run
	@$(MAKE) --no-print-directory build
	@exec bin/clinker all --state-dir "$(STATE)"

build: ## bin/clinker
	@go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/clinker ./cmd/clinker

test: ## install what the tests need, lint, run every test with the race detector
	@scripts/install test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory e2e

lint: ## gofmt, vet, staticcheck, shellcheck
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "not gofmt-ed: $$bad"; exit 1; }
	@go vet ./...
	@go tool -modfile=tools/go.mod staticcheck ./...
	@shellcheck scripts/* $$(git ls-files '*.sh' .ci/run devstack/settings devstack/override-defaults devstack/lib tests/devstack/scratch tests/devstack/testdata/)

unit: ## tests beside the code
	@CGO_ENABLED=1 go test -race -p 2 $$(go list ./... | grep -v /tests/)

e2e: ## black-box tests against the built service and real clients
	@CGO_ENABLED=1 go test -race -count=1 -p 1 -timeout 20m $$(go list ./tests/... | grep -v /tests/devstack)

devstack: ## the DevStack plugin's phases; DEVSTACK_DIR=checkout: against DevStack's own functions, as root
	@scripts/install devstack
	@mkdir -p bin/test && go test -c -o bin/test/devstack.test ./tests/devstack
ifdef DEVSTACK_DIR
	@[ -r "$(DEVSTACK_DIR)/functions" ] || { echo "$(DEVSTACK_DIR) is no checkout of DevStack"; exit 1; }
	@cd tests/devstack && for d in postgresql mysql; do \
		./scratch env DEVSTACK_DATABASE=$$d DEVSTACK_DIR="$(abspath $(DEVSTACK_DIR))" ../../bin/test/devstack.test -test.v || exit; done
else
	@cd tests/devstack && ../../bin/test/devstack.test -test.v
endif

nova: ## volumes as a real Nova uses them
	@scripts/install nova
	@go vet -tags nova ./tests/nova
	@CGO_ENABLED=1 go test -tags nova -count=1 -timeout 30m -v ./tests/nova

commands: ## every command of the openstack and cinder clients, with Keystone, Glance and Nova, and at the standalone service
	@scripts/install nova
	@CGO_ENABLED=1 go test -count=1 -timeout 30m -v ./tests/cli -run TestEveryCommandOfTheClients -nova -standalone

demo: ## with the service running: what a user does, step by step, with times
	@scripts/install demo
	@go run ./tests/demo --state-dir "$(STATE)"

bench: build ## the iSCSI target against tgt
	@scripts/install bench
	@tests/bench/iscsi.sh

bench-api: build ## the API: calls, processor time, memory, pages of a million volumes; ratios to Python Cinder
	@scripts/install bench-api
	@go run ./tests/bench/api --binary bin/clinker
	@go test -run '^$$' -bench AgainstPythonCinder -benchtime 1x -timeout 30m ./tests/bench/api

tempest: build ## OpenStack's own tests of block storage, in a cloud of Keystone, Glance, Nova and RabbitMQ
	@scripts/install tempest
	@CLINKER_BIN=bin/clinker go run ./tests/tempest

tempest-guide: build ## what docs/openstack.md says, done by a script in a root of its own; as root
	@scripts/install tempest
	@tests/tempest/guide.sh

generate: ## typed Go from db/queries, sample configuration, states page
	@CGO_ENABLED=1 go tool -modfile=tools/go.mod sqlc generate
	@go test ./cmd/clinker ./db -update

clean: ## remove what was built
	@rm -rf bin
