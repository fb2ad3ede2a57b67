# What the README names: `make quickstart` and `make test` do all the set-up there is.
.PHONY: setup build release test soak lint format quickstart quickstart-stop bench clean install uninstall
SHELL := /bin/bash
SWIFT := swift
PREFIX ?= /usr/local
DESTDIR ?=
BUILT ?= .build/release/lodestone
ROOT = $(DESTDIR)$(PREFIX)
INSTALLED = $(ROOT)/bin/lodestone $(ROOT)/bin/kubectl-lodestone $(ROOT)/bin/kubectl_complete-lodestone \
	$(ROOT)/share/man/man1/lodestone.1 $(ROOT)/share/bash-completion/completions/lodestone \
	$(ROOT)/share/zsh/site-functions/_lodestone $(ROOT)/share/fish/vendor_completions.d/lodestone.fish \
	$(ROOT)/lib/systemd/system/lodestone.service
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

# PREFIX says where to, DESTDIR is put in front for whoever makes a package, BUILT names the executable.
install:
	@[ -x $(BUILT) ] || $(MAKE) release
	install -D -m 755 $(BUILT) $(ROOT)/bin/lodestone
	ln -sf lodestone $(ROOT)/bin/kubectl-lodestone
	ln -sf lodestone $(ROOT)/bin/kubectl_complete-lodestone
	install -d $(ROOT)/share/man/man1 $(ROOT)/share/bash-completion/completions $(ROOT)/share/zsh/site-functions \
		$(ROOT)/share/fish/vendor_completions.d $(ROOT)/lib/systemd/system
	$(BUILT) help --man > $(ROOT)/share/man/man1/lodestone.1
	$(BUILT) completion bash > $(ROOT)/share/bash-completion/completions/lodestone
	$(BUILT) completion zsh > $(ROOT)/share/zsh/site-functions/_lodestone
	$(BUILT) completion fish > $(ROOT)/share/fish/vendor_completions.d/lodestone.fish
	sed 's|/usr/local/bin/lodestone|$(PREFIX)/bin/lodestone|' manifests/systemd/lodestone.service \
		> $(ROOT)/lib/systemd/system/lodestone.service

# Data, kubeconfigs and running services are left alone.
uninstall:
	rm -f $(INSTALLED)

clean:
	rm -rf .build
