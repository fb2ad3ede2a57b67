# What the README names: `make quickstart` and `make test` do all the set-up there is.
.PHONY: setup build release test soak lint format quickstart quickstart-stop bench clean
SHELL := /bin/bash
SWIFT := swift
STRICT := --explicit-target-dependency-import-check error
export SWIFT_BACKTRACE := enable=no

setup:
	@scripts/setup

build: setup
	$(SWIFT) build $(STRICT)

release: setup
	$(SWIFT) build $(STRICT) -c release --static-swift-stdlib --product lodestone

test: setup
	@scripts/test

soak: setup
	@scripts/soak

lint:
	@scripts/lint

format:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks

quickstart: release
	@scripts/quickstart

quickstart-stop:
	@scripts/quickstart-stop

bench: setup
	@scripts/bench

clean:
	rm -rf .build
