# The two commands: `make up` and `make test`. Each installs what it needs.
# Options for the playbook: make up ARGS='-e gpu_node_machine=dgxh100'
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
ARGS ?=

# ansible-core does not start in a locale without UTF-8.
export LC_ALL ?= C.UTF-8
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# One line for each phase. `make up ARGS=-v` shows every task, ANSIBLE_STDOUT_CALLBACK=default as Ansible does.
export ANSIBLE_STDOUT_CALLBACK ?= nvmock.gpu.progress
PLAY = '$(BIN)/ansible-playbook' $(ARGS)

.PHONY: help
help:  ## this text
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --- set-up ------------------------------------------------------------------------------------------------------

# A clone is a collection once Ansible finds it at .build/ansible_collections/nvmock/gpu.
.build/ansible_collections/nvmock/gpu:
	@mkdir -p $(@D) && ln -sfn ../../.. $@

$(VENV)/.run: requirements.txt
	@scripts/make-venv '$(PYTHON)' '$(VENV)' requirements.txt && touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt
	@scripts/make-venv '$(PYTHON)' '$(VENV)' requirements-dev.txt && touch $(VENV)/.run $@

.PHONY: env dev-env
env: $(VENV)/.run .build/ansible_collections/nvmock/gpu
dev-env: $(VENV)/.dev .build/ansible_collections/nvmock/gpu

# --- the main job ------------------------------------------------------------------------------------------------

.PHONY: up down report
up: env  ## create and verify a mock GPU node, or a cluster of them
	@$(PLAY) playbooks/gpu_mock.yml

down: env  ## remove everything
	@$(PLAY) playbooks/teardown.yml

report: env  ## show what the nodes of a cluster offer, and which pods have it
	@$(PLAY) playbooks/report.yml

# --- the in-cluster path, with the target names of GPU Mock on kind ------------------------------------------------

IN_CLUSTER = $(PLAY) playbooks/in_cluster.yml --tags

.PHONY: all all-cdi kind-up image load apply wait logs apply-cdi wait-cdi logs-cdi smoke clean re
all: env kind-up  ## cluster, image, verify Job and its log
	@$(IN_CLUSTER) image,load,apply,wait,logs

all-cdi: env kind-up  ## all, and the DaemonSet and the smoke Jobs
	@$(IN_CLUSTER) all

kind-up: env  ## create the kind cluster
	@$(PLAY) playbooks/provision.yml -e gpu_mock_provider=kind

image: env  ## build the image gpu-mockctl
	@$(IN_CLUSTER) image

load: env  ## load the image into the cluster
	@$(IN_CLUSTER) load

apply: env  ## apply namespace, ConfigMap and verify Job
	@$(IN_CLUSTER) apply

wait: env  ## wait until the verify Job is complete or failed
	@$(IN_CLUSTER) wait

logs: env  ## show the log of the verify Job
	@$(IN_CLUSTER) logs

apply-cdi: env  ## apply the DaemonSet
	@$(IN_CLUSTER) apply-cdi

wait-cdi: env  ## wait until the DaemonSet is ready on each node
	@$(IN_CLUSTER) wait-cdi

logs-cdi: env  ## show the logs of the DaemonSet
	@$(IN_CLUSTER) logs-cdi

smoke: env  ## run a smoke Job on each node again
	@$(IN_CLUSTER) smoke

clean: env  ## delete the cluster that kind-up created
	@$(PLAY) playbooks/teardown.yml -e gpu_mock_provider=kind

re: clean  ## clean, all
	@$(MAKE) all

# --- tests -------------------------------------------------------------------------------------------------------

.PHONY: test lint unit mutation native recorded sanity collection molecule cluster kind in_cluster dra failures attack bench
test: dev-env  ## every test that this machine can run
	@PATH='$(BIN)':$$PATH scripts/run-tests

lint unit mutation native recorded sanity collection molecule cluster kind in_cluster dra: dev-env  ## one part of the tests
	@PATH='$(BIN)':$$PATH scripts/run-tests $@

failures: dev-env  ## provoke each failure of docs/troubleshooting.md, and print the seconds
	@PATH='$(BIN)':$$PATH scripts/run-tests failures failures-cluster

attack: dev-env  ## attack the product from outside in every way, as long as it takes
	@'$(BIN)/python' tests/attack/run.py $(ARGS)

bench: dev-env  ## measure, and print a table
	@PATH='$(BIN)':$$PATH '$(BIN)/python' tests/bench/run.py $(ARGS)
